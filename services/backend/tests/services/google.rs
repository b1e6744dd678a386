//! Google Workspace. Shapes: <https://developers.google.com/identity/protocols/oauth2/web-server#offline>,
//! <https://developers.google.com/workspace/drive/api/reference/rest/v3/files/list>,
//! <https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get>.

use serde_json::json;

use crate::fake::{Fake, Reply, Seen};
use crate::running::{Running, all, code, unscored};

async fn start(vendor: &str) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh_token");
    std::fs::write(&file, "1//s3cret\n").unwrap();
    let variables = [
        ("GOOGLE_CLIENT_ID", "id.apps.googleusercontent.com"),
        ("GOOGLE_CLIENT_SECRET", "GOCSPX-s3cret"),
        ("GOOGLE_REFRESH_TOKEN_FILE", file.to_str().unwrap()),
        ("GOOGLE_LOGIN_URL", vendor),
        ("GOOGLE_DRIVE_URL", vendor),
        ("GOOGLE_GMAIL_URL", vendor),
    ];
    Running::start("google", &variables).await
}

fn answers(asked: &Seen) -> Reply {
    Reply::json(match asked.path.as_str() {
        "/token" => {
            json!({"access_token": "ya29.t0ken", "expires_in": 3599, "scope": "x", "token_type": "Bearer"})
        }
        "/drive/v3/files" => json!({"files": [{
            "id": "f1", "name": "Deploy plan", "mimeType": "application/vnd.google-apps.document", "description": "how we deploy",
            "webViewLink": "https://docs.google.com/document/d/f1/edit", "modifiedTime": "2026-01-02T03:04:05.000Z",
            "lastModifyingUser": {"displayName": "Ann"}, "owners": [{"displayName": "Bob"}]
        }]}),
        "/drive/v3/about" => {
            json!({"user": {"displayName": "Ann", "emailAddress": "ann@acme.example"}})
        }
        "/gmail/v1/users/me/messages" => {
            json!({"messages": [{"id": "18c", "threadId": "18c"}, {"id": "19d", "threadId": "19d"}], "resultSizeEstimate": 2})
        }
        "/gmail/v1/users/me/messages/18c" => json!({
            "id": "18c", "threadId": "18c", "snippet": "It&#39;s time to deploy", "internalDate": "1700000000000", "labelIds": ["INBOX"],
            "payload": {"headers": [{"name": "subject", "value": "Deploy?"}, {"name": "From", "value": "Bob <bob@acme.example>"}]}
        }),
        "/gmail/v1/users/me/messages/19d" => return Reply::status(404),
        other => panic!("asked for {other}"),
    })
}

#[tokio::test]
async fn files_and_mails_are_found_with_one_token() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;
    let service = start(&vendor.url).await;

    let (status, body) = service.search("it's from:bob").await;

    assert_eq!(status, 200);
    assert_eq!(
        unscored(body),
        json!([
            {
                "id": "f1", "title": "Deploy plan", "content": "how we deploy", "url": "https://docs.google.com/document/d/f1/edit", "source": "google",
                "metadata": {"type": "document", "author": "Ann", "updated": "2026-01-02T03:04:05.000Z"}
            },
            {
                "id": "18c", "title": "Deploy?", "content": "It's time to deploy", "url": "https://mail.google.com/mail/#all/18c", "source": "google",
                "metadata": {"type": "message", "author": "Bob <bob@acme.example>", "updated": "2023-11-14T22:13:20Z"}
            }
        ])
    );
    service.search("it's").await;
    let seen = vendor.seen();
    let asked = |path: &str| {
        seen.iter()
            .filter(|asked| asked.path == path)
            .collect::<Vec<_>>()
    };
    let token = asked("/token");
    assert_eq!(token.len(), 1, "kept for the second search");
    for (name, value) in [
        ("grant_type", "refresh_token"),
        ("refresh_token", "1//s3cret"),
        ("client_secret", "GOCSPX-s3cret"),
    ] {
        assert!(
            token[0].form.contains(&(name.to_owned(), value.to_owned())),
            "{name}"
        );
    }
    let files = asked("/drive/v3/files")[0];
    assert_eq!(
        files.query("q"),
        Some("fullText contains 'it\\'s from bob' and trashed = false")
    );
    assert_eq!(files.header("authorization"), "Bearer ya29.t0ken");
    assert_eq!(
        asked("/gmail/v1/users/me/messages")[0].query("q"),
        Some("it's from bob")
    );
}

