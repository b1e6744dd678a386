//! Confluence Cloud. Shapes of `GET /wiki/rest/api/search`:
//! <https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-search/#api-wiki-rest-api-search-get>

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::running::{Running, answer, code};

pub(crate) async fn start(vendor: &str) -> Running {
    let variables = [
        ("CONFLUENCE_URL", vendor),
        ("CONFLUENCE_USERNAME", "ann@example.com"),
        ("CONFLUENCE_TOKEN", "t0ken"),
    ];
    Running::start("confluence", &variables).await
}

fn result(id: &str, title: &str, excerpt: &str) -> Value {
    json!({
        "content": {"id": id, "type": "page", "status": "current", "title": title, "_links": {"webui": format!("/spaces/ENG/pages/{id}")}},
        "title": title,
        "excerpt": excerpt,
        "url": format!("/spaces/ENG/pages/{id}"),
        "resultGlobalContainer": {"title": "Engineering", "displayUrl": "/spaces/ENG"},
        "breadcrumbs": [],
        "entityType": "content",
        "iconCssClass": "aui-icon content-type-page",
        "lastModified": "2026-01-02T03:04:05.000Z",
        "friendlyLastModified": "Jan 02, 2026",
        "score": 0.0
    })
}

fn page(results: Vec<Value>, next: Option<&str>) -> Value {
    let mut links = json!({"base": "https://acme.atlassian.net/wiki", "context": "/wiki", "self": "https://acme.atlassian.net/wiki/rest/api/search"});
    if let Some(next) = next {
        links["next"] = json!(next);
    }
    json!({"results": results, "start": 0, "limit": 25, "size": 1, "totalSize": 3, "cqlQuery": "", "searchDuration": 21, "_links": links})
}

#[tokio::test]
async fn a_search_gives_plain_text_and_links_a_person_can_open() {
    let found = result(
        "65581",
        "@@@hl@@@Deploy@@@endhl@@@ &amp; roll back",
        "How to <b>@@@hl@@@deploy@@@endhl@@@</b>&nbsp;&lt;fast&gt;",
    );
    let vendor = Fake::always(Reply::json(page(vec![found], None))).await;
    let service = start(&format!("{}/wiki/", vendor.url)).await;

    let (status, body) = service
        .post(
            "/search",
            json!({"query": "deploy", "limit": 5, "filters": {"space": "ENG"}}),
        )
        .await;

    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!([{
            "id": "65581",
            "title": "Deploy & roll back",
            "content": "How to deploy <fast>",
            "url": "https://acme.atlassian.net/wiki/spaces/ENG/pages/65581",
            "source": "confluence",
            "score": 1.0,
            "metadata": {"type": "page", "space": "Engineering", "last_modified": "2026-01-02T03:04:05.000Z"}
        }])
    );
    let asked = &vendor.seen()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("GET", "/wiki/rest/api/search")
    );
    assert_eq!(
        asked.query("cql"),
        Some(r#"text ~ "deploy" AND type in ("page", "blogpost") AND space in ("ENG")"#)
    );
    assert_eq!(asked.query("limit"), Some("5"));
    assert_eq!(
        asked.header("authorization"),
        "Basic YW5uQGV4YW1wbGUuY29tOnQwa2Vu",
        "ann@example.com:t0ken"
    );
}

#[tokio::test]
async fn pages_are_followed_by_cursor_up_to_the_limit() {
    let vendor = Fake::start(|asked, _| match asked.query("cursor") {
        None => Reply::json(page(
            vec![result("1", "one", ""), result("2", "two", "")],
            Some("/rest/api/search?next=true&cursor=abc%3D%3D&limit=2&start=2&cql=x"),
        )),
        Some("abc==") => Reply::json(page(
            vec![result("3", "three", ""), result("4", "four", "")],
            Some("/rest/api/search?cursor=def"),
        )),
        other => panic!("asked for page {other:?}, beyond the limit"),
    })
    .await;
    let service = start(&vendor.url).await;

    let (_, body) = service
        .post("/search", json!({"query": "x", "limit": 3}))
        .await;

    let ids: Vec<&str> = body
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let scores: Vec<f64> = body
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["score"].as_f64().unwrap())
        .collect();
    assert!(
        scores.is_sorted_by(|a, b| a > b) && scores.iter().all(|score| (0.0..=1.0).contains(score)),
        "{scores:?}"
    );
}

