//! Probes. The three ask different things: has it started, may it get requests, is it beyond help.

use serde_json::{Map, Value, json};

use crate::model::{Probe, Service};

/// Adds the probes of a service to its container.
pub(super) fn add(container: &mut Map<String, Value>, service: &Service) {
    let timed = |action: Value, period: u32, failures: u32, timeout: u32| {
        let mut probe = action;
        probe["periodSeconds"] = period.into();
        probe["failureThreshold"] = failures.into();
        probe["timeoutSeconds"] = timeout.into();
        probe
    };
    // 150 s to open its port, in which nothing else is asked.
    container.insert("startupProbe".into(), timed(port(), 5, 30, 5));
    container.insert("readinessProbe".into(), timed(ready(service), 10, 3, 5));
    // A health page may ask other services: a slow one of those must not restart this one. A port that no longer accepts
    // connections is its own fault.
    container.insert("livenessProbe".into(), timed(port(), 20, 6, 5));
}

fn ready(service: &Service) -> Value {
    match &service.probe {
        Probe::Http { path } => json!({"httpGet": {"path": path, "port": "main"}}),
        Probe::Tcp { .. } | Probe::Command(_) => match service.command_inside() {
            Some(command) => json!({"exec": {"command": command}}),
            None => port(),
        },
    }
}

fn port() -> Value {
    json!({"tcpSocket": {"port": "main"}})
}
