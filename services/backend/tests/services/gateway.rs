//! The gateway in the minimal profile: no orchestrator, no MongoDB, no Redis; and over a real orchestrator.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{Fake, Reply};
use crate::orchestrator::names;
use crate::running::{Running, answer, code, eventually};

pub(crate) async fn start(folder: &TempDir, more: &[(&str, &str)]) -> Running {
    let folder = folder.path().to_str().unwrap();
    let mut variables = vec![("ATLAS_DATA_DIR", folder)];
    variables.extend_from_slice(more);
    Running::start("gateway", &variables).await
}

async fn put(gateway: &Running, path: &str, body: Value) -> (u16, Value) {
    answer(gateway.request(Method::PUT, path).json(&body)).await
}

const KEY: (&str, &str) = ("ATLAS_SECRET_KEY", "correct horse battery staple");

#[tokio::test]
async fn it_answers_confluence_and_jira_itself_when_there_is_no_orchestrator() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/rest/api/3/search/jql" => Reply::json(json!({"issues": [{"id": "1", "key": "OPS-1", "fields": {"summary": "s"}}]})),
        _ => Reply::json(json!({"results": [{"title": "Page", "url": "/p", "content": {"id": "7"}}], "_links": {}})),
    })
    .await;
    let folder = TempDir::new().unwrap();
    let variables = [
        ("JIRA_URL", vendor.url.as_str()),
        ("JIRA_USERNAME", "ann"),
        ("JIRA_TOKEN", "t"),
        ("CONFLUENCE_URL", &vendor.url),
        ("CONFLUENCE_USERNAME", "ann"),
        ("CONFLUENCE_TOKEN", "t"),
    ];
    let gateway = start(&folder, &variables).await;

    let (status, body) = gateway
        .post(
            "/api/search",
            json!({"query": "x", "user_id": "ann@example.com"}),
        )
        .await;
    assert_eq!(
        (status, &body["sources_responded"]),
        (200, &json!(["confluence", "jira"]))
    );
    assert_eq!(body["results"].as_array().unwrap().len(), 2);

    let history = async || gateway.get("/api/history/ann@example.com").await.1;
    let history = eventually(history, |history| history["history"] != json!([])).await;
    let row = &history["history"][0];
    assert_eq!(
        (&row["query"], &row["results"], &row["sources"]),
        (&json!("x"), &json!(2), &json!(["confluence", "jira"]))
    );
    assert!(row["timestamp"].as_str().unwrap().ends_with('Z'));

    let (_, health) = gateway.get("/api/health").await;
    assert_eq!(
        (&health["status"], &health["mode"]),
        (&json!("healthy"), &json!("minimal"))
    );
    assert_eq!(
        health["dependencies"],
        json!({"embedded_store": {"status": "healthy"}})
    );
    let (_, mut services) = gateway.get("/api/services").await;
    let confluence = &mut services["services"][0];
    let call = confluence.as_object_mut().unwrap().remove("last_call");
    assert_eq!(
        *confluence,
        json!({"name": "confluence", "enabled": true, "status": "healthy", "configured": true})
    );
    assert_eq!(call.unwrap()["outcome"], "ok");

    let (_, again) = gateway.post("/api/search", json!({"query": "x"})).await;
    let kept = again["cached"].as_object().unwrap();
    assert_eq!(kept.len(), 2, "{again}");
}

#[tokio::test]
async fn history_is_newest_first_limited_and_forgotten_on_demand() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    for query in ["first", "second"] {
        gateway
            .post("/api/search", json!({"query": query, "user_id": "ann"}))
            .await;
        let seen = async || gateway.get("/api/history/ann").await.1["history"][0]["query"].clone();
        eventually(seen, |latest| latest == query).await;
    }
    let (_, body) = gateway.get("/api/history/ann?limit=1").await;
    assert_eq!(body["history"].as_array().unwrap().len(), 1);
    assert_eq!(
        gateway.get("/api/history/bob").await.1["history"],
        json!([])
    );

    let deleted = answer(gateway.request(Method::DELETE, "/api/history/ann")).await;
    assert_eq!(deleted, (200, json!({"user_id": "ann", "deleted": 2})));
    assert_eq!(
        gateway.get("/api/history/ann").await.1["history"],
        json!([])
    );
}

