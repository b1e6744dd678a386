//! Backups of a whole project on a real engine: MongoDB and Redis, or the embedded store.

use serde_json::json;

use super::json as object;
use crate::engine::{Stack, free_port};

fn up(test: &str, data: &str) -> Option<Stack> {
    let stack = Stack::new(test)?;
    let port = free_port();
    stack.write(
        "atlas.yaml",
        format!("services: {{gateway: {{port: {port}}}}}\n"),
    );
    let init = ["init", "--yes", "--profile", "atlassian", "--data", data];
    stack.run(&init).exits(0);
    stack.up();
    Some(stack)
}

#[test]
fn mongodb_and_redis_are_backed_up_drilled_and_restored() {
    let Some(stack) = up("backup-six", "containers") else {
        return;
    };
    let made = object(&stack, &["backup", "--json"]);
    assert_eq!(made["kind"], "backup", "{made}");
    assert_eq!(made["complete"], true, "{made}");
    assert_eq!(made["verified"]["passed"], true, "{made}");
    assert!(
        made["manifest"]["mongodb"]["users_and_roles"]
            .as_bool()
            .is_some_and(|yes| yes)
    );
    assert!(
        made["manifest"]["redis"]["file"]["size"]
            .as_u64()
            .is_some_and(|size| size > 0)
    );
    let drilled = stack
        .run(&["backup", "verify", "--restore-test"])
        .exits(0)
        .stdout;
    assert!(
        drilled.contains("  verified: restored into throwaway servers, and the same there\n"),
        "{drilled}"
    );
    let restored = stack
        .run(&["backup", "restore", "latest", "--drop", "--yes"])
        .exits(0);
    assert!(
        restored
            .stderr
            .contains("what was there is safe in backup "),
        "{}",
        restored.stderr
    );
    assert!(
        restored
            .stdout
            .contains(" of Redis; verified before, counted after ("),
        "{}",
        restored.stdout
    );
    stack.run(&["status"]).exits(0);
    stack.is_converged();
    let check = object(&stack, &["backup", "check", "--json"]);
    assert_eq!(check["good"], json!(true), "{check}");
}

#[test]
fn the_embedded_store_is_backed_up_and_restored() {
    let Some(stack) = up("backup-embedded", "embedded") else {
        return;
    };
    let made = object(&stack, &["backup", "--json"]);
    assert_eq!(made["complete"], true, "{made}");
    assert_eq!(made["manifest"]["embedded"]["service"], "gateway", "{made}");
    stack
        .run(&["backup", "restore", "latest", "--yes"])
        .exits(0);
    stack.run(&["status"]).exits(0);
}

#[test]
fn what_does_not_run_cannot_be_backed_up() {
    let Some(stack) = Stack::new("backup-nothing") else {
        return;
    };
    let init = ["init", "--yes", "--profile", "minimal"];
    stack.run(&init).exits(0);
    let said = stack.run(&["backup"]).exits(5).stderr;
    let expected = "error: failed to find any data of the project\n\
        \x20 embedded: `gateway` has no container; `atlas up` makes it\n\
        hint: `atlas status` shows what runs, `atlas up` brings it up\n";
    assert!(said.ends_with(expected), "{said}");
}
