//! A failure names the service, says what happened and what to do, and shows the last log lines.

use std::net::TcpListener;

use super::{Stack, docker, free_port};

#[test]
fn a_service_that_exits_is_shown_with_its_last_words() {
    let Some(stack) = Stack::of_three("exits") else {
        return;
    };
    stack.manifest("services-to-run: [three]\nservices: {two: {environment: {EXIT_CODE: \"1\"}}}");
    let up = stack.run(&["up"]).exits(6);
    let message = "error: `two` is not healthy: exited 1 (it reported an error)";
    assert!(up.stderr.contains(message), "{}", up.stderr);
    let log = "  last log lines of two:\n    trivial: told to exit with code 1\n";
    assert!(up.stderr.contains(log), "{}", up.stderr);
    assert!(
        up.stderr
            .ends_with("hint: `atlas logs two` shows all of it\n"),
        "{}",
        up.stderr
    );
    // What came after it was made, but not started.
    let state = |name| super::inspect(&stack.id(name))["State"]["Status"].clone();
    assert_eq!(state("one"), "running");
    assert_eq!(state("three"), "created");

    let events = stack.run(&["up", "--json"]).exits(6).stdout;
    let last = events.lines().last().unwrap_or_default();
    let error: serde_json::Value = serde_json::from_str(last).expect("an object");
    assert_eq!(
        (&error["kind"], &error["exit"]),
        (&"error".into(), &6.into())
    );
    stack.manifest("services-to-run: [three]");
    stack.up();
    stack.is_converged();
}

#[test]
fn a_service_killed_for_memory_is_told_so() {
    let Some(stack) = Stack::new("oom") else {
        return;
    };
    // The only test image with a shell: `tail` keeps all of an endless line.
    stack.write(
        "catalogue/one.yaml",
        ONE_WITH_SHELL.replace("COMMAND", "exec tail /dev/zero"),
    );
    stack.manifest("services-to-run: [one]\nservices: {one: {memory: 16MiB}}");
    let up = stack.run(&["up"]).exits(6);
    let message = "error: `one` is not healthy: killed for using more than its 16 MiB of memory (exited 137, OOM killed)\n";
    assert!(up.stderr.contains(message), "{}", up.stderr);
    assert!(
        up.stderr
            .ends_with("hint: raise `services.one.memory` in atlas.yaml\n"),
        "{}",
        up.stderr
    );
}

const ONE_WITH_SHELL: &str = r#"description: A service of a test
kind: integration
port: 8080
health: {http: /}
healthcheck: [NONE]
images: {any: {image: "redis:7-alpine", command: [sh, -c, "COMMAND"]}}
"#;

#[test]
fn a_command_that_does_not_exist_is_told_so() {
    let Some(stack) = Stack::new("nocmd") else {
        return;
    };
    let entry = ONE_WITH_SHELL.replace("[sh, -c, \"COMMAND\"]", "[/no/such/program]");
    stack.write("catalogue/one.yaml", entry);
    stack.manifest("services-to-run: [one]");
    let up = stack.run(&["up"]);
    assert!(up.stderr.contains("/no/such/program"), "{}", up.stderr);
    assert!([5, 6].contains(&up.code), "{}", up.stderr);
}

#[test]
fn a_sick_service_is_shown_with_what_it_answers() {
    let Some(stack) = Stack::of_three("sick") else {
        return;
    };
    let sick = "environment: {UNHEALTHY_BODY: \"the database is away\"}";
    stack.manifest(&format!(
        "services-to-run: [three]\nservices: {{two: {{{sick}}}}}"
    ));
    let up = stack.run(&["up", "--timeout", "1"]).exits(6);
    let message = "error: `two` is not healthy: no good answer within 1 s; the last was: HTTP 503 the database is away\n";
    assert!(up.stderr.contains(message), "{}", up.stderr);
    let hint = "hint: `atlas logs two` shows all of it; `--timeout` gives it longer\n";
    assert!(up.stderr.ends_with(hint), "{}", up.stderr);

    let status = stack.run(&["status"]).exits(6);
    assert!(
        status
            .stdout
            .contains("\ntwo: HTTP 503 the database is away\n"),
        "{}",
        status.stdout
    );
    let answer = &stack.json(&["status"])["services"][2];
    assert_eq!(answer["health"], "unhealthy");
    assert_eq!(answer["answer"], "HTTP 503 the database is away");
}

