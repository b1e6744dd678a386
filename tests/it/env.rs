//! `atlas env set`, `sync`, `rotate` without an engine's stores, and references to secret stores: exact texts of files.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::atlas::{Project, Run};

/// A run that reads this on standard input.
fn fed(project: &Project, arguments: &[&str], input: &str) -> Run {
    let mut command = project.command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("atlas starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    Run::of(child.wait_with_output().expect("it ends"))
}

fn mode(project: &Project) -> u32 {
    let meta = std::fs::metadata(project.path().join(".env")).expect("a file");
    meta.permissions().mode() & 0o777
}

#[test]
fn a_value_is_set_where_it_stands_and_the_rest_stays() {
    let project = Project::new("env-set");
    project.write(
        ".env",
        "# mine\r\nexport SLACK_BOT_TOKEN=\"xoxb-old\" # bot\r\n# JIRA_URL=\r\nOTHER=1\r\n",
    );
    let run = fed(
        &project,
        &["env", "set", "SLACK_BOT_TOKEN", "-"],
        "xoxb-new\n",
    )
    .exits(0);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr,
        "SLACK_BOT_TOKEN is set in .env\nnext: `atlas up` hands it to the services\n"
    );
    assert_eq!(
        project.read(".env"),
        "# mine\r\nexport SLACK_BOT_TOKEN=xoxb-new # bot\r\n# JIRA_URL=\r\nOTHER=1\r\n"
    );
    let run = fed(
        &project,
        &["env", "set", "JIRA_URL", "JIRA_TOKEN", "--json"],
        "https://acme.example\na b$c\n",
    );
    assert_eq!(run.code, 2, "a token holds no space: {}", run.stderr);
    let run = fed(
        &project,
        &["env", "set", "JIRA_URL", "JIRA_TOKEN", "--json"],
        "https://acme.example\nab$c\n",
    )
    .exits(0);
    assert_eq!(
        run.stdout,
        "{\"schema\":\"atlas/v1\",\"kind\":\"env-set\",\"file\":\".env\",\"set\":[\"JIRA_TOKEN\",\"JIRA_URL\"]}\n"
    );
    assert_eq!(
        project.read(".env"),
        "# mine\r\nexport SLACK_BOT_TOKEN=xoxb-new # bot\r\nJIRA_URL=https://acme.example\r\nOTHER=1\r\nJIRA_TOKEN='ab$c'\r\n"
    );
    assert_eq!(mode(&project), 0o600);
}

#[test]
fn what_cannot_be_right_is_refused_and_nothing_is_written() {
    let project = Project::new("env-refused");
    project.write(".env", "A=1\n");
    let run = fed(
        &project,
        &["env", "set", "SLACK_BOT_TOKEN"],
        "xoxp-secret\n",
    )
    .exits(2);
    assert!(
        run.stderr
            .contains("SLACK_BOT_TOKEN: must begin with `xoxb-`"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("xoxp-secret"), "{}", run.stderr);
    let run = fed(&project, &["env", "set", "SLACK_BOT_TOKN"], "x\n").exits(2);
    assert_eq!(
        run.stderr,
        "error: no service reads `SLACK_BOT_TOKN`\nhint: did you mean `SLACK_BOT_TOKEN`?\n"
    );
    let run = fed(
        &project,
        &["env", "set", "SLACK_BOT_TOKEN=xoxb-secret"],
        "x\n",
    )
    .exits(2);
    assert!(!run.stderr.contains("xoxb-secret"), "{}", run.stderr);
    assert!(
        fed(&project, &["env", "set", "JIRA_TOKEN"], "")
            .exits(2)
            .stderr
            .contains("no value was given")
    );
    assert_eq!(project.read(".env"), "A=1\n");
}

#[test]
fn sync_adds_what_is_new_and_comments_out_what_is_left_over() {
    let project = Project::new("env-sync");
    project.write("atlas.yaml", "profile: minimal\noldest-engine: \"20.10\"\n");
    project.run(&["init", "--yes"]).exits(0);
    let full = project.read(".env");
    project.run(&["env", "sync", "--check"]).exits(0);
    let (before, after) = full
        .split_once("# RATE_LIMIT_PER_MINUTE=120\n")
        .expect("a line of the gateway");
    let old = format!("{before}{after}GONE=1\n");
    project.write(".env", &old);
    let run = project.run(&["env", "sync", "--check"]).exits(8);
    assert_eq!(run.stdout, "+ RATE_LIMIT_PER_MINUTE\n- GONE\n");
    assert_eq!(project.read(".env"), old);
    project.run(&["env", "sync", "--json"]).exits(0);
    let text = project.read(".env");
    assert!(
        text.starts_with(&format!("{before}{after}# GONE=1\n")),
        "{text}"
    );
    assert!(text.ends_with("# RATE_LIMIT_PER_MINUTE=120\n"), "{text}");
    project.run(&["env", "sync", "--check"]).exits(0);
}

#[test]
fn a_key_is_replaced_and_the_old_one_kept_but_not_the_one_that_seals() {
    let project = Project::new("env-rotate");
    project.write("atlas.yaml", "profile: minimal\noldest-engine: \"20.10\"\n");
    project.run(&["init", "--yes"]).exits(0);
    let before = project.read(".env");
    let key = |text: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("ATLAS_API_KEY="));
        line.expect("a key").to_owned()
    };
    let old = key(&before);
    let run = project
        .run(&["env", "rotate", "api-key", "--json"])
        .exits(0);
    let after = project.read(".env");
    let new = key(&after);
    assert_ne!(old, new);
    assert_eq!(after, before.replace(&old, &new));
    for secret in [&old, &new] {
        assert!(!run.stdout.contains(secret.as_str()) && !run.stderr.contains(secret.as_str()));
    }
    let kept = project.read(".atlas/replaced.env");
    assert!(
        kept.ends_with(&format!("Z\n# ATLAS_API_KEY={old}\n")),
        "{kept}"
    );
    assert!(!project.path().join(".atlas/rotation.env").exists());
    let run = project.run(&["env", "rotate", "secret-key"]).exits(5);
    assert!(
        run.stderr
            .contains("the gateway has encrypted its users' settings with it"),
        "{}",
        run.stderr
    );
    assert_eq!(project.read(".env"), after);
}

