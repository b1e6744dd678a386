//! SearXNG. Shapes: <https://docs.searxng.org/dev/search_api.html>

use serde_json::{Value, json};

use super::{found, refused, urls};
use crate::fake::{Fake, Reply};

pub(super) fn item(number: usize) -> Value {
    json!({
        "url": format!("https://example.com/{number}"), "title": format!("Page {number}"), "content": "about x", "engine": "mojeek",
        "engines": ["mojeek", "qwant"], "positions": [1], "score": 4.0, "category": "general", "publishedDate": null, "template": "default.html"
    })
}

pub(super) fn page(results: Vec<Value>, unresponsive: Value) -> Reply {
    Reply::json(json!({
        "query": "x", "number_of_results": 0, "results": results, "answers": [], "corrections": [], "infoboxes": [], "suggestions": [],
        "unresponsive_engines": unresponsive
    }))
}

#[tokio::test]
async fn searxng_is_asked_page_by_page_and_its_results_are_those_of_a_service() {
    let vendor = Fake::start(|asked, _| match asked.query("pageno") {
        Some("1") => page(
            vec![
                json!({
                    "url": "https://docs.rs/tokio", "title": "Tokio &amp; <b>async</b>", "content": "A <em>runtime</em> for Rust",
                    "engine": "qwant", "publishedDate": "2026-01-30T00:00:00"
                }),
                json!({"url": "javascript:alert(1)", "title": "no"}),
                item(1),
            ],
            json!([["brave", "timeout"]]),
        ),
        // An engine may repeat itself.
        Some("2") => page(vec![item(1), item(2), item(3)], json!([])),
        other => panic!("asked for page {other:?}"),
    })
    .await;

    let results = found("searxng", &vendor, "tokio !g runtime", 3).await;

    assert_eq!(
        results[0],
        json!({
            "id": "https://docs.rs/tokio", "title": "Tokio & async", "content": "A runtime for Rust", "url": "https://docs.rs/tokio",
            "source": "web", "score": 1.0, "metadata": {"site": "docs.rs", "published": "2026-01-30T00:00:00", "engine": "qwant"}
        })
    );
    assert_eq!(
        urls(&results)[1..],
        ["https://example.com/1", "https://example.com/2"]
    );
    assert_eq!(results[1]["metadata"]["engine"], "mojeek, qwant");
    let asked = &vendor.seen()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("GET", "/search")
    );
    // A bang would lead to another site.
    assert_eq!(
        (asked.query("q"), asked.query("format")),
        (Some("tokio g runtime"), Some("json"))
    );
}

/// "Requesting an unset format will return a 403 Forbidden error."
#[tokio::test]
async fn what_searxng_does_not_do_is_said_in_words() {
    for (reply, code, message) in [
        (
            Reply::text(403, "text/html", "<title>403 Forbidden</title>"),
            "vendor_forbidden",
            "searxng gives no JSON: add `json` to `formats` below `search` in its settings.yml",
        ),
        (
            page(
                vec![],
                json!([["duckduckgo", "CAPTCHA"], ["qwant", "timeout"]]),
            ),
            "unavailable",
            "searxng found nothing, and engines did not answer it: duckduckgo (CAPTCHA), qwant (timeout)",
        ),
        (
            Reply::text(200, "text/html", "<h1>Search</h1>"),
            "bad_answer",
            "searxng answered with a web page that is not the JSON it documents; is its URL right?",
        ),
        (
            Reply::status(404),
            "vendor_not_found",
            "searxng has no such API at this address; check `WEB_SEARCH_URL`",
        ),
    ] {
        assert_eq!(
            refused("searxng", reply).await,
            (code.to_owned(), message.to_owned())
        );
    }
    let vendor = Fake::always(page(vec![], json!([]))).await;
    assert_eq!(found("searxng", &vendor, "x", 5).await, json!([]));
}
