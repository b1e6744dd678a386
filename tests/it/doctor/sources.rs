//! Faults of source trees and mounts.

use super::{Mend, fault};
use crate::atlas::Project;
use crate::engine::Stack;

const DOCKERFILE: &str = "FROM python:3.11-slim\nCOPY . /app\nCMD [\"python\", \"/app/main.py\"]\n";

/// A project that builds its only service from `source/one`.
fn builds(test: &str) -> Option<Stack> {
    let stack = Stack::new(test)?;
    stack.write("catalogue/one.yaml", ONE);
    stack.write("source/one/Dockerfile", DOCKERFILE);
    stack.write("source/base/shared.py", "");
    stack.manifest("services-to-run: [one]\nimages: {source: build, context: ./source}");
    Some(stack)
}

const ONE: &str = r#"description: A service of a test
kind: integration
port: 8080
health: {http: /}
images: {build: {context: one}}
"#;

fn dockerfile(project: &Project, text: &str) {
    project.write("source/one/Dockerfile", text);
}

#[test]
fn what_cannot_be_built_is_found() {
    let Some(stack) = builds("doctor-sources") else {
        return;
    };
    let file = stack.path().join("source/one/Dockerfile");
    let good = || dockerfile(&stack, DOCKERFILE);
    fault(
        &stack,
        &[],
        "no Dockerfile",
        "ATLAS-SRC-001",
        || std::fs::remove_file(&file).expect("it is there"),
        Mend::by(good),
    );
    fault(
        &stack,
        &[],
        "COPY from outside",
        "ATLAS-SRC-002",
        || dockerfile(&stack, "FROM python:3.11-slim\nCOPY ../base /app/base\n"),
        Mend::by(good),
    );
    fault(
        &stack,
        &[],
        "a health check with Python in an image without",
        "ATLAS-SRC-003",
        || dockerfile(&stack, "FROM node:22-slim\nCOPY . /app\n"),
        Mend::by(good),
    );
    let curl = "healthcheck: [CMD-SHELL, \"curl -f http://localhost:8080/ || exit 1\"]";
    fault(
        &stack,
        &[],
        "a health check with curl in a slim image",
        "ATLAS-SRC-003",
        || {
            let asked = ONE.replace("context: one", &format!("context: one, {curl}"));
            stack.write("catalogue/one.yaml", asked);
        },
        Mend::by(|| {
            let install = "RUN apt-get update && \\\n    apt-get install -y curl\n";
            dockerfile(&stack, &format!("{DOCKERFILE}{install}"));
        }),
    );
    stack.write("catalogue/one.yaml", ONE);
    fault(
        &stack,
        &[],
        "a Dockerfile for BuildKit",
        "ATLAS-ENG-006",
        || {
            let cache = "RUN --mount=type=cache,target=/root/.cache pip install httpx\n";
            dockerfile(&stack, &format!("{DOCKERFILE}{cache}"));
        },
        Mend::by(good),
    );
}

#[test]
fn a_folder_that_docker_made_in_a_file_s_place_is_found() {
    let Some(stack) = Stack::new("doctor-mounts") else {
        return;
    };
    stack.service("one", "");
    stack.manifest("services-to-run: [one]");
    stack.up();
    // What people put beside it, as the guide does with Prometheus.
    let own = "services: {prometheus: {image: \"atlas-test/trivial:1\", volumes: [\"./prometheus.yml:/etc/prometheus.yml\"]}}\n";
    stack.write("monitoring.yaml", own);
    let files = [
        "-p",
        &stack.name,
        "-f",
        "compose.yaml",
        "-f",
        "monitoring.yaml",
    ];
    let made_again = || {
        let up = ["up", "-d", "--force-recreate", "prometheus"];
        let run = stack.compose(&[&files[..], &up[..]].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
    };
    stack.write("prometheus.yml", "scrape_configs: []\n");
    made_again();
    let file = stack.path().join("prometheus.yml");
    fault(
        &stack,
        &[],
        "a file to mount was never there, so Docker made a folder",
        "ATLAS-CON-013",
        || {
            std::fs::remove_file(&file).expect("it is there");
            made_again();
        },
        Mend::by(|| {
            std::fs::remove_dir(&file).expect("Docker made it");
            stack.write("prometheus.yml", "scrape_configs: []\n");
            made_again();
        }),
    );
    fault(
        &stack,
        &[],
        "a mounted file is gone",
        "ATLAS-CON-013",
        || std::fs::remove_file(&file).expect("it is there"),
        Mend::by(|| stack.write("prometheus.yml", "scrape_configs: []\n")),
    );
    stack.run(&["down", "--yes"]).exits(0);
}
