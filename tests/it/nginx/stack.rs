//! nginx as a container of the stack, on a real engine: started by `docker compose`, and not lost when the gateway's container is made anew.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::server::{KEY, NAME, Site};
use crate::engine::{self, docker, free_port, inspect};

/// The image that `tests/parts/provision nginx-image` makes, of this version.
const VERSION: &str = "1.30";

fn is_there() -> bool {
    if !engine::is_there() {
        return false;
    }
    let image = docker(&["image", "ls", "-q", "nginx:1.30-alpine"]);
    let required = std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some();
    assert!(
        !image.is_empty() || !required,
        "no nginx:1.30-alpine: `tests/parts/provision nginx-image`"
    );
    !image.is_empty()
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

/// Ends what `docker compose` started, however the test ends.
struct Up<'s>(&'s Site);

impl Up<'_> {
    const FILES: [&'static str; 4] = ["-f", "compose.yaml", "-f", "nginx/compose.yaml"];

    fn compose(&self, arguments: &[&str]) -> std::process::Output {
        let program = std::env::var_os("ATLAS_TEST_COMPOSE").unwrap_or("docker-compose".into());
        let mut command = std::process::Command::new(program);
        command.args(Self::FILES).args(arguments);
        let command = command.current_dir(self.0.project.path());
        command.output().expect("docker compose starts")
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        let _ = self.compose(&["down", "--volumes", "--timeout", "2"]);
    }
}

#[test]
fn a_gateway_that_is_made_anew_is_found_again_within_ten_seconds() {
    if !is_there() {
        return;
    }
    let Some(program) = super::programs().into_iter().next() else {
        return;
    };
    let settings = format!(
        "  runs: compose\n  version: {VERSION}\n  rate: 1000\n  burst: 1000\n  api-key: true\n"
    );
    let site = Site::new(&program, free_port(), &settings);
    site.project.write(
        "atlas.yaml",
        format!(
            "oldest-engine: \"20.10\"\n{}",
            site.project.read("atlas.yaml")
        ),
    );
    site.project.write(
        ".env",
        format!("ATLAS_API_KEY={KEY}\nATLAS_SECRET_KEY=a-secret-of-a-test\n"),
    );
    site.project.run(&["render", "compose"]).exits(0);
    let certificate = site.project.read("site.pem");
    site.project.write("site.pem", "no certificate");
    let said = site
        .project
        .run(&["render", "nginx", "--test"])
        .exits(5)
        .stderr;
    assert!(
        said.contains("nginx refuses the configuration: cannot load certificate"),
        "{said}"
    );
    assert!(!site.project.path().join("nginx").exists());
    site.project.write("site.pem", certificate);
    // There is no nginx of this version on PATH: a container of the very image tests the configuration.
    site.project.run(&["render", "nginx", "--test"]).exits(0);
    let up = Up(&site);
    let said = up.compose(&["up", "-d"]);
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    engine::eventually("nginx leads to the gateway", || status(&site) == 200);

    let name = format!("{}-gateway-1", site.project.name);
    let address = |name: &str| inspect(name)["NetworkSettings"]["Networks"].to_string();
    let before = address(&name);
    docker(&["rm", "-f", &name]);
    // Somebody takes the address that was the gateway's.
    let network = format!("{}_mesh", site.project.name);
    let squatter = docker(&[
        "run",
        "-d",
        "--rm",
        "--network",
        &network,
        "nginx:1.30-alpine",
        "sleep",
        "300",
    ]);
    let said = up.compose(&["up", "-d", "gateway"]);
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let began = Instant::now();
    engine::eventually("nginx finds the new gateway", || status(&site) == 200);
    let took = began.elapsed();
    docker(&["rm", "-f", &squatter]);
    assert_ne!(address(&name), before, "it has another address");
    eprintln!("found again {took:.1?} after it was started");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let keys = inspect(&format!("{}-nginx-1", site.project.name));
    assert_eq!(keys["HostConfig"]["ReadonlyRootfs"], true);
}
