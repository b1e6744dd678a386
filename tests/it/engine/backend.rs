//! The main job: the backend itself with real MongoDB and Redis comes up healthy, secured, and keeps its data.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Stack, docker, free_port, inspect};
use crate::atlas::{Run, executable};

const SIX: [&str; 6] = [
    "confluence",
    "gateway",
    "jira",
    "mongodb",
    "orchestrator",
    "redis",
];

/// The values of .env that `init` generated.
fn secrets(stack: &Stack) -> Vec<(String, String)> {
    let env = stack.read(".env");
    let pairs = env.lines().filter_map(|line| line.split_once('='));
    let set = pairs.filter(|(name, value)| !name.starts_with('#') && value.len() == 40);
    set.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

/// One request; status and body.
pub(super) fn http(
    port: u16,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let key = key.map_or(String::new(), |key| format!("X-API-Key: {key}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{key}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.get(9..12).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (
        status.unwrap_or_else(|| panic!("no status: {answer}")),
        body.to_owned(),
    )
}

/// This machine's address in its network, if it has one. Nothing is sent.
pub(crate) fn outer_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn is_healthy(stack: &Stack, expected: &[&str]) {
    let status = stack.json(&["status"]);
    let services = status["services"].as_array().expect("a list");
    let names: Vec<&str> = services
        .iter()
        .filter_map(|s| s["service"].as_str())
        .collect();
    assert_eq!(names, expected);
    for service in services {
        assert_eq!(service["health"], "healthy", "{service}");
    }
}

/// `atlas init` and `up` of a profile on a free port.
pub(crate) fn brought_up(test: &str, arguments: &[&str]) -> Option<(Stack, u16, Vec<Run>)> {
    let stack = Stack::new(test)?;
    let port = free_port();
    stack.write(
        "atlas.yaml",
        format!("services: {{gateway: {{port: {port}}}}}\n"),
    );
    let mut init = vec!["init", "--yes"];
    init.extend(arguments);
    let said = vec![stack.run(&init).exits(0), stack.up()];
    Some((stack, port, said))
}

#[test]
fn six_services_come_up_secured_and_keep_their_settings() {
    let Some((stack, port, mut said)) = brought_up("atlassian", &["--profile", "atlassian"]) else {
        return;
    };
    is_healthy(&stack, &SIX);
    stores_are_closed(&stack);
    gateway_is_guarded(&stack, port);
    for service in SIX {
        is_hardened(&stack, service);
    }
    keeps_settings(&stack, port);

    said.push(stack.run(&["plan", "--json"]).exits(0));
    said.push(stack.run(&["plan", "--force-recreate"]).exits(0));
    said.push(stack.run(&["status", "--json"]).exits(0));
    said.push(stack.run(&["logs"]).exits(0));
    no_secret_is_shown(&stack, &said);
    stack.is_converged();
    a_new_password_reaches_only_its_readers(&stack);
    stack.run(&["down", "--volumes"]).exits(5);
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
}

#[track_caller]
fn stores_are_closed(stack: &Stack) {
    let ask = "const r = db.adminCommand({listDatabases: 1}); print(r.codeName || r.ok)";
    let mongo = stack.run(&["exec", "-T", "mongodb", "mongosh", "--quiet", "--eval", ask]);
    let said = format!("{}{}", mongo.stdout, mongo.stderr).to_lowercase();
    let refused = said.contains("unauthorized") || said.contains("requires authentication");
    assert!(refused, "{said}");
    let redis = stack.run(&["exec", "-T", "redis", "redis-cli", "get", "x"]);
    assert!(
        redis.stdout.contains("NOAUTH"),
        "{}{}",
        redis.stdout,
        redis.stderr
    );
    for store in ["mongodb", "redis"] {
        let ports = inspect(&stack.id(store))["NetworkSettings"]["Ports"].take();
        let published = ports
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, to)| !to.is_null());
        assert!(!published, "{store}: {ports}");
        let networks = inspect(&stack.id(store))["NetworkSettings"]["Networks"].take();
        let names: Vec<&String> = networks.as_object().expect("networks").keys().collect();
        assert_eq!(names, [&format!("{}_data", stack.name)]);
    }
    let internal = docker(&[
        "network",
        "inspect",
        "-f",
        "{{.Internal}}",
        &format!("{}_data", stack.name),
    ]);
    assert_eq!(internal, "true");
}