/// Whoever answers in a vendor's name must not get a script into a browser.
#[tokio::test]
async fn what_a_browser_must_not_open_is_no_result() {
    let mut script = result("1", "one", "");
    script["url"] = json!("javascript:alert(1)");
    let mut nowhere = result("2", "two", "");
    nowhere["url"] = json!("");
    let elsewhere = result("3", "three", "");
    let found = page(vec![script, nowhere, elsewhere], None);
    let vendor = Fake::always(Reply::json(found)).await;

    let (_, body) = start(&vendor.url).await.search("x").await;

    assert_eq!(crate::running::all(&body, "id"), ["3"]);
}

#[tokio::test]
async fn the_request_id_reaches_the_vendor_and_the_client() {
    let vendor = Fake::always(Reply::json(page(vec![], None))).await;
    let service = start(&vendor.url).await;

    let request = service
        .request(reqwest::Method::POST, "/search")
        .header("x-request-id", "trace-42")
        .json(&json!({"query": "x"}));
    let response = request.send().await.unwrap();

    assert_eq!(response.headers()["x-request-id"], "trace-42");
    assert_eq!(vendor.seen()[0].header("x-request-id"), "trace-42");
}

/// <https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-users/#api-wiki-rest-api-user-current-get>
#[tokio::test]
async fn detailed_health_signs_in() {
    let user = json!({"type": "known", "accountId": "557058:1", "accountType": "atlassian", "email": "", "publicName": "Ann", "displayName": "Ann Lee"});
    let vendor = Fake::always(Reply::json(user)).await;
    let service = start(&vendor.url).await;

    let (status, body) = service.get("/health/detailed").await;

    assert_eq!(
        (status, &body["dependencies"]["confluence"]["status"]),
        (200, &json!("healthy"))
    );
    assert_eq!(body["reason"], "signed in as Ann Lee");
    assert_eq!(vendor.seen()[0].path, "/wiki/rest/api/user/current");

    let anonymous = Fake::always(Reply::json(
        json!({"type": "anonymous", "displayName": "Anonymous"}),
    ))
    .await;
    let (_, body) = start(&anonymous.url).await.get("/health/detailed").await;
    assert_eq!(body["status"], "unhealthy");
    assert_eq!(
        body["reason"],
        "confluence treats us as anonymous; check `CONFLUENCE_USERNAME` and `CONFLUENCE_TOKEN`"
    );
}

#[tokio::test]
async fn without_credentials_it_is_healthy_and_says_what_is_missing() {
    let service = Running::start(
        "confluence",
        &[
            ("CONFLUENCE_URL", "https://your-company.atlassian.net"),
            ("CONFLUENCE_USERNAME", "ann@example.com"),
            ("CONFLUENCE_TOKEN", "your-api-token"),
        ],
    )
    .await;

    let (status, body) = service.get("/health").await;
    assert_eq!(
        (status, &body["status"], &body["configured"]),
        (200, &json!("healthy"), &json!(false))
    );
    assert_eq!(
        body["reason"],
        "confluence is not configured: set `CONFLUENCE_URL`, `CONFLUENCE_TOKEN`"
    );

    let (status, body) = service.search("x").await;
    assert_eq!((status, code(&body)), (503, "not_configured"));
}

#[tokio::test]
async fn a_bad_request_is_told_so_and_never_reaches_the_vendor() {
    let vendor = Fake::always(Reply::status(500)).await;
    let service = start(&vendor.url).await;
    for body in [
        json!({}),
        json!({"query": "  "}),
        json!({"query": "x", "limit": 0}),
        json!({"query": "x".repeat(600)}),
        json!([1]),
    ] {
        let (status, said) = service.post("/search", body.clone()).await;
        assert_eq!((status, code(&said)), (400, "invalid_request"), "{body}");
        assert!(said["error"]["request_id"].is_string());
    }
    let (status, said) = answer(
        service
            .request(reqwest::Method::POST, "/search")
            .body("query=x"),
    )
    .await;
    assert_eq!((status, code(&said)), (415, "unsupported_media_type"));
    let (status, said) = service
        .post(
            "/search",
            json!({"query": "x", "filters": {"pad": "x".repeat(70_000)}}),
        )
        .await;
    assert_eq!((status, code(&said)), (413, "body_too_large"));
    assert!(vendor.seen().is_empty());
}
