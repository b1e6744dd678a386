//! Faults of MongoDB, Redis and the way to them, planted in the real backend.

use super::{Mend, fault, findings, wrong};
use crate::engine::{Stack, backend, docker};

/// A command to the real Redis, with its password, inside its container.
fn redis(stack: &Stack, words: &str) {
    let script = format!(
        "REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /run/secrets/redis_conf) redis-cli {words}"
    );
    docker(&["exec", &stack.id("redis"), "sh", "-c", &script]);
}

/// `.env` with another value for a variable.
fn with(env: &str, name: &str, value: &str) -> String {
    let prefix = format!("{name}=");
    let lines = env.lines().map(|line| match line.starts_with(&prefix) {
        true => format!("{prefix}{value}\n"),
        false => format!("{line}\n"),
    });
    let text: String = lines.collect();
    match env.contains(&format!("\n{prefix}")) {
        true => text,
        false => format!("{text}{prefix}{value}\n"),
    }
}

#[test]
fn faults_of_stores_and_of_the_gateway_s_doors_are_found() {
    let brought_up = backend::brought_up("doctor-stores", &["--profile", "atlassian"]);
    let Some((stack, ..)) = brought_up else {
        return;
    };
    let stores = ["--only", "data,path"];
    let seen = findings(&stack, &stores);
    assert!(wrong(&seen).is_empty(), "{:?}", wrong(&seen));
    let passed = |id: &str| seen.iter().any(|f| f["id"] == id && f["result"] == "pass");
    for number in 1..=6 {
        let id = format!("ATLAS-DATA-00{number}");
        assert!(passed(&id), "{id}: {seen:?}");
    }
    for number in 1..=7 {
        let id = format!("ATLAS-PATH-00{number}");
        assert!(passed(&id), "{id}: {seen:?}");
    }

    fault(
        &stack,
        &stores,
        "a Redis without a password",
        "ATLAS-DATA-003",
        || redis(&stack, "config set requirepass ''"),
        Mend::Printed,
    );
    fault(
        &stack,
        &stores,
        "a Redis that keeps nothing",
        "ATLAS-DATA-005",
        || {
            redis(&stack, "config set appendonly no");
            redis(&stack, "config set save ''");
        },
        Mend::Printed,
    );
    fault(
        &stack,
        &stores,
        "a Redis without a limit",
        "ATLAS-DATA-006",
        || redis(&stack, "config set maxmemory 0"),
        Mend::Printed,
    );
    let env = stack.read(".env");
    let write = |text: &str| stack.write(".env", text);
    fault(
        &stack,
        &stores,
        "a password that was changed in .env alone",
        "ATLAS-DATA-001",
        || {
            write(&with(
                &env,
                "MONGO_INITDB_ROOT_PASSWORD",
                "another-password-than-the-store-s",
            ))
        },
        Mend::by(|| write(&env)),
    );
    for (name, origins, id) in [
        (
            "origins without the extension",
            "https://example.com",
            "ATLAS-PATH-004",
        ),
        ("origins of everybody", "*", "ATLAS-PATH-005"),
    ] {
        fault(
            &stack,
            &stores,
            name,
            id,
            || {
                write(&with(&env, "CORS_ORIGINS", origins));
                stack.up();
            },
            Mend::by(|| {
                write(&env);
                stack.up();
            }),
        );
    }
}
