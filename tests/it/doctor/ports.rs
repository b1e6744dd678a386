//! Ports that somebody else has.

use std::net::TcpListener;

use super::{Mend, fault};
use crate::engine::{Stack, docker, free_port};

#[test]
fn a_port_that_is_taken_is_found_with_its_holder() {
    let Some(stack) = Stack::new("doctor-port") else {
        return;
    };
    stack.service("one", "");
    let port = free_port();
    stack.manifest(&format!(
        "services-to-run: [one]\nservices: {{one: {{port: {port}}}}}"
    ));
    let mut held = None;
    fault(
        &stack,
        &[],
        "a port taken by a process",
        "ATLAS-PORT-001",
        || held = TcpListener::bind(("127.0.0.1", port)).ok(),
        Mend::by(|| {
            stack.manifest(&format!(
                "services-to-run: [one]\nservices: {{one: {{port: {}}}}}",
                free_port()
            ));
        }),
    );
    drop(held);
    let name = format!("{}-foreign", stack.name);
    let published = free_port();
    stack.manifest(&format!(
        "services-to-run: [one]\nservices: {{one: {{port: {published}}}}}"
    ));
    let run = || {
        let publish = format!("127.0.0.1:{published}:8080");
        docker(&[
            "run",
            "-d",
            "--name",
            &name,
            "-p",
            &publish,
            "atlas-test/trivial:1",
        ]);
    };
    fault(
        &stack,
        &[],
        "a port taken by a container",
        "ATLAS-PORT-001",
        run,
        Mend::by(|| drop(docker(&["rm", "-f", &name]))),
    );
    fault(
        &stack,
        &[],
        "an address of another machine",
        "ATLAS-PORT-001",
        || {
            stack.manifest(&format!(
                "services-to-run: [one]\nservices: {{one: {{port: {published}, expose: 192.0.2.77}}}}"
            ));
        },
        Mend::by(|| {
            stack.manifest(&format!(
                "services-to-run: [one]\nservices: {{one: {{port: {published}}}}}"
            ));
        }),
    );
}