#[tokio::test]
async fn secret_settings_can_be_written_but_never_read() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[KEY]).await;
    let sent = json!({"theme": "dark", "max_tokens": 4096, "jira": {"url": "https://a", "apiToken": "s3cret-value"}});

    let (status, body) = put(&gateway, "/api/settings/ann", sent).await;

    let shown = json!({"theme": "dark", "max_tokens": 4096, "jira": {"url": "https://a", "apiToken": {"set": true}}});
    assert_eq!((status, &body["settings"]), (200, &shown));
    assert_eq!(gateway.get("/api/settings/ann").await.1["settings"], shown);

    // What was got may be put back, and keeps the secret.
    put(&gateway, "/api/settings/ann", shown.clone()).await;
    assert_eq!(gateway.get("/api/settings/ann").await.1["settings"], shown);
    put(
        &gateway,
        "/api/settings/ann",
        json!({"jira": {"apiToken": null}}),
    )
    .await;
    assert_eq!(
        gateway.get("/api/settings/ann").await.1["settings"],
        json!({"jira": {}})
    );

    gateway.stop().await;
    let stored = std::fs::read(folder.path().join("atlas.redb")).unwrap();
    assert!(
        !stored.windows(12).any(|window| window == b"s3cret-value"),
        "sealed at rest"
    );
}

#[tokio::test]
async fn without_a_key_secrets_are_refused_and_the_rest_is_not() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    let (status, body) = put(
        &gateway,
        "/api/settings/ann",
        json!({"jira_token": "s3cret"}),
    )
    .await;
    assert_eq!((status, code(&body)), (422, "secret_key_missing"));
    assert_eq!(
        body["error"]["message"],
        "`jira_token` looks like a secret, and secrets are stored only encrypted: set `ATLAS_SECRET_KEY`"
    );
    assert_eq!(
        put(&gateway, "/api/settings/ann", json!({"theme": "dark"}))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn settings_outlive_a_restart_and_bad_ones_are_refused() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    assert_eq!(
        gateway.get("/api/settings/ann").await.1,
        json!({"user_id": "ann", "settings": {}})
    );
    put(&gateway, "/api/settings/ann", json!({"theme": "dark"})).await;
    for (path, body) in [
        ("/api/settings/ann", json!([1])),
        ("/api/settings/ann", json!({"$set": 1})),
        ("/api/settings/ann", json!({"a.b": 1})),
        ("/api/settings/ann", json!({"n": u64::MAX})),
        ("/api/settings/a%20b", json!({})),
    ] {
        let (status, said) = put(&gateway, path, body.clone()).await;
        assert_eq!(
            (status, code(&said)),
            (400, "invalid_request"),
            "{path} {body}"
        );
    }
    gateway.stop().await;

    let gateway = start(&folder, &[]).await;
    assert_eq!(
        gateway.get("/api/settings/ann").await.1["settings"],
        json!({"theme": "dark"})
    );
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let variables = [("ATLAS_DATA_DIR", file.to_str().unwrap())]
        .into_iter()
        .collect();
    let config = atlas_backend::roles::configure("gateway", &variables).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = atlas_backend::roles::serve_on("gateway", config, listener, std::future::pending())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("failed to serve `gateway`: `ATLAS_DATA_DIR` ("),
        "{error}"
    );
}

async fn jira_over(vendor: &Fake) -> Running {
    let variables = [
        ("JIRA_URL", vendor.url.as_str()),
        ("JIRA_USERNAME", "ann"),
        ("JIRA_TOKEN", "t"),
    ];
    Running::start("jira", &variables).await
}

