//! The web, in the role that asks it; each provider in its file.

mod brave;
mod duckduckgo;
mod searxng;

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::running::{Running, eventually};
use searxng::{item, page};

/// The gateway of the minimal profile with these variables, and what it takes to start.
async fn gateway(variables: &[(&str, &str)]) -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = variables.to_vec();
    all.push(("ATLAS_DATA_DIR", folder.path().to_str().unwrap()));
    (Running::start("gateway", &all).await, folder)
}

async fn provider(name: &str, url: &str) -> (Running, tempfile::TempDir) {
    let variables = [
        ("WEB_SEARCH_PROVIDER", name),
        ("WEB_SEARCH_URL", url),
        ("BRAVE_API_KEY", "BSAk3y"),
        ("VENDOR_TIMEOUT_MS", "3000"),
    ];
    gateway(&variables).await
}

fn only_web(query: &str, limit: usize) -> Value {
    json!({"query": query, "limit": limit, "services": ["web"]})
}

/// The results of a search by this provider.
async fn found(name: &str, vendor: &Fake, query: &str, limit: usize) -> Value {
    let (gateway, _folder) = provider(name, &vendor.url).await;
    let (status, mut body) = gateway.post("/api/search", only_web(query, limit)).await;
    assert_eq!((status, &body["errors"]), (200, &json!({})), "{body}");
    body["results"].take()
}

/// Code and words of the fault if the provider answers like this.
async fn refused(name: &str, reply: Reply) -> (String, String) {
    let vendor = Fake::always(reply).await;
    let (gateway, _folder) = provider(name, &vendor.url).await;
    let (_, body) = gateway.post("/api/search", only_web("x", 10)).await;
    assert!(!body.to_string().contains("BSAk3y"), "{body}");
    let error = &body["errors"]["web"];
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

fn urls(results: &Value) -> Vec<&str> {
    let results = results.as_array().unwrap().iter();
    results.map(|hit| hit["url"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn whoever_asks_the_services_asks_the_web_too() {
    let vendor = Fake::start(|asked, _| match asked.query("q") {
        // As SearXNG answers a search without words where JSON is on.
        None => Reply::text(400, "application/json", r#"{"error": "No query"}"#),
        Some(_) => page(vec![item(1)], json!([])),
    })
    .await;
    let variables = [
        ("WEB_SEARCH_PROVIDER", "SearXNG"),
        ("WEB_SEARCH_URL", vendor.url.as_str()),
    ];
    let orchestrator = Running::start("orchestrator", &variables).await;
    let (minimal, _folder) = gateway(&variables).await;
    let (full, _other) = gateway(&[("ORCHESTRATOR_URL", &orchestrator.url)]).await;
    for gateway in [&minimal, &full] {
        let (_, services) = gateway.get("/api/services").await;
        let rows = services["services"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == "web").unwrap();
        assert_eq!(
            row,
            &json!({"name": "web", "enabled": true, "status": "healthy", "configured": true})
        );
        let (_, body) = gateway.post("/api/search", only_web("x", 5)).await;
        assert_eq!(urls(&body["results"]), ["https://example.com/1"]);
        assert_eq!(body["sources_responded"], json!(["web"]));

        let stream = gateway
            .request(reqwest::Method::POST, "/api/search/stream")
            .json(&only_web("x", 5));
        let events = stream.send().await.unwrap().text().await.unwrap();
        assert!(
            events.contains("event: results\ndata: {\"service\":\"web\",\"results\":[{\"id\":\"https://example.com/1\""),
            "{events}"
        );
    }
    let ask = async || minimal.get("/api/health/detailed").await.1;
    let mut health = eventually(ask, |health| health["services"]["web"].is_object()).await;
    assert_eq!(
        without_last_call(&mut health["services"]["web"]),
        json!({"status": "healthy", "configured": true, "reason": "searxng answers in JSON"})
    );
    let metrics = minimal.request(reqwest::Method::GET, "/metrics");
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("atlas_upstream_calls_total{upstream=\"searxng\",outcome=\"ok\"} 2"),
        "{metrics}"
    );
}

/// How the web is, but for the moment at which it was asked last.
fn without_last_call(web: &mut Value) -> Value {
    let call = web.as_object_mut().unwrap().remove("last_call");
    assert_eq!(call.unwrap()["outcome"], "ok");
    web.take()
}

#[tokio::test]
async fn brave_and_duckduckgo_are_looked_at_without_a_search() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/html/" => Reply::text(
            200,
            "text/html",
            r#"<form id="search_form_homepage"></form>"#,
        ),
        // The key is good, the question is not.
        _ => Reply::text(
            422,
            "application/json",
            r#"{"error": {"code": "VALIDATION", "detail": "no q"}}"#,
        ),
    })
    .await;
    for (name, reason) in [
        ("brave", "brave knows the key"),
        (
            "duckduckgo",
            "duckduckgo shows its page; DuckDuckGo has no API: its page soon takes a program for a robot",
        ),
    ] {
        let (gateway, _folder) = provider(name, &vendor.url).await;
        let (_, mut health) = gateway.get("/api/health/detailed").await;
        assert_eq!(
            without_last_call(&mut health["services"]["web"]),
            json!({"status": "healthy", "configured": true, "reason": reason})
        );
    }
    assert!(vendor.seen().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test]
async fn nobody_is_asked_whom_nobody_chose() {
    let vendor = Fake::always(page(vec![item(1)], json!([]))).await;
    let (none, _folder) = gateway(&[("WEB_SEARCH_URL", &vendor.url), ("BRAVE_API_KEY", "k")]).await;
    let (_, services) = none.get("/api/services").await;
    let names: Vec<&str> = services["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["confluence", "jira"]);
    none.post("/api/search", json!({"query": "x"})).await;
    assert!(vendor.seen().is_empty());

    // Chosen, but without what it takes.
    for (name, variable) in [("searxng", "WEB_SEARCH_URL"), ("brave", "BRAVE_API_KEY")] {
        let (gateway, _folder) = gateway(&[("WEB_SEARCH_PROVIDER", name)]).await;
        let (_, body) = gateway.post("/api/search", only_web("x", 5)).await;
        assert_eq!(
            body["errors"]["web"],
            json!({"code": "not_configured", "message": format!("web is not configured: set `{variable}`")})
        );
    }
}