#[test]
fn a_missing_image_is_named() {
    let Some(stack) = Stack::new("noimage") else {
        return;
    };
    stack.service("one", "");
    // Nothing listens there, on any machine: no registry is asked.
    let image = format!("127.0.0.1:{}/acme/one:1", free_port());
    stack.manifest(&format!(
        "services-to-run: [one]\nservices: {{one: {{image: \"{image}\"}}}}"
    ));
    let up = stack.run(&["up"]).exits(5);
    let message = format!("error: failed to pull `{image}`: ");
    assert!(up.stderr.contains(&message), "{}", up.stderr);
    assert!(up.stderr.contains("connection refused"), "{}", up.stderr);
    assert!(stack.ids().is_empty());
}

#[test]
fn a_port_taken_by_a_process_names_it_before_anything_is_touched() {
    let Some(stack) = Stack::new("port") else {
        return;
    };
    stack.service("one", "");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("it is bound").port();
    stack.manifest(&format!(
        "services-to-run: [one]\nservices: {{one: {{port: {port}}}}}"
    ));
    let up = stack.run(&["up"]).exits(5);
    let pid = std::process::id();
    let name = std::fs::read_to_string("/proc/self/comm").expect("a name");
    let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or(name);
    let expected = format!(
        "error: services.one: port {port} is already in use by process {pid} ({})\n",
        comm.trim()
    );
    assert!(up.stderr.contains(&expected), "{expected}{}", up.stderr);
    let hint = "  hint: set `services.one.port` in atlas.yaml, or stop what uses it\n";
    assert!(up.stderr.contains(hint), "{}", up.stderr);
    assert!(
        up.stderr
            .ends_with("error: nothing was touched: the host is not ready\n"),
        "{}",
        up.stderr
    );
    assert!(!stack.path().join("compose.yaml").exists());
    assert!(stack.ids().is_empty());
}

#[test]
fn a_port_taken_by_a_container_names_it_and_its_project() {
    let (Some(first), Some(second)) = (Stack::new("porta"), Stack::new("portb")) else {
        return;
    };
    let port = free_port();
    for stack in [&first, &second] {
        stack.service("one", "");
        stack.manifest(&format!(
            "services-to-run: [one]\nservices: {{one: {{port: {port}}}}}"
        ));
    }
    first.up();
    let up = second.run(&["up"]).exits(5);
    let name = &first.name;
    let expected = format!(
        "error: services.one: port {port} is already in use by container `{name}-one-1` of project `{name}`\n"
    );
    assert!(up.stderr.contains(&expected), "{}", up.stderr);
    first.run(&["down"]).exits(0);
    second.up();
    second.is_converged();
}

/// The port moves from one service to another of the same project: not taken, only not free yet.
#[test]
fn a_port_may_move_between_services() {
    let Some(stack) = Stack::new("move") else {
        return;
    };
    let deaf = ONE_WITH_SHELL
        .replace("COMMAND", "trap : TERM; while :; do sleep 0.1; done")
        .replace("{http: /}", "{command: [\"true\"]}");
    stack.write("catalogue/deaf.yaml", format!("{deaf}stop_grace: 2s\n"));
    stack.service("one", "");
    let port = free_port();
    let published_by = |name: &str| {
        stack.manifest(&format!(
            "services-to-run: [deaf, one]\nservices: {{{name}: {{port: {port}}}}}"
        ));
    };
    published_by("deaf");
    stack.up();
    published_by("one");
    let plan = stack.run(&["plan"]).exits(0).stdout;
    let name = &stack.name;
    let first = format!("- stop     container {name}-deaf-1  # one takes its port {port}\n");
    assert!(plan.starts_with(&first), "{plan}");
    stack.up();
    stack.is_converged();
}

