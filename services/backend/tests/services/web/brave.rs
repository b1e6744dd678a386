//! Brave Search. Shapes: <https://api-dashboard.search.brave.com/api-reference/web/search/get>

use serde_json::{Value, json};

use super::{found, refused};
use crate::fake::{Fake, Reply};

fn page(numbers: std::ops::Range<usize>, more: bool) -> Value {
    let results = numbers.map(|number| {
        json!({
            "type": "search_result", "title": format!("Page {number}"), "url": format!("https://example.com/{number}"), "is_source_local": false,
            "description": "what <strong>x</strong> &amp; y are", "age": "2 days ago", "page_age": "2026-01-30T10:00:00", "language": "en",
            "family_friendly": true, "profile": {"name": "Example"}, "meta_url": {"scheme": "https", "hostname": "example.com"}
        })
    });
    let results: Vec<Value> = results.collect();
    json!({
        "type": "search", "query": {"original": "x", "more_results_available": more}, "web": {"type": "search", "results": results}
    })
}

/// `offset` counts pages of `count` results. <https://api-dashboard.search.brave.com/documentation/guides/rate-limiting>: one request
/// per second is a plan of theirs, and every answer tells how many are left.
#[tokio::test]
async fn brave_is_asked_with_the_key_and_no_faster_than_it_allows() {
    let vendor = Fake::start(|asked, _| match asked.query("offset") {
        Some("0") => Reply::json(page(0..20, true))
            .with("x-ratelimit-limit", "1, 15000")
            .with("x-ratelimit-policy", "1;w=1, 15000;w=2592000")
            .with("x-ratelimit-remaining", "0, 14523")
            .with("x-ratelimit-reset", "1, 1419704"),
        Some("1") => Reply::json(page(20..40, true)),
        other => panic!("asked for page {other:?}"),
    })
    .await;
    let started = std::time::Instant::now();

    let results = found("brave", &vendor, "x: \"y\"", 25).await;

    assert!(started.elapsed() >= std::time::Duration::from_secs(1));
    assert_eq!(results.as_array().unwrap().len(), 25);
    assert_eq!(
        results[0],
        json!({
            "id": "https://example.com/0", "title": "Page 0", "content": "what x & y are", "url": "https://example.com/0", "source": "web",
            "score": 1.0, "metadata": {"site": "example.com", "published": "2026-01-30T10:00:00", "engine": "brave"}
        })
    );
    let asked = &vendor.seen()[0];
    assert_eq!(asked.path, "/res/v1/web/search");
    assert_eq!(asked.header("x-subscription-token"), "BSAk3y");
    assert_eq!(
        (asked.query("q"), asked.query("count")),
        (Some("x y"), Some("20"))
    );
}

#[tokio::test]
async fn braves_refusals_are_understood() {
    let error = |status: u16, code: &str, detail: &str| {
        let error =
            json!({"id": "5d832250", "status": status, "code": code, "detail": detail, "meta": {}});
        let body = json!({"type": "ErrorResponse", "error": error, "time": 1_663_072_993});
        Reply::text(status, "application/json", &body.to_string())
    };
    for (reply, code, message) in [
        (
            error(
                422,
                "SUBSCRIPTION_TOKEN_INVALID",
                "The provided subscription token is invalid.",
            ),
            "vendor_unauthorized",
            "brave does not know the key; check `BRAVE_API_KEY`",
        ),
        (
            error(422, "VALIDATION", "Unable to validate request parameter(s)"),
            "query_rejected",
            "brave refused the query: Unable to validate request parameter(s)",
        ),
        (
            error(429, "RATE_LIMITED", "Request rate limit exceeded for plan.")
                .with("x-ratelimit-limit", "1, 15000")
                .with("x-ratelimit-remaining", "1, 0")
                .with("x-ratelimit-reset", "1, 1419704"),
            "vendor_rate_limited",
            "brave asked us to slow down: Request rate limit exceeded for plan.",
        ),
    ] {
        assert_eq!(
            refused("brave", reply).await,
            (code.to_owned(), message.to_owned())
        );
    }
    // Nothing found.
    let nothing = Reply::json(json!({"type": "search", "query": {"original": "x"}}));
    let vendor = Fake::always(nothing).await;
    assert_eq!(found("brave", &vendor, "x", 5).await, json!([]));
}