/// <https://developers.google.com/workspace/drive/api/guides/handle-errors>
#[tokio::test]
async fn drive_that_refuses_costs_only_its_own_results() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/drive/v3/files" => Reply::status(403),
        _ => answers(asked),
    })
    .await;
    let (status, body) = start(&vendor.url).await.search("x").await;
    assert_eq!((status, all(&body, "title")), (200, vec!["Deploy?"]));
}

/// <https://developers.google.com/identity/protocols/oauth2#expiration>,
/// <https://developers.google.com/workspace/drive/api/guides/handle-errors>
#[tokio::test]
async fn refusals_are_told_in_words() {
    let says = |reason: &str, detail: &str| {
        let body = json!({"error": {
            "code": 403, "message": "Said by Google", "status": "PERMISSION_DENIED", "errors": [{"domain": "global", "reason": reason}],
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail}]
        }});
        Reply::text(403, "application/json", &body.to_string())
    };
    let revoked = json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."});
    for (path, reply, code_said, message) in [
        (
            "/token",
            Reply::text(400, "application/json", &revoked.to_string()),
            "vendor_unauthorized",
            "google-drive says that the consent expired or was revoked (Token has been expired or revoked.); \
             check `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET` and `GOOGLE_REFRESH_TOKEN`",
        ),
        (
            "/drive/",
            says("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            "vendor_forbidden",
            "google-drive says that the consent lacks the scope `drive.readonly`",
        ),
        (
            "/drive/",
            says("accessNotConfigured", "SERVICE_DISABLED"),
            "vendor_forbidden",
            "google-drive says that its API is not switched on in the Google Cloud project of the client",
        ),
        (
            "/drive/",
            says("userRateLimitExceeded", ""),
            "vendor_rate_limited",
            "google-drive asked us to slow down",
        ),
        (
            "/drive/",
            says("domainPolicy", ""),
            "vendor_forbidden",
            "google-drive forbids this: Said by Google",
        ),
    ] {
        let vendor = Fake::start(move |asked, _| match asked.path.as_str() {
            "/gmail/v1/users/me/messages" => Reply::json(json!({"resultSizeEstimate": 0})),
            asked if asked.starts_with(path) => reply.clone(),
            _ => answers(asked),
        })
        .await;
        let (_, body) = start(&vendor.url).await.search("x").await;
        assert_eq!(
            (code(&body), &body["error"]["message"]),
            (code_said, &json!(message))
        );
        assert!(!body.to_string().contains("s3cret"));
    }
}

/// <https://developers.google.com/workspace/drive/api/reference/rest/v3/about/get>
#[tokio::test]
async fn detailed_health_signs_in_and_tries_both_scopes() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;
    let (_, body) = start(&vendor.url).await.get("/health/detailed").await;
    assert_eq!(body["reason"], "signed in as ann@acme.example");

    let vendor = Fake::start(|asked, _| match asked.path.starts_with("/gmail/") {
        true => Reply::text(
            403,
            "application/json",
            r#"{"error": {"errors": [{"reason": "insufficientPermissions"}]}}"#,
        ),
        false => answers(asked),
    })
    .await;
    let (_, body) = start(&vendor.url).await.get("/health/detailed").await;
    assert_eq!(
        body["reason"],
        "gmail says that the consent lacks the scope `gmail.readonly`"
    );
}
