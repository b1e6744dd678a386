//! Faults of stores and of the way of a search, planted on the real backend with real MongoDB and Redis.

use serde_json::{Value, json};

use super::remade::{remake, set, unset};
use super::{Mend, fault, findings, wrong};
use crate::engine::backend::{brought_up, value};
use crate::engine::{Stack, docker, eventually, free_port, inspect};

const ONLY: [&str; 3] = ["--offline", "--only", "con,data,path"];

#[test]
fn faults_of_stores_and_of_the_way_are_found_each_by_its_own_check() {
    let Some((stack, port, _)) = brought_up("doctor-data", &["--profile", "atlassian"]) else {
        return;
    };
    let healthy = findings(&stack, &["--only", "con,data,path"]);
    assert_eq!(wrong(&healthy), [].into(), "{healthy:#?}");
    let unknown: Vec<&Value> = healthy
        .iter()
        .filter(|f| f["result"] == "not checked")
        .collect();
    assert_eq!(unknown, [&Value::Null; 0], "all of it can be seen here");
    passwords(&stack);
    redis(&stack);
    mongodb(&stack);
    files(&stack, port);
    admission(&stack);
    way(&stack);
    secrets_stay(&stack);
}

fn again(stack: &Stack) {
    stack.run(&["up", "--force-recreate"]).exits(0);
}

fn passwords(stack: &Stack) {
    let env = stack.read(".env");
    let old = value(stack, "MONGO_INITDB_ROOT_PASSWORD");
    let plant = || {
        stack.write(".env", env.replace(&old, "another-password-of-a-test"));
        let all = findings(stack, &ONLY);
        let found = all
            .iter()
            .find(|f| f["id"] == "ATLAS-DATA-001")
            .expect("it is found");
        let told = found["evidence"][1].as_str().expect("a second line");
        // When a volume was made is told differently by different engines; that it keeps its password is always told.
        assert!(
            told.starts_with("volume ")
                && told.contains("_mongodb_data ")
                && told.contains(" keeps the password "),
            "{told}"
        );
        assert_eq!(found["fix"]["command"], "atlas env rotate mongodb");
    };
    fault(
        stack,
        &ONLY,
        "a password changed in .env alone",
        "ATLAS-DATA-001",
        plant,
        Mend::by(|| stack.write(".env", &env)),
    );
    let plant = || {
        let id = remake(&stack.id("mongodb"), |body| {
            body["Entrypoint"] = json!(["mongod", "--bind_ip_all"]);
            body["Cmd"] = json!([]);
        });
        eventually("it serves", || {
            docker(&["logs", &id]).contains("Waiting for connections")
        });
        eventually("the gateway has found it again", || way_is_well(stack));
    };
    fault(
        stack,
        &ONLY,
        "MongoDB without access control",
        "ATLAS-DATA-002",
        plant,
        Mend::Printed,
    );
}

/// Whether the gateway has all that it needs.
fn way_is_well(stack: &Stack) -> bool {
    let all = findings(stack, &["--only", "path-001,con-005"]);
    all.iter().all(|f| f["result"] == "pass")
}

/// A command for Redis, by the client in its container.
fn cli(stack: &Stack, words: &[&str]) {
    let id = stack.id("redis");
    let script = "export REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /run/secrets/redis_conf); exec redis-cli \"$@\"";
    let mut all = vec!["exec", &id, "sh", "-c", script, "sh"];
    all.extend(words);
    assert_eq!(docker(&all), "OK", "{words:?}");
}

