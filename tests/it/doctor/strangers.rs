//! Faults of a gateway that others wrote.

use super::{Mend, fault};
use crate::engine::Stack;

const GATEWAY: &str = "description: A gateway of others\nkind: gateway\nport: 8080\nhealth: {http: /}\n\
    healthcheck: [CMD, /trivial, probe, \"8080\"]\nuser: \"10001:10001\"\nimages: {any: {image: \"atlas-test/trivial:1\"}}\n";

#[test]
fn a_gateway_that_guards_all_but_the_settings_is_found() {
    let Some(stack) = Stack::new("doctor-strangers") else {
        return;
    };
    stack.manifest("services-to-run: [gateway]\ndata: embedded");
    let guards = |paths: &str| {
        let health = r#"{"status": "healthy", "dependencies": {}}"#;
        let environment = format!(
            "environment:\n  GUARDED: {{default: \"{paths}\"}}\n  BODY: {{default: '{health}'}}\n"
        );
        stack.write("catalogue/gateway.yaml", format!("{GATEWAY}{environment}"));
        stack.up();
    };
    let all = "/api /api/settings/default";
    guards(all);
    fault(
        &stack,
        &["--only", "path"],
        "settings that anybody may read",
        "ATLAS-PATH-007",
        || guards("/api"),
        Mend::by(|| guards(all)),
    );
    stack.run(&["down", "--yes"]).exits(0);
}