#[track_caller]
fn gateway_is_guarded(stack: &Stack, port: u16) {
    assert_eq!(http(port, "GET", "/api/health", None, "").0, 200);
    assert_eq!(http(port, "GET", "/api/services", None, "").0, 401);
    assert_eq!(http(port, "GET", "/api/services", Some("wrong"), "").0, 401);
    let key = value(stack, "ATLAS_API_KEY");
    assert_eq!(http(port, "GET", "/api/services", Some(&key), "").0, 200);
    if let Some(address) = outer_address() {
        let outside = TcpStream::connect(SocketAddr::new(address, port));
        assert!(outside.is_err(), "the gateway answers on {address}");
    }
}

pub(crate) fn value(stack: &Stack, variable: &str) -> String {
    let all = secrets(stack);
    let found = all.into_iter().find(|(name, _)| name == variable);
    found
        .unwrap_or_else(|| panic!("{variable} is not in .env"))
        .1
}

#[track_caller]
fn is_hardened(stack: &Stack, service: &str) {
    let container = inspect(&stack.id(service));
    let host = &container["HostConfig"];
    let user = container["Config"]["User"].as_str().unwrap_or_default();
    assert!(
        !user.is_empty() && !user.starts_with('0') && !user.starts_with("root"),
        "{service}"
    );
    assert_eq!(host["ReadonlyRootfs"], true, "{service}");
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]), "{service}");
    assert_eq!(host["CapAdd"], Value::Null, "{service}");
    assert_eq!(host["Privileged"], false, "{service}");
    assert_eq!(
        host["SecurityOpt"],
        serde_json::json!(["no-new-privileges:true"]),
        "{service}"
    );
    for limit in ["Memory", "NanoCpus", "PidsLimit"] {
        assert!(
            host[limit].as_i64().is_some_and(|n| n > 0),
            "{service}: {limit}"
        );
    }
    assert_eq!(host["LogConfig"]["Config"]["max-size"], "10m", "{service}");
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped", "{service}");
}

#[track_caller]
fn keeps_settings(stack: &Stack, port: u16) {
    let key = value(stack, "ATLAS_API_KEY");
    let put = http(
        port,
        "PUT",
        "/api/settings/ann",
        Some(&key),
        r#"{"theme":"dark","jira_token":"t0p-secret"}"#,
    );
    assert_eq!(put.0, 200, "{}", put.1);
    stack.run(&["restart"]).exits(0);
    is_healthy(stack, &SIX);
    let (status, body) = http(port, "GET", "/api/settings/ann", Some(&key), "");
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains("dark") && !body.contains("t0p-secret"),
        "{body}"
    );
}

#[track_caller]
fn no_secret_is_shown(stack: &Stack, said: &[Run]) {
    let mut places: Vec<(String, String)> =
        vec![("compose.yaml".into(), stack.read("compose.yaml"))];
    for (name, id) in stack.ids() {
        places.push((format!("inspect {name}"), inspect(&id).to_string()));
        let logs = Command::new("docker")
            .args(["logs", &id])
            .output()
            .expect("docker");
        places.push((format!("logs {name}"), format!("{logs:?}")));
        places.push((
            format!("top {name}"),
            docker(&["top", &id, "-eo", "pid,args"]),
        ));
    }
    for (index, run) in said.iter().enumerate() {
        places.push((
            format!("run {index}"),
            format!("{}{}", run.stdout, run.stderr),
        ));
    }
    let secrets = secrets(stack);
    assert!(secrets.len() >= 4, "{}", secrets.len());
    for (place, text) in &places {
        for (variable, value) in &secrets {
            assert!(!text.contains(value), "{variable} is shown in {place}");
        }
    }
}