#[test]
fn a_placeholder_stops_before_anything_is_touched() {
    let Some(stack) = Stack::new("placeholder") else {
        return;
    };
    let variable = "{description: A token, required: true, secret: true, placeholders: [xoxb-...]}";
    stack.service("one", &format!("environment: {{ONE_TOKEN: {variable}}}"));
    stack.manifest("services-to-run: [one]");
    stack.write(".env", "ONE_TOKEN=xoxb-...\n");
    let up = stack.run(&["up"]).exits(3);
    assert!(up.stderr.contains("ONE_TOKEN"), "{}", up.stderr);
    assert!(stack.ids().is_empty());
    assert!(!stack.path().join("compose.yaml").exists());
    assert!(!stack.path().join(".atlas").exists());
}

#[test]
fn missing_source_trees_are_named_all_at_once() {
    let Some(stack) = Stack::new("source") else {
        return;
    };
    stack.service("one", "");
    stack.write(
        "source/services/integrations/jira/README",
        "no Dockerfile here",
    );
    stack.manifest(
        "services-to-run: [confluence, jira]\nimages: {source: build, context: ./source}",
    );
    let up = stack.run(&["up"]).exits(3);
    let folder = stack
        .path()
        .canonicalize()
        .expect("it exists")
        .join("source/services/integrations");
    let folder = folder.display();
    for expected in [
        format!("error: services.confluence: there is no folder `{folder}/confluence`\n"),
        format!("error: services.jira: there is no `{folder}/jira/Dockerfile`\n"),
    ] {
        assert!(up.stderr.contains(&expected), "{}", up.stderr);
    }
    assert!(
        up.stderr
            .ends_with("error: the configuration has 2 problems\n"),
        "{}",
        up.stderr
    );
}

#[test]
fn an_image_is_built_from_the_source_tree() {
    let Some(stack) = Stack::new("build") else {
        return;
    };
    stack.service("one", "");
    let entry = stack.read("catalogue/one.yaml").replace(
        "images: {any: {image: \"atlas-test/trivial:1\"}}",
        "images: {build: {healthcheck: [CMD, /trivial, probe, \"8080\"]}}",
    );
    stack.write("catalogue/one.yaml", entry);
    stack.write(
        "services/integrations/one/Dockerfile",
        "FROM atlas-test/trivial:1\nENV BODY=built\n",
    );
    stack.manifest("services-to-run: [one]\nimages: {source: build, context: .}");
    stack.up();
    stack.is_converged();
    let image = super::inspect(&stack.id("one"))["Config"]["Image"].to_string();
    stack.write(
        "services/integrations/one/Dockerfile",
        "FROM atlas-test/trivial:1\nRUN no\n",
    );
    let build = stack.run(&["build"]).exits(5);
    assert!(
        build.stderr.contains("error: failed to build `"),
        "{}",
        build.stderr
    );
    stack.run(&["down"]).exits(0);
    docker(&["image", "rm", image.trim_matches('"')]);
}

#[test]
fn an_engine_that_is_not_there_is_told_with_what_to_do() {
    let Some(stack) = Stack::of_three("noengine") else {
        return;
    };
    let with = |host: &str| {
        let mut command = stack.command(&["up"]);
        crate::atlas::Run::of(
            command
                .env("DOCKER_HOST", host)
                .output()
                .expect("atlas starts"),
        )
    };
    let run = with("unix:///no/such/docker.sock").exits(4);
    let expected = "error: failed to reach the Docker engine at `unix:///no/such/docker.sock`: there is no socket /no/such/docker.sock\n\
                    hint: start Docker (`sudo systemctl start docker`, or Docker Desktop), or install it: https://docs.docker.com/engine/install/\n";
    assert!(run.stderr.ends_with(expected), "{}", run.stderr);

    let run = with("tcp://127.0.0.1:1").exits(4);
    let expected = "error: failed to reach the Docker engine at `tcp://127.0.0.1:1`: connection refused (os error 111)\n\
                    hint: this engine was chosen by DOCKER_HOST; check that it runs and can be reached\n";
    assert!(
        run.stderr
            .to_lowercase()
            .ends_with(&expected.to_lowercase()),
        "{}",
        run.stderr
    );

    let run = with("nonsense").exits(4);
    assert!(run.stderr.contains("`nonsense`"), "{}", run.stderr);
}
