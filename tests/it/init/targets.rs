//! `atlas init --target`: the files of `atlas render`, what to type then, and nothing at all when a target refuses.

use super::{run, snapshot};
use crate::atlas::Project;
use crate::offline::ENV;

const URL: &str = "https://api.example.com";
const IMAGE: &str = "ghcr.io/acme/atlas:1";

fn project() -> Project {
    let project = Project::new("targets");
    project.write(".env", ENV);
    project
}

#[test]
fn a_cluster_gets_its_folder_and_no_compose_file() {
    let project = project();
    let arguments = [
        "-p",
        "demo",
        "init",
        "--yes",
        "--target",
        "kubernetes",
        "--image",
        IMAGE,
        "--public-url",
        URL,
    ];
    let said = run(&project, &arguments).exits(0).stderr;
    assert!(
        !said.contains("no registry has") && !said.contains("no route"),
        "{said}"
    );
    assert!(
        said.ends_with(
            "
next, for kubernetes:
  kubectl apply --server-side --dry-run=server -k kubernetes/overlays/production
  kubectl apply --server-side -k kubernetes/overlays/production
  kubectl -n demo rollout status deployment/gateway --timeout 5m
"
        ),
        "{said}"
    );
    let manifest = project.read("atlas.yaml");
    assert!(
        manifest.contains(&format!(
            "profile: atlassian\npublic-url: {URL}\nkubernetes: {{image: \"{IMAGE}\"}}\n"
        )),
        "{manifest}"
    );
    assert!(!project.path().join("compose.yaml").exists());
    assert!(!project.path().join(".atlas/secrets").exists());
    let check = run(&project, &["render", "kubernetes", "--check"]).exits(0);
    assert_eq!(
        check.stdout, "",
        "they are those of `atlas render kubernetes`"
    );
    let before = snapshot(&project);
    run(&project, &arguments).exits(0);
    assert_eq!(snapshot(&project), before, "a second init changes nothing");
}

#[test]
fn several_targets_at_once_are_several_renderings() {
    let project = project();
    let targets = [
        "--target",
        "nginx,kubernetes",
        "--target",
        "compose",
        "--public-url",
        URL,
    ];
    let said = run(&project, &[&["init", "--yes"], &targets[..]].concat())
        .exits(0)
        .stderr;
    assert!(
        said.contains("next, for kubernetes:\n") && said.contains("next, for nginx:\n  atlas up\n"),
        "{said}"
    );
    for target in ["compose", "kubernetes", "nginx"] {
        let check = run(&project, &["render", target, "--check"]).exits(0);
        assert_eq!(check.stdout, "", "{target}");
    }
}

#[test]
fn nginx_stands_before_the_stack_and_brings_its_file_with_it() {
    let project = project();
    let said = run(
        &project,
        &["init", "--yes", "--target", "nginx", "--public-url", URL],
    )
    .exits(0)
    .stderr;
    assert!(
        said.ends_with(
            "
next, for nginx:
  atlas up
  sudo nginx -t -c \"$PWD/nginx/nginx.conf\"
  sudo nginx -c \"$PWD/nginx/nginx.conf\"
"
        ),
        "{said}"
    );
    assert!(project.path().join("compose.yaml").exists());
    project.write(
        "atlas.yaml",
        project.read("atlas.yaml") + "nginx: {runs: compose}\n",
    );
    let said = run(&project, &["init", "--yes", "--target", "nginx"])
        .exits(0)
        .stderr;
    assert!(said.ends_with("\nnext, for nginx:\n  atlas up\n"), "{said}");
    let said = run(&project, &["init", "--yes", "--target", "kubernetes,helm"]).exits(3);
    assert_eq!(
        said.stderr,
        "error: nginx.runs: nginx of the stack is no part of a cluster
  hint: `atlas render kubernetes` leaves it out
error: nginx.runs: nginx of the stack is no part of a cluster
  hint: `atlas render helm` leaves it out

error: the configuration has 2 problems; nothing was written
"
    );
}

