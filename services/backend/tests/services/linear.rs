//! Linear. Shapes: <https://linear.app/developers/graphql>,
//! <https://studio.apollographql.com/public/Linear-API/variant/current/schema>.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::running::{Running, all, refused};

const KEY: [(&str, &str); 1] = [("LINEAR_API_KEY", "lin_api_s3cret")];

async fn start(vendor: &str) -> Running {
    Running::start("linear", &[KEY[0], ("LINEAR_API_URL", vendor)]).await
}

fn issue(identifier: &str) -> Value {
    json!({
        "id": format!("id-{identifier}"), "identifier": identifier, "title": "Login fails", "description": "## Why\n* the **token** is [old](https://a.example)",
        "url": format!("https://linear.app/acme/issue/{identifier}"), "updatedAt": "2026-01-02T03:04:05.000Z", "priorityLabel": "High",
        "state": {"name": "In Progress"}, "team": {"key": "OPS"}, "creator": {"displayName": "ann"}, "assignee": null
    })
}

fn found(nodes: Vec<Value>, next: Option<&str>) -> Reply {
    let info = json!({"hasNextPage": next.is_some(), "endCursor": next});
    Reply::json(json!({"data": {"searchIssues": {"nodes": nodes, "pageInfo": info}}}))
}

#[tokio::test]
async fn a_search_follows_pages_and_reads_markdown() {
    let vendor = Fake::start(|asked, _| match asked.body["variables"]["after"].as_str() {
        None => found(vec![issue("OPS-1")], Some("next")),
        Some("next") => found(vec![issue("OPS-2")], None),
        other => panic!("asked for page {other:?}"),
    })
    .await;

    let question = json!({"query": "login \" }", "limit": 3, "filters": {"team": "OPS"}});
    let (status, body) = start(&vendor.url).await.post("/search", question).await;

    assert_eq!(status, 200);
    assert_eq!(
        body[0],
        json!({
            "id": "id-OPS-1", "title": "OPS-1: Login fails", "content": "Why the token is old",
            "url": "https://linear.app/acme/issue/OPS-1", "source": "linear", "score": 1.0,
            "metadata": {
                "type": "issue", "key": "OPS-1", "team": "OPS", "status": "In Progress", "priority": "High", "author": "ann",
                "updated": "2026-01-02T03:04:05.000Z"
            }
        })
    );
    assert_eq!(
        all(&body, "title"),
        ["OPS-1: Login fails", "OPS-2: Login fails"]
    );
    let asked = &vendor.seen()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/graphql")
    );
    let variables = json!({"term": "login \" }", "first": 3, "after": null, "filter": {"team": {"key": {"in": ["OPS"]}}}});
    assert_eq!(
        asked.body["variables"], variables,
        "what was asked never becomes a part of the query"
    );
    assert_eq!(asked.header("authorization"), "lin_api_s3cret");
}

/// <https://linear.app/developers/graphql#errors>, <https://linear.app/developers/rate-limiting>
#[tokio::test]
async fn errors_in_bodies_are_told_in_words() {
    let says = |status, extensions: Value, message: &str| {
        let body =
            json!({"data": null, "errors": [{"message": message, "extensions": extensions}]});
        Reply::text(status, "application/json", &body.to_string())
    };
    let unknown =
        json!({"type": "authentication error", "code": "AUTHENTICATION_ERROR", "userError": true});
    let invalid = json!({"type": "invalid input", "code": "INPUT_ERROR", "userPresentableMessage": "That term is too long."});
    for (reply, code, message) in [
        (
            says(
                400,
                unknown.clone(),
                "Authentication required, not authenticated",
            ),
            "vendor_unauthorized",
            "linear says that the API key is wrong or was revoked; check `LINEAR_API_KEY`",
        ),
        (
            says(200, unknown, "Authentication required, not authenticated"),
            "vendor_unauthorized",
            "linear says that the API key is wrong or was revoked; check `LINEAR_API_KEY`",
        ),
        (
            says(
                400,
                json!({"code": "RATELIMITED", "type": "ratelimited"}),
                "Rate limit exceeded",
            ),
            "vendor_rate_limited",
            "linear asked us to slow down",
        ),
        (
            says(
                200,
                json!({"type": "forbidden", "code": "FORBIDDEN"}),
                "no access to this team",
            ),
            "vendor_forbidden",
            "linear forbids this: no access to this team",
        ),
        (
            says(200, invalid, "Argument Validation Error"),
            "query_rejected",
            "linear refused the query: That term is too long.",
        ),
        (
            says(200, json!({"code": "INTERNAL_SERVER_ERROR"}), "oops"),
            "unavailable",
            "linear failed: oops",
        ),
    ] {
        let said = refused("linear", &KEY, "LINEAR_API_URL", reply).await;
        assert_eq!(said, (code.to_owned(), message.to_owned()));
    }
}

#[tokio::test]
async fn the_reset_of_the_limit_is_read_in_milliseconds() {
    let reset = jiff::Timestamp::now().as_millisecond() + 90_000;
    let body = json!({"errors": [{"message": "slow", "extensions": {"code": "RATELIMITED"}}]});
    let reply = Reply::text(400, "application/json", &body.to_string())
        .with("x-ratelimit-requests-reset", &reset.to_string());
    let vendor = Fake::always(reply).await;
    let service = start(&vendor.url).await;
    let request = service
        .request(reqwest::Method::POST, "/search")
        .json(&json!({"query": "x"}));
    let response = request.send().await.unwrap();
    let wait: u64 = response.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((85..=91).contains(&wait), "{wait}");
}

#[tokio::test]
async fn detailed_health_signs_in() {
    let vendor = Fake::always(Reply::json(
        json!({"data": {"viewer": {"name": "Ann Lee"}}}),
    ))
    .await;
    let (_, body) = start(&vendor.url).await.get("/health/detailed").await;
    assert_eq!(body["reason"], "signed in as Ann Lee");
    assert_eq!(
        vendor.seen()[0].body,
        json!({"query": "{ viewer { name } }"})
    );
}
