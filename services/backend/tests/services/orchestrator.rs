//! The orchestrator over services that answer, lag, die and come back.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::running::{Running, answer, code, eventually, header};

fn hits(source: &str, ids: &[&str]) -> Value {
    let hit = |id: &&str| json!({"id": id, "title": id, "content": "", "url": format!("https://{source}/{id}"), "source": source, "score": 0.9, "metadata": {}});
    ids.iter().map(hit).collect()
}

/// A service that speaks our own contract.
async fn service(name: &'static str, results: Value) -> Fake {
    Fake::start(move |asked, _| match asked.path.as_str() {
        "/health" => Reply::json(json!({"status": "healthy", "service": name, "version": "0.1.0", "uptime_seconds": 1, "configured": true})),
        _ => Reply::json(results.clone()),
    })
    .await
}

#[tokio::test]
async fn results_are_merged_by_rank_and_accounted_for() {
    let jira = service("jira", hits("jira", &["j1", "j2"])).await;
    let wiki = service("confluence", hits("confluence", &["c1"])).await;
    let it = Running::start(
        "orchestrator",
        &[
            ("JIRA_SERVICE_URL", &jira.url),
            ("CONFLUENCE_SERVICE_URL", &wiki.url),
        ],
    )
    .await;

    let (status, body) = it
        .post(
            "/search",
            json!({"query": "x", "limit": 10, "filters": {"space": "ENG"}}),
        )
        .await;

    assert_eq!(status, 200);
    let order: Vec<&str> = body["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["c1", "j1", "j2"]);
    assert_eq!(body["sources_queried"], json!(["confluence", "jira"]));
    assert_eq!(body["sources_responded"], json!(["confluence", "jira"]));
    assert!(body["total_time_ms"].is_u64() && body["per_service_time"]["jira"].is_u64());
    let asked = jira
        .seen()
        .into_iter()
        .find(|seen| seen.path == "/search")
        .unwrap();
    assert_eq!(
        asked.body,
        json!({"query": "x", "limit": 10, "filters": {"space": "ENG"}})
    );
}

#[tokio::test]
async fn a_slow_and_a_dead_service_cost_only_their_own_results() {
    let jira = service("jira", hits("jira", &["j1"])).await;
    let slow = Fake::always(Reply::json(json!([])).after(Duration::from_secs(60))).await;
    let variables = [
        ("JIRA_SERVICE_URL", jira.url.as_str()),
        ("SLACK_SERVICE_URL", &slow.url),
        ("SLACK_TIMEOUT_MS", "200"),
        ("GITHUB_SERVICE_URL", "http://127.0.0.1:9"),
    ];
    let it = Running::start("orchestrator", &variables).await;

    let started = Instant::now();
    let (_, body) = it.search("x").await;

    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(body["results"].as_array().unwrap().len(), 1);
    assert_eq!(body["sources_queried"], json!(["github", "jira", "slack"]));
    assert_eq!(body["sources_responded"], json!(["jira"]));
    assert_eq!(body["errors"]["slack"]["code"], "timeout");
    assert_eq!(
        body["errors"]["slack"]["message"],
        "slack did not answer within 200 ms"
    );
    assert_eq!(
        body["errors"]["github"],
        json!({"code": "unavailable", "message": "github cannot be reached"})
    );
}

#[tokio::test]
async fn a_real_service_without_credentials_is_reported_not_failed() {
    let jira = Running::start("jira", &[]).await;
    let it = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &jira.url)]).await;
    let (status, body) = it.search("x").await;
    assert_eq!(
        (status, &body["errors"]["jira"]["code"]),
        (200, &json!("not_configured"))
    );
    let (_, health) = it.get("/health").await;
    assert_eq!(health["services"]["jira"]["configured"], false);
    assert_eq!(health["status"], "healthy");
}

#[tokio::test]
async fn services_are_chosen_switched_and_listed() {
    let jira = service("jira", hits("jira", &["j1"])).await;
    let wiki = service("confluence", hits("confluence", &["c1"])).await;
    let variables = [
        ("JIRA_SERVICE_URL", jira.url.as_str()),
        ("CONFLUENCE_SERVICE_URL", &wiki.url),
        ("DISABLED_SERVICES", "confluence"),
    ];
    let it = Running::start("orchestrator", &variables).await;

    let (_, listed) = it.get("/services").await;
    assert_eq!(
        listed["services"][0],
        json!({"name": "confluence", "enabled": false, "status": "disabled", "configured": false, "reason": "switched off"})
    );
    assert_eq!(
        listed["services"][1],
        json!({"name": "jira", "enabled": true, "status": "healthy", "configured": true})
    );

    let (_, body) = it
        .post("/search", json!({"query": "x", "services": ["confluence"]}))
        .await;
    assert_eq!(
        (&body["results"], &body["errors"]["confluence"]["code"]),
        (&json!([]), &json!("disabled"))
    );

    assert_eq!(
        it.post("/services/confluence/enable", json!({})).await,
        (200, json!({"name": "confluence", "enabled": true}))
    );
    let (_, body) = it
        .post("/search", json!({"query": "x", "services": ["confluence"]}))
        .await;
    assert_eq!(body["results"][0]["id"], "c1");
    assert_eq!(body["sources_queried"], json!(["confluence"]));

    let (status, body) = it
        .post("/search", json!({"query": "x", "services": ["nope"]}))
        .await;
    assert_eq!((status, code(&body)), (400, "unknown_service"));
    let (status, body) = it.post("/services/nope/disable", json!({})).await;
    assert_eq!((status, code(&body)), (404, "not_found"));
}

