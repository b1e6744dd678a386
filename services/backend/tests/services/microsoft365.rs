//! Microsoft 365. Shapes: <https://learn.microsoft.com/en-us/graph/auth-v2-service>,
//! <https://learn.microsoft.com/en-us/graph/search-concept-searchall>, <https://learn.microsoft.com/en-us/graph/api/user-list-messages>.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Seen};
use crate::running::{Running, all, code, unscored};

async fn start(vendor: &str, more: &[(&str, &str)]) -> Running {
    let mut variables = vec![
        ("MS_CLIENT_ID", "00000000-0000-0000-0000-000000000001"),
        ("MS_CLIENT_SECRET", "s3~cr+et"),
        ("MS_TENANT_ID", "acme.example"),
        ("MS_LOGIN_URL", vendor),
        ("MS_GRAPH_URL", vendor),
    ];
    variables.extend_from_slice(more);
    Running::start("microsoft365", &variables).await
}

fn file(id: &str, name: &str, kind: &str) -> Value {
    json!({
        "hitId": id, "rank": 1, "summary": "the <c0>deploy</c0>ment &amp; more <ddd/>",
        "resource": {
            "@odata.type": format!("#microsoft.graph.{kind}"), "id": id, "name": name, "webUrl": format!("https://acme.sharepoint.com/Docs/{name}"),
            "createdBy": {"user": {"displayName": "Bob"}}, "lastModifiedBy": {"user": {"displayName": "Ann"}},
            "lastModifiedDateTime": "2026-01-02T03:04:05Z"
        }
    })
}

fn answers(asked: &Seen) -> Reply {
    Reply::json(match asked.path.as_str() {
        "/acme.example/oauth2/v2.0/token" => {
            json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "t0ken"})
        }
        "/v1.0/sites" => json!({"value": [
            {"webUrl": "https://acme-my.sharepoint.com", "siteCollection": {"hostname": "acme-my.sharepoint.com"}},
            {"webUrl": "https://acme.sharepoint.com", "siteCollection": {"hostname": "acme.sharepoint.com", "dataLocationCode": "EUR"}}
        ]}),
        "/v1.0/sites/root" => {
            json!({"displayName": "Acme", "webUrl": "https://acme.sharepoint.com"})
        }
        "/v1.0/search/query" => json!({"value": [{"searchTerms": ["deploy"], "hitsContainers": [{
            "total": 2, "moreResultsAvailable": false,
            "hits": [file("1", "plan.docx", "driveItem"), file("2", "plan.docx", "listItem"), file("3", "wiki.aspx", "listItem")]
        }]}]}),
        "/v1.0/users/ann@acme.example/messages" => json!({"value": [{
            "id": "AAMk", "subject": "Deploy tonight", "bodyPreview": "We deploy\r\n at nine", "webLink": "https://outlook.office365.com/owa/?ItemID=AAMk",
            "receivedDateTime": "2026-01-03T00:00:00Z", "from": {"emailAddress": {"name": "Bob", "address": "bob@acme.example"}}
        }]}),
        other => panic!("asked for {other}"),
    })
}

