//! What is done with a deployment that runs: looking at it, stopping, scaling and removing it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{Stack, docker, eventually, inspect};
use crate::atlas::{Run, executable};

#[test]
fn stop_start_and_restart_keep_the_containers() {
    let Some(stack) = Stack::of_three("lifecycle") else {
        return;
    };
    stack.up();
    let before = stack.ids();
    let running = |service: &str| inspect(&stack.id(service))["State"]["Running"] == true;

    stack.run(&["stop", "two"]).exits(0);
    assert!(!running("two") && running("one") && running("three"));
    let status = stack.run(&["status"]).exits(6);
    assert!(
        status
            .stdout
            .lines()
            .any(|l| l.starts_with("two ") && l.contains("exited")),
        "{}",
        status.stdout
    );
    stack.run(&["start", "two"]).exits(0);
    assert!(running("two"));

    let pid = |service: &str| inspect(&stack.id(service))["State"]["Pid"].clone();
    let (one, two) = (pid("one"), pid("two"));
    stack.run(&["restart", "two"]).exits(0);
    assert_eq!(pid("one"), one);
    assert_ne!(pid("two"), two);
    stack.run(&["stop"]).exits(0);
    assert_eq!(stack.run(&["stop"]).exits(0).stderr, "nothing to do\n");
    stack.run(&["start"]).exits(0);
    assert_eq!(stack.ids(), before);
    stack.is_converged();

    let wrong = stack.run(&["stop", "twoo"]).exits(3);
    let expected = format!(
        "error: project `{}` has no container of a service `twoo`\n",
        stack.name
    );
    assert!(wrong.stderr.contains(&expected), "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("did you mean `two`?"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn status_as_json_has_a_stable_form() {
    let Some(stack) = Stack::new("status") else {
        return;
    };
    let port = super::free_port();
    stack.service("one", "");
    stack.service("two", "");
    stack.manifest(&format!(
        "services-to-run: [one, two]\nservices: {{one: {{port: {port}}}}}"
    ));
    let nothing = stack.run(&["status", "--json"]).exits(6);
    let expected = format!(
        "{{\"schema\":\"atlas/v1\",\"kind\":\"status\",\"project\":\"{}\",\"data\":\"containers\",\"services\":[],\"missing\":[\"one\",\"two\"]}}\n",
        stack.name
    );
    assert_eq!(nothing.stdout, expected);
    stack.up();
    let status = stack.json(&["status"]);
    assert_eq!(status["missing"], serde_json::json!([]));
    let one = status["services"][0].as_object().expect("an object");
    let keys: Vec<&str> = one.keys().map(String::as_str).collect();
    let expected = [
        "service",
        "container",
        "number",
        "state",
        "status",
        "health",
        "answer",
        "cpu_percent",
        "memory_bytes",
        "memory_limit_bytes",
        "ports",
        "image",
    ];
    assert_eq!(keys, expected);
    assert_eq!(one["container"], format!("{}-one-1", stack.name));
    assert_eq!(
        (&one["number"], &one["state"]),
        (&1.into(), &"running".into())
    );
    assert_eq!(one["memory_limit_bytes"], 256 << 20);
    let published = serde_json::json!([{"address": "127.0.0.1", "host_port": port, "port": 8080}]);
    assert_eq!(one["ports"], published);
    stack.run(&["status"]).exits(0);
    docker(&["rm", "-f", &stack.id("two")]);
    assert_eq!(
        stack.json(&["status"])["missing"],
        serde_json::json!(["two"])
    );
    let status = stack.run(&["status"]).exits(6);
    assert!(
        status
            .stdout
            .lines()
            .any(|l| l.starts_with("two ") && l.contains("missing")),
        "{}",
        status.stdout
    );
}

#[test]
fn volumes_go_only_when_confirmed() {
    let Some(stack) = Stack::new("volumes") else {
        return;
    };
    stack.service("one", "volumes: [\"kept:/data\"]");
    stack.manifest("services-to-run: [one]");
    stack.up();
    let volume = format!("{}_kept", stack.name);
    let refused = stack.run(&["down", "--volumes"]).exits(5);
    let expected = "error: nothing was done: removing volumes was not confirmed\n\
                    hint: `--yes` confirms it; without `--volumes` the data stays\n";
    assert_eq!(refused.stderr, expected);
    assert_eq!(stack.ids().len(), 1);
    let down = stack.run(&["down"]).exits(0);
    assert!(
        down.stderr.ends_with(&format!("volumes stay: {volume}\n")),
        "{}",
        down.stderr
    );
    docker(&["volume", "inspect", &volume]);
    stack.up();
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
    let label = format!("label=com.docker.compose.project={}", stack.name);
    assert_eq!(docker(&["volume", "ls", "-q", "--filter", &label]), "");
    let nothing = stack.run(&["down", "-v", "--yes"]).exits(0);
    let expected = format!(
        "nothing to do: project `{}` has no containers and no networks here\n",
        stack.name
    );
    assert_eq!(nothing.stderr, expected);
}

#[test]
fn what_cannot_be_scaled_is_told() {
    let Some(stack) = Stack::of_three("scale") else {
        return;
    };
    stack.up();
    let wrong = stack.run(&["scale", "three=2", "tow=2", "one=x"]).exits(3);
    for expected in [
        "error: three=2: `three` keeps state and cannot run in more than one container here\n",
        "error: tow=2: unknown service `tow`\n",
        "error: one=x: is not SERVICE=N with N from 0 to 100\n",
    ] {
        assert!(wrong.stderr.contains(expected), "{}", wrong.stderr);
    }
    let before = stack.ids();
    stack.run(&["scale", "two=3"]).exits(0);
    assert_eq!(stack.ids().len(), 5);
    assert!(
        before
            .iter()
            .all(|(name, id)| stack.ids().get(name) == Some(id))
    );
    assert_eq!(
        stack.json(&["status"])["services"].as_array().map(Vec::len),
        Some(5)
    );
    stack.run(&["scale", "two=1"]).exits(0);
    assert_eq!(stack.ids(), before);
    stack.is_converged();
}

#[test]
fn a_folder_may_have_spaces_and_unicode() {
    let Some(stack) = Stack::new("unicode") else {
        return;
    };
    let inner = "Mein Projekt – 你好";
    let one = r#"description: A service of a test
kind: gateway
port: 8080
health: {http: /}
environment: {ONE_KEY: {description: A key, secret: true, file: one_key}}
images: {any: {image: "atlas-test/trivial:1", secret_files: true}}
"#;
    stack.write(&format!("{inner}/catalogue/one.yaml"), one);
    let name = format!("{}-inner", stack.name);
    let manifest = format!(
        "name: {name}\noldest-engine: \"20.10\"\ncatalogue: ./catalogue\nservices-to-run: [one]\n"
    );
    stack.write(&format!("{inner}/atlas.yaml"), manifest);
    stack.write(&format!("{inner}/.env"), "ONE_KEY=abc\n");
    let atlas = |arguments: &[&str]| {
        let mut all = vec!["-C", inner];
        all.extend(arguments);
        stack.run(&all)
    };
    atlas(&["up"]).exits(0);
    atlas(&["plan", "--exit-code"]).exits(0);
    atlas(&["status"]).exits(0);
    let mounts = inspect(&format!("{name}-one-1"))["Mounts"].to_string();
    assert!(mounts.contains(inner), "{mounts}");
    atlas(&["down"]).exits(0);
}

#[test]
fn two_projects_side_by_side_do_not_touch_each_other() {
    let (Some(first), Some(second)) = (Stack::of_three("left"), Stack::of_three("right")) else {
        return;
    };
    first.up();
    second.up();
    let before = second.ids();
    first.run(&["restart"]).exits(0);
    first.run(&["down"]).exits(0);
    assert_eq!(second.ids(), before);
    second.is_converged();
}

/// Removing needs no project directory: the labels are enough, from any folder, even one that cannot be written.
#[test]
fn down_works_from_anywhere() {
    let Some(stack) = Stack::of_three("anywhere") else {
        return;
    };
    stack.up();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let mut command = stack.command(&["-p", &stack.name, "down"]);
    Run::of(
        command
            .current_dir(elsewhere.path())
            .output()
            .expect("atlas starts"),
    )
    .exits(0);
    assert!(stack.ids().is_empty());
    let left = std::fs::read_dir(elsewhere.path())
        .expect("it is there")
        .count();
    assert_eq!(left, 0, "nothing is left in a folder that is no project");
}

/// As a user who may use the engine and read the project, and may write nothing there.
#[test]
fn a_project_that_cannot_be_written_is_told_so() {
    let Some(stack) = Stack::of_three("readonly") else {
        return;
    };
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(stack.path(), mode(0o755)).expect("it is ours");
    let socket = std::fs::metadata("/var/run/docker.sock").expect("the engine's socket");
    let group = std::os::unix::fs::MetadataExt::gid(&socket).to_string();
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--groups", &group]);
        command
            .arg(executable())
            .args(arguments)
            .current_dir(stack.path());
        let command = command.env("NO_COLOR", "1").env("HOME", "/nonexistent");
        Run::of(command.output().expect("setpriv starts"))
    };
    let plan = as_nobody(&["plan"]);
    if plan.stderr.contains("Permission denied") || plan.stderr.contains("no permission") {
        eprintln!(
            "SKIPPED: another user can reach neither the executable nor the socket: {}",
            plan.stderr
        );
        return;
    }
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let up = as_nobody(&["up"]).exits(5);
    let folder = stack.path().canonicalize().expect("it exists");
    let expected = format!(
        "error: failed to lock `{}/.atlas/lock`: Permission denied (os error 13)\nhint: the project directory must be writable\n",
        folder.display()
    );
    assert!(up.stderr.ends_with(&expected), "{}", up.stderr);
    assert!(stack.ids().is_empty());
    stack.up();
    as_nobody(&["status"]).exits(0);
    eventually("logs can be read", || {
        as_nobody(&["logs", "one"]).stdout.contains("listening")
    });
}