fn redis(stack: &Stack) {
    let plant = || cli(stack, &["config", "set", "requirepass", ""]);
    fault(
        stack,
        &ONLY,
        "Redis without a password",
        "ATLAS-DATA-003",
        plant,
        Mend::Printed,
    );
    let plant = || {
        cli(stack, &["config", "set", "appendonly", "no"]);
        cli(stack, &["config", "set", "save", ""]);
    };
    fault(
        stack,
        &ONLY,
        "Redis that writes nothing",
        "ATLAS-DATA-005",
        plant,
        Mend::Printed,
    );
    let plant = || cli(stack, &["config", "set", "maxmemory", "0"]);
    fault(
        stack,
        &ONLY,
        "Redis without maxmemory",
        "ATLAS-DATA-006",
        plant,
        Mend::Printed,
    );
    let plant = || cli(stack, &["config", "set", "maxmemory", "300mb"]);
    fault(
        stack,
        &ONLY,
        "maxmemory above the limit",
        "ATLAS-DATA-006",
        plant,
        Mend::Printed,
    );
    let volume = format!("{}_redis_data", stack.name);
    let mount = format!("{volume}:/data");
    let plant = || {
        drop(docker(&[
            "run",
            "--rm",
            "--user",
            "0:0",
            "--entrypoint",
            "chown",
            "-v",
            &mount,
            "redis:7-alpine",
            "0:0",
            "/data",
        ]))
    };
    fault(
        stack,
        &ONLY,
        "a volume of another user",
        "ATLAS-CON-010",
        plant,
        Mend::Printed,
    );
}

fn mongodb(stack: &Stack) {
    let password = value(stack, "MONGO_INITDB_ROOT_PASSWORD");
    let feature = |version: &str| {
        let script = format!("db.adminCommand({{setFeatureCompatibilityVersion: \"{version}\"}})");
        let id = stack.id("mongodb");
        docker(&[
            "exec",
            &id,
            "mongosh",
            "--quiet",
            "-u",
            "atlas",
            "-p",
            &password,
            "--authenticationDatabase",
            "admin",
            "--eval",
            &script,
        ]);
    };
    fault(
        stack,
        &ONLY,
        "an older feature compatibility version",
        "ATLAS-DATA-004",
        || feature("5.0"),
        Mend::by(|| feature("6.0")),
    );
    let plant = || {
        let line = r#"{"t":{},"s":"F","c":"CONTROL","id":20573,"ctx":"initandlisten","msg":"Wrong mongod version","attr":{"error":"UPGRADE PROBLEM"}}"#;
        let script = format!("echo '{line}'; exit 62");
        let id = remake(&stack.id("mongodb"), |body| {
            body["Entrypoint"] = json!(["bash", "-c", script])
        });
        eventually("it was restarted twice", || {
            inspect(&id)["RestartCount"].as_i64() > Some(1)
        });
    };
    let mend = Mend::by(|| {
        again(stack);
        eventually("the gateway has found it again", || way_is_well(stack));
    });
    fault(
        stack,
        &ONLY,
        "data of another version",
        "ATLAS-DATA-004",
        plant,
        mend,
    );
}

fn manifest(stack: &Stack, text: &str) {
    stack.write("atlas.yaml", text);
    stack.up();
    eventually("the gateway has found all again", || way_is_well(stack));
}

fn files(stack: &Stack, port: u16) {
    let before = stack.read("atlas.yaml");
    let published = format!(
        "profile: atlassian\nservices:\n  gateway: {{port: {port}}}\n  mongodb: {{expose: 0.0.0.0, port: {}}}\n",
        free_port()
    );
    let plant = || manifest(stack, &published);
    fault(
        stack,
        &ONLY,
        "MongoDB published to the world",
        "ATLAS-DATA-007",
        plant,
        Mend::by(|| manifest(stack, &before)),
    );
    let exposed = format!(
        "profile: atlassian\nservices:\n  gateway: {{port: {port}}}\n  orchestrator: {{expose: 0.0.0.0, port: {}}}\n",
        free_port()
    );
    let exposure = ["--offline", "--only", "exp"];
    let plant = || manifest(stack, &exposed);
    fault(
        stack,
        &exposure,
        "an orchestrator published to the world",
        "ATLAS-EXP-002",
        plant,
        Mend::by(|| manifest(stack, &before)),
    );
    let secret = stack.path().join(".atlas/secrets/redis_conf");
    let plant = || {
        use std::os::unix::fs::{PermissionsExt, chown};
        let closed = std::fs::Permissions::from_mode(0o400);
        std::fs::set_permissions(&secret, closed).expect("it is ours");
        // Whoever runs this has a group of its own.
        let _ = chown(&secret, None, Some(0));
    };
    fault(
        stack,
        &ONLY,
        "a secret file that its service may not read",
        "ATLAS-DATA-008",
        plant,
        Mend::Printed,
    );
}