#[tokio::test]
async fn files_and_the_named_mailboxes_are_searched_with_one_token() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;
    let service = start(&vendor.url, &[("MS_MAILBOXES", "ann@acme.example, ")]).await;

    let (status, body) = service.search("deploy from:bob").await;

    assert_eq!(status, 200);
    let file = |id: &str, name: &str, kind: &str| {
        json!({
            "id": id, "title": name, "content": "the deployment & more …", "url": format!("https://acme.sharepoint.com/Docs/{name}"),
            "source": "microsoft365", "metadata": {"type": kind, "author": "Ann", "updated": "2026-01-02T03:04:05Z"}
        })
    };
    let mail = json!({
        "id": "AAMk", "title": "Deploy tonight", "content": "We deploy at nine", "url": "https://outlook.office365.com/owa/?ItemID=AAMk",
        "source": "microsoft365",
        "metadata": {"type": "message", "mailbox": "ann@acme.example", "author": "Bob", "updated": "2026-01-03T00:00:00Z"}
    });
    let expected = json!([
        file("1", "plan.docx", "driveItem"),
        mail,
        file("3", "wiki.aspx", "listItem")
    ]);
    assert_eq!(
        unscored(body),
        expected,
        "a file that is an item of a list too is there once"
    );

    service.search("deploy").await;
    let seen = vendor.seen();
    let asked = |path: &str| {
        seen.iter()
            .filter(|asked| asked.path == path)
            .collect::<Vec<_>>()
    };
    let tokens = asked("/acme.example/oauth2/v2.0/token");
    let form = |name: &str| {
        tokens[0]
            .form
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(form("grant_type"), Some("client_credentials"));
    assert_eq!(form("client_secret"), Some("s3~cr+et"));
    assert_eq!(
        form("scope"),
        Some(format!("{}/.default", vendor.url).as_str())
    );
    assert_eq!(
        (tokens.len(), asked("/v1.0/sites").len()),
        (1, 1),
        "token and region are kept"
    );
    let search = asked("/v1.0/search/query")[0];
    assert_eq!(search.header("authorization"), "Bearer t0ken");
    assert_eq!(
        search.body["requests"][0],
        json!({"entityTypes": ["driveItem", "listItem"], "query": {"queryString": "deploy from bob"}, "from": 0, "size": 10, "region": "EUR"})
    );
    let mails = asked("/v1.0/users/ann@acme.example/messages")[0];
    assert_eq!(
        (mails.query("$search"), mails.query("$top")),
        (Some("\"deploy from bob\""), Some("10"))
    );
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_fetched_anew_once() {
    let vendor = Fake::start(|asked, before| match (asked.path.as_str(), before) {
        ("/v1.0/search/query", 0..=1) => Reply::text(
            401,
            "application/json",
            r#"{"error": {"code": "InvalidAuthenticationToken", "message": "expired"}}"#,
        ),
        _ => answers(asked),
    })
    .await;
    let service = start(&vendor.url, &[("MS_REGION", "nam")]).await;
    let (status, body) = service.search("deploy").await;
    assert_eq!((status, all(&body, "id")), (200, vec!["1", "3"]));
    let paths: Vec<String> = vendor.seen().into_iter().map(|asked| asked.path).collect();
    let (token, search) = ("/acme.example/oauth2/v2.0/token", "/v1.0/search/query");
    assert_eq!(
        paths,
        [token, search, token, search],
        "the region was given"
    );
    assert_eq!(vendor.seen()[1].body["requests"][0]["region"], "NAM");
}

/// <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>,
/// <https://learn.microsoft.com/en-us/graph/errors>
#[tokio::test]
async fn refusals_are_told_in_words() {
    let token = |status, error: &str, description: &str| {
        let body =
            json!({"error": error, "error_description": description, "error_codes": [7_000_215]});
        (
            "/token",
            Reply::text(status, "application/json", &body.to_string()),
        )
    };
    let graph = |status, code: &str, message: &str| {
        let body = json!({"error": {"code": code, "message": message, "innerError": {}}});
        (
            "/query",
            Reply::text(status, "application/json", &body.to_string()),
        )
    };
    for ((end, reply), code_said, message) in [
        (
            token(
                401,
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided. Trace ID: 1-2 Correlation ID: 3",
            ),
            "vendor_unauthorized",
            "sharepoint does not accept the client id or its secret (AADSTS7000215: Invalid client secret provided.); \
             check `MS_CLIENT_ID` and `MS_CLIENT_SECRET` and `MS_TENANT_ID`",
        ),
        (
            token(
                400,
                "invalid_request",
                "AADSTS90002: Tenant 'acme' not found.\r\nTrace ID: 1",
            ),
            "vendor_unauthorized",
            "sharepoint gives no token (AADSTS90002: Tenant 'acme' not found.); \
             check `MS_CLIENT_ID` and `MS_CLIENT_SECRET` and `MS_TENANT_ID`",
        ),
        (
            graph(403, "Forbidden", "Access denied"),
            "vendor_forbidden",
            "sharepoint forbids this: the application needs the application permission `Sites.Read.All` with an administrator's \
             consent (Forbidden)",
        ),
        (
            graph(
                400,
                "BadRequest",
                "Region is required when request with application permission.",
            ),
            "query_rejected",
            "sharepoint refused the query: Region is required when request with application permission.",
        ),
    ] {
        let vendor = Fake::start(move |asked, _| match asked.path.ends_with(end) {
            true => reply.clone(),
            false => answers(asked),
        })
        .await;
        let (_, body) = start(&vendor.url, &[]).await.search("x").await;
        assert_eq!(
            (code(&body), &body["error"]["message"]),
            (code_said, &json!(message))
        );
        assert!(!body.to_string().contains("s3~cr"));
    }
}

#[tokio::test]
async fn health_signs_in_and_says_what_applications_may_not_search() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;
    let service = start(&vendor.url, &[]).await;
    let limited = "messages of Teams are not searched: Microsoft allows that only on behalf of a person; \
        Outlook is searched when `MS_MAILBOXES` names mailboxes";
    assert_eq!(service.get("/health").await.1["reason"], limited);
    let (_, body) = service.get("/health/detailed").await;
    let who = "signed in as an application of https://acme.sharepoint.com, region EUR";
    assert_eq!(body["reason"], format!("{who}; {limited}"));
}

#[tokio::test]
async fn a_tenant_that_does_not_tell_its_region_needs_a_variable() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/v1.0/sites" => Reply::json(json!({"value": [{"siteCollection": {"hostname": "a"}}]})),
        _ => answers(asked),
    })
    .await;
    let (_, body) = start(&vendor.url, &[]).await.search("x").await;
    let message = "microsoft365 does not say in which region the tenant lies; set `MS_REGION`, such as NAM or EUR";
    assert_eq!(body["error"]["message"], message);
}