#[test]
fn a_change_that_was_cut_off_is_completed() {
    let project = Project::new("env-cut-off");
    project.write("atlas.yaml", "profile: minimal\noldest-engine: \"20.10\"\n");
    project.run(&["init", "--yes"]).exits(0);
    let new = "n".repeat(40);
    project.write(
        ".atlas/rotation.env",
        format!("VARIABLE=ATLAS_API_KEY\nOLD=o\nNEW={new}\n"),
    );
    let run = project.run(&["env", "rotate", "redis"]).exits(5);
    assert!(
        run.stderr
            .contains("complete it first: `atlas env rotate ATLAS_API_KEY`"),
        "{}",
        run.stderr
    );
    project.run(&["env", "rotate", "ATLAS_API_KEY"]).exits(0);
    assert!(
        project
            .read(".env")
            .contains(&format!("ATLAS_API_KEY={new}\n"))
    );
}

#[test]
fn a_reference_is_asked_for_once_and_its_answer_stands_in_no_file_but_the_secret() {
    let project = Project::new("env-references");
    project.write("atlas.yaml", "profile: minimal\noldest-engine: \"20.10\"\n");
    project.run(&["init", "--yes"]).exits(0);
    let env = project.read(".env");
    let line = env
        .lines()
        .find(|line| line.starts_with("ATLAS_API_KEY="))
        .expect("a key");
    let reference = "cmd:echo asked >> asked; echo secret-of-the-store-1";
    project.write(
        ".env",
        env.replace(line, &format!("ATLAS_API_KEY='{reference}'")),
    );
    let run = project.run(&["render", "compose"]).exits(0);
    let secret = "secret-of-the-store-1";
    assert_eq!(project.read("asked"), "asked\n");
    assert_eq!(project.read(".atlas/secrets/atlas_api_key"), secret);
    for text in [project.read("compose.yaml"), run.stdout, run.stderr] {
        assert!(!text.contains(secret), "{text}");
    }
    project.write(
        ".env",
        env.replace(line, "ATLAS_API_KEY='cmd:echo locked >&2; exit 3'"),
    );
    let run = project.run(&["render", "compose"]).exits(3);
    let said = "`ATLAS_API_KEY`: failed to resolve `cmd:echo locked >&2; exit 3`: `sh` ended with 3: locked";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn render_says_what_docker_compose_would_make_of_a_reference() {
    let project = Project::new("env-compose");
    let source = "images: {source: registry, registry: registry.example}\nservices-to-run: [slack]\noldest-engine: \"20.10\"\n";
    project.write("atlas.yaml", source);
    project.run(&["init", "--yes"]).exits(0);
    let env = project.read(".env");
    project.write(
        ".env",
        format!("{env}SLACK_BOT_TOKEN='cmd:echo xoxb-of-the-store'\n"),
    );
    let run = project.run(&["render", "compose"]).exits(0);
    let said = "warning: `SLACK_BOT_TOKEN` in .env: `docker compose up` would hand the reference to services, not the secret\n";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let compose = project.read("compose.yaml");
    assert!(
        compose.contains("${SLACK_BOT_TOKEN") && !compose.contains("of-the-store"),
        "{compose}"
    );
}

#[test]
fn backups_ask_for_what_they_need_and_not_for_credentials_of_integrations() {
    let project = Project::new("env-backups");
    project.write("atlas.yaml", "profile: minimal\noldest-engine: \"20.10\"\n");
    let asked = "JIRA_TOKEN='cmd:exit 1'\n";
    project.write(".env", asked);
    project.run(&["backup", "list"]).exits(0);
    project.write(
        ".env",
        format!("{asked}ATLAS_BACKUP_PASSPHRASE='cmd:echo locked >&2; exit 3'\n"),
    );
    let run = project.run(&["backup", "list"]).exits(3);
    let said = "`ATLAS_BACKUP_PASSPHRASE`: failed to resolve `cmd:echo locked >&2; exit 3`: `sh` ended with 3: locked";
    assert!(
        run.stderr.contains(said) && !run.stderr.contains("JIRA_TOKEN"),
        "{}",
        run.stderr
    );
}
