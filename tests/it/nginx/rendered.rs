//! What is written, when nothing is, and what nginx says to it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Command;

use super::programs;
use super::server::{Site, listener};
use crate::atlas::Project;
use crate::offline;

const STRICT: &str = "  behind: cloudflare\n  api-key: true\n";

/// For the version of a program.
pub(super) fn in_a_container(program: &Path) -> String {
    let said = Command::new(program)
        .arg("-v")
        .output()
        .expect("nginx starts")
        .stderr;
    let said = String::from_utf8_lossy(&said).into_owned();
    let version = said.trim().rsplit('/').next().expect("a version");
    format!("  runs: compose\n  version: {version}\n")
}

#[test]
fn both_nginxes_take_every_kind_of_site_without_a_word() {
    for program in programs() {
        let inside = in_a_container(&program);
        for settings in ["", STRICT, &inside] {
            let site = Site::new(&program, 8001, settings);
            site.render(&[]).exits(0);
            let (good, said) = site.test();
            assert!(good, "{settings}: {said}");
            let blocks = site.dump().matches("\nserver {\n").count();
            assert_eq!(blocks, 4, "nginx has read them all");
            let faults = { said.lines() }
                .filter(|line| line.contains("[warn]") && !line.contains("\"user\" directive"));
            assert_eq!(faults.count(), 0, "{settings}: {said}");
        }
    }
}

/// What Debian's nginx.conf says in its `http`, where a site is included.
const STOCK: &str = "events {}
http {
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log off;
    gzip on;
    include atlas.conf;
}
";

#[test]
fn a_stock_configuration_can_include_the_site() {
    for program in programs() {
        let site = Site::new(&program, 8001, STRICT);
        site.render(&[]).exits(0);
        let ours = site.project.read("nginx/nginx.conf");
        let (_, ours) = ours.split_once("events").expect("a block");
        let whole = site
            .project
            .read("nginx/nginx.conf")
            .replace(&format!("events{ours}"), STOCK);
        site.project.write("nginx/nginx.conf", whole);
        let (good, said) = site.test();
        assert!(good, "{said}");
    }
}

#[test]
fn http3_is_spoken_where_nginx_can() {
    if let Some(program) = programs().pop() {
        let site = Site::new(&program, 8001, "");
        let written = site
            .project
            .read("atlas.yaml")
            .replace("  http3: false\n", "");
        site.project.write("atlas.yaml", written);
        site.render(&[]).exits(0);
        let quic = format!("listen {} quic", site.https);
        assert!(site.project.read("nginx/atlas.conf").contains(&quic));
        let (good, said) = site.test();
        assert!(good, "{said}");
    }
}

