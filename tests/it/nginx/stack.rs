//! nginx as a container of the stack, on a real engine and with both nginxes: `atlas up` brings it with the rest, it serves the real gateway,
//! and `docker compose` takes it for its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use super::live::{PAUSE, orchestrator};
use super::server::{KEY, NAME, Site, send};
use crate::atlas::Run;
use crate::engine::{self, docker, free_port, inspect};

/// The images that `tests/parts/provision nginx-image` makes, by version: one keeps connections to what it resolves anew, one cannot.
const VERSIONS: [&str; 2] = ["1.30", "1.22"];

fn is_there() -> bool {
    if !engine::is_there() {
        return false;
    }
    let required = std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some();
    VERSIONS.iter().all(|version| {
        let name = format!("nginx:{version}-alpine");
        let found = !docker(&["image", "ls", "-q", &name]).is_empty();
        assert!(
            found || !required,
            "no {name}: `tests/parts/provision nginx-image`"
        );
        found
    })
}

/// A stack with nginx of a version in it; `settings` are further lines of `nginx:`.
fn stack(version: &str, settings: &str) -> Option<Site> {
    if !is_there() {
        return None;
    }
    let program = super::programs().into_iter().next()?;
    let settings = format!("  runs: compose\n  version: {version}\n{settings}");
    let site = Site::new(&program, free_port(), &settings);
    let written = site.project.read("atlas.yaml");
    site.project
        .write("atlas.yaml", format!("oldest-engine: \"20.10\"\n{written}"));
    site.project.write(
        ".env",
        format!("ATLAS_API_KEY={KEY}\nATLAS_SECRET_KEY=a-secret-of-a-test\n"),
    );
    Some(site)
}

impl Site {
    fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.project.name)
    }

    fn id(&self, service: &str) -> String {
        inspect(&self.container(service))["Id"].to_string()
    }

    fn compose(&self, arguments: &[&str]) -> Run {
        let program = std::env::var_os("ATLAS_TEST_COMPOSE").unwrap_or("docker-compose".into());
        let mut command = std::process::Command::new(program);
        let command = command.args(arguments).current_dir(self.project.path());
        Run::of(command.output().expect("docker compose starts"))
    }

    fn change(&self, from: &str, to: &str) {
        let written = self.project.read("atlas.yaml");
        assert!(written.contains(from), "{written}");
        self.project.write("atlas.yaml", written.replace(from, to));
    }
}

