//! Faults of containers, planted on a stack of trivial services.

use serde_json::{Value, json};

use super::remade::{remake, set};
use super::{Mend, fault, findings, wrong};
use crate::engine::{Stack, docker, eventually, inspect};

const ONLY: [&str; 2] = ["--only", "con"];
const SECOND: i64 = 1_000_000_000;

/// A probe that comes every second and counts at once.
fn hasty(body: &mut Value, test: &[&str]) {
    body["Healthcheck"] =
        json!({"Test": test, "Interval": SECOND, "Timeout": SECOND, "Retries": 1});
}

fn health(id: &str) -> String {
    inspect(id)["State"]["Health"]["Status"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Makes all as it was.
fn again(stack: &Stack) {
    stack.run(&["up", "--force-recreate"]).exits(0);
}

#[test]
fn faults_of_containers_are_found_each_by_its_own_check() {
    let Some(stack) = Stack::of_three("doctor-con") else {
        return;
    };
    let nothing = findings(&stack, &ONLY);
    let unseen = |f: &&Value| {
        f["result"] == "not checked" && f["evidence"][0] == "nothing runs yet; `atlas up` starts it"
    };
    assert_eq!(
        nothing.iter().filter(unseen).count(),
        nothing.len(),
        "{nothing:?}"
    );
    stack.up();
    assert_eq!(wrong(&findings(&stack, &ONLY)), [].into());
    missing(&stack);
    ended(&stack);
    unhealthy(&stack);
    changed(&stack);
    stack.run(&["stop"]).exits(0);
    let stopped = findings(&stack, &ONLY);
    assert_eq!(
        wrong(&stopped),
        [].into(),
        "all stopped is no fault: {stopped:?}"
    );
}

fn missing(stack: &Stack) {
    let plant = || drop(docker(&["rm", "-f", &stack.id("three")]));
    fault(
        stack,
        &ONLY,
        "a removed container",
        "ATLAS-CON-001",
        plant,
        Mend::Printed,
    );
    let plant = || drop(docker(&["stop", &stack.id("three")]));
    fault(
        stack,
        &ONLY,
        "a stopped container",
        "ATLAS-CON-001",
        plant,
        Mend::Printed,
    );
    let plant = || stack.manifest("services-to-run: [two]");
    fault(
        stack,
        &ONLY,
        "a container of a service that is gone",
        "ATLAS-CON-007",
        plant,
        Mend::Printed,
    );
    stack.manifest("services-to-run: [three]");
    stack.up();
}

fn ended(stack: &Stack) {
    let plant = || {
        let id = remake(&stack.id("three"), |body| {
            body["Entrypoint"] = json!(["/no-such-program"]);
            body["HostConfig"]["Init"] = false.into();
        });
        assert_eq!(inspect(&id)["State"]["Status"], "created");
    };
    fault(
        stack,
        &ONLY,
        "a command that is not in the image",
        "ATLAS-CON-004",
        plant,
        Mend::by(|| again(stack)),
    );
    let plant = || {
        let id = remake(&stack.id("three"), |body| {
            set(body, "EXIT_CODE", "3");
            body["HostConfig"]["RestartPolicy"]["Name"] = "no".into();
        });
        eventually("it has ended", || {
            inspect(&id)["State"]["Status"] == "exited"
        });
    };
    fault(
        stack,
        &ONLY,
        "a service that ended by a failure",
        "ATLAS-CON-004",
        plant,
        Mend::by(|| again(stack)),
    );
    let plant = || {
        let id = remake(&stack.id("three"), |body| set(body, "EXIT_CODE", "3"));
        eventually("it was restarted twice", || {
            inspect(&id)["RestartCount"].as_i64() > Some(1)
        });
    };
    fault(
        stack,
        &ONLY,
        "a restart loop",
        "ATLAS-CON-002",
        plant,
        Mend::by(|| again(stack)),
    );
    let plant = || {
        let id = remake(&stack.id("three"), |body| {
            body["Image"] = "mongo:7".into();
            body["User"] = "999:999".into();
            body["Entrypoint"] = json!([
                "bash",
                "-c",
                "head -c 2000000000 /dev/zero | tail -c 1999999999 >/dev/null"
            ]);
            body["HostConfig"]["RestartPolicy"]["Name"] = "no".into();
        });
        eventually("it was killed", || {
            inspect(&id)["State"]["OOMKilled"] == true
        });
        eventually("it has ended", || {
            inspect(&id)["State"]["Status"] == "exited"
        });
    };
    fault(
        stack,
        &ONLY,
        "more memory than the limit",
        "ATLAS-CON-003",
        plant,
        Mend::by(|| again(stack)),
    );
}

fn unhealthy(stack: &Stack) {
    let plant = || {
        let id = remake(&stack.id("three"), |body| {
            set(body, "UNHEALTHY_BODY", "no-database");
            hasty(body, &["CMD", "/trivial", "probe", "8080"]);
        });
        eventually("it is unhealthy", || health(&id) == "unhealthy");
        let all = findings(stack, &ONLY);
        let found = all
            .iter()
            .find(|f| f["id"] == "ATLAS-CON-005")
            .expect("it is found");
        assert_eq!(found["evidence"][1], "the last probe said: no-database");
    };
    fault(
        stack,
        &ONLY,
        "an unhealthy service",
        "ATLAS-CON-005",
        plant,
        Mend::by(|| again(stack)),
    );
    let plant = || {
        let id = remake(&stack.id("three"), |body| {
            hasty(body, &["CMD", "curl", "-f", "http://127.0.0.1:8080/"])
        });
        eventually("it is unhealthy", || health(&id) == "unhealthy");
    };
    fault(
        stack,
        &ONLY,
        "a probe without its program",
        "ATLAS-CON-006",
        plant,
        Mend::Printed,
    );
    let plant = || {
        // The first service that is unhealthy is the cause of the others.
        for name in ["one", "two"] {
            let id = remake(&stack.id(name), |body| {
                set(body, "UNHEALTHY_BODY", "no");
                hasty(body, &["CMD", "/trivial", "probe", "8080"]);
            });
            eventually("it is unhealthy", || health(&id) == "unhealthy");
        }
        let all = findings(stack, &ONLY);
        let found: Vec<&Value> = all.iter().filter(|f| f["id"] == "ATLAS-CON-005").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["subject"], "one");
        assert_eq!(found[0]["evidence"][2], "unhealthy with it: two");
    };
    fault(
        stack,
        &ONLY,
        "a service that makes another unhealthy",
        "ATLAS-CON-005",
        plant,
        Mend::by(|| again(stack)),
    );
}

fn changed(stack: &Stack) {
    let plant = || drop(docker(&["update", "--pids-limit", "-1", &stack.id("two")]));
    fault(
        stack,
        &ONLY,
        "a limit taken away by hand",
        "ATLAS-CON-008",
        plant,
        Mend::Printed,
    );
    let plant = || {
        stack.manifest("services-to-run: [three]\nservices: {three: {environment: {BODY: other}}}")
    };
    fault(
        stack,
        &ONLY,
        "a description that was not applied",
        "ATLAS-CON-009",
        plant,
        Mend::Printed,
    );
    stack.manifest("services-to-run: [three]");
    stack.up();
    let network = inspect(&stack.id("two"))["HostConfig"]["NetworkMode"]
        .as_str()
        .expect("a network")
        .to_owned();
    let plant = || {
        drop(docker(&[
            "network",
            "disconnect",
            &network,
            &stack.id("two"),
        ]))
    };
    fault(
        stack,
        &ONLY,
        "a container outside of its network",
        "ATLAS-CON-009",
        plant,
        Mend::Printed,
    );
    let plant = || {
        remake(&stack.id("three"), |body| {
            body["Labels"]["com.docker.compose.project.working_dir"] = "/srv/elsewhere".into();
        });
    };
    fault(
        stack,
        &ONLY,
        "a container made from another folder",
        "ATLAS-CON-011",
        plant,
        Mend::Printed,
    );
    let plant = || {
        let endless = json!({"Type": "json-file", "Config": {"max-size": "1000g"}});
        remake(&stack.id("three"), |body| {
            body["HostConfig"]["LogConfig"] = endless
        });
    };
    fault(
        stack,
        &ONLY,
        "a log without an end",
        "ATLAS-CON-012",
        plant,
        Mend::Printed,
    );
}
