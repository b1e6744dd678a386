//! Where the engine is and which one it is: addresses, contexts, versions, registries.

use std::path::Path;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::{Stack, here, until};
use crate::atlas::{Run, executable};

const SOCKET: &str = "unix:///var/run/docker.sock";

fn with(stack: &Stack, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = stack.command(arguments);
    command
        .env_remove("DOCKER_HOST")
        .env_remove("DOCKER_CONTEXT");
    let command = command.envs(variables.iter().copied());
    Run::of(command.output().expect("atlas starts"))
}

/// A Docker configuration with a context, as `docker context create` writes it.
fn context(stack: &Stack, name: &str, host: &str) -> String {
    let digest: String = Sha256::digest(name)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let meta = format!(
        r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#
    );
    stack.write(&format!("docker/contexts/meta/{digest}/meta.json"), meta);
    stack.path().join("docker").display().to_string()
}

/// `--host` before `DOCKER_HOST` before `DOCKER_CONTEXT` before the current context.
#[test]
fn the_engine_is_found_as_dockers_own_client_finds_it() {
    let Some(stack) = Stack::of_three("find") else {
        return;
    };
    if std::env::var_os("DOCKER_HOST").is_some() || !Path::new("/var/run/docker.sock").exists() {
        eprintln!("SKIPPED: the engine at hand is not at {SOCKET}");
        return;
    }
    let nowhere = ("DOCKER_HOST", "tcp://127.0.0.1:1");
    with(&stack, &["plan"], &[nowhere]).exits(4);
    with(&stack, &["plan", "--host", SOCKET], &[nowhere]).exits(0);
    with(&stack, &["plan"], &[("DOCKER_HOST", SOCKET)]).exits(0);

    let config = context(&stack, "here", SOCKET);
    context(&stack, "gone", "unix:///no/such/engine.sock");
    let config = ("DOCKER_CONFIG", config.as_str());
    with(&stack, &["plan"], &[config, ("DOCKER_CONTEXT", "here")]).exits(0);
    with(&stack, &["plan"], &[config, ("DOCKER_CONTEXT", "default")]).exits(0);
    let gone = with(&stack, &["plan"], &[config, ("DOCKER_CONTEXT", "gone")]).exits(4);
    assert!(
        gone.stderr
            .contains("there is no socket /no/such/engine.sock"),
        "{}",
        gone.stderr
    );
    let unknown = with(&stack, &["plan"], &[config, ("DOCKER_CONTEXT", "typo")]).exits(4);
    let expected = "error: failed to read the Docker context `typo`: ";
    assert!(unknown.stderr.contains(expected), "{}", unknown.stderr);
    let hint = "hint: it was chosen by DOCKER_CONTEXT; `docker context ls` shows which exist\n";
    assert!(unknown.stderr.ends_with(hint), "{}", unknown.stderr);
    stack.write("docker/config.json", r#"{"currentContext": "gone"}"#);
    with(&stack, &["plan"], &[config]).exits(4);
    with(&stack, &["plan"], &[config, ("DOCKER_HOST", SOCKET)]).exits(0);
}

/// Ends a private engine even when a test fails.
struct Engine(tempfile::TempDir);

impl Engine {
    fn start(version: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("atlas-engine-")
            .tempdir()
            .expect("a folder");
        let engine = Self(folder);
        engine.part("engine", &[engine.folder(), version]);
        engine.part("provision", &["images"]);
        engine
    }

    fn folder(&self) -> &str {
        self.0.path().to_str().expect("its path is text")
    }

    #[track_caller]
    fn part(&self, script: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(here("tests/parts").join(script));
        let host = format!("unix://{}/docker.sock", self.folder());
        let command = command.args(arguments).env("DOCKER_HOST", host);
        Run::of(command.output().expect("the script starts")).exits(0)
    }

    /// `atlas` where the engine's containers can be reached.
    fn atlas(&self, stack: &Stack, arguments: &[&str]) -> Run {
        Run::of(
            self.command(stack, arguments)
                .output()
                .expect("the script starts"),
        )
    }

    fn command(&self, stack: &Stack, arguments: &[&str]) -> Command {
        let mut command = Command::new(here("tests/parts/engine"));
        command
            .args(["exec", self.folder()])
            .arg(executable())
            .args(arguments);
        command.current_dir(stack.path()).env("NO_COLOR", "1");
        command
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let mut command = Command::new(here("tests/parts/engine"));
        let _ = command.args(["stop", self.folder()]).output();
    }
}

/// Newer engines take all networks at once and know `start_interval`.
fn works_on(version: &str) {
    let Some(stack) = Stack::of_three(&format!("engine{version}")) else {
        return;
    };
    let engine = Engine::start(version);
    engine.atlas(&stack, &["up"]).exits(0);
    engine.atlas(&stack, &["plan", "--exit-code"]).exits(0);
    let status = engine.atlas(&stack, &["status"]).exits(0);
    assert_eq!(
        status.stdout.matches("healthy").count(),
        3,
        "{}",
        status.stdout
    );
    stack.manifest("services-to-run: [three]\nservices: {two: {environment: {BODY: new}}}");
    let plan = engine.atlas(&stack, &["plan", "--exit-code"]).exits(8);
    assert!(
        plan.stdout
            .contains("# changed: environment.BODY (→ new)\n"),
        "{}",
        plan.stdout
    );
    assert!(plan.stdout.ends_with("\n5 steps\n"), "{}", plan.stdout);
    engine.atlas(&stack, &["up"]).exits(0);
    engine.atlas(&stack, &["plan", "--exit-code"]).exits(0);
    engine
        .atlas(&stack, &["down", "--volumes", "--yes"])
        .exits(0);
}

#[test]
fn an_engine_that_dies_in_the_middle_is_told_so() {
    let Some(stack) = Stack::new("dies") else {
        return;
    };
    stack.service("one", "");
    stack.manifest(
        "services-to-run: [one]\nservices: {one: {environment: {START_DELAY_MS: \"60000\"}}}",
    );
    let engine = Engine::start("26");
    let mut command = engine.command(&stack, &["up"]);
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("the script starts");
    until(&mut child, "-one-1 started");
    engine.part("engine", &["stop", engine.folder()]);
    let run = Run::of(child.wait_with_output().expect("it ends"));
    assert!(
        run.stderr.contains("`: the engine went away ("),
        "{}",
        run.stderr
    );
    run.exits(4);
}

#[test]
fn engine_26_is_driven() {
    works_on("26");
}

#[test]
fn engine_28_is_driven() {
    works_on("28");
}

/// A private registry, and credentials from a helper as `docker login` sets it up.
#[test]
fn images_come_from_a_private_registry() {
    let Some(stack) = Stack::new("registry") else {
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
    super::docker(&[
        "tag",
        "atlas-test/trivial:1",
        &format!("{}/atlas-one:7", stack.name),
    ]);
    let tag = format!("{}/atlas-one:7", stack.name);
    let address = provision(&["registry-up", folder, &tag]).exits(0).stdout;
    let address = address.trim();
    super::docker(&["rmi", &tag]);
    stack.service("one", "");
    let entry = stack.read("catalogue/one.yaml").replace(
        "images: {any: {image: \"atlas-test/trivial:1\"}}",
        "images: {registry: {healthcheck: [CMD, /trivial, probe, \"8080\"]}}",
    );
    stack.write("catalogue/one.yaml", entry);
    let registry = format!("{address}/{}", stack.name);
    stack.manifest(&format!(
        "services-to-run: [one]\nimages: {{source: registry, registry: {registry}, tag: \"7\"}}"
    ));
    let image = format!("{registry}/atlas-one:7");

    // The helper is asked for this registry; what it says is used and shown nowhere.
    let asked = stack.path().join("asked");
    let helper = format!(
        "#!/bin/sh\ncat > '{}'\nprintf '{{\"Username\":\"ann\",\"Secret\":\"hunter2-hunter2\"}}'\n",
        asked.display()
    );
    stack.write("bin/docker-credential-test", helper);
    let script = stack.path().join("bin/docker-credential-test");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, executable).expect("it is ours");
    stack.write("docker/config.json", r#"{"credsStore": "test"}"#);
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", stack.path().join("bin").display());
    let config = stack.path().join("docker").display().to_string();
    let mut command = stack.command(&["up"]);
    command.env("PATH", &path).env("DOCKER_CONFIG", &config);
    let up = Run::of(command.output().expect("atlas starts")).exits(0);
    assert_eq!(stack.read("asked"), address);
    assert!(!up.stderr.contains("hunter2"), "{}", up.stderr);
    assert!(
        up.stderr.contains(&format!("image {image} ready")) || up.stderr.contains(&image),
        "{}",
        up.stderr
    );
    stack.is_converged();

    // A tag that the registry does not have.
    stack.manifest(&format!(
        "services-to-run: [one]\nimages: {{source: registry, registry: {registry}, tag: \"8\"}}"
    ));
    let missing = stack.run(&["up"]).exits(5);
    let expected = format!("error: failed to pull `{registry}/atlas-one:8`: ");
    assert!(missing.stderr.contains(&expected), "{}", missing.stderr);
    assert!(
        missing
            .stderr
            .contains("hint: check the tag: the registry does not have it\n"),
        "{}",
        missing.stderr
    );
    stack.run(&["down"]).exits(0);
    super::docker(&["rmi", &image]);
    provision(&["registry-down", folder]).exits(0);
}
