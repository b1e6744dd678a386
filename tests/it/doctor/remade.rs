//! Containers made again by the engine's own API, with one thing changed: what a person does by hand, past atlas.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::engine::{docker, inspect};

const ENGINE: &str = "/var/run/docker.sock";

/// One request; status and body.
fn post(path: &str, body: &Value) -> (u16, String) {
    let mut engine = UnixStream::connect(ENGINE).expect("the engine's socket");
    let body = body.to_string();
    let head = format!(
        "POST /v1.41{path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    engine.write_all(head.as_bytes()).expect("it reads");
    engine.write_all(body.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    // Old engines reset a connection whose answer is complete.
    if let Err(cause) = engine.read_to_end(&mut answer) {
        assert_eq!(cause.kind(), ErrorKind::ConnectionReset, "{path}");
    }
    let answer = String::from_utf8(answer).expect("text");
    let status = answer.get(9..12).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.expect("a status"), body.to_owned())
}

/// Replaces a container by one of the same name, labels and networks; `change` sees the request. Its id.
#[track_caller]
pub(crate) fn remake(id: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut seen = inspect(id);
    let name = seen["Name"]
        .as_str()
        .expect("a name")
        .trim_start_matches('/')
        .to_owned();
    let mut body = seen["Config"].take();
    body["Hostname"] = Value::Null;
    body["HostConfig"] = seen["HostConfig"].take();
    let networks = seen["NetworkSettings"]["Networks"].take();
    let networks = networks.as_object().expect("networks");
    let aliases = |end: &Value| {
        let all = end["Aliases"].as_array().cloned().unwrap_or_default();
        let meant = all
            .into_iter()
            .filter(|alias| !id.starts_with(alias.as_str().unwrap_or_default()));
        meant.collect::<Vec<_>>()
    };
    let first = body["HostConfig"]["NetworkMode"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some(end) = networks.get(&first) {
        body["NetworkingConfig"] = json!({"EndpointsConfig": {&first: {"Aliases": aliases(end)}}});
    }
    change(&mut body);
    docker(&["rm", "-f", id]);
    let (status, answer) = post(&format!("/containers/create?name={name}"), &body);
    assert_eq!(status, 201, "{answer}");
    let made: Value = serde_json::from_str(&answer).expect("JSON");
    let made = made["Id"].as_str().expect("an id").to_owned();
    for (network, end) in networks.iter().filter(|(network, _)| **network != first) {
        let body = json!({"Container": made, "EndpointConfig": {"Aliases": aliases(end)}});
        let (status, answer) = post(&format!("/networks/{network}/connect"), &body);
        assert_eq!(status, 200, "{answer}");
    }
    // One that cannot be started is a fault too.
    post(&format!("/containers/{made}/start"), &json!({}));
    made
}

/// Sets a variable of the environment in a request.
pub(crate) fn set(body: &mut Value, name: &str, value: &str) {
    unset(body, name);
    let all = body["Env"].as_array_mut().expect("a list");
    all.push(format!("{name}={value}").into());
}

/// Removes a variable of the environment from a request.
pub(crate) fn unset(body: &mut Value, name: &str) {
    let beginning = format!("{name}=");
    let all = body["Env"].as_array_mut().expect("a list");
    all.retain(|pair| {
        !pair
            .as_str()
            .is_some_and(|pair| pair.starts_with(&beginning))
    });
}