fn one_issue() -> Reply {
    Reply::json(json!({"issues": [{"id": "1", "key": "OPS-1", "fields": {"summary": "s"}}]}))
}

#[tokio::test]
async fn it_searches_through_a_real_orchestrator() {
    let vendor = Fake::always(one_issue()).await;
    let jira = jira_over(&vendor).await;
    let orchestrator = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &jira.url)]).await;
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("ORCHESTRATOR_URL", &orchestrator.url)]).await;

    let request = gateway
        .request(Method::POST, "/api/search")
        .header("x-request-id", "trace-7");
    let (status, body) = answer(request.json(&json!({"query": "x"}))).await;
    assert_eq!(
        (status, &body["results"][0]["title"]),
        (200, &json!("OPS-1: s"))
    );
    let id = vendor.seen()[0].header("x-request-id").to_owned();
    assert_eq!(id, "trace-7", "one id from the client to the vendor");

    let (status, body) = gateway
        .post("/api/search", json!({"query": "x", "services": ["nope"]}))
        .await;
    assert_eq!((status, code(&body)), (400, "unknown_service"));
    assert_eq!(
        gateway.get("/api/services").await.1["services"][0]["name"],
        "jira"
    );
}

#[tokio::test]
async fn it_streams_through_a_real_orchestrator_and_remembers_what_was_done() {
    let vendor = Fake::always(one_issue()).await;
    let jira = jira_over(&vendor).await;
    let orchestrator = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &jira.url)]).await;
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("ORCHESTRATOR_URL", &orchestrator.url)]).await;

    let stream = gateway
        .request(Method::POST, "/api/search/stream")
        .header("x-user-id", "bob");
    let response = stream
        .json(&json!({"query": "streamed"}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(
        names(&response.text().await.unwrap()),
        ["start", "results", "done"]
    );

    let row = async || gateway.get("/api/history/bob").await.1["history"][0].clone();
    let row = eventually(row, |row| !row.is_null()).await;
    assert_eq!(
        (&row["query"], &row["results"]),
        (&json!("streamed"), &json!(1))
    );
}

#[tokio::test]
async fn a_stream_whose_orchestrator_goes_away_ends_in_an_error() {
    let vendor = Fake::always(one_issue().after(Duration::from_secs(60))).await;
    let jira = jira_over(&vendor).await;
    let orchestrator = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &jira.url)]).await;
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("ORCHESTRATOR_URL", &orchestrator.url)]).await;

    let request = gateway
        .request(Method::POST, "/api/search/stream")
        .json(&json!({"query": "x"}));
    let response = request.send().await.unwrap();
    orchestrator.stop().await;

    let text = response.text().await.unwrap();
    assert_eq!(names(&text).last(), Some(&"error"));
    assert!(text.contains("orchestrator broke off its answer"), "{text}");
}

#[tokio::test]
async fn health_follows_the_orchestrator() {
    let orchestrator = Running::start("orchestrator", &[]).await;
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("ORCHESTRATOR_URL", &orchestrator.url)]).await;
    let (status, body) = gateway.get("/api/health").await;
    assert_eq!(
        (status, &body["dependencies"]["orchestrator"]["status"]),
        (200, &json!("healthy"))
    );

    orchestrator.stop().await;
    let (_, body) = eventually(
        async || gateway.get("/api/health").await,
        |(status, _)| *status == 503,
    )
    .await;
    assert_eq!(
        (&body["status"], &body["reason"]),
        (&json!("unhealthy"), &json!("not well: orchestrator"))
    );
    assert_eq!(
        body["dependencies"]["orchestrator"]["reason"],
        "orchestrator cannot be reached"
    );
    let (status, body) = gateway.post("/api/search", json!({"query": "x"})).await;
    assert_eq!((status, code(&body)), (502, "unavailable"));
}
