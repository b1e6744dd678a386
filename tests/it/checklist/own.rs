//! The user's own items of atlas.yaml.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::{evidence, item, list};
use crate::atlas::Project;
use crate::offline;

fn project(items: &str) -> Project {
    let project = Project::new("own-items");
    project.write(
        "atlas.yaml",
        format!("profile: minimal\ndata: embedded\nchecklist:\n{items}"),
    );
    project.write(".env", offline::ENV);
    project
}

#[test]
fn a_command_passes_by_its_exit_code_and_shows_its_last_lines_without_secrets() {
    let project = project(
        "  - {id: good, title: it is good, command: [./probe, all, well]}
  - {id: bad, title: it is bad, why: it hurts, command: [sh, -c, 'seq 9; cat .env >&2; exit 3']}
  - {id: gone, title: it is there, required: false, command: [./gone]}
  - {id: killed, title: it lives, command: [sh, -c, 'kill -9 $$']}
",
    );
    project.write(
        ".env",
        format!("{}CONFLUENCE_TOKEN=hunter2-and-more\n", offline::ENV),
    );
    project.write(
        "probe",
        "#!/bin/sh\necho \"$@ in\" $(basename \"$PWD\")\nprintf '\\033[31mred\\n'\n",
    );
    crate::doctor::shell(&project, "chmod +x probe").exits(0);
    let seen = list(offline::run(&project, &["checklist", "--json"]));
    let good = item(&seen, "good");
    assert_eq!(good["result"], "pass");
    let folder = project
        .path()
        .file_name()
        .expect("a name")
        .to_string_lossy();
    assert_eq!(
        evidence(good),
        format!("`./probe` exits 0\nall well in {folder}\n [31mred")
    );
    let bad = item(&seen, "bad");
    assert_eq!(
        (&bad["result"], &bad["why"]),
        (&"failure".into(), &"it hurts".into())
    );
    let said = evidence(bad);
    assert!(said.starts_with("`sh` exits 3\n"), "{said}");
    assert_eq!(said.lines().count(), 6, "the last five lines: {said}");
    assert!(said.ends_with("CONFLUENCE_TOKEN=***"), "{said}");
    assert!(!seen.to_string().contains("hunter2"), "{seen}");
    let gone = item(&seen, "gone");
    assert_eq!(evidence(gone), "`./gone` does not start: it does not exist");
    assert_eq!(
        (&gone["result"], &gone["required"]),
        (&"failure".into(), &false.into())
    );
    assert_eq!(
        evidence(item(&seen, "killed")),
        "`sh` was killed by a signal"
    );
    let lacking = seen["lacking"].as_array().expect("a list");
    assert!(
        lacking.contains(&"bad".into()) && !lacking.contains(&"gone".into()),
        "{lacking:?}"
    );
}

/// Answers every request with this status, and then is gone.
fn server(status: &'static str, requests: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.expect("a client");
            let mut bytes = [0; 1024];
            let _ = stream.read(&mut bytes);
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\nLocation: /x\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).expect("it listens");
        }
    });
    port
}

#[test]
fn a_request_passes_by_its_status_and_follows_no_redirect() {
    let (good, other, moved) = (
        server("200 OK", 1),
        server("503 X", 1),
        server("302 Found", 2),
    );
    let closed = crate::engine::free_port();
    let project = project(&format!(
        "  - {{id: good, title: x, http: {{url: 'http://127.0.0.1:{good}/'}}}}
  - {{id: other, title: x, http: {{url: 'http://127.0.0.1:{other}/'}}}}
  - {{id: moved, title: x, http: {{url: 'http://127.0.0.1:{moved}/'}}}}
  - {{id: as-told, title: x, http: {{url: 'http://127.0.0.1:{moved}/', status: 302}}}}
  - {{id: closed, title: x, http: {{url: 'http://127.0.0.1:{closed}/'}}}}
"
    ));
    let seen = list(offline::run(&project, &["checklist", "--json"]));
    let said = |key: &str| {
        (
            item(&seen, key)["result"].clone(),
            evidence(item(&seen, key)),
        )
    };
    let expected = [
        (
            "good",
            "pass",
            format!("http://127.0.0.1:{good}/ answers 200"),
        ),
        (
            "other",
            "failure",
            format!("http://127.0.0.1:{other}/ answers 503, not 200"),
        ),
        (
            "moved",
            "failure",
            format!("http://127.0.0.1:{moved}/ answers 302, not 200"),
        ),
        (
            "as-told",
            "pass",
            format!("http://127.0.0.1:{moved}/ answers 302"),
        ),
        (
            "closed",
            "failure",
            format!("http://127.0.0.1:{closed}/ does not answer: connection refused"),
        ),
    ];
    for (key, result, line) in expected {
        assert_eq!(said(key), (result.into(), line));
    }
}
