//! `atlas env rotate` of real stores: the data stay, the old password is refused, and a failure goes back.

use super::backend::{brought_up, http};
use super::{Stack, docker};
use crate::atlas::Run;

fn value(stack: &Stack, name: &str) -> String {
    let env = stack.read(".env");
    let begin = format!("{name}=");
    let line = env.lines().find_map(|line| line.strip_prefix(&begin));
    line.expect("it is set").to_owned()
}

/// What Redis answers to somebody with this password.
fn redis(stack: &Stack, password: &str, words: &[&str]) -> String {
    let authority = format!("REDISCLI_AUTH={password}");
    let id = stack.id("redis");
    let mut arguments = vec!["exec", "-e", &authority, &id, "redis-cli", "--raw"];
    arguments.extend(words);
    docker(&arguments)
}

fn settings(stack: &Stack, port: u16, method: &str, body: &str) -> (u16, String) {
    let key = value(stack, "ATLAS_API_KEY");
    http(port, method, "/api/settings/ann", Some(&key), body)
}

fn silent(run: &Run, secrets: &[&String]) {
    for secret in secrets {
        assert!(!run.stdout.contains(secret.as_str()), "{}", run.stdout);
        assert!(!run.stderr.contains(secret.as_str()), "{}", run.stderr);
    }
}

#[test]
fn passwords_of_stores_are_replaced_with_their_data_and_a_failure_goes_back() {
    let Some((stack, port, _)) = brought_up("rotate", &["--profile", "atlassian"]) else {
        return;
    };
    let sealed = r#"{"theme":"dark","jira_token":"t0p-secret"}"#;
    assert_eq!(settings(&stack, port, "PUT", sealed).0, 200);
    let before = settings(&stack, port, "GET", "");
    assert!(before.0 == 200 && before.1.contains("dark"), "{}", before.1);
    let (mongodb, old) = (
        value(&stack, "MONGO_INITDB_ROOT_PASSWORD"),
        value(&stack, "REDIS_PASSWORD"),
    );
    redis(&stack, &old, &["SET", "kept", "42"]);

    let run = stack.run(&["env", "rotate", "redis"]).exits(0);
    let new = value(&stack, "REDIS_PASSWORD");
    assert_ne!(old, new);
    silent(&run, &[&old, &new]);
    assert_eq!(redis(&stack, &new, &["GET", "kept"]).trim(), "42");
    assert!(!redis(&stack, &old, &["GET", "kept"]).contains("42"));

    let run = stack.run(&["env", "rotate", "mongodb"]).exits(0);
    let another = value(&stack, "MONGO_INITDB_ROOT_PASSWORD");
    assert_ne!(mongodb, another);
    silent(&run, &[&mongodb, &another]);
    assert_eq!(settings(&stack, port, "GET", ""), before);
    stack.is_converged();
    let kept = stack.read(".atlas/replaced.env");
    assert!(
        kept.contains(&format!("# REDIS_PASSWORD={old}\n")),
        "{kept}"
    );

    // A compose.yaml of somebody else makes `up` refuse, after the store has the new password.
    let compose = stack.read("compose.yaml");
    stack.write("compose.yaml", "services: {}\n");
    for (target, name) in [
        ("redis", "REDIS_PASSWORD"),
        ("mongodb", "MONGO_INITDB_ROOT_PASSWORD"),
    ] {
        let good = value(&stack, name);
        let run = stack.run(&["env", "rotate", target]).exits(5);
        assert!(
            run.stderr.contains(&format!("; `{name}` is what it was")),
            "{}",
            run.stderr
        );
        assert_eq!(value(&stack, name), good);
    }
    stack.write("compose.yaml", compose);
    assert_eq!(redis(&stack, &new, &["GET", "kept"]).trim(), "42");
    assert_eq!(settings(&stack, port, "GET", ""), before);
    stack.is_converged();

    // Killed after Redis has the new password and before .env has it.
    let fresh = "n1E2w3P4a5S6s7W8o9R0d1ThatWasOnItsWayBefo";
    assert_eq!(
        redis(&stack, &new, &["CONFIG", "SET", "requirepass", fresh]).trim(),
        "OK"
    );
    let journal = format!("VARIABLE=REDIS_PASSWORD\nOLD={new}\nNEW={fresh}\n");
    stack.write(".atlas/rotation.env", journal);
    stack.run(&["env", "rotate", "redis"]).exits(0);
    assert_eq!(value(&stack, "REDIS_PASSWORD"), fresh);
    assert_eq!(redis(&stack, fresh, &["GET", "kept"]).trim(), "42");
    stack.is_converged();

    // Nobody knows which password a MongoDB that does not run has: both are kept until it does.
    let journal = format!("VARIABLE=MONGO_INITDB_ROOT_PASSWORD\nOLD={another}\nNEW={fresh}\n");
    stack.write(".atlas/rotation.env", &journal);
    stack.run(&["stop"]).exits(0);
    let run = stack.run(&["env", "rotate", "mongodb"]).exits(5);
    assert!(
        run.stderr
            .contains("both values are in .atlas/rotation.env"),
        "{}",
        run.stderr
    );
    assert_eq!(stack.read(".atlas/rotation.env"), journal);
    stack.run(&["start"]).exits(0);
    stack.run(&["env", "rotate", "mongodb"]).exits(0);
    assert_eq!(value(&stack, "MONGO_INITDB_ROOT_PASSWORD"), fresh);
    assert_eq!(settings(&stack, port, "GET", ""), before);

    // What only looks asks no secret store.
    let env = stack.read(".env");
    let key = format!("ATLAS_API_KEY={}", value(&stack, "ATLAS_API_KEY"));
    stack.write(
        ".env",
        env.replace(&key, "ATLAS_API_KEY='cmd:touch asked; exit 3'"),
    );
    stack.run(&["status"]).exits(0);
    stack.run(&["logs", "redis"]).exits(0);
    assert!(!stack.path().join("asked").exists());
    stack.write(".env", env);
}
