//! What vendors do to us, and what our client hears of it. Status codes and headers as in
//! <https://developer.atlassian.com/cloud/jira/platform/rate-limiting/> and
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes>.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::fake::{Fake, Reply};
use crate::running::{Running, code};

async fn start(vendor: &str, budget_ms: &str) -> Running {
    let variables = [
        ("JIRA_URL", vendor),
        ("JIRA_USERNAME", "ann@example.com"),
        ("JIRA_TOKEN", "t0ken"),
        ("VENDOR_TIMEOUT_MS", budget_ms),
    ];
    Running::start("jira", &variables).await
}

async fn search(reply: Reply) -> (u16, serde_json::Value, usize) {
    let vendor = Fake::always(reply).await;
    let (status, body) = start(&vendor.url, "3000").await.search("x").await;
    (status, body, vendor.seen().len())
}

#[tokio::test]
async fn refused_credentials_name_their_variables_and_are_not_tried_again() {
    let (status, body, calls) = search(Reply::status(401)).await;
    assert_eq!(
        (status, code(&body), calls),
        (502, "vendor_unauthorized", 1)
    );
    assert_eq!(
        body["error"]["message"],
        "jira refused the credentials; check `JIRA_USERNAME` and `JIRA_TOKEN`"
    );
    assert!(!body.to_string().contains("t0ken"));
}

#[tokio::test]
async fn a_missing_permission_is_told_apart_from_wrong_credentials() {
    let (status, body, _) = search(Reply::status(403)).await;
    assert_eq!((status, code(&body)), (502, "vendor_forbidden"));
}

#[tokio::test]
async fn a_refused_query_is_the_clients_affair() {
    let said = json!({"errorMessages": ["The value 'NOPE' does not exist for the field 'project'."], "warningMessages": []});
    let (status, body, calls) =
        search(Reply::text(400, "application/json", &said.to_string())).await;
    assert_eq!((status, code(&body), calls), (422, "query_rejected", 1));
    assert_eq!(
        body["error"]["message"],
        "jira refused the query: The value 'NOPE' does not exist for the field 'project'."
    );
}

#[tokio::test]
async fn a_web_page_hints_at_the_address() {
    let (status, body, _) = search(Reply::text(
        200,
        "text/html",
        "<!doctype html><title>Log in</title>",
    ))
    .await;
    assert_eq!((status, code(&body)), (502, "bad_answer"));
    assert_eq!(
        body["error"]["message"],
        "jira answered with a web page that is not the JSON it documents; is its URL right?"
    );

    let (status, body, calls) =
        search(Reply::status(302).with("location", "https://id.example/login")).await;
    assert_eq!((status, code(&body), calls), (502, "bad_answer", 1));
}

#[tokio::test]
async fn malformed_json_is_a_bad_answer() {
    for text in ["{\"issues\": [", "[]", "{\"issues\": [{\"id\": 7}]}", ""] {
        let (status, body, _) = search(Reply::text(200, "application/json", text)).await;
        assert_eq!((status, code(&body)), (502, "bad_answer"), "{text}");
    }
}

#[tokio::test]
async fn a_short_wait_the_vendor_asks_for_is_waited_out() {
    let vendor = Fake::start(|_, before| match before {
        0 => Reply::status(429)
            .with("retry-after", "1")
            .with("x-ratelimit-remaining", "0"),
        _ => Reply::json(json!({"issues": []})),
    })
    .await;
    let started = Instant::now();
    let (status, _) = start(&vendor.url, "5000").await.search("x").await;
    assert_eq!((status, vendor.seen().len()), (200, 2));
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_long_wait_is_passed_on_and_kept() {
    let vendor = Fake::always(Reply::status(429).with("retry-after", "30")).await;
    let service = start(&vendor.url, "3000").await;
    for _ in 0..2 {
        let response = service
            .request(reqwest::Method::POST, "/search")
            .json(&json!({"query": "x"}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 503);
        let wait: u64 = response.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((28..=30).contains(&wait), "{wait}");
        assert_eq!(code(&response.json().await.unwrap()), "vendor_rate_limited");
    }
    assert_eq!(
        vendor.seen().len(),
        1,
        "the vendor is left alone until then"
    );
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let vendor = Fake::start(|_, before| match before {
        0 => Reply::status(503),
        1 => Reply::text(502, "text/html", "<h1>Bad gateway</h1>"),
        _ => Reply::json(json!({"issues": []})),
    })
    .await;
    let (status, body) = start(&vendor.url, "3000").await.search("x").await;
    assert_eq!((status, body, vendor.seen().len()), (200, json!([]), 3));
}

#[tokio::test]
async fn a_lasting_failure_opens_the_circuit() {
    let vendor = Fake::always(Reply::status(500)).await;
    let service = start(&vendor.url, "3000").await;
    for _ in 0..4 {
        let (status, body) = service.search("x").await;
        assert_eq!((status, code(&body)), (502, "unavailable"));
    }
    assert_eq!(
        vendor.seen().len(),
        5,
        "after five failures in a row nothing is sent for a while"
    );
    let (_, body) = service.search("x").await;
    assert_eq!(
        body["error"]["message"],
        "jira failed repeatedly and is left alone for a moment"
    );
}

#[tokio::test]
async fn a_slow_vendor_costs_no_more_than_the_budget() {
    let vendor =
        Fake::always(Reply::json(json!({"issues": []})).after(Duration::from_secs(60))).await;
    let started = Instant::now();
    let (status, body) = start(&vendor.url, "300").await.search("x").await;
    assert_eq!((status, code(&body)), (504, "timeout"));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_vendor_that_is_not_there_is_unavailable_and_counted() {
    let service = start("http://127.0.0.1:9", "1000").await;
    let (status, body) = service.search("x").await;
    assert_eq!((status, code(&body)), (502, "unavailable"));
    let metrics = service
        .request(reqwest::Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("atlas_upstream_calls_total{upstream=\"jira\",outcome=\"unavailable\"}"),
        "{metrics}"
    );
    assert!(
        metrics
            .contains("atlas_requests_total{route=\"/search\",method=\"POST\",status=\"502\"} 1"),
        "{metrics}"
    );
}
