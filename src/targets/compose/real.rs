//! The same deployment through a real `docker-compose`. Runs when `ATLAS_TEST_COMPOSE` names the binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{
    CONTRACT, FILE, artifacts, config_hash, container_labels, container_name, fixture,
    network_labels, resource_name, volume_labels,
};
use crate::model::{Deployment, EnvValue, Image, ImageRef};

/// The binary, or a loud notice that the test did not run.
fn compose() -> Option<PathBuf> {
    match std::env::var_os("ATLAS_TEST_COMPOSE") {
        Some(path) => Some(path.into()),
        None if std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some() => {
            panic!("ATLAS_TEST_COMPOSE is not set, but real parts are required")
        }
        None => {
            eprintln!(
                "SKIPPED: set ATLAS_TEST_COMPOSE to a docker-compose binary to compare hashes with it"
            );
            None
        }
    }
}

/// The project directory as `init` would leave it.
fn write(deployment: &Deployment, dir: &Path) {
    for artifact in artifacts(deployment) {
        let path = dir.join(&artifact.path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folder");
        std::fs::write(path, artifact.contents.bytes()).expect("file");
    }
    let mut variables = String::new();
    for service in deployment.services.values() {
        for value in service.environment.values() {
            if let EnvValue::Secret { variable, value } = value {
                variables += &format!("{variable}='{}'\n", value.expose());
            }
        }
    }
    std::fs::write(dir.join(".env"), variables).expect("file");
}

fn config(binary: &Path, dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary)
        .args(["-f", "compose.yaml", "config"])
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("docker-compose runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "", "docker-compose has something to say");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn hashes_are_those_of_docker_compose() {
    let Some(binary) = compose() else { return };
    let dir = tempfile::tempdir().expect("folder");
    let root = dir.path().canonicalize().expect("exists");
    for start_interval in [true, false] {
        let deployment = Deployment {
            start_interval,
            ..fixture::deployment()
        };
        same_hashes(&binary, &root, &deployment);
    }
}

fn same_hashes(binary: &Path, root: &Path, deployment: &Deployment) {
    write(deployment, root);
    let theirs: BTreeMap<String, String> = config(binary, root, &["--hash", "*"])
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect();
    let ours: BTreeMap<String, String> = deployment
        .services
        .values()
        .map(|service| {
            let hash = config_hash(deployment, service, root);
            (service.name.to_string(), hash)
        })
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn docker_compose_reads_back_what_was_meant() {
    let Some(binary) = compose() else { return };
    let dir = tempfile::tempdir().expect("folder");
    let root = dir.path().canonicalize().expect("exists");
    write(&fixture::deployment(), &root);
    let project: serde_json::Value =
        serde_json::from_str(&config(&binary, &root, &["--format", "json"])).expect("JSON");
    let gateway = &project["services"]["gateway"];
    assert_eq!(gateway["environment"]["PRICE"], "$$5 $${NOT_A_VARIABLE}");
    assert_eq!(gateway["environment"]["OPENAI_API_KEY"], "sk-abc$$def");
    assert_eq!(gateway["environment"]["SLACK_TOKEN"], "");
    assert_eq!(
        gateway["depends_on"]["mongodb"]["condition"],
        "service_healthy"
    );
    assert_eq!(
        gateway["depends_on"]["redis"]["condition"],
        "service_started"
    );
    assert_eq!(project["services"]["orchestrator"]["scale"], 2);
    assert_eq!(project["networks"]["data"]["internal"], true);
}

#[test]
fn a_missing_secret_variable_is_fatal() {
    let Some(binary) = compose() else { return };
    let dir = tempfile::tempdir().expect("folder");
    write(&fixture::deployment(), dir.path());
    std::fs::write(dir.path().join(".env"), "").expect("file");
    let output = Command::new(binary)
        .args(["-f", "compose.yaml", "config", "-q"])
        .current_dir(dir.path())
        .output()
        .expect("docker-compose runs");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("is missing a value"), "{stderr}");
}

/// A project on the local engine, removed when the test ends in whatever way.
struct Project<'a> {
    binary: &'a Path,
    dir: &'a Path,
    image: String,
}

impl Project<'_> {
    fn compose(&self, arguments: &[&str]) {
        let output = Command::new(self.binary)
            .args(arguments)
            .current_dir(self.dir)
            .output()
            .expect("docker-compose runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        let _ = Command::new(self.binary)
            .args(["down", "--volumes", "--timeout", "0"])
            .current_dir(self.dir)
            .output();
        let _ = Command::new("docker")
            .args(["image", "rm", &self.image])
            .output();
    }
}

/// `docker` with arguments; `None` when there is no engine.
fn docker(arguments: &[&str]) -> Option<String> {
    let output = Command::new("docker")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Labels of an object as the engine tells them; the order of dependencies, which Compose leaves to chance, sorted, and the
/// binary's own version replaced by that of the contract.
fn labels(kind: &str, name: &str) -> BTreeMap<String, String> {
    let format = match kind {
        "container" => "{{json .Config.Labels}}",
        _ => "{{json .Labels}}",
    };
    let json = docker(&[kind, "inspect", "--format", format, name]).expect("it was made");
    let mut labels: BTreeMap<String, String> = serde_json::from_str(&json).expect("JSON");
    let version = labels.insert("com.docker.compose.version".to_owned(), CONTRACT.to_owned());
    assert!(version.is_some_and(|version| !version.is_empty()));
    if let Some(depends_on) = labels.get_mut("com.docker.compose.depends_on") {
        let mut parts: Vec<&str> = depends_on.split(',').collect();
        parts.sort_unstable();
        *depends_on = parts.join(",");
    }
    labels
}

#[test]
fn labels_are_those_of_docker_compose() {
    let Some(binary) = compose() else { return };
    let dir = tempfile::tempdir().expect("folder");
    let root = dir.path().canonicalize().expect("exists");
    let unique = format!("atlas-labels-{}", std::process::id());
    let image = format!("{unique}:1");
    std::fs::write(root.join("empty.tar"), [0; 1024]).expect("file");
    let archive = root.join("empty.tar").display().to_string();
    let Some(image_id) = docker(&["import", &archive, &image]) else {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "no engine, but real parts are required"
        );
        eprintln!("SKIPPED: no Docker engine to compare labels with");
        return;
    };
    let mut deployment = Deployment {
        start_interval: false,
        ..fixture::deployment()
    };
    deployment.project = unique.parse().expect("valid");
    for service in deployment.services.values_mut() {
        service.image = Image::Builtin(ImageRef::new(&image));
        service.command.get_or_insert_with(|| vec!["none".into()]);
        service.publish = None;
    }
    write(&deployment, &root);
    std::fs::create_dir(root.join("documents")).expect("folder");
    std::fs::create_dir(root.join("notes")).expect("folder");
    let project = Project {
        binary: &binary,
        dir: &root,
        image,
    };
    project.compose(&["create"]);
    let file = root.join(FILE);
    for service in deployment.services.values() {
        for number in 1..=service.replicas {
            let name = container_name(&deployment.project, &service.name, number);
            let ours = container_labels(&deployment, service, number, &image_id, &root, &file);
            assert_eq!(labels("container", &name), ours);
        }
    }
    for (key, network) in &deployment.networks {
        let name = resource_name(&deployment.project, key);
        let ours = network_labels(&deployment.project, key, network);
        assert_eq!(labels("network", &name), ours);
    }
    for (key, volume) in &deployment.volumes {
        let name = resource_name(&deployment.project, key);
        let ours = volume_labels(&deployment.project, key, volume);
        assert_eq!(labels("volume", &name), ours);
    }
}
