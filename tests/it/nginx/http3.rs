//! HTTP/3 and IPv6, each with a client of its own: what is only written and taken by `nginx -t` may still not answer.

use std::process::Command;

use serde_json::Value;

use super::live::{GENEROUS, PAUSE, Upstream, orchestrator};
use super::programs;
use super::server::{KEY, NAME, Site, gateway, send};
use crate::engine::{free_port, here};

/// The interpreter of the environment with aioquic, or a loud notice.
fn client() -> Option<std::path::PathBuf> {
    let found = std::env::var_os("ATLAS_TEST_HTTP3").map(Into::into);
    if found.is_none() {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "no client of HTTP/3: `tests/parts/provision http3`"
        );
        eprintln!("SKIPPED: no client of HTTP/3; `tests/parts/provision http3` provides it");
    }
    found
}

/// What a request over HTTP/3 is answered.
pub(super) fn ask(site: &Site, address: &str, name: &str, arguments: &[&str]) -> Option<Value> {
    let output = Command::new(client()?)
        .arg(here("tests/parts/http3-client"))
        .args([address, &site.https.to_string(), name])
        .arg(site.project.path().join("ca.pem"))
        .args(arguments)
        .output()
        .expect("python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// A site with IPv6, and HTTP/3 where nginx can.
fn site(program: &std::path::Path, port: u16, settings: &str) -> Site {
    let site = Site::new(program, port, settings);
    let written = site.project.read("atlas.yaml");
    let written = written.replace("  ipv6: false\n  http3: false\n", "");
    site.project.write("atlas.yaml", written);
    site.render(&[]).exits(0);
    site
}

#[test]
fn ipv6_is_answered_and_both_addresses_are_told_of_http3() {
    for program in programs() {
        let upstream = Upstream::new();
        let site = site(&program, upstream.port, GENEROUS);
        let _nginx = site.serve();
        let newest = site.project.read("nginx/atlas.conf").contains(" quic");
        for address in ["127.0.0.1", "::1"] {
            let mut stream = site.connect_to(address, NAME).expect("a handshake");
            let (status, answer) = send(&mut stream, "GET /api");
            assert_eq!(status, 200, "{address}: {answer}");
            let told = format!("\r\nAlt-Svc: h3=\":{}\"; ma=86400\r\n", site.https);
            assert_eq!(answer.contains(&told), newest, "{address}: {answer}");
        }
        let refused = site.connect_to("::1", "evil.example.com").map(drop);
        assert!(refused.is_err());
        assert!(upstream.heads()[1].contains("x-real-ip: ::1\r\n"));
    }
}

#[test]
fn http3_is_answered_with_the_same_limits_and_the_same_refusals() {
    let Some(program) = programs().pop() else {
        return;
    };
    let upstream = Upstream::new();
    let site = site(&program, upstream.port, "  rate: 1\n  burst: 3\n");
    let _nginx = site.serve();
    for address in ["127.0.0.1", "::1"] {
        let Some(answer) = ask(&site, address, NAME, &["/api"]) else {
            return;
        };
        assert_eq!(answer["status"], 200, "{address}: {answer}");
        let header = |name: &str| answer["headers"][name].as_str().unwrap_or_default();
        assert_eq!(header("strict-transport-security"), "max-age=63072000");
        assert_eq!(
            header("alt-svc"),
            format!("h3=\":{}\"; ma=86400", site.https)
        );
    }
    assert!(upstream.heads()[1].contains("x-real-ip: ::1\r\n"));
    let log = site.project.read("access.log");
    assert_eq!(log.matches(r#""protocol":"HTTP/3.0""#).count(), 2, "{log}");
    let refused = ask(&site, "127.0.0.1", "evil.example.com", &["/api"]).expect("a client");
    assert!(refused["refused"].is_string(), "{refused}");
    let closed = ask(&site, "127.0.0.1", NAME, &["/metrics"]).expect("a client");
    assert_eq!(closed["status"], 404, "{closed}");
    let often = ask(&site, "::1", NAME, &["/api", "--times", "20"]).expect("a client");
    let statuses = often["statuses"].as_array().expect("a list");
    assert_eq!(statuses.len(), 20, "{often}");
    assert!(statuses.contains(&429.into()), "{often}");
}

#[test]
fn ten_events_arrive_one_by_one_over_http3() {
    let Some(program) = programs().pop() else {
        return;
    };
    let port = free_port();
    let site = site(&program, port, GENEROUS);
    let (_gateway, _nginx) = (
        gateway(&site, port, orchestrator("127.0.0.1")),
        site.serve(),
    );
    let key = format!("x-api-key={KEY}");
    let arguments = [
        "/api/search/stream",
        &key,
        "content-type=application/json",
        "--body",
        "{\"query\":\"roadmap\"}",
    ];
    let Some(answer) = ask(&site, "127.0.0.1", NAME, &arguments) else {
        return;
    };
    assert_eq!(answer["status"], 200, "{answer}");
    let body = answer["body"].as_str().expect("a text");
    assert_eq!(body.matches("\ndata:").count(), 10, "{body}");
    let times: Vec<f64> = { answer["times"].as_array().expect("a list").iter() }
        .map(|time| time.as_f64().expect("seconds"))
        .collect();
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    let apart = gaps.filter(|gap| *gap > PAUSE.as_secs_f64() / 4.0).count();
    eprintln!("HTTP/3: parts came at {times:?}");
    assert_eq!(apart, 9, "each comes on its own: {times:?}");
}
