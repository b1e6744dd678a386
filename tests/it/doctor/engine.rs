//! Faults of the engine: away, forbidden, old, oddly set up.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use serde_json::json;

use super::altered::Altered;
use super::root::Root;
use super::{Mend, fault, findings};
use crate::atlas::Project;
use crate::engine::{Stack, free_port, is_there};

/// One trivial service, configured and not started.
fn configured(test: &str) -> Option<Stack> {
    let stack = Stack::new(test)?;
    stack.service("one", "");
    stack.manifest("services-to-run: [one]");
    Some(stack)
}

const REAL: &str = "unix:///var/run/docker.sock";

#[test]
fn an_engine_that_is_away_is_told_with_its_reason() {
    let Some(stack) = configured("doctor-away") else {
        return;
    };
    let socket = stack.path().join("gone.sock");
    let gone = format!("unix://{}", socket.display());
    let real = || stack.set("DOCKER_HOST", REAL);
    real();
    fault(
        &stack,
        &[],
        "no socket",
        "ATLAS-ENG-001",
        || stack.set("DOCKER_HOST", &gone),
        Mend::by(real),
    );
    fault(
        &stack,
        &[],
        "a socket that is left of an engine",
        "ATLAS-ENG-001",
        || {
            drop(UnixListener::bind(&socket).expect("a socket"));
            stack.set("DOCKER_HOST", &gone);
        },
        Mend::by(real),
    );
    let wrong = format!("tcp://127.0.0.1:{}", free_port());
    fault(
        &stack,
        &[],
        "a wrong DOCKER_HOST",
        "ATLAS-ENG-001",
        || stack.set("DOCKER_HOST", &wrong),
        Mend::by(real),
    );
    stack.set("DOCKER_HOST", &wrong);
    let all = findings(&stack, &["--only", "eng"]);
    assert_eq!(all[0]["id"], "ATLAS-ENG-001");
    assert_eq!(
        all[0]["evidence"][1],
        "this engine was chosen by DOCKER_HOST"
    );
    assert_eq!(
        all[0]["fix"]["text"],
        "set DOCKER_HOST to an engine that answers, or `unset DOCKER_HOST` for the one of this machine"
    );
    // What hangs on the engine says so, and of its machine nothing is said.
    for finding in findings(&stack, &[]) {
        let elsewhere = ["ATLAS-HOST-001", "ATLAS-HOST-002", "ATLAS-HOST-003"];
        let expected = match finding["id"].as_str() {
            Some(id) if elsewhere.contains(&id) => "the engine is on another machine",
            Some("ATLAS-CRED-001") => "`--online` asks for it",
            _ => "blocked by ATLAS-ENG-001",
        };
        if finding["result"] == "not checked" {
            assert_eq!(finding["evidence"][0], expected, "{finding}");
        }
    }
}

/// Needs another user than root, whom no mode refuses anything.
#[test]
fn a_user_without_rights_is_told_which_group_and_whether_the_session_has_it() {
    let Some(stack) = configured("doctor-rights") else {
        return;
    };
    let nobody = || {
        let run = std::process::Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "true"])
            .output();
        run.is_ok_and(|output| output.status.success())
    };
    if !nobody() {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "this process may not become another user, and real parts are required"
        );
        eprintln!("SKIPPED: this process may not become another user");
        return;
    }
    let socket = stack.path().join("closed.sock");
    let _engine = UnixListener::bind(&socket).expect("a socket");
    let mode = |path: &std::path::Path, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).expect("it is ours");
    };
    mode(&socket, 0o660);
    mode(stack.path(), 0o755);
    let root = Root::new(&stack);
    stack.set("DOCKER_HOST", format!("unix://{}", socket.display()));
    stack.set("USER", "ann");
    let asked = || {
        let atlas = stack.command(&["doctor", "--json", "--only", "eng-001"]);
        let mut command = std::process::Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(atlas.get_program())
            .args(atlas.get_args())
            .current_dir(stack.path());
        command.envs(atlas.get_envs().filter_map(|(k, v)| Some((k, v?))));
        let run = crate::atlas::Run::of(command.output().expect("it starts")).exits(7);
        let object: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let finding = &object["findings"][0];
        (finding["evidence"][1].clone(), finding["fix"].clone())
    };
    let (evidence, fix) = asked();
    assert_eq!(
        evidence,
        "user ann is not in the group root, which the socket belongs to"
    );
    assert_eq!(fix["command"], "sudo usermod -aG root ann");
    root.write("etc/group", "root:x:0:bob,ann\n");
    let (evidence, fix) = asked();
    assert_eq!(
        evidence,
        "user ann is in the group root, but this session is not: it began before that"
    );
    assert_eq!(
        fix["text"],
        "log out and in again; in this shell `newgrp root` does"
    );
}

