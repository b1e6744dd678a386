//! Notion. Shapes: <https://developers.notion.com/reference/post-search>, <https://developers.notion.com/reference/page>,
//! <https://developers.notion.com/reference/get-block-children>.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::running::{Running, all, refused};

const KEY: [(&str, &str); 1] = [("NOTION_API_KEY", "ntn_s3cret")];

async fn start(vendor: &str) -> Running {
    Running::start("notion", &[KEY[0], ("NOTION_API_URL", vendor)]).await
}

fn text(words: &str) -> Value {
    json!([{"type": "text", "text": {"content": words, "link": null}, "annotations": {"bold": true}, "plain_text": words, "href": null}])
}

fn page(id: &str, properties: Value) -> Value {
    json!({
        "object": "page", "id": id, "created_time": "2026-01-01T00:00:00.000Z", "last_edited_time": "2026-01-02T03:04:00.000Z",
        "created_by": {"object": "user", "id": "u1"}, "last_edited_by": {"object": "user", "id": "u1"}, "archived": false,
        "parent": {"type": "workspace", "workspace": true}, "properties": properties, "url": format!("https://www.notion.so/{id}")
    })
}

fn list(results: Vec<Value>, next: Option<&str>) -> Reply {
    Reply::json(
        json!({"object": "list", "results": results, "next_cursor": next, "has_more": next.is_some(), "type": "page_or_database"}),
    )
}

#[tokio::test]
async fn snippets_come_from_properties_or_else_from_the_first_blocks() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/v1/search" => list(
            vec![
                page("p-1", json!({
                    "Name": {"id": "title", "type": "title", "title": text("Deploy plan")},
                    "Status": {"id": "s", "type": "status", "status": {"id": "1", "name": "In progress", "color": "blue"}},
                    "Notes": {"id": "n", "type": "rich_text", "rich_text": text("roll back first")},
                    "Tags": {"id": "t", "type": "multi_select", "multi_select": [{"name": "ops"}, {"name": "web"}]},
                    "Done": {"id": "d", "type": "checkbox", "checkbox": true}
                })),
                page("p-2", json!({"title": {"id": "title", "type": "title", "title": text("Deploy diary")}})),
                json!({
                    "object": "database", "id": "d-1", "title": text("Deploys"), "description": text("All of them"),
                    "last_edited_time": "2026-01-03T00:00:00.000Z", "url": "https://www.notion.so/d-1", "properties": {"Name": {"id": "title", "type": "title", "title": {}}}
                }),
            ],
            None,
        ),
        "/v1/blocks/p-2/children" => list(
            vec![
                json!({"object": "block", "type": "heading_1", "heading_1": {"rich_text": text("Monday")}}),
                json!({"object": "block", "type": "divider", "divider": {}}),
                json!({"object": "block", "type": "paragraph", "paragraph": {"rich_text": text("It went well.")}}),
            ],
            None,
        ),
        other => panic!("asked for {other}"),
    })
    .await;

    let (status, body) = start(&vendor.url)
        .await
        .post("/search", json!({"query": "deploy", "limit": 5}))
        .await;

    assert_eq!(status, 200);
    assert_eq!(
        body[0],
        json!({
            "id": "p-1", "title": "Deploy plan", "content": "Status: In progress; Notes: roll back first; Tags: ops, web",
            "url": "https://www.notion.so/p-1", "source": "notion", "score": 1.0,
            "metadata": {"type": "page", "updated": "2026-01-02T03:04:00.000Z"}
        })
    );
    assert_eq!(
        all(&body, "title"),
        ["Deploy plan", "Deploy diary", "Deploys"]
    );
    assert_eq!(body[1]["content"], "Monday It went well.");
    assert_eq!(
        (&body[2]["content"], &body[2]["metadata"]["type"]),
        (&json!("All of them"), &json!("database"))
    );
    let asked = &vendor.seen()[0];
    assert_eq!(asked.body, json!({"query": "deploy", "page_size": 5}));
    assert_eq!(asked.header("notion-version"), "2022-06-28");
    assert_eq!(asked.header("authorization"), "Bearer ntn_s3cret");
}

#[tokio::test]
async fn pages_are_followed_by_cursor_and_a_page_that_does_not_open_is_still_found() {
    let named = |id: &str| {
        page(
            id,
            json!({"title": {"id": "title", "type": "title", "title": text(id)}}),
        )
    };
    let vendor = Fake::start(move |asked, _| {
        match (asked.path.as_str(), asked.body["start_cursor"].as_str()) {
            ("/v1/search", None) => list(vec![named("a")], Some("more")),
            ("/v1/search", Some("more")) => list(vec![named("b")], None),
            _ => Reply::status(404),
        }
    })
    .await;
    let question = json!({"query": "x", "filters": {"type": "page"}});
    let (_, body) = start(&vendor.url).await.post("/search", question).await;
    assert_eq!(all(&body, "title"), ["a", "b"]);
    assert_eq!(all(&body, "content"), ["", ""]);
    assert_eq!(
        vendor.seen()[1].body["filter"],
        json!({"property": "object", "value": "page"})
    );
}

/// <https://developers.notion.com/reference/status-codes#error-codes>,
/// <https://developers.notion.com/reference/request-limits>
#[tokio::test]
async fn refusals_are_told_in_words() {
    let says = |status: u16, code: &str, message: &str| {
        let body = json!({"object": "error", "status": status, "code": code, "message": message});
        Reply::text(status, "application/json", &body.to_string())
    };
    for (reply, code, message) in [
        (
            says(401, "unauthorized", "API token is invalid."),
            "vendor_unauthorized",
            "notion says that the token is wrong or was revoked; check `NOTION_API_KEY`",
        ),
        (
            says(
                403,
                "restricted_resource",
                "Insufficient permissions for this endpoint.",
            ),
            "vendor_forbidden",
            "notion forbids this: the integration lacks the capability to read content, or was not connected to these pages",
        ),
        (
            says(400, "validation_error", "body failed validation"),
            "query_rejected",
            "notion refused the query: body failed validation",
        ),
        (
            says(429, "rate_limited", "slow").with("retry-after", "30"),
            "vendor_rate_limited",
            "notion asked us to slow down",
        ),
    ] {
        let said = refused("notion", &KEY, "NOTION_API_URL", reply).await;
        assert_eq!(said, (code.to_owned(), message.to_owned()));
    }
}

/// <https://developers.notion.com/reference/get-self>
#[tokio::test]
async fn detailed_health_signs_in() {
    let bot = json!({"object": "user", "id": "b1", "name": "Atlas", "type": "bot", "bot": {"owner": {"type": "workspace"}, "workspace_name": "Acme"}});
    let vendor = Fake::always(Reply::json(bot)).await;
    let (_, body) = start(&vendor.url).await.get("/health/detailed").await;
    assert_eq!(
        body["reason"],
        "signed in as Atlas of Acme; pages are found by their titles: Notion's search looks at nothing else"
    );
    assert_eq!(vendor.seen()[0].path, "/v1/users/me");
}
