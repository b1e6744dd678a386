//! Rendered compose files before foreign judges (`tests/parts/judge`): every profile, no finding. That the judges do find
//! something is shown by `tests/parts/judge --canary`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::atlas::Project;
use crate::offline;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The judge's script, or a loud notice.
fn judge() -> Option<PathBuf> {
    let path = std::env::var_os("ATLAS_TEST_JUDGE").map(PathBuf::from);
    if path.is_none() {
        let required = std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some();
        assert!(
            !required,
            "ATLAS_TEST_JUDGE is not set, but real parts are required"
        );
        eprintln!(
            "SKIPPED: set ATLAS_TEST_JUDGE (see tests/parts/provision) to judge rendered files"
        );
    }
    path
}

/// Renders a project and asks the judges. `builtin` are the services of the built-in image: it exists on the engine alone, so
/// no registry can give it a digest (compose-lint CL-0019); its tag is the digest of what is in it.
fn is_clean(manifest: &str, builtin: &[&str]) {
    let Some(judge) = judge() else { return };
    let project = Project::new("judges");
    project.write("atlas.yaml", manifest);
    project.write(".env", offline::ENV);
    offline::run(&project, &["render", "compose"]).exits(0);
    if !builtin.is_empty() {
        let services: Vec<String> = builtin
            .iter()
            .map(|name| {
                format!("      {name}: made on this engine; its tag is the digest of its content\n")
            })
            .collect();
        let config = format!(
            "rules:\n  CL-0019:\n    exclude_services:\n{}",
            services.concat()
        );
        project.write(".compose-lint.yml", config);
    }
    let output = Command::new(judge)
        .arg(project.path().join("compose.yaml"))
        .stdin(Stdio::null())
        .output()
        .expect("the judge runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let findings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{manifest}\n{said}\n{findings}");
    for name in [
        "compose",
        "compose-lint",
        "compose-auditor",
        "yamllint",
        "checkov",
    ] {
        let clean = format!("{name} 0");
        assert!(said.lines().any(|line| line == clean), "{name}: {said}");
    }
}

fn pinned(rest: &str) -> String {
    format!(
        "{rest}services:\n  mongodb: {{image: \"mongo:7@{DIGEST}\"}}\n  redis: {{image: \"redis:7-alpine@{DIGEST}\"}}\n"
    )
}

#[test]
fn the_atlassian_profile_is_clean() {
    let builtin = ["confluence", "gateway", "jira", "orchestrator"];
    is_clean(&pinned("profile: atlassian\n"), &builtin);
    is_clean(
        &pinned("profile: atlassian\noldest-engine: \"20.10\"\n"),
        &builtin,
    );
}

#[test]
fn the_minimal_profile_is_clean() {
    is_clean("profile: minimal\n", &["gateway"]);
}

#[test]
fn embedded_data_is_clean() {
    let builtin = ["confluence", "gateway", "jira", "orchestrator"];
    is_clean("profile: atlassian\ndata: embedded\n", &builtin);
}

#[test]
fn nginx_in_the_stack_is_flagged_for_its_office_alone() {
    let Some(judge) = judge() else { return };
    let project = Project::new("judges");
    let image = format!("nginx:1.30-alpine@{DIGEST}");
    project.write(
        "atlas.yaml",
        format!(
            "profile: minimal\npublic-url: https://api.example.com\n\
             nginx: {{runs: compose, image: \"{image}\", certificate: /srv/tls/site.pem, key: /srv/tls/site.key, api-key: true}}\n"
        ),
    );
    project.write(".env", offline::ENV);
    offline::run(&project, &["render", "compose"]).exits(0);
    let output = Command::new(judge)
        .arg(project.path().join("compose.yaml"))
        .stdin(Stdio::null())
        .output()
        .expect("the judge runs");
    let findings = String::from_utf8_lossy(&output.stderr);
    let mut about: Vec<&str> = { findings.lines() }
        .filter(|line| line.contains(" nginx: "))
        .filter_map(|line| line.trim().split(" nginx: ").next())
        .collect();
    about.sort_unstable();
    about.dedup();
    // Its ports are open to everybody, and its first process reads a key that is root's alone.
    let known = [
        "compose-auditor: NET002",
        "compose-auditor: SEC002",
        "compose-lint: CL-0005",
    ];
    assert_eq!(about, known, "{findings}");
}
