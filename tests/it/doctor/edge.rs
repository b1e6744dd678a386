//! Faults of what stands before the gateway: nginx as a real nginx reads it, published ports, the firewall.

use super::root::Root;
use super::{Mend, fault, findings, wrong};
use crate::engine::backend::brought_up;
use crate::engine::{Stack, inspect};

const ONLY: [&str; 3] = ["--offline", "--only", "exp,ngx"];
const SITE: &str = "etc/nginx/sites-enabled/atlas";

/// nginx itself, found first on PATH. Its absence is an error where the real parts are required.
fn nginx(stack: &Stack) -> bool {
    let Some(program) = std::env::var_os("ATLAS_TEST_NGINX") else {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "no nginx: `tests/parts/provision nginx`"
        );
        eprintln!("SKIPPED: no nginx; `tests/parts/provision nginx` provides it");
        return false;
    };
    let folder = std::path::Path::new(&program).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    stack.set("PATH", format!("{}:{path}", folder.display()));
    true
}

const CONFIGURATION: &str = "pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
    server_tokens off;
    limit_req_zone $binary_remote_addr zone=atlas:10m rate=10r/s;
    map $http_upgrade $connection_upgrade { default \"\"; websocket upgrade; }
    include sites-enabled/*;
}
";

/// A site without a fault, that leads to `target`; `more` are further lines of its location.
fn site(target: &str, more: &str) -> String {
    format!(
        "server {{\n    listen 8080;\n    server_name api.example.com;\n    location / {{\n        limit_req zone=atlas burst=20;\n        \
         proxy_pass http://{target};\n        proxy_set_header Connection $connection_upgrade;\n        \
         proxy_set_header X-Forwarded-For $remote_addr;\n        {more}\n    }}\n}}\n"
    )
}

/// The site of the deployment guide.
fn guide(port: u16) -> String {
    format!(
        "server {{\n    listen 8080;\n    server_name api.yourdomain.com;\n\n    location / {{\n        proxy_pass http://localhost:{port};\n        \
         proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection 'upgrade';\n        \
         proxy_set_header Host $host;\n        proxy_set_header X-Real-IP $remote_addr;\n        proxy_cache_bypass $http_upgrade;\n\n        \
         # SSE support\n        proxy_buffering off;\n        proxy_read_timeout 86400;\n    }}\n}}\n"
    )
}

#[test]
fn faults_before_the_gateway_are_found() {
    let Some((stack, port, _)) = brought_up("doctor-edge", &["--profile", "minimal"]) else {
        return;
    };
    let root = Root::new(&stack);
    if !nginx(&stack) {
        return;
    }
    let without = findings(&stack, &ONLY);
    assert!(
        without
            .iter()
            .all(|f| !f["id"].as_str().expect("an id").contains("NGX")),
        "no nginx, no checks of it: {without:?}"
    );
    let good = site(&format!("127.0.0.1:{port}"), "");
    root.write("etc/nginx/nginx.conf", CONFIGURATION);
    root.write(SITE, &good);
    let healthy = findings(&stack, &ONLY);
    assert_eq!(wrong(&healthy), [].into(), "{healthy:#?}");
    assert_eq!(
        healthy.iter().filter(|f| f["result"] == "pass").count(),
        6,
        "{healthy:#?}"
    );

    let mend = || root.write(SITE, &good);
    let plant = |text: String| {
        let root = &root;
        move || root.write(SITE, &text)
    };
    let unknown = site(&format!("127.0.0.1:{port}"), "no_such_directive on;");
    fault(
        &stack,
        &ONLY,
        "a directive that nginx does not know",
        "ATLAS-NGX-001",
        plant(unknown),
        Mend::by(mend),
    );
    let elsewhere = site("127.0.0.1:9", "");
    fault(
        &stack,
        &ONLY,
        "a site that leads elsewhere",
        "ATLAS-NGX-002",
        plant(elsewhere),
        Mend::by(mend),
    );
    let gone = site("172.31.255.254:8001", "");
    fault(
        &stack,
        &ONLY,
        "the address of a container that is gone",
        "ATLAS-NGX-003",
        plant(gone),
        Mend::by(mend),
    );
    let networks = inspect(&stack.id("gateway"))["NetworkSettings"]["Networks"].take();
    let first = networks
        .as_object()
        .expect("networks")
        .values()
        .next()
        .expect("one");
    let now = site(
        &format!("{}:8001", first["IPAddress"].as_str().expect("an address")),
        "",
    );
    fault(
        &stack,
        &ONLY,
        "the address of a container of this moment",
        "ATLAS-NGX-003",
        plant(now),
        Mend::by(mend),
    );
    fault(
        &stack,
        &ONLY,
        "the site of the guide",
        "ATLAS-NGX-004",
        plant(guide(port)),
        Mend::by(mend),
    );
    firewall(&stack, &root, port);
}

fn firewall(stack: &Stack, root: &Root<'_>, port: u16) {
    let exposed = |address: &str| {
        stack.write(
            "atlas.yaml",
            format!(
                "profile: minimal\nservices: {{gateway: {{port: {port}, expose: {address}}}}}\n"
            ),
        );
        stack.up();
    };
    let files = [
        ("ufw", "etc/ufw/ufw.conf", "# comment\nENABLED=yes\n"),
        ("firewalld", "proc/77/comm", "firewalld\n"),
        (
            "iptables",
            "etc/iptables/rules.v4",
            "*filter\n:INPUT DROP [0:0]\nCOMMIT\n",
        ),
    ];
    for (name, path, text) in files {
        exposed("0.0.0.0");
        let title = format!("a port that {name} does not close");
        fault(
            stack,
            &ONLY,
            &title,
            "ATLAS-EXP-001",
            || root.write(path, text),
            Mend::by(|| exposed("127.0.0.1")),
        );
        root.write(path, "");
    }
    exposed("0.0.0.0");
    root.write("etc/ufw/ufw.conf", "ENABLED=yes\n");
    root.write(
        "etc/ufw/after.rules",
        "-A DOCKER-USER -j ufw-user-forward\n",
    );
    assert_eq!(
        wrong(&findings(stack, &ONLY)),
        [].into(),
        "ufw with rules for Docker is no fault"
    );
}
