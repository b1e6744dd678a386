//! Rendered sites before foreign judges (`tests/parts/judge-nginx`): no finding. That the judges do find something is shown by
//! `tests/parts/judge-nginx --canary`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::programs;
use super::server::{NAME, Site, gateway};
use crate::engine::free_port;

fn judge() -> Option<PathBuf> {
    let path = std::env::var_os("ATLAS_TEST_JUDGE_NGINX").map(PathBuf::from);
    if path.is_none() {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "ATLAS_TEST_JUDGE_NGINX is not set, but real parts are required"
        );
        eprintln!("SKIPPED: `tests/parts/provision judges` provides the judges of nginx");
    }
    path
}

/// Runs the judge; what it said.
fn said(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(judge()?);
    let output = command.args(arguments).stdin(Stdio::null()).output();
    let output = output.expect("the judge runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let findings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{text}\n{findings}");
    Some(text)
}

#[test]
fn three_gixys_find_nothing_in_four_server_blocks() {
    for program in programs() {
        for settings in [
            "",
            "  behind: cloudflare\n  api-key: true\n",
            "  runs: compose\n",
            "  runs: compose\n  version: 1.22\n",
        ] {
            let settings = if settings.contains("version") {
                settings.replace("  http3: false\n", "")
            } else {
                settings.to_owned()
            };
            let site = Site::new(&program, 8001, &settings);
            // gixy-ng takes every port with 443 in it for TLS.
            let written = site.project.read("atlas.yaml");
            let written = written.replace(&format!("http: {}", site.http), "http: 80");
            let written = written.replace(&format!("https: {}", site.https), "https: 443");
            site.project.write("atlas.yaml", written);
            site.render(&[]).exits(0);
            let file = site.project.path().join("nginx/nginx.conf");
            let Some(said) = said(&["--config", &file.to_string_lossy()]) else {
                return;
            };
            let lines: Vec<&str> = said.lines().collect();
            let clean = ["gixy 0 of 4", "gixy-ng 0 of 4", "gixy-next 0 of 4"];
            assert_eq!(lines, clean, "{settings}");
        }
    }
}

#[test]
fn sslyze_finds_mozillas_intermediate_profile_on_the_live_port() {
    for program in programs() {
        let port = free_port();
        let site = Site::new(
            &program,
            port,
            "  rate: 1000\n  burst: 1000\n  connections: 1000\n",
        );
        site.render(&[]).exits(0);
        let (_gateway, _nginx) = (gateway(&site, port, 9), site.serve());
        let authority = site.project.path().join("ca.pem");
        let address = format!("127.0.0.1:{}", site.https);
        let Some(said) = said(&["--tls", &address, NAME, &authority.to_string_lossy()]) else {
            return;
        };
        // Three suites of TLS 1.3, and of TLS 1.2 the three that fit an ECDSA certificate.
        assert_eq!(said, "sslyze 0 of 6\n");
    }
}

#[test]
fn each_judge_flags_what_is_bad() {
    let Some(said) = said(&["--canary"]) else {
        return;
    };
    assert_eq!(said.lines().count(), 4, "{said}");
}