#[test]
fn doctor_finds_no_fault_in_it() {
    for program in programs() {
        let site = Site::new(&program, 8001, "");
        site.render(&[]).exits(0);
        site.settle();
        for file in ["nginx.conf", "atlas.conf"] {
            let text = site.project.read(&format!("settled/{file}"));
            site.project.write(&format!("root/etc/nginx/{file}"), text);
        }
        let arguments = ["--json", "doctor", "--offline", "--only", "ngx"];
        let mut command = offline::command(&site.project, &arguments);
        let folder = program.parent().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", folder.display()));
        command.env("ATLAS_DOCTOR_ROOT", site.project.path().join("root"));
        let said = crate::atlas::Run::of(command.output().expect("atlas starts")).stdout;
        for id in [
            "ATLAS-NGX-001",
            "ATLAS-NGX-002",
            "ATLAS-NGX-003",
            "ATLAS-NGX-004",
        ] {
            let passes = |line: &str| line.contains(id) && line.contains(r#""result":"pass""#);
            assert!(said.lines().any(passes), "{id}: {said}");
        }
    }
}

#[test]
fn what_nginx_refuses_is_not_written() {
    for program in programs() {
        // In a container everything that nginx writes is below /tmp.
        let site = Site::new(&program, 8001, &in_a_container(&program));
        site.project.write("site.key", "no key");
        let said = site.render(&["--test"]).exits(5).stderr;
        assert!(
            said.contains("error: nginx refuses the configuration: cannot load certificate key"),
            "{said}"
        );
        assert!(said.contains("; nothing was written"), "{said}");
        assert!(!site.project.path().join("nginx").exists());
        std::fs::remove_file(site.project.path().join("site.pem")).expect("a file");
        let said = site.render(&["--test"]).exits(5).stderr;
        assert!(said.contains("hint: a first certificate comes by `certbot certonly --standalone -d api.example.com`"), "{said}");
        let site = Site::new(&program, 8001, &in_a_container(&program));
        site.render(&["--test"]).exits(0);
        assert!(site.project.path().join("nginx/nginx.conf").is_file());
    }
}

#[test]
fn a_hand_in_it_is_shown_and_never_overwritten_unasked() {
    let project = Project::new("nginx");
    project.write(
        "atlas.yaml",
        "profile: minimal\npublic-url: https://api.example.com\nnginx: {version: 1.22}\n",
    );
    project.write(".env", offline::ENV);
    offline::run(&project, &["render", "nginx", "--check"]).exits(8);
    assert!(!project.path().join("nginx").exists());
    offline::run(&project, &["render", "nginx"]).exits(0);
    let rendered = project.read("nginx/atlas.conf");
    let printed = offline::run(&project, &["render", "nginx", "-"])
        .exits(0)
        .stdout;
    assert!(printed.starts_with(&rendered), "{printed}");
    project.write(
        "nginx/atlas.conf",
        rendered.replace("ssl_session_tickets off", "ssl_session_tickets on"),
    );
    let check = offline::run(&project, &["render", "nginx", "--check"]).exits(8);
    assert!(
        check
            .stdout
            .contains("-    ssl_session_tickets on;\n+    ssl_session_tickets off;"),
        "{}",
        check.stdout
    );
    let diff = offline::run(&project, &["render", "nginx", "--diff"]).exits(0);
    assert_eq!(diff.stdout, check.stdout);
    offline::run(&project, &["render", "nginx"]).exits(0);
    offline::run(&project, &["render", "nginx", "--check"]).exits(0);
    assert_eq!(project.read("nginx/atlas.conf"), rendered);
    project.write("nginx/atlas.conf", "server {}\n");
    let said = offline::run(&project, &["render", "nginx"]).exits(5).stderr;
    assert!(said.contains("not generated by atlas"), "{said}");
}

#[test]
fn a_site_without_a_name_is_no_site() {
    let project = Project::new("nginx");
    project.write("atlas.yaml", "profile: minimal\nnginx: {rate: many}\n");
    project.write(".env", offline::ENV);
    let said = offline::run(&project, &["render", "nginx"]).exits(3).stderr;
    assert!(
        said.contains(
            "atlas.yaml:2:15: nginx.rate: expected a whole number from 1 to 1000000, found `many`"
        ),
        "{said}"
    );
    project.write("atlas.yaml", "profile: minimal\n");
    let said = offline::run(&project, &["render", "nginx"]).exits(3).stderr;
    assert!(said.contains("public-url: nginx needs the name of its site\n  hint: add `public-url: https://api.example.com` to atlas.yaml"), "{said}");
    assert!(!project.path().join("nginx").exists());
}

#[test]
fn a_key_that_nobody_asks_for_any_more_is_not_left_behind() {
    let project = Project::new("nginx");
    let manifest = "profile: minimal\npublic-url: https://api.example.com\nnginx: {version: 1.22, api-key: true}\n";
    project.write("atlas.yaml", manifest);
    project.write(".env", offline::ENV);
    offline::run(&project, &["render", "nginx"]).exits(0);
    let key = ".atlas/secrets/nginx_api_key";
    let text = project.read(key);
    project.write("atlas.yaml", manifest.replace(", api-key: true", ""));
    let said = offline::run(&project, &["render", "nginx", "--check"])
        .exits(8)
        .stdout;
    assert!(said.contains(key), "{said}");
    assert_eq!(project.read(key), text, "a check touches nothing");
    let said = offline::run(&project, &["render", "nginx"]).exits(0).stderr;
    assert!(said.contains(&format!("file {key} removed")), "{said}");
    assert!(!project.path().join(key).exists());
    // Somebody's own file under that name is none of ours.
    project.write(key, "mine\n");
    offline::run(&project, &["render", "nginx"]).exits(0);
    assert_eq!(project.read(key), "mine\n");
}

/// A project behind Cloudflare with a list of its own.
fn behind_cloudflare(list: &str) -> Project {
    let project = Project::new("nginx");
    project.write(
        "atlas.yaml",
        "profile: minimal\npublic-url: https://api.example.com\nnginx:\n  version: 1.22\n  behind: cloudflare\n  \
         cloudflare: {addresses: cloudflare.txt, as-of: 2026-11-28}\n",
    );
    project.write(".env", offline::ENV);
    project.write("cloudflare.txt", list);
    project
}

#[test]
fn a_fresh_list_of_cloudflares_networks_goes_before_the_one_inside_and_no_other_is_believed() {
    // As `curl` leaves the two lists, one after the other.
    let project = behind_cloudflare("198.41.128.0/17\n104.16.0.0/13\n2606:4700::/32");
    offline::run(&project, &["render", "nginx"]).exits(0);
    let site = project.read("nginx/atlas.conf");
    assert!(
        site.contains(
            "its addresses as of 2026-11-28 (https://www.cloudflare.com/ips/).
    set_real_ip_from 104.16.0.0/13;
    set_real_ip_from 198.41.128.0/17;
    set_real_ip_from 2606:4700::/32;
    real_ip_header CF-Connecting-IP;\n"
        ),
        "{site}"
    );
    project.write("cloudflare.txt", "0.0.0.0/0\n192.168.0.0/16\n");
    let said = offline::run(&project, &["render", "nginx", "--check"]).exits(3);
    assert!(
        said.stderr.contains(
            "error: cloudflare.txt:1:1: `0.0.0.0/0` is wider than any proxy's network
error: cloudflare.txt:2:1: `192.168.0.0/16` is not on the internet"
        ),
        "{}",
        said.stderr
    );
    let written = project.read("atlas.yaml");
    project.write("atlas.yaml", written.replace(", as-of: 2026-11-28", ""));
    let said = offline::run(&project, &["render", "nginx"]).exits(3).stderr;
    assert!(
        said.contains("nginx.cloudflare: a list of addresses and its date belong together"),
        "{said}"
    );
    project.write("atlas.yaml", written.replace("  behind: cloudflare\n", ""));
    project.write("cloudflare.txt", "198.41.128.0/17\n2606:4700::/32\n");
    let said = offline::run(&project, &["render", "nginx"]).exits(3).stderr;
    assert!(
        said.contains("nginx.cloudflare: nothing of Cloudflare stands before nginx"),
        "{said}"
    );
}

#[test]
fn doctor_compares_the_list_with_what_is_published_when_it_may_ask() {
    let published = listener(("127.0.0.1", 0), |mut client| {
        let mut reader = BufReader::new(client.try_clone().expect("a socket"));
        let mut head = String::new();
        while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
        let list = match head.starts_with("GET /ips-v4 ") {
            true => "198.41.128.0/17\n104.16.0.0/13",
            false => "2606:4700::/32",
        };
        let length = list.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{list}"
        );
        let _ = client.write_all(answer.as_bytes());
    });
    let found = |project: &Project, online: bool| {
        let mut arguments = vec!["--json", "doctor", "--only", "ngx-005"];
        arguments.extend(online.then_some("--online"));
        let mut command = offline::command(project, &arguments);
        command.env(
            "ATLAS_CLOUDFLARE_URL",
            format!("http://127.0.0.1:{published}"),
        );
        let said = crate::atlas::Run::of(command.output().expect("atlas starts")).stdout;
        let line = said.lines().find(|line| line.contains("ATLAS-NGX-005"));
        line.unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    let same = behind_cloudflare("198.41.128.0/17\n104.16.0.0/13\n2606:4700::/32\n");
    let line = found(&same, true);
    assert!(line.contains(r#""result":"pass""#), "{line}");
    assert!(
        line.contains("the 3 networks of 2026-11-28 are those of today"),
        "{line}"
    );
    let line = found(&same, false);
    assert!(!line.contains(r#""result":"pass""#), "{line}");
    assert!(line.contains("--online"), "{line}");
    let other = behind_cloudflare("198.41.128.0/17\n131.0.72.0/22\n2606:4700::/32\n");
    let line = found(&other, true);
    assert!(
        line.contains("104.16.0.0/13 missing from the list of 2026-11-28")
            && line
                .contains("131.0.72.0/22 on the list of 2026-11-28, and not Cloudflare's any more"),
        "{line}"
    );
}
