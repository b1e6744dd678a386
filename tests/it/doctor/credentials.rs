//! Credentials tried at vendors that answer as they document it. `${NAME}_API_URL` leads there.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::{Mend, fault, findings};
use crate::atlas::Project;

const OPTIONS: [&str; 3] = ["--only", "cred", "--online"];

/// A vendor that gives one answer to everything, and remembers what it was asked.
struct Vendor {
    url: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Vendor {
    fn new(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let answer = Arc::new(Mutex::new(answer.to_owned()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, requests) = (answer.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
                let (mut text, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) < 3 {
                        break;
                    }
                    let lower = line.to_ascii_lowercase();
                    if let Some(value) = lower.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                    text += &line;
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                text += &String::from_utf8_lossy(&body);
                requests.lock().expect("not poisoned").push(text);
                let answer = answers.lock().expect("not poisoned").clone();
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, answer, asked }
    }

    fn answers(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().expect("not poisoned") = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
        );
    }

    fn last(&self) -> String {
        self.asked
            .lock()
            .expect("not poisoned")
            .last()
            .cloned()
            .unwrap_or_default()
    }
}

/// A project with one integration beside the gateway.
fn project(service: &str, env: &str) -> Project {
    let project = Project::new(&format!("doctor-{service}"));
    project.write(
        "atlas.yaml",
        format!("images: {{source: registry, registry: registry.example}}\nservices-to-run: [gateway, {service}]\noldest-engine: \"20.10\"\n"),
    );
    project.run(&["init", "--yes"]).exits(0);
    let text = project.read(".env");
    project.write(".env", format!("{text}{env}"));
    project
}

/// A vendor's good answer, what it says when it refuses, and how it must have been asked.
#[track_caller]
fn refuses(
    service: &str,
    env: &str,
    base: &str,
    good: &str,
    refusal: (&str, &str),
    asked: &[&str],
) {
    let vendor = Vendor::new("");
    vendor.answers("200 OK", "", good);
    let project = project(service, &format!("{env}{base}={}\n", vendor.url));
    let name = format!("{service} refuses");
    fault(
        &project,
        &OPTIONS,
        &name,
        "ATLAS-CRED-001",
        || vendor.answers(refusal.0, "", refusal.1),
        Mend::by(|| vendor.answers("200 OK", "", good)),
    );
    let last = vendor.last();
    for part in asked {
        assert!(
            last.contains(part),
            "{service} was not asked with {part:?}: {last}"
        );
    }
}

#[test]
fn every_vendors_refusal_is_a_finding() {
    refuses(
        "slack",
        "SLACK_BOT_TOKEN=xoxb-1-secret\n",
        "SLACK_API_URL",
        r#"{"ok":true,"team":"Acme"}"#,
        ("200 OK", r#"{"ok":false,"error":"invalid_auth"}"#),
        &[
            "POST /auth.test ",
            "authorization: Bearer xoxb-1-secret\r\n",
        ],
    );
    refuses(
        "github",
        "GITHUB_TOKEN=ghp_secret\n",
        "GITHUB_API_URL",
        r#"{"login":"octocat"}"#,
        ("401 Unauthorized", r#"{"message":"Bad credentials"}"#),
        &["GET /user ", "authorization: Bearer ghp_secret\r\n"],
    );
    refuses(
        "orchestrator",
        "WEB_SEARCH_PROVIDER=brave\nBRAVE_API_KEY=brave-secret\n",
        "WEB_SEARCH_URL",
        r#"{"type":"search"}"#,
        (
            "422 Unprocessable Entity",
            r#"{"type":"ErrorResponse","error":{"code":"SUBSCRIPTION_TOKEN_INVALID","detail":"The provided subscription token is invalid."}}"#,
        ),
        &[
            "GET /res/v1/web/search?q=atlas&count=1 ",
            "x-subscription-token: brave-secret\r\n",
        ],
    );
    refuses(
        "notion",
        "NOTION_API_KEY=ntn_secret\n",
        "NOTION_API_URL",
        r#"{"object":"user","name":"Atlas"}"#,
        (
            "401 Unauthorized",
            r#"{"code":"unauthorized","message":"API token is invalid."}"#,
        ),
        &["GET /v1/users/me ", "notion-version: 2022-06-28\r\n"],
    );
    refuses(
        "linear",
        "LINEAR_API_KEY=lin_api_secret\n",
        "LINEAR_API_URL",
        r#"{"data":{"viewer":{"name":"Ada"}}}"#,
        (
            "400 Bad Request",
            r#"{"errors":[{"message":"Authentication required"}]}"#,
        ),
        &[
            "POST /graphql ",
            "authorization: lin_api_secret\r\n",
            "viewer",
        ],
    );
    refuses(
        "figma",
        "FIGMA_TOKEN=figd_secret\nFIGMA_TEAM_ID=1\n",
        "FIGMA_API_URL",
        r#"{"email":"a@acme.example"}"#,
        ("403 Forbidden", r#"{"status":403,"err":"Invalid token"}"#),
        &["GET /v1/me ", "x-figma-token: figd_secret\r\n"],
    );
    refuses(
        "microsoft365",
        "MS_CLIENT_ID=00000000-0000-0000-0000-000000000001\nMS_CLIENT_SECRET=se~cr+et\nMS_TENANT_ID=acme\n",
        "MS_LOGIN_URL",
        r#"{"access_token":"t"}"#,
        (
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"AADSTS7000215"}"#,
        ),
        &[
            "POST /acme/oauth2/v2.0/token ",
            "client_secret=se~cr%2Bet",
            "grant_type=client_credentials",
        ],
    );
    refuses(
        "google",
        "GOOGLE_CLIENT_ID=id\nGOOGLE_CLIENT_SECRET=GOCSPX-1\nGOOGLE_REFRESH_TOKEN=1//secret\n",
        "GOOGLE_LOGIN_URL",
        r#"{"access_token":"t"}"#,
        (
            "400 Bad Request",
            r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
        ),
        &[
            "POST /token ",
            "grant_type=refresh_token",
            "refresh_token=1%2F%2Fsecret",
        ],
    );
    refuses(
        "devtools",
        "STACKOVERFLOW_KEY=secretkey\n",
        "STACKOVERFLOW_API_URL",
        r#"{"items":[]}"#,
        (
            "400 Bad Request",
            r#"{"error_id":400,"error_message":"key"}"#,
        ),
        &["GET /2.3/info?site=stackoverflow&key=secretkey "],
    );
    for (service, path) in [
        ("confluence", "/wiki/rest/api/user/current"),
        ("jira", "/rest/api/3/myself"),
    ] {
        let prefix = service.to_ascii_uppercase();
        refuses(
            service,
            &format!("{prefix}_USERNAME=a@acme.example\n{prefix}_TOKEN=secret\n"),
            &format!("{prefix}_URL"),
            r#"{"displayName":"Ada"}"#,
            ("401 Unauthorized", "no"),
            &[
                &format!("GET {path} "),
                "authorization: Basic YUBhY21lLmV4YW1wbGU6c2VjcmV0\r\n",
            ],
        );
    }
}

#[test]
fn a_missing_scope_is_a_warning_and_what_is_not_known_is_no_failure() {
    let vendor = Vendor::new("");
    let good = || {
        vendor.answers(
            "200 OK",
            "x-oauth-scopes: repo, read:org\r\n",
            r#"{"login":"octocat"}"#,
        )
    };
    good();
    let project = project(
        "github",
        &format!("GITHUB_TOKEN=ghp_secret\nGITHUB_API_URL={}\n", vendor.url),
    );
    fault(
        &project,
        &OPTIONS,
        "github: a scope is missing",
        "ATLAS-CRED-001",
        || {
            vendor.answers(
                "200 OK",
                "x-oauth-scopes: gist\r\n",
                r#"{"login":"octocat"}"#,
            )
        },
        Mend::by(good),
    );
    fault(
        &project,
        &OPTIONS,
        "github: forbidden",
        "ATLAS-CRED-001",
        || vendor.answers("403 Forbidden", "", r#"{"message":"ghp_secret may not"}"#),
        Mend::by(good),
    );
    let said = |project: &Project| {
        let found = findings(project, &OPTIONS);
        let only = found.first().expect("one finding");
        format!(
            "{}: {}",
            only["result"].as_str().expect("text"),
            only["evidence"][0].as_str().expect("text")
        )
    };
    assert_eq!(said(&project), "pass: these work: github (octocat)");
    vendor.answers("429 Too Many Requests", "", "{}");
    assert_eq!(
        said(&project),
        "not checked: github: the vendor allows no more requests for now (429)"
    );
    vendor.answers("503 Service Unavailable", "", "{}");
    assert_eq!(
        said(&project),
        "not checked: github: an unexpected answer (503)"
    );
    let text = project.read(".env");
    project.write(".env", text.replace(&vendor.url, "http://127.0.0.1:9"));
    assert_eq!(
        said(&project),
        "not checked: github: the vendor cannot be reached from here"
    );
    let run = project.run(&["env", "check", "--online", "--json"]);
    assert!(!run.stdout.contains("ghp_secret"), "{}", run.stdout);
}