#[track_caller]
fn a_new_password_reaches_only_its_readers(stack: &Stack) {
    let before = stack.ids();
    let old = value(stack, "REDIS_PASSWORD");
    let new: String = old.chars().rev().collect();
    stack.write(".env", stack.read(".env").replace(&old, &new));
    let plan = stack.run(&["plan", "--exit-code"]).exits(8).stdout;
    assert!(plan.contains("-redis-1  # changed: secrets\n"), "{plan}");
    assert!(!plan.contains(&old) && !plan.contains(&new), "{plan}");
    stack.up();
    let after = stack.ids();
    let replaced: Vec<&str> = SIX
        .into_iter()
        .filter(|service| {
            let name = format!("{}-{service}-1", stack.name);
            before[&name] != after[&name]
        })
        .collect();
    assert_eq!(
        replaced,
        ["confluence", "gateway", "jira", "orchestrator", "redis"]
    );
    stack.is_converged();
}

#[test]
fn minimal_is_the_gateway_alone_with_embedded_data() {
    let Some((stack, port, _)) = brought_up("minimal", &["--profile", "minimal"]) else {
        return;
    };
    is_healthy(&stack, &["gateway"]);
    assert_eq!(stack.json(&["status"])["data"], "embedded");
    is_hardened(&stack, "gateway");
    let key = value(&stack, "ATLAS_API_KEY");
    assert_eq!(
        http(
            port,
            "PUT",
            "/api/settings/ann",
            Some(&key),
            r#"{"theme":"dark"}"#
        )
        .0,
        200
    );
    // The container goes, the volume stays.
    stack.run(&["down"]).exits(0);
    stack.up();
    let (_, body) = http(port, "GET", "/api/settings/ann", Some(&key), "");
    assert!(body.contains("dark"), "{body}");
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
    let label = format!("label=com.docker.compose.project={}", stack.name);
    assert_eq!(docker(&["volume", "ls", "-q", "--filter", &label]), "");
}

#[test]
fn embedded_data_needs_no_stores_in_any_profile() {
    let Some((stack, _, _)) = brought_up(
        "embedded",
        &["--profile", "atlassian", "--data", "embedded"],
    ) else {
        return;
    };
    is_healthy(&stack, &["confluence", "gateway", "jira", "orchestrator"]);
    stack.is_converged();
}

/// Two projects whose first `up` comes at the same moment share the one image that both need.
#[test]
fn two_at_once_make_one_image() {
    let (Some(first), Some(second)) = (Stack::new("image"), Stack::new("image")) else {
        return;
    };
    // An executable of its own, so that the image is not there yet whatever ran before.
    let own = first.path().join("own-atlas");
    std::fs::copy(executable(), &own).expect("it can be copied");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&own)
        .expect("it is ours");
    file.write_all(first.name.as_bytes()).expect("it is ours");
    let up = |stack: &Stack| {
        stack.write(
            "atlas.yaml",
            format!(
                "profile: minimal\nservices: {{gateway: {{port: {}}}}}\n",
                free_port()
            ),
        );
        stack.write(
            ".env",
            "ATLAS_API_KEY=a-key-of-a-test\nATLAS_SECRET_KEY=another-key-of-a-test\n",
        );
        let mut command = stack.command(&["up"]);
        command
            .env("ATLAS_BUILTIN_EXECUTABLE", &own)
            .stderr(Stdio::null())
            .spawn()
            .expect("atlas starts")
    };
    let children = [up(&first), up(&second)];
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let image = |stack: &Stack| inspect(&stack.id("gateway"))["Image"].clone();
    assert_eq!(image(&first), image(&second));
    let name = inspect(&first.id("gateway"))["Config"]["Image"].to_string();
    for stack in [&first, &second] {
        stack.run(&["down", "--volumes", "--yes"]).exits(0);
    }
    docker(&["image", "rm", name.trim_matches('"')]);
}
