//! Conversations with what runs: commands in containers, and logs.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::{Stack, docker};
use crate::atlas::Run;

/// A service with a shell, which the trivial image lacks. It prints its arguments' lines and then sleeps.
const SHELL: &str = r#"description: A service of a test
kind: integration
port: 8080
health: {command: [test, -e, /tmp/ready]}
healthcheck: [NONE]
images: {any: {image: "redis:7-alpine", command: [sh, -c, "echo first; echo second >&2; echo third; touch /tmp/ready; exec sleep 1000"]}}
"#;

fn with_shell(test: &str) -> Option<Stack> {
    let stack = Stack::new(test)?;
    stack.write("catalogue/shell.yaml", SHELL);
    stack.manifest("services-to-run: [shell]");
    stack.up();
    Some(stack)
}

#[test]
fn exec_passes_input_output_and_exit_code() {
    let Some(stack) = with_shell("exec") else {
        return;
    };
    let run = stack
        .run(&[
            "exec",
            "shell",
            "sh",
            "-c",
            "echo out; echo err >&2; exit 7",
        ])
        .exits(7);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("out\n", "err\n")
    );
    stack.run(&["exec", "shell", "true"]).exits(0);
    // Engine 20.10 says 126, later ones 127.
    let wrong = stack.run(&["exec", "shell", "no-such-command"]);
    assert!([126, 127].contains(&wrong.code), "{}", wrong.code);

    // The last words come through, however the command ends: they once were lost now and then.
    for _ in 0..20 {
        let run = stack.run(&["exec", "shell", "sh", "-c", "echo last >&2; exit 1"]);
        assert_eq!(run.exits(1).stderr, "last\n");
    }

    // More than any buffer on the way holds.
    let input = "line\n".repeat(100_000);
    let mut command = stack.command(&["exec", "-T", "shell", "wc", "-c"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("atlas starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("it is read");
    drop(stdin);
    let run = Run::of(child.wait_with_output().expect("it ends")).exits(0);
    assert_eq!(run.stdout.trim(), "500000");

    let wrong = stack
        .run(&["exec", "--index", "2", "shell", "true"])
        .exits(5);
    let expected = "error: failed to find container 2 of `shell`\nhint: `atlas status` shows which there are\n";
    assert_eq!(wrong.stderr, expected);
    stack
        .run(&[
            "exec",
            "-u",
            "nobody",
            "shell",
            "sh",
            "-c",
            "test $(id -un) = nobody",
        ])
        .exits(0);
}

#[test]
fn logs_can_be_cut_by_number_and_time_and_followed() {
    let Some(stack) = with_shell("logs") else {
        return;
    };
    let all = stack.run(&["logs"]).exits(0);
    let mut lines: Vec<&str> = all.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["shell-1 | first", "shell-1 | second", "shell-1 | third"]
    );
    let tail = stack.run(&["logs", "--tail", "1", "shell"]).exits(0);
    assert_eq!(tail.stdout.lines().count(), 1);
    let since = stack
        .run(&["logs", "--since", "2000-01-01T00:00:00Z"])
        .exits(0);
    assert_eq!(since.stdout.lines().count(), 3);
    assert_eq!(
        stack
            .run(&["logs", "--since", "2099-01-01T00:00:00Z"])
            .exits(0)
            .stdout,
        ""
    );
    let run = stack.run(&["logs", "--since", "yesterday"]).exits(2);
    assert!(
        run.stderr
            .starts_with("error: `--since yesterday` is not understood\n"),
        "{}",
        run.stderr
    );
    stack.run(&["logs", "--tail", "some"]).exits(2);
    let json = stack.run(&["logs", "--json"]).exits(0);
    let streams = json.stdout.matches(r#""stream":"stderr""#).count();
    assert_eq!(streams, 1, "{}", json.stdout);

    let mut child = stack
        .command(&["logs", "-f"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("atlas starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut seen = String::new();
    while seen.lines().count() < 3 {
        assert!(
            stdout.read_line(&mut seen).expect("it can be read") > 0,
            "{seen}"
        );
    }
    // What comes later comes too: the first process's output is the log.
    docker(&[
        "exec",
        &stack.id("shell"),
        "sh",
        "-c",
        "echo later > /proc/1/fd/1 || echo later > /proc/7/fd/1",
    ]);
    while !seen.contains("later") {
        assert!(
            stdout.read_line(&mut seen).expect("it can be read") > 0,
            "{seen}"
        );
    }
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}