#[test]
fn a_cluster_can_get_a_chart() {
    let project = project();
    let arguments = [
        "-p",
        "demo",
        "init",
        "--yes",
        "--target",
        "helm",
        "--public-url",
        URL,
    ];
    let said = run(&project, &arguments).exits(0).stderr;
    assert!(
        said.ends_with(
            "
next, for helm:
  helm install demo helm --namespace demo --create-namespace
  kubectl -n demo rollout status deployment/gateway --timeout 5m
"
        ),
        "{said}"
    );
    run(&project, &["-p", "demo", "render", "helm", "--check"]).exits(0);
    let values = ["-p", "demo", "render", "helm", "--secrets", "values"];
    let said = run(&project, &values).exits(0).stderr;
    let line = "`helm install demo helm --namespace demo --create-namespace --values helm/values-secrets.yaml` reads it";
    assert!(said.contains(line), "{said}");
    let sealed = ["render", "helm", "--sealed-with", "sealing.pem"];
    let said = run(&project, &sealed).exits(2).stderr;
    assert_eq!(
        said,
        "error: a chart cannot hold sealed secrets: each is sealed for one namespace
hint: render them with `atlas render kubernetes`, and the chart with `--secrets existing`
"
    );
}

#[test]
fn what_every_target_refuses_is_told_at_once_and_nothing_is_written() {
    let project = project();
    project.write("atlas.yaml", "services:\n  redis: {memory: 64MiB}\n");
    let before = snapshot(&project);
    let said = run(&project, &["init", "--yes", "--target", "nginx,kubernetes"]).exits(3);
    assert_eq!(
        said.stderr,
        "error: atlas.yaml:2:19: services.redis.memory: `redis` may hold 192 MiB of data, but is ended at 64 MiB
  hint: raise the limit above it
error: atlas.yaml: public-url: nginx needs the name of its site
  hint: add `public-url: https://api.example.com` to atlas.yaml

error: the configuration has 2 problems; nothing was written
"
    );
    assert_eq!(snapshot(&project), before);

    let fresh = Project::new("targets");
    let said = run(&fresh, &["init", "--yes", "--target", "nginx"])
        .exits(3)
        .stderr;
    assert!(
        said.starts_with("error: public-url: nginx needs the name"),
        "{said}"
    );
    assert!(snapshot(&fresh).is_empty());
}

#[test]
fn files_that_are_not_ours_stop_it_before_the_first_one() {
    for (path, text, told) in [
        (
            "kubernetes/base/namespace.yaml",
            "kind: Namespace\n",
            "not generated by atlas",
        ),
        ("nginx/nginx.conf", "events {}\n", "not generated by atlas"),
    ] {
        let project = project();
        project.write(path, text);
        let before = snapshot(&project);
        let arguments = [
            "init",
            "--yes",
            "--target",
            "kubernetes,nginx",
            "--public-url",
            URL,
        ];
        let said = run(&project, &arguments).exits(5).stderr;
        assert!(
            said.contains(&format!("{told}; nothing was written")),
            "{said}"
        );
        assert_eq!(snapshot(&project), before);
        run(&project, &[&arguments[..], &["--force"]].concat()).exits(0);
    }
}

#[test]
fn an_edited_file_of_a_cluster_stops_it_too() {
    let project = project();
    let arguments = ["init", "--yes", "--target", "kubernetes"];
    run(&project, &arguments).exits(0);
    let path = "kubernetes/base/namespace.yaml";
    project.write(path, project.read(path) + "# mine\n");
    let before = snapshot(&project);
    let arguments = [&arguments[..], &["--profile", "all"]].concat();
    let said = run(&project, &arguments).exits(5).stderr;
    assert!(
        said.contains(&format!(
            "refused to overwrite `{path}`: edited since atlas generated it; nothing was written"
        )),
        "{said}"
    );
    assert_eq!(snapshot(&project), before);
}

