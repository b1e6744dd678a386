//! Slack. Shapes: <https://docs.slack.dev/reference/methods/search.messages>,
//! <https://docs.slack.dev/reference/methods/conversations.list>,
//! <https://docs.slack.dev/reference/methods/conversations.history>, <https://docs.slack.dev/reference/methods/auth.test>.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Seen};
use crate::running::{Running, all, refused};

const BOT: (&str, &str) = ("SLACK_BOT_TOKEN", "xoxb-s3cret");
const USER: (&str, &str) = ("SLACK_USER_TOKEN", "xoxp-s3cret");
const LIMITED: &str = "search is limited: with a bot token alone it reads the latest 100 messages of at most 10 public channels \
    that the bot is a member of; set `SLACK_USER_TOKEN` (scope `search:read`) to search everything";

async fn start(vendor: &str, tokens: &[(&str, &str)]) -> Running {
    let mut variables = tokens.to_vec();
    variables.push(("SLACK_API_URL", vendor));
    Running::start("slack", &variables).await
}

fn workspace() -> Value {
    json!({"ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "atlas", "team_id": "T1", "user_id": "U1"})
}

fn found(matches: Vec<Value>) -> Value {
    let paging = json!({"count": 10, "total": 1, "page": 1, "pages": 1});
    json!({"ok": true, "query": "x", "messages": {"total": 1, "paging": paging, "matches": matches}})
}

#[tokio::test]
async fn a_user_token_searches() {
    let message = json!({
        "iid": "cb64bdaa", "team": "T1", "type": "message", "user": "U2U85N1RV", "username": "roach", "ts": "1508284197.000015",
        "channel": {"id": "C12345678", "name": "general", "is_private": false, "is_mpim": false},
        "text": "The *deploy* of <https://a.example/x|web> &amp; <@U2|ann>",
        "permalink": "https://acme.slack.com/archives/C12345678/p1508284197000015"
    });
    let vendor = Fake::always(Reply::json(found(vec![message]))).await;
    let service = start(&vendor.url, &[BOT, USER]).await;

    let filters = json!({"channel": "general", "author": "a\"b"});
    let question = json!({"query": "deploy from:ann", "limit": 5, "filters": filters});
    let (status, body) = service.post("/search", question).await;

    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!([{
            "id": "C12345678/1508284197.000015",
            "title": "roach in #general",
            "content": "The deploy of web & ann",
            "url": "https://acme.slack.com/archives/C12345678/p1508284197000015",
            "source": "slack",
            "score": 1.0,
            "metadata": {"type": "message", "channel": "general", "author": "roach", "updated": "2017-10-17T23:49:57Z"}
        }])
    );
    let asked = &vendor.seen()[0];
    assert_eq!(asked.path, "/search.messages");
    assert_eq!(asked.query("query"), Some("deploy from ann in:general"));
    assert_eq!(asked.query("count"), Some("5"));
    assert_eq!(asked.header("authorization"), "Bearer xoxp-s3cret");
}

fn channels(asked: &Seen) -> Reply {
    let message =
        |ts: &str, text: &str| json!({"type": "message", "user": "U7", "ts": ts, "text": text});
    Reply::json(match (asked.path.as_str(), asked.query("channel")) {
        ("/auth.test", _) => workspace(),
        ("/conversations.list", _) => json!({"ok": true, "channels": [
            {"id": "C1", "name": "general", "is_member": true},
            {"id": "C2", "name": "foreign", "is_member": false},
            {"id": "C3", "name": "broken", "is_member": true},
            {"id": "C4", "name": "ops", "is_member": true}
        ], "response_metadata": {"next_cursor": ""}}),
        (_, Some("C1")) => json!({"ok": true, "has_more": false, "messages": [
            message("1700000000.000200", "Deploy done"), message("1700000001.000000", "lunch?")
        ]}),
        (_, Some("C4")) => {
            json!({"ok": true, "messages": [message("1700000009.000100", "the second deploy is DONE")]})
        }
        (_, Some("C3")) => json!({"ok": false, "error": "internal_error"}),
        other => panic!("asked for {other:?}"),
    })
}

#[tokio::test]
async fn a_bot_token_reads_its_channels_and_says_that_this_is_limited() {
    let vendor = Fake::start(|asked, _| channels(asked)).await;
    let service = start(&vendor.url, &[BOT]).await;

    let (status, body) = service.search("deploy done").await;

    assert_eq!(status, 200);
    assert_eq!(
        all(&body, "title"),
        ["U7 in #ops", "U7 in #general"],
        "newest first"
    );
    assert_eq!(
        body[1]["url"],
        "https://acme.slack.com/archives/C1/p1700000000000200"
    );
    let read: Vec<_> = vendor
        .seen()
        .iter()
        .filter_map(|asked| asked.query("channel").map(str::to_owned))
        .collect();
    assert!(!read.contains(&"C2".to_owned()), "{read:?}");

    let (_, health) = service.get("/health").await;
    assert_eq!(
        (&health["status"], &health["reason"]),
        (&json!("healthy"), &json!(LIMITED))
    );
    let (_, health) = service.get("/health/detailed").await;
    assert_eq!(
        health["reason"],
        format!("signed in as atlas of Acme; {LIMITED}")
    );
}

/// <https://docs.slack.dev/apis/web-api/#evaluating-responses>
#[tokio::test]
async fn refusals_with_status_200_are_told_in_words() {
    let says = |body: Value| Reply::json(body);
    for (reply, code, message) in [
        (
            says(json!({"ok": false, "error": "invalid_auth"})),
            "vendor_unauthorized",
            "slack says that the token is wrong or was revoked (`invalid_auth`); check `SLACK_USER_TOKEN`",
        ),
        (
            says(json!({"ok": false, "error": "token_expired"})),
            "vendor_unauthorized",
            "slack says that the token expired (`token_expired`); check `SLACK_USER_TOKEN`",
        ),
        (
            says(
                json!({"ok": false, "error": "missing_scope", "needed": "search:read", "provided": "chat:write"}),
            ),
            "vendor_forbidden",
            "slack says that the token lacks the scope `search:read`: add it to the app and install it again",
        ),
        (
            says(json!({"ok": false, "error": "not_allowed_token_type"})),
            "vendor_forbidden",
            "slack does not allow this kind of token to search",
        ),
        (
            says(json!({"ok": false, "error": "no_query"})),
            "query_rejected",
            "slack refused the query (`no_query`)",
        ),
        (
            Reply::text(
                429,
                "application/json",
                r#"{"ok": false, "error": "ratelimited"}"#,
            )
            .with("retry-after", "30"),
            "vendor_rate_limited",
            "slack asked us to slow down",
        ),
    ] {
        let said = refused("slack", &[BOT, USER], "SLACK_API_URL", reply).await;
        assert_eq!(said, (code.to_owned(), message.to_owned()));
    }
}

#[tokio::test]
async fn detailed_health_tries_what_a_search_needs() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/auth.test" => Reply::json(workspace()),
        _ => Reply::json(json!({"ok": false, "error": "missing_scope", "needed": "search:read"})),
    })
    .await;
    let (_, body) = start(&vendor.url, &[BOT, USER])
        .await
        .get("/health/detailed")
        .await;
    assert_eq!(body["status"], "unhealthy");
    let reason = "slack says that the token lacks the scope `search:read`: add it to the app and install it again";
    assert_eq!(body["reason"], reason);
}
