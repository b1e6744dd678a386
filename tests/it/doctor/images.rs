//! Faults of images: missing, of another machine, moved on, without a version, without their probe.

use std::process::Command;

use serde_json::json;

use super::altered::Altered;
use super::{Mend, fault};
use crate::atlas::Run;
use crate::engine::{Stack, docker, free_port, here};

const RUNS_ONE: &str = "services-to-run: [one]";

/// One trivial service, configured and not started.
fn configured(test: &str) -> Option<Stack> {
    let stack = Stack::new(test)?;
    stack.service("one", "");
    stack.manifest(RUNS_ONE);
    Some(stack)
}

#[test]
fn images_that_will_not_run_are_found() {
    let Some(stack) = configured("doctor-image") else {
        return;
    };
    let named = |image: &str| {
        stack.manifest(&format!(
            "{RUNS_ONE}\nservices: {{one: {{image: \"{image}\"}}}}"
        ));
    };
    let usual = || Mend::by(|| stack.manifest(RUNS_ONE));
    // Nothing listens there: no registry is asked.
    let missing = format!("127.0.0.1:{}/acme/one:1", free_port());
    fault(
        &stack,
        &[],
        "an image that nobody has",
        "ATLAS-IMG-001",
        || named(&missing),
        usual(),
    );
    let latest = format!("{}/one", stack.name);
    docker(&["tag", "atlas-test/trivial:1", &latest]);
    fault(
        &stack,
        &[],
        "an image without a version",
        "ATLAS-IMG-004",
        || named(&latest),
        usual(),
    );
    docker(&["rmi", &latest]);
    let engine = Altered::new(stack.path());
    stack.set("DOCKER_HOST", engine.host());
    fault(
        &stack,
        &[],
        "an image for another processor",
        "ATLAS-IMG-002",
        || engine.set("trivial:1/json", "/Architecture", json!("riscv64")),
        Mend::by(|| engine.clear()),
    );
}

#[test]
fn a_probe_that_the_image_lacks_is_found() {
    let Some(stack) = configured("doctor-probe") else {
        return;
    };
    stack.up();
    let usual = stack.read("catalogue/one.yaml");
    let curl = usual.replace(
        "[CMD, /trivial, probe, \"8080\"]",
        "[CMD, curl, -f, \"http://127.0.0.1:8080/\"]",
    );
    let change = |entry: &str| {
        stack.write("catalogue/one.yaml", entry);
        stack.up();
    };
    fault(
        &stack,
        &[],
        "a health check with curl where there is none",
        "ATLAS-IMG-005",
        || change(&curl),
        Mend::by(|| change(&usual)),
    );
}

/// Against a registry of its own.
#[test]
fn a_tag_that_moved_on_is_found_and_followed() {
    let Some(stack) = configured("doctor-drift") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("its path is text");
    let provision = |arguments: &[&str]| {
        let output = Command::new(here("tests/parts/provision"))
            .args(arguments)
            .output();
        Run::of(output.expect("the script starts"))
    };
    let tag = format!("{}/one:7", stack.name);
    docker(&["tag", "atlas-test/trivial:1", &tag]);
    let address = provision(&["registry-up", folder, &tag]).exits(0).stdout;
    docker(&["rmi", &tag]);
    let image = format!("{}/{tag}", address.trim());
    stack.manifest(&format!(
        "{RUNS_ONE}\nservices: {{one: {{image: \"{image}\"}}}}"
    ));
    stack.up();
    let publish = || {
        let old = docker(&["image", "inspect", "-f", "{{.Id}}", &image]);
        stack.write(
            "next/Dockerfile",
            "FROM atlas-test/trivial:1\nLABEL next=1\n",
        );
        let next = stack.path().join("next").display().to_string();
        let mut build = Command::new("docker");
        build.args(["build", "-q", "-t", &image, &next]);
        build.env("DOCKER_BUILDKIT", "0");
        Run::of(build.output().expect("docker starts")).exits(0);
        docker(&["push", "-q", &image]);
        docker(&["tag", &old, &image]);
    };
    fault(
        &stack,
        &[],
        "a tag that moved on",
        "ATLAS-IMG-003",
        publish,
        Mend::Printed,
    );
    let offline = super::findings(&stack, &["--offline", "--only", "img-003"]);
    assert_eq!(
        offline[0]["evidence"][0],
        "no registry is asked with `--offline`"
    );
    stack.run(&["down"]).exits(0);
    docker(&["rmi", &image]);
    provision(&["registry-down", folder]).exits(0);
}