#[test]
fn an_image_goes_into_atlas_yaml_unless_that_would_lose_something() {
    let project = project();
    let arguments = ["init", "--yes", "--target", "kubernetes", "--image", IMAGE];
    project.write("atlas.yaml", "kubernetes: {image: \"old:1\"}\n");
    run(&project, &arguments).exits(0);
    assert_eq!(
        project.read("atlas.yaml"),
        format!("kubernetes: {{image: \"{IMAGE}\"}}\n")
    );
    project.write(
        "atlas.yaml",
        "kubernetes:\n  image: old:1\n  ingress: true\n",
    );
    let before = snapshot(&project);
    let wrong = ["--public-url", "api.example.com"];
    let said = run(&project, &[&arguments[..], &wrong].concat())
        .exits(2)
        .stderr;
    assert_eq!(
        said,
        "error: --public-url: `api.example.com` is not an address such as `https://api.example.com`
error: --image: `kubernetes` of atlas.yaml holds more than an image
  hint: set `kubernetes.image` there yourself

error: the settings could not be used; nothing was written
"
    );
    assert_eq!(snapshot(&project), before);
    let said = run(&project, &["init", "--yes", "--image", "https://x"])
        .exits(2)
        .stderr;
    assert!(
        said.starts_with("error: --image: invalid image `https://x`\n"),
        "{said}"
    );
}

#[test]
fn what_to_type_is_data_with_json() {
    let project = project();
    let arguments = [
        "--json",
        "-p",
        "demo",
        "init",
        "--yes",
        "--target",
        "compose,kubernetes",
    ];
    let said = run(&project, &arguments).exits(0);
    assert_eq!(said.stderr, "");
    assert_eq!(
        said.stdout.lines().last(),
        Some(
            r#"{"schema":"atlas/v1","kind":"init","next":[{"target":"compose","commands":["atlas up"]},{"target":"kubernetes","commands":["kubectl apply --server-side --dry-run=server -k kubernetes/overlays/production","kubectl apply --server-side -k kubernetes/overlays/production","kubectl -n demo rollout status deployment/gateway --timeout 5m"]}]}"#
        )
    );
}

#[test]
fn an_unknown_target_is_told_with_those_there_are() {
    let said = run(&project(), &["init", "--target", "kubernets"])
        .exits(2)
        .stderr;
    assert!(
        said.contains("[possible values: compose, kubernetes, helm, nginx]")
            && said.contains("a similar value exists: 'kubernetes'"),
        "{said}"
    );
}

#[test]
fn a_secret_store_is_asked_before_anything_is_written_and_only_where_values_are_needed() {
    let project = project();
    let token = |reference: &str| {
        ENV.replace(
            "CONFLUENCE_TOKEN=",
            &format!("CONFLUENCE_TOKEN={reference} #"),
        )
    };
    let away = token("cmd:false");
    assert!(away != ENV);
    project.write(".env", away);
    let before = snapshot(&project);
    let said = run(&project, &["init", "--yes"]).exits(3).stderr;
    assert!(said.contains("CONFLUENCE_TOKEN"), "{said}");
    assert_eq!(snapshot(&project), before, "compose mounts values");
    run(&project, &["init", "--yes", "--target", "kubernetes"]).exits(0);
    assert!(project.path().join("kubernetes/base").exists());
    run(&project, &["render", "kubernetes", "--check"]).exits(0);

    project.write("store.sh", "echo asked >> asked\necho t0ken\n");
    project.write(".env", token("\"cmd:sh store.sh\""));
    run(&project, &["init", "--yes", "--target", "compose"]).exits(0);
    assert_eq!(project.read("asked"), "asked\n", "each reference once");
}

#[test]
fn a_copy_of_a_rendered_file_is_a_persons() {
    let project = project();
    let arguments = ["init", "--yes", "--target", "kubernetes,helm"];
    run(&project, &arguments).exits(0);
    let copies = [
        ("helm/values.yaml", "helm/mine.yaml"),
        (
            "kubernetes/overlays/dev/kustomization.yaml",
            "kubernetes/overlays/mine/kustomization.yaml",
        ),
    ];
    for (from, to) in copies {
        project.write(to, project.read(from) + "# mine\n");
    }
    run(&project, &["render", "helm", "--check"]).exits(0);
    for target in ["helm", "kubernetes"] {
        run(&project, &["render", target, "--force"]).exits(0);
    }
    for (_, to) in copies {
        assert!(project.read(to).ends_with("# mine\n"), "{to}");
    }
}
