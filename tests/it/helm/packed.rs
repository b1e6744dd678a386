//! A chart as Helm packs it, and what Helm says when it has installed it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::helms;
use crate::kubernetes::project;
use crate::offline;

/// What a program prints, which must succeed.
fn printed(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    // No cluster is asked, least of all one of whoever runs the tests.
    let output = command
        .env("KUBECONFIG", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_packed_chart_holds_no_secret_and_renders_the_same() {
    let Some(helms) = helms("packed") else {
        return;
    };
    let project = project("packed");
    let folder = project.path();
    let arguments = ["render", "helm", "--secrets", "values"];
    offline::run(&project, &arguments).exits(0);
    for helm in &helms {
        printed(
            helm,
            folder,
            &["package", "helm", "--destination", "packed"],
        );
        let pack = format!("packed/atlas-{}.tgz", env!("CARGO_PKG_VERSION"));
        let files = printed(Path::new("tar"), folder, &["-tzf", &pack]);
        assert!(files.contains("atlas/values.yaml\n"), "{files}");
        assert!(!files.contains("secrets"), "{files}");
        let render = |chart: &str| {
            let values = "helm/values-secrets.yaml";
            printed(
                helm,
                folder,
                &["template", "atlas", chart, "--values", values],
            )
        };
        assert_eq!(render(&pack), render("helm"));
    }
}

#[test]
fn the_notes_say_what_is_left_to_do() {
    let Some([_, helm]) = helms("notes") else {
        return;
    };
    let project = project("notes");
    offline::run(&project, &["render", "helm", "--project-name", "acme"]).exits(0);
    let notes = |more: &[&str]| {
        // Helm 3 asks a cluster even then.
        let install = [
            "install",
            "atlas",
            "helm",
            "--namespace",
            "acme",
            "--dry-run=client",
        ];
        let said = printed(&helm, project.path(), &[&install, more].concat());
        let (_, notes) = said.split_once("\nNOTES:\n").expect("notes");
        notes.to_owned()
    };
    assert_eq!(
        notes(&[]),
        "Atlas in the namespace acme.

The namespace enforces the Pod Security Standard `restricted` when it is labelled:
  kubectl label namespace acme pod-security.kubernetes.io/enforce=restricted

Secrets come from the ClusterSecretStore `atlas`, entry `acme`:
  kubectl -n acme get externalsecrets

Wait until it is up:
  kubectl -n acme get pods --watch

Then it answers:
  curl https://api.example.com/api/health

Proxies and Prometheus reach it from namespaces with these labels only:
  kubectl label namespace NAMESPACE atlas.ai/edge=true    (proxies)
  kubernetes.io/metadata.name=monitoring    (Prometheus)
"
    );
    let values =
        "namespace.create=true,secrets.source=existing,host=,networkPolicies.enabled=false";
    assert_eq!(
        notes(&["--set", values]),
        "Atlas in the namespace acme.

Each service waits for a Secret of its own:
  kubectl -n acme get secrets

Wait until it is up:
  kubectl -n acme get pods --watch
"
    );
}