#[tokio::test]
async fn health_shows_every_service_and_follows_it() {
    let jira = service("jira", json!([])).await;
    let mortal = Running::start("confluence", &[]).await;
    let it = Running::start(
        "orchestrator",
        &[
            ("JIRA_SERVICE_URL", &jira.url),
            ("CONFLUENCE_SERVICE_URL", &mortal.url),
        ],
    )
    .await;

    let (status, body) = it.get("/health").await;
    assert_eq!(
        (
            status,
            &body["status"],
            &body["services"]["confluence"]["status"]
        ),
        (200, &json!("healthy"), &json!("healthy"))
    );

    mortal.stop().await;
    let (status, body) = eventually(
        async || it.get("/health").await,
        |(_, body)| body["status"] == "degraded",
    )
    .await;
    assert_eq!(
        (status, &body["services"]["jira"]["status"]),
        (200, &json!("healthy"))
    );
    assert_eq!(
        body["services"]["confluence"]["reason"],
        "confluence cannot be reached"
    );
    let looks = jira.seen().len();
    for _ in 0..20 {
        it.get("/health").await;
    }
    assert!(
        jira.seen().len() <= looks + 2,
        "findings are shared for a second"
    );
}

#[tokio::test]
async fn a_stream_brings_results_as_they_arrive() {
    let jira = service("jira", hits("jira", &["j1"])).await;
    let slow =
        Fake::always(Reply::json(hits("slack", &["s1"])).after(Duration::from_millis(300))).await;
    let it = Running::start(
        "orchestrator",
        &[
            ("JIRA_SERVICE_URL", &jira.url),
            ("SLACK_SERVICE_URL", &slow.url),
        ],
    )
    .await;

    let response = it
        .request(Method::POST, "/search/stream")
        .json(&json!({"query": "x"}))
        .send()
        .await
        .unwrap();

    assert_eq!(header(&response, "content-type"), Some("text/event-stream"));
    assert_eq!(header(&response, "x-accel-buffering"), Some("no"));
    let text = response.text().await.unwrap();
    let events: Vec<(&str, Value)> = text.split("\n\n").filter_map(event).collect();
    let names: Vec<&str> = events.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["start", "results", "results", "done"]);
    assert_eq!(
        (&events[1].1["service"], &events[2].1["service"]),
        (&json!("jira"), &json!("slack"))
    );
    assert_eq!(
        (
            &events[3].1["total_results"],
            &events[3].1["sources_responded"]
        ),
        (&json!(2), &json!(["jira", "slack"]))
    );
}

/// The names of the events in a stream's text.
pub(crate) fn names(text: &str) -> Vec<&str> {
    text.split("\n\n")
        .filter_map(event)
        .map(|(name, _)| name)
        .collect()
}

pub(crate) fn event(frame: &str) -> Option<(&str, Value)> {
    let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
    Some((
        field("event: ")?,
        serde_json::from_str(field("data: ")?).unwrap(),
    ))
}

#[tokio::test]
async fn a_stop_ends_streams_and_is_quick() {
    let slow = Fake::always(Reply::json(json!([])).after(Duration::from_secs(60))).await;
    let it = Running::start(
        "orchestrator",
        &[
            ("SLACK_SERVICE_URL", &slow.url),
            ("SLACK_TIMEOUT_MS", "20000"),
        ],
    )
    .await;
    let mut response = it
        .request(Method::POST, "/search/stream")
        .json(&json!({"query": "x"}))
        .send()
        .await
        .unwrap();
    assert!(
        response.chunk().await.unwrap().is_some(),
        "the stream has begun"
    );

    let took = it.stop().await;

    assert!(took < Duration::from_secs(1), "{took:?}");
    while response.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
}

#[tokio::test]
async fn without_services_it_is_healthy_and_says_what_to_set() {
    let it = Running::start("orchestrator", &[]).await;
    let (_, body) = it.get("/health").await;
    assert_eq!(
        body["reason"],
        "no service is known: set `<NAME>_SERVICE_URL`"
    );
    assert_eq!(answer(it.request(Method::GET, "/nope")).await.0, 404);
    let (status, body) = answer(it.request(Method::PUT, "/search")).await;
    assert_eq!((status, code(&body)), (405, "method_not_allowed"));
}