fn admission(stack: &Stack) {
    let env = stack.read(".env");
    let with = |origins: &str| {
        stack.write(".env", format!("{env}\nCORS_ORIGINS={origins}\n"));
        stack.up();
        eventually("the gateway has found all again", || way_is_well(stack));
    };
    let mend = || {
        stack.write(".env", &env);
        stack.up();
        eventually("the gateway has found all again", || way_is_well(stack));
    };
    let plant = || with("https://app.example.com");
    fault(
        stack,
        &ONLY,
        "no extension in CORS_ORIGINS",
        "ATLAS-PATH-004",
        plant,
        Mend::by(mend),
    );
    let plant = || with("*");
    fault(
        stack,
        &ONLY,
        "any origin in CORS_ORIGINS",
        "ATLAS-PATH-005",
        plant,
        Mend::by(mend),
    );
    let plant = || {
        remake(&stack.id("gateway"), |body| {
            unset(body, "ATLAS_API_KEY");
            unset(body, "ATLAS_API_KEY_FILE");
        });
        eventually("the gateway has found all again", || way_is_well(stack));
    };
    fault(
        stack,
        &ONLY,
        "a gateway without a key",
        "ATLAS-PATH-006",
        plant,
        Mend::by(|| again(stack)),
    );
}

fn way(stack: &Stack) {
    let steady = |body: &mut Value| body["Healthcheck"] = json!({"Test": ["NONE"]});
    let plant = || {
        remake(&stack.id("gateway"), |body| {
            body["Image"] = "atlas-test/trivial:1".into();
            body["Entrypoint"] = json!(["/trivial"]);
            body["Cmd"] = json!([]);
            set(body, "PORT", "9999");
            steady(body);
        });
    };
    fault(
        stack,
        &ONLY,
        "a gateway that listens elsewhere",
        "ATLAS-PATH-001",
        plant,
        Mend::by(|| again(stack)),
    );
    let plant = || {
        remake(&stack.id("gateway"), |body| {
            set(body, "ORCHESTRATOR_URL", "http://nowhere.invalid:8002");
            steady(body);
        });
        eventually("it tells", || {
            let all = findings(stack, &["--only", "path-002"]);
            all[0]["result"] == "failure"
        });
    };
    fault(
        stack,
        &ONLY,
        "a wrong address of the orchestrator",
        "ATLAS-PATH-002",
        plant,
        Mend::by(|| again(stack)),
    );
    let plant = || {
        remake(&stack.id("orchestrator"), |body| {
            set(body, "JIRA_SERVICE_URL", "http://nowhere.invalid:8016")
        });
        eventually("it tells", || {
            let all = findings(stack, &["--only", "path-003"]);
            all[0]["result"] == "failure"
        });
    };
    fault(
        stack,
        &ONLY,
        "a wrong address of a service",
        "ATLAS-PATH-003",
        plant,
        Mend::by(|| again(stack)),
    );
}

/// What a probe or a log says may be a secret.
fn secrets_stay(stack: &Stack) {
    let password = value(stack, "REDIS_PASSWORD");
    let id = remake(&stack.id("redis"), |body| {
        let test = json!(["CMD-SHELL", "cat /run/secrets/redis_conf; exit 1"]);
        body["Healthcheck"] = json!({"Test": test, "Interval": 1_000_000_000, "Timeout": 1_000_000_000, "Retries": 1});
    });
    eventually("it is unhealthy", || {
        inspect(&id)["State"]["Health"]["Status"] == "unhealthy"
    });
    let text = stack.run(&["doctor", "--all"]).exits(7).stdout;
    // Every word of a secret file is one.
    assert!(text.contains("the last probe said: *** ***"), "{text}");
    let json = stack.run(&["doctor", "--json"]).exits(7).stdout;
    assert!(!text.contains(&password) && !json.contains(&password));
}