/// The status of a request for the gateway's health; 0 without an answer.
fn status(site: &Site) -> u16 {
    let Ok(mut stream) = site.connect(NAME) else {
        return 0;
    };
    let request = format!("GET /api/health HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    if stream.write_all(request.as_bytes()).is_ok() {
        let _ = stream.read_to_end(&mut answer);
    }
    String::from_utf8_lossy(&answer)
        .get(9..12)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

#[test]
fn up_brings_nginx_with_the_rest_and_touches_nothing_when_nginx_refuses() {
    let settings = "  rate: 1000\n  burst: 1000\n  api-key: true\n";
    let Some(site) = stack("1.30", settings) else {
        return;
    };
    let project = &site.project;
    let certificate = project.read("site.pem");
    project.write("site.pem", "no certificate");
    let said = project.run(&["up"]).exits(5).stderr;
    assert!(
        said.contains("error: nginx refuses the configuration: cannot load certificate"),
        "{said}"
    );
    assert!(said.contains("; nothing was touched"), "{said}");
    let named = format!(
        "cannot load certificate \"{}/site.pem\"",
        project.path().display()
    );
    assert!(said.contains(&named), "{said}");
    assert!(!project.path().join("nginx").exists());
    let label = format!("label=com.docker.compose.project={}", project.name);
    assert_eq!(docker(&["ps", "-aq", "--filter", &label]), "");
    project.write("site.pem", certificate);
    let (acme, away) = (project.path().join("acme"), project.path().join("away"));
    std::fs::rename(&acme, &away).expect("a folder");
    let said = project.run(&["up"]).exits(5).stderr;
    let why = format!(
        "error: nothing was touched: there is no folder `{}`",
        acme.display()
    );
    assert!(said.contains(&why), "{said}");
    std::fs::rename(&away, &acme).expect("a folder");

    let said = project.run(&["up"]).exits(0).stderr;
    assert!(said.contains("service nginx healthy"), "{said}");
    let answers = format!("nginx answers on https://{NAME}\n");
    assert!(said.contains(&answers), "{said}");
    assert_eq!(status(&site), 200, "up waits for it");
    let shown = project.run(&["status"]).exits(0).stdout;
    let line = shown.lines().find(|line| line.starts_with("nginx "));
    assert!(
        line.is_some_and(|line| line.contains(" healthy ")),
        "{shown}"
    );
    let seen = inspect(&site.container("nginx"));
    assert_eq!(seen["HostConfig"]["ReadonlyRootfs"], true);
    assert_eq!(seen["HostConfig"]["CapDrop"][0], "ALL");
    let networks = seen["NetworkSettings"]["Networks"]
        .as_object()
        .expect("networks");
    let names: Vec<&String> = networks.keys().collect();
    assert_eq!(names, [&format!("{}_edge", project.name)]);

    // Offline, doctor looks at the certificate that this nginx shows.
    let authority = project.path().join("ca.pem");
    project.set("SSL_CERT_FILE", authority.display().to_string());
    let said = project.run(&["doctor", "--offline", "--only", "tls", "--json"]);
    let said = said.exits(0).stdout;
    for id in ["TLS-001", "TLS-002", "TLS-003", "TLS-004"] {
        let passes = |line: &str| line.contains(id) && line.contains(r#""result":"pass""#);
        assert!(said.lines().any(passes), "{id}: {said}");
    }

    // Whoever prefers docker compose finds nothing to do, and the other way round.
    let (nginx, gateway) = (site.id("nginx"), site.id("gateway"));
    site.compose(&["up", "-d"]).exits(0);
    assert_eq!((site.id("nginx"), site.id("gateway")), (nginx, gateway));
    project.run(&["plan", "--exit-code"]).exits(0);
    project.run(&["render", "nginx", "--check"]).exits(0);
    // There is no nginx of this version on PATH: a container of the very image tests the configuration.
    project.run(&["render", "nginx", "--test"]).exits(0);
    let reload = [
        "exec",
        "nginx",
        "nginx",
        "-c",
        "/etc/nginx/atlas/nginx.conf",
        "-s",
        "reload",
    ];
    project.run(&reload).exits(0);
    assert_eq!(status(&site), 200, "as after a renewed certificate");
}

#[test]
fn http3_and_ipv6_reach_the_container_too() {
    let Some(site) = stack("1.30", "") else {
        return;
    };
    site.change("  ipv6: false\n  http3: false\n", "  ipv6: true\n");
    site.change("gateway: {", "gateway: {publish: false, ");
    site.project.run(&["up"]).exits(0);
    for address in ["127.0.0.1", "::1"] {
        let mut stream = site.connect_to(address, NAME).expect("a handshake");
        let (status, answer) = send(&mut stream, "GET /api/health");
        assert_eq!(status, 200, "{address}: {answer}");
        let Some(answer) = super::http3::ask(&site, address, NAME, &["/api/health"]) else {
            return;
        };
        assert_eq!(answer["status"], 200, "{address}: {answer}");
    }
    site.compose(&["up", "-d"]).exits(0);
    site.project.run(&["plan", "--exit-code"]).exits(0);
}

#[test]
fn a_changed_setting_reaches_nginx_and_a_key_that_is_not_asked_for_goes() {
    let Some(site) = stack("1.30", "  burst: 1000\n  api-key: true\n") else {
        return;
    };
    let project = &site.project;
    project.run(&["up"]).exits(0);
    let key = project.path().join(".atlas/secrets/nginx_api_key");
    assert!(key.is_file());
    assert_eq!(site.ask("GET /api/services").0, 200);
    let (nginx, gateway) = (site.id("nginx"), site.id("gateway"));
    site.change(
        "  burst: 1000\n  api-key: true\n",
        "  rate: 1\n  burst: 5\n",
    );
    let plan = project.run(&["plan"]).exits(0).stdout;
    assert!(plan.contains("configuration"), "{plan}");
    let said = project.run(&["up"]).exits(0).stderr;
    assert!(said.contains("file nginx/atlas.conf updated"), "{said}");
    assert!(
        said.contains("file .atlas/secrets/nginx_api_key removed"),
        "{said}"
    );
    assert!(!key.exists());
    assert_ne!(site.id("nginx"), nginx, "it is made anew");
    assert_eq!(site.id("gateway"), gateway, "and nothing else is");
    site.flood("GET /api/services", 5);
    let said = project.run(&["logs", "nginx"]).exits(0).stdout;
    assert!(said.contains(r#""status":429"#), "{said}");
    let said = project.run(&["doctor", "--offline", "--only", "exp", "--only", "con"]);
    assert!(
        !said.stdout.contains("nginx is published"),
        "{}",
        said.stdout
    );
    project.run(&["restart", "nginx"]).exits(0);
    assert_eq!(site.ask("GET /api/health").0, 200);
    project.run(&["up", "nginx"]).exits(0);
    project.run(&["down"]).exits(0);
    let label = format!("label=com.docker.compose.project={}", project.name);
    assert_eq!(docker(&["ps", "-aq", "--filter", &label]), "");
}

#[test]
fn a_gateway_that_is_made_anew_is_found_again_within_ten_seconds() {
    for version in VERSIONS {
        let Some(site) = stack(version, "  rate: 1000\n  burst: 1000\n") else {
            return;
        };
        site.project.run(&["up"]).exits(0);
        let address = |name: &str| inspect(name)["NetworkSettings"]["Networks"].to_string();
        let name = site.container("gateway");
        let before = address(&name);
        docker(&["rm", "-f", &name]);
        // Somebody takes the address that was the gateway's.
        let network = format!("{}_edge", site.project.name);
        let image = format!("nginx:{version}-alpine");
        let squatter = docker(&[
            "run",
            "-d",
            "--rm",
            "--network",
            &network,
            &image,
            "sleep",
            "300",
        ]);
        let said = site.project.run(&["up", "gateway"]);
        let began = Instant::now();
        let up = said.code == 0;
        if up {
            engine::eventually("nginx finds the new gateway", || status(&site) == 200);
        }
        let took = began.elapsed();
        docker(&["rm", "-f", &squatter]);
        said.exits(0);
        assert_ne!(address(&name), before, "it has another address");
        eprintln!("nginx {version}: found again {took:.1?} after the gateway answered");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn events_come_one_by_one_and_strangers_and_floods_are_refused() {
    // Containers reach what runs on this machine by the address of the engine's own bridge.
    for version in VERSIONS {
        let Some(site) = stack(version, "  rate: 1\n  burst: 9\n") else {
            return;
        };
        let format = "{{(index .IPAM.Config 0).Subnet}}";
        let subnet = docker(&["network", "inspect", "bridge", "--format", format]);
        // The first of its subnet is the machine's.
        let (network, _) = subnet.split_once(".0/").expect("a subnet");
        let machine = format!("{network}.1");
        let address = format!("http://{machine}:{}", orchestrator("0.0.0.0"));
        site.change(
            "ATLAS_TRUST_PROXY: \"true\"",
            &format!("ORCHESTRATOR_URL: \"{address}\""),
        );
        site.project.run(&["up"]).exits(0);
        let mut stream = site.connect(NAME).expect("a handshake");
        let body = "{\"query\":\"roadmap\"}";
        let request = format!(
            "POST /api/search/stream HTTP/1.1\r\nHost: {NAME}\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut times = Vec::new();
        let mut said = String::new();
        let mut lines = BufReader::new(stream);
        while times.len() < 10 {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("a line");
            assert!(read > 0, "{said}");
            if line.starts_with("data:") {
                times.push(Instant::now());
            }
            said += &line;
        }
        let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let apart = gaps.iter().filter(|gap| **gap > PAUSE / 4).count();
        eprintln!("nginx {version} in the stack: {apart} of 9 events came apart: {gaps:?}");
        assert_eq!(apart, 9, "each comes on its own: {gaps:?}");

        let good = site.flood("GET /api/services", 9);
        eprintln!("nginx {version} in the stack: {good} of 40 answered");
        let refused = site.connect("evil.example.com").map(drop);
        let refused = refused.expect_err("a refusal").to_string();
        assert_eq!(refused, "received fatal alert: UnrecognisedName");
    }
}