#[test]
fn what_an_engine_should_not_be_is_found() {
    let Some(stack) = configured("doctor-engine") else {
        return;
    };
    let engine = Altered::new(stack.path());
    stack.set("DOCKER_HOST", engine.host());
    Root::new(&stack);
    let well = || Mend::by(|| engine.clear());
    fault(
        &stack,
        &[],
        "an engine that is too old",
        "ATLAS-ENG-002",
        || engine.set("/version", "/ApiVersion", json!("1.39")),
        well(),
    );
    fault(
        &stack,
        &[],
        "a driver that copies everything",
        "ATLAS-ENG-003",
        || engine.set("/info", "/Driver", json!("vfs")),
        well(),
    );
    fault(
        &stack,
        &[],
        "a file system without d_type",
        "ATLAS-ENG-003",
        || {
            let status = json!([["Backing Filesystem", "xfs"], ["Supports d_type", "false"]]);
            engine.set("/info", "/DriverStatus", status);
        },
        well(),
    );
    let log = "var/lib/docker/containers/0a/0a-json.log";
    let log = stack.path().join("root").join(log);
    fault(
        &stack,
        &[],
        "a log without end",
        "ATLAS-ENG-004",
        || {
            // `var/lib/docker` of the machine of files is a link to the project's folder; the engine names its own.
            engine.set("/info", "/DockerRootDir", json!("/var/lib/docker"));
            std::fs::create_dir_all(log.parent().expect("a folder")).expect("a folder");
            let file = std::fs::File::create(&log).expect("a file");
            file.set_len(3 << 30).expect("holes cost nothing");
        },
        Mend::Printed,
    );
    engine.clear();
    stack.manifest("services-to-run: [one]\nservices: {one: {port: 81}}");
    fault(
        &stack,
        &[],
        "a rootless engine and a small port",
        "ATLAS-ENG-005",
        || engine.set("/info", "/SecurityOptions", json!(["name=rootless"])),
        well(),
    );
    compose_1_breaks_on_new_engines(&stack, &engine);
}

fn compose_1_breaks_on_new_engines(stack: &Stack, engine: &Altered) {
    let script = "#!/usr/bin/python3\n# EASY-INSTALL-ENTRY-SCRIPT: 'docker-compose==1.29.2','console_scripts','docker-compose'\n";
    let new = "#!/bin/sh\nexec docker compose \"$@\"\n";
    let place = |script: &str| stack.write("bin/docker-compose", script);
    place(new);
    let path = std::env::var("PATH").unwrap_or_default();
    let first = stack.path().join("bin");
    stack.set("PATH", format!("{}:{path}", first.display()));
    // The engine only says so: nothing else than its version is asked in a newer way.
    engine.set("/version", "/ApiVersion", json!("1.44"));
    fault(
        stack,
        &[],
        "compose 1 beside a new engine",
        "ATLAS-ENG-007",
        || place(script),
        Mend::by(|| place(new)),
    );
}

#[test]
fn an_engine_on_another_machine_does_not_see_files_of_this_one() {
    if !is_there() {
        return;
    }
    let project = Project::new("doctor-elsewhere");
    project
        .run(&["init", "--yes", "--profile", "atlassian"])
        .exits(0);
    let engine = Altered::new(project.path());
    let here = || project.set("DOCKER_HOST", engine.host());
    here();
    let elsewhere = engine.elsewhere();
    fault(
        &project,
        &[],
        "secret files and an engine elsewhere",
        "ATLAS-ENG-005",
        || project.set("DOCKER_HOST", &elsewhere),
        Mend::by(here),
    );
    // What only that machine knows is not taken from this one.
    project.set("DOCKER_HOST", &elsewhere);
    let all = findings(&project, &[]);
    for id in ["HOST-002", "HOST-004", "HOST-008", "PORT-001", "NET-006"] {
        let id = format!("ATLAS-{id}");
        let finding = all.iter().find(|finding| finding["id"] == *id);
        let finding = finding.unwrap_or_else(|| panic!("{id} is not there"));
        assert_eq!(finding["result"], "not checked", "{id}");
        assert_eq!(
            finding["evidence"][0], "the engine is on another machine",
            "{id}"
        );
    }
}
