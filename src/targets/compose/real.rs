//! The same deployment through a real `docker-compose`. Runs when `ATLAS_TEST_COMPOSE` names the binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{artifacts, config_hash, fixture};
use crate::model::{Deployment, EnvValue};

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
    let deployment = fixture::deployment();
    write(&deployment, &root);
    let theirs: BTreeMap<String, String> = config(&binary, &root, &["--hash", "*"])
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect();
    let ours: BTreeMap<String, String> = deployment
        .services
        .values()
        .map(|service| {
            let hash = config_hash(&deployment, service, &root);
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
    assert!(
        stderr.contains("is missing a value: set it in .env"),
        "{stderr}"
    );
}

#[test]
fn dump() {
    let Some(path) = std::env::var_os("ATLAS_DUMP") else {
        return;
    };
    let path = PathBuf::from(path);
    write(&fixture::deployment(), &path);
    let d = fixture::deployment();
    for s in d.services.values() {
        let spec = super::spec::ServiceSpec::new(
            &d,
            s,
            super::spec::Form::Resolved { project_dir: &path },
        );
        std::fs::write(
            path.join(format!("{}.json", s.name)),
            super::go_json::to_vec(&spec),
        )
        .expect("x");
    }
}
