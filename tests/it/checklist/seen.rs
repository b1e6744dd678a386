//! What atlas finds by itself on a real engine: the rate limit by counting, who scrapes, who collects logs.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use super::{checklist, evidence, item, item_fault};
use crate::doctor::remade::{remake, set};
use crate::doctor::{Mend, fault, findings};
use crate::engine::{Stack, docker, eventually, free_port, inspect};

/// The backend's gateway alone, on a free port; `env` are further lines of .env.
pub(super) fn gateway(test: &str, env: &str) -> Option<(Stack, u16)> {
    let stack = Stack::new(test)?;
    let port = free_port();
    stack.write(
        "atlas.yaml",
        format!("oldest-engine: \"20.10\"\nservices: {{gateway: {{port: {port}}}}}\n"),
    );
    stack
        .run(&[
            "init",
            "--yes",
            "--profile",
            "minimal",
            "--data",
            "embedded",
        ])
        .exits(0);
    let before = stack.read(".env");
    stack.write(".env", format!("{before}\n{env}"));
    stack.up();
    Some((stack, port))
}

/// Whether the gateway takes requests.
fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut answer = String::new();
    let asked = stream
        .write_all(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// What the gateway says a client that comes by the published port has left.
fn remaining(port: u16) -> u32 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream
        .write_all(b"GET /api HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("ratelimit-remaining: "));
    line.expect("it limits").parse().expect("a number")
}

#[test]
fn the_rate_limit_is_counted_and_limits_nobody_else() {
    let Some((stack, port)) = gateway("rate", "RATE_LIMIT_PER_MINUTE=30\n") else {
        return;
    };
    let list = checklist(&stack);
    let limit = item(&list, "rate-limit");
    let said = evidence(limit);
    assert_eq!(limit["result"], "pass", "{said}");
    assert!(
        said.starts_with("the gateway refused request 31 with 429 after 0."),
        "{said}"
    );
    assert!(
        said.ends_with(
            "(limit 30 a minute), counted as client 127.0.0.1 in its own container (OPS-001)"
        ),
        "{said}"
    );
    // Two of doctor's own questions without a key, and this one, are all that counts of thirty.
    let left = remaining(port);
    assert!(
        (27..=29).contains(&left),
        "{left} are left for a client of this machine"
    );
    item_fault(
        &stack,
        "a gateway that was made again by hand without a limit",
        "rate-limit",
        "ATLAS-OPS-001",
        || {
            remake(&stack.id("gateway"), |body| {
                set(body, "RATE_LIMIT_PER_MINUTE", "0")
            });
            eventually("the gateway answers", || answers(port));
        },
        Mend::by(|| drop(stack.run(&["up", "--force-recreate"]).exits(0))),
    );
    // Plain doctor does not count.
    let plain = findings(&stack, &["--only", "ops-001"]);
    assert_eq!(plain[0]["evidence"], json!(["`atlas checklist` counts it"]));

    // Behind a proxy the gateway believes what is said of who asks: nobody's address is said.
    let manifest = format!(
        "services: {{gateway: {{port: {port}, environment: {{ATLAS_TRUST_PROXY: 'true'}}}}}}\n"
    );
    let known = stack.read("atlas.yaml");
    let known = known.lines().filter(|line| !line.starts_with("services:"));
    let known: Vec<&str> = known.collect();
    stack.write("atlas.yaml", format!("{}\n{manifest}", known.join("\n")));
    stack.up();
    let said = evidence(item(&checklist(&stack), "rate-limit"));
    let expected = "(limit 30 a minute), counted as client 198.51.100.254 (OPS-001)";
    assert!(said.ends_with(expected), "{said}");
    let left = remaining(port);
    assert!((27..=29).contains(&left), "{left}");
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
}

#[test]
fn a_gateway_of_others_that_limits_nobody_is_found_by_counting() {
    let Some(stack) = Stack::new("no-limit") else {
        return;
    };
    let gateway = "description: A gateway without a limit\nkind: gateway\nport: 8080\nhealth: {http: /}\n\
        healthcheck: [CMD, /trivial, probe, \"8080\"]\nuser: \"10001:10001\"\nimages: {any: {image: \"atlas-test/trivial:1\"}}\n\
        environment: {RATE_LIMIT_PER_MINUTE: {default: \"20\"}}\n";
    stack.write("catalogue/gateway.yaml", gateway);
    stack.manifest("services-to-run: [gateway]\ndata: embedded");
    stack.up();
    let list = checklist(&stack);
    let limit = item(&list, "rate-limit");
    let said = evidence(limit);
    // Its image is not atlas' own, so nothing can be run in it: another address of this machine asks.
    match crate::engine::backend::outer_address() {
        Some(address) => {
            assert_eq!(limit["result"], "failure", "{said}");
            assert!(said.starts_with("gateway: 35 requests in 0."), "{said}");
            assert!(
                said.contains("were all answered, none with 429 (OPS-001)"),
                "{said}"
            );
            assert!(
                said.ends_with(&format!("counted as client {address}")),
                "{said}"
            );
        }
        None => assert_eq!(limit["result"], "not checked", "{said}"),
    }
    let monitoring = evidence(item(&list, "monitoring"));
    assert!(
        monitoring.contains("the gateway has no /metrics (what it answers is no metrics)"),
        "{monitoring}"
    );
    stack.run(&["down", "--yes"]).exits(0);
}

/// A container of the trivial service under another program's name, gone when the test ends.
struct Neighbour {
    name: String,
    image: String,
}

impl Neighbour {
    fn run(stack: &Stack, program: &str, options: &[&str]) -> Self {
        let neighbour = Self {
            name: format!("{}-{program}", stack.name),
            image: format!("{}/{program}:test", stack.name),
        };
        docker(&["tag", "atlas-test/trivial:1", &neighbour.image]);
        let mut run = vec!["run", "-d", "--name", &neighbour.name];
        run.extend(options);
        run.push(&neighbour.image);
        docker(&run);
        neighbour
    }

    fn remove(&self) {
        docker(&["rm", "-f", &self.name]);
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        for words in [["rm", "-f", &self.name], ["rmi", "-f", &self.image]] {
            let _ = std::process::Command::new("docker").args(words).output();
        }
    }
}

/// What Prometheus answers about one target.
fn prometheus(stack: &Stack, network: &str, target: &serde_json::Value) -> Neighbour {
    let targets = json!({"status": "success", "data": {"activeTargets": [target]}});
    let body = format!("BODY={targets}");
    Neighbour::run(
        stack,
        "prometheus",
        &["--network", network, "-e", "PORT=9090", "-e", &body],
    )
}

#[test]
fn a_prometheus_that_scrapes_is_seen_and_one_that_fails_is_a_fault() {
    let Some((stack, port)) = gateway("scraped", "") else {
        return;
    };
    let container = inspect(&stack.id("gateway"));
    let networks = container["NetworkSettings"]["Networks"]
        .as_object()
        .expect("networks");
    let network = networks.keys().next().expect("one").clone();
    stack
        .run(&["checklist", "answer", "monitoring", "yes"])
        .exits(0);
    let alone = checklist(&stack);
    let said = evidence(item(&alone, "monitoring"));
    // Other runs of this test may have one on the engine, which is none of ours.
    let unseen = [
        "no Prometheus runs on this engine",
        "the gateway is none of its targets",
    ];
    assert!(unseen.iter().any(|words| said.contains(words)), "{said}");

    let up = json!({"scrapeUrl": "http://gateway:8001/metrics", "health": "up", "lastError": ""});
    let scraper = prometheus(&stack, &network, &up);
    let list = checklist(&stack);
    let monitoring = item(&list, "monitoring");
    assert_eq!(monitoring["result"], "pass");
    let said = evidence(monitoring);
    let scraped = format!(
        "; `{}` scrapes http://gateway:8001/metrics (OPS-002)",
        scraper.name
    );
    assert!(said.contains(&scraped), "{said}");
    scraper.remove();

    // From another network its name is nobody's, the published port is ours.
    let elsewhere = json!({"scrapeUrl": "http://gateway:8001/metrics", "health": "up"});
    let scraper = prometheus(&stack, "bridge", &elsewhere);
    let seen = findings(&stack, &["--only", "ops-002"]);
    let expected = format!(
        "`{}` runs here, but the gateway is none of its targets",
        scraper.name
    );
    assert!(seen[0].to_string().contains(&expected), "{seen:?}");
    scraper.remove();

    let url = format!("http://host.docker.internal:{port}/metrics");
    let down = json!({"scrapeUrl": url, "health": "down", "lastError": "connection refused"});
    let planted = std::cell::RefCell::new(None);
    fault(
        &stack,
        &[],
        "Prometheus fails to scrape the gateway",
        "ATLAS-OPS-002",
        || drop(planted.replace(Some(prometheus(&stack, "bridge", &down)))),
        Mend::by(|| drop(planted.take())),
    );
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
}

#[test]
fn a_collector_that_reads_the_engine_s_logs_is_seen() {
    // A collector is everybody's: it reads the logs of the whole engine. The lock goes with the process.
    let path = std::env::temp_dir().join("atlas-it-collector.lock");
    let alone = std::fs::File::create(path).expect("a lock file");
    alone.lock().expect("one at a time");
    let Some((stack, _)) = gateway("collected", "") else {
        return;
    };
    let list = checklist(&stack);
    let logs = item(&list, "logs");
    assert_eq!(logs["result"], "unanswered");
    assert!(evidence(logs).contains("logs stay on the engine's machine (local: gateway)"));
    // Its image alone says nothing: it must be able to read them.
    let blind = Neighbour::run(&stack, "promtail", &[]);
    assert_eq!(item(&checklist(&stack), "logs")["result"], "unanswered");
    blind.remove();
    let socket = "/var/run/docker.sock:/var/run/docker.sock:ro";
    let collector = Neighbour::run(&stack, "promtail", &["-v", socket]);
    let list = checklist(&stack);
    let logs = item(&list, "logs");
    assert_eq!(logs["result"], "pass");
    let (name, image) = (&collector.name, &collector.image);
    let expected = format!("`{name}` ({image}) collects the logs of this engine (local) (OPS-003)");
    assert_eq!(evidence(logs), expected);
    drop(collector);

    // As an administrator might, by an override of compose.yaml.
    stack.write(
        "override.yaml",
        "services: {gateway: {logging: {driver: none, options: {}}}}\n",
    );
    let compose = [
        "-p",
        &stack.name,
        "-f",
        "compose.yaml",
        "-f",
        "override.yaml",
        "up",
        "-d",
    ];
    item_fault(
        &stack,
        "a container whose logs go nowhere",
        "logs",
        "ATLAS-OPS-003",
        || {
            let run = stack.compose(&compose);
            assert_eq!(run.code, 0, "{}", run.stderr);
            let list = checklist(&stack);
            let expected = "gateway: its logging driver is `none`: every line is lost (OPS-003)";
            assert_eq!(evidence(item(&list, "logs")), expected);
        },
        Mend::Printed,
    );
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
}
