//! Jira Cloud. Shapes of `POST /rest/api/3/search/jql`:
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-post>

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::running::Running;

async fn start(vendor: &str) -> Running {
    Running::start(
        "jira",
        &[
            ("JIRA_URL", vendor),
            ("JIRA_USERNAME", "ann@example.com"),
            ("JIRA_TOKEN", "t0ken"),
        ],
    )
    .await
}

fn issue(key: &str, description: Value) -> Value {
    json!({
        "id": "10002",
        "key": key,
        "self": "https://acme.atlassian.net/rest/api/3/issue/10002",
        "fields": {
            "summary": "Login fails",
            "description": description,
            "status": {"name": "In Progress", "statusCategory": {"key": "indeterminate"}},
            "issuetype": {"name": "Bug"},
            "project": {"key": "OPS", "name": "Operations"},
            "priority": {"name": "High"},
            "assignee": null,
            "updated": "2026-01-02T03:04:05.000+0000"
        }
    })
}

/// <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>
fn document() -> Value {
    json!({"type": "doc", "version": 1, "content": [
        {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Steps"}]},
        {"type": "bulletList", "content": [
            {"type": "listItem", "content": [{"type": "paragraph", "content": [
                {"type": "text", "text": "open "}, {"type": "text", "text": "login", "marks": [{"type": "strong"}]}, {"type": "text", "text": "page"}]}]},
            {"type": "listItem", "content": [{"type": "paragraph", "content": [
                {"type": "text", "text": "ask "}, {"type": "mention", "attrs": {"id": "1", "text": "@Ann"}}, {"type": "hardBreak"},
                {"type": "inlineCard", "attrs": {"url": "https://a.example/x"}}]}]}
        ]}
    ]})
}

#[tokio::test]
async fn a_search_turns_documents_into_plain_text() {
    let vendor = Fake::always(Reply::json(
        json!({"issues": [issue("OPS-7", document())], "isLast": true}),
    ))
    .await;
    let service = start(&vendor.url).await;

    let (status, body) = service
        .post(
            "/search",
            json!({"query": "login \"now\"", "filters": {"project": ["OPS"]}}),
        )
        .await;

    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!([{
            "id": "10002",
            "title": "OPS-7: Login fails",
            "content": "Steps open loginpage ask @Ann https://a.example/x",
            "url": format!("{}/browse/OPS-7", vendor.url),
            "source": "jira",
            "score": 1.0,
            "metadata": {
                "key": "OPS-7", "status": "In Progress", "type": "Bug", "project": "OPS", "priority": "High",
                "updated": "2026-01-02T03:04:05.000+0000"
            }
        }])
    );
    let asked = &vendor.seen()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/rest/api/3/search/jql")
    );
    assert_eq!(
        asked.body["jql"],
        r#"text ~ "login \\\"now\\\"" AND project in ("OPS") ORDER BY updated DESC"#
    );
    assert_eq!(asked.body["maxResults"], 10);
}

#[tokio::test]
async fn pages_are_followed_by_token_and_an_issue_may_be_bare() {
    let vendor = Fake::start(|asked, _| match asked.body["nextPageToken"].as_str() {
        None => Reply::json(
            json!({"issues": [issue("OPS-1", Value::Null)], "nextPageToken": "CAEaAggD"}),
        ),
        Some("CAEaAggD") => Reply::json(json!({"issues": [{"id": "2", "key": "OPS-2"}]})),
        other => panic!("asked for page {other:?}"),
    })
    .await;
    let service = start(&vendor.url).await;

    let (_, body) = service.search("x").await;

    let titles: Vec<&str> = body
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["OPS-1: Login fails", "OPS-2: (no summary)"]);
}

#[tokio::test]
async fn pages_that_came_are_kept_when_a_later_one_fails() {
    let vendor = Fake::start(|_, before| match before {
        0 => Reply::json(json!({"issues": [issue("OPS-1", Value::Null)], "nextPageToken": "more"})),
        _ => Reply::status(403),
    })
    .await;
    let (status, body) = start(&vendor.url).await.search("x").await;
    assert_eq!((status, body.as_array().unwrap().len()), (200, 1));
}

/// <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/#api-rest-api-3-myself-get>
#[tokio::test]
async fn detailed_health_signs_in() {
    let vendor = Fake::always(Reply::json(
        json!({"accountId": "5b10", "displayName": "Ann Lee", "active": true}),
    ))
    .await;
    let (_, body) = start(&vendor.url).await.get("/health/detailed").await;
    assert_eq!(
        (&body["status"], &body["reason"]),
        (&json!("healthy"), &json!("signed in as Ann Lee"))
    );
    assert_eq!(vendor.seen()[0].path, "/rest/api/3/myself");
}
