//! Google Workspace on behalf of the person who consented: Drive by the text of its files, Gmail by Gmail's own search, asked
//! side by side and merged. Drive gives no excerpt of a file, so its description stands there.
//!
//! Shapes: <https://developers.google.com/workspace/drive/api/reference/rest/v3/files/list>,
//! <https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list>,
//! <https://developers.google.com/identity/protocols/oauth2/web-server#offline>

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::{join, stream};
use serde::Deserialize;
use serde_json::Value;

use super::{Account, Integration, Vendor, signed_in_as};
use crate::markup::{html_to_text, snippet};
use crate::metrics::Metrics;
use crate::search::results::{merged, survivors};
use crate::search::{Hit, QUERY_MAX, SearchRequest, metadata};
use crate::secret::Secret;
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Grant, Login, Refusal, VendorClient};

const NAME: &str = "google";
const CREDENTIALS: [&str; 3] = [
    "GOOGLE_CLIENT_ID",
    "GOOGLE_CLIENT_SECRET",
    "GOOGLE_REFRESH_TOKEN",
];
/// Messages of one search, each of which costs a request, and how many of these are made at once.
const MESSAGES: usize = 20;
const AT_ONCE: usize = 5;
const FIELDS: &str = "files(id,name,mimeType,description,webViewLink,modifiedTime,lastModifyingUser(displayName),owners(displayName))";

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8012,
    variables: &CREDENTIALS,
    optional: &["GOOGLE_LOGIN_URL", "GOOGLE_DRIVE_URL", "GOOGLE_GMAIL_URL"],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let login = account.or("GOOGLE_LOGIN_URL", "https://oauth2.googleapis.com");
    let form = vec![
        ("grant_type", Secret::new("refresh_token")),
        ("client_id", account.get("GOOGLE_CLIENT_ID")),
        ("client_secret", account.get("GOOGLE_CLIENT_SECRET")),
        ("refresh_token", account.get("GOOGLE_REFRESH_TOKEN")),
    ];
    let grant = Arc::new(Grant::new(
        format!("{}/token", login.trim_end_matches('/')),
        form,
    ));
    let client = |name, base, meaning| {
        let client = VendorClient::new(
            &INTEGRATION,
            base,
            Login::Grant(grant.clone()),
            http.clone(),
            metrics.clone(),
        );
        client.part(name, &CREDENTIALS).with_meaning(meaning)
    };
    let drive = account.or("GOOGLE_DRIVE_URL", "https://www.googleapis.com");
    let gmail = account.or("GOOGLE_GMAIL_URL", "https://gmail.googleapis.com");
    Arc::new(Google {
        drive: client("google-drive", drive, |answer| {
            meaning(answer, "drive.readonly")
        }),
        gmail: client("gmail", gmail, |answer| meaning(answer, "gmail.readonly")),
    })
}

struct Google {
    drive: VendorClient,
    gmail: VendorClient,
}

#[derive(Deserialize)]
struct Files {
    #[serde(default)]
    files: Vec<Value>,
}

#[derive(Deserialize)]
struct Messages {
    // Absent when nothing was found.
    #[serde(default)]
    messages: Vec<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl Vendor for Google {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = request.words(QUERY_MAX)?;
            let (files, mails) = join!(
                self.files(&words, request, call),
                self.mails(&words, request, call)
            );
            merged(vec![files, mails], request.limit, call.id)
        }
        .boxed()
    }

    /// <https://developers.google.com/workspace/drive/api/reference/rest/v3/about/get>
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let fields = [("fields", "user(displayName,emailAddress)")];
            let about: Value = self.drive.get("/drive/v3/about", &fields, call).await?;
            // The scope of Gmail is another.
            let _: Value = self
                .gmail
                .get(
                    "/gmail/v1/users/me/messages",
                    &[("maxResults", "1"), ("q", "a")],
                    call,
                )
                .await?;
            Ok(signed_in_as(&about, "/user/emailAddress"))
        }
        .boxed()
    }
}

impl Google {
    /// One page is enough: it holds as many as a search may ask for.
    async fn files(
        &self,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let quoted = words.replace('\'', "\\'");
        let (q, size) = (
            format!("fullText contains '{quoted}' and trashed = false"),
            request.limit.to_string(),
        );
        let query = [
            ("q", q.as_str()),
            ("pageSize", &size),
            ("fields", FIELDS),
            ("corpora", "allDrives"),
            ("includeItemsFromAllDrives", "true"),
            ("supportsAllDrives", "true"),
        ];
        let found: Files = self.drive.get("/drive/v3/files", &query, call).await?;
        Ok(found
            .files
            .iter()
            .filter_map(|found| file(found, &request.query))
            .collect())
    }

    async fn mails(
        &self,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let most = request.limit.min(MESSAGES).to_string();
        let query = [("q", words), ("maxResults", &most)];
        let found: Messages = self
            .gmail
            .get("/gmail/v1/users/me/messages", &query, call)
            .await?;
        let messages = found.messages.into_iter();
        let read: Vec<_> = messages
            .map(|message| self.mail(message.id, &request.query, call))
            .collect();
        let parts = stream::iter(read).buffered(AT_ONCE).collect().await;
        let (lists, failed) = survivors(parts, call.id);
        let hits: Vec<Hit> = lists.into_iter().flatten().collect();
        match failed {
            Some(error) if hits.is_empty() => Err(error),
            _ => Ok(hits),
        }
    }

    async fn mail(&self, id: String, query: &str, call: Call<'_>) -> Result<Vec<Hit>, SourceError> {
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
        let path = format!("/gmail/v1/users/me/messages/{id}");
        let parameters = [
            ("format", "metadata"),
            ("metadataHeaders", "Subject"),
            ("metadataHeaders", "From"),
        ];
        let read: Value = self.gmail.get(&path, &parameters, call).await?;
        Ok(mail(&read, query).into_iter().collect())
    }
}

fn file(found: &Value, query: &str) -> Option<Hit> {
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
    let kind =
        text("/mimeType").map(|kind| kind.trim_start_matches("application/vnd.google-apps."));
    Some(Hit {
        id: text("/id")?.to_owned(),
        title: text("/name")?.to_owned(),
        content: snippet(text("/description").unwrap_or_default(), query),
        url: text("/webViewLink").unwrap_or_default().to_owned(),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", kind),
            (
                "author",
                text("/lastModifyingUser/displayName").or(text("/owners/0/displayName")),
            ),
            ("updated", text("/modifiedTime")),
        ]),
    })
}

fn mail(found: &Value, query: &str) -> Option<Hit> {
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
    let headers = found.pointer("/payload/headers").and_then(Value::as_array);
    let header = |name: &str| {
        let mut headers = headers.into_iter().flatten();
        let is_it = |header: &&Value| {
            header["name"]
                .as_str()
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        headers
            .find(is_it)
            .and_then(|header| header["value"].as_str())
            .filter(|value| !value.is_empty())
    };
    let id = text("/id")?;
    let at = text("/internalDate")
        .and_then(|at| jiff::Timestamp::from_millisecond(at.parse().ok()?).ok());
    Some(Hit {
        id: id.to_owned(),
        title: header("Subject").unwrap_or("(no subject)").to_owned(),
        content: snippet(&html_to_text(text("/snippet").unwrap_or_default()), query),
        url: format!("https://mail.google.com/mail/#all/{id}"),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", Some("message")),
            ("author", header("From")),
            ("updated", at.map(|at| at.to_string()).as_deref()),
        ]),
    })
}

/// <https://developers.google.com/workspace/drive/api/guides/handle-errors>,
/// <https://developers.google.com/workspace/gmail/api/guides/handle-errors>
fn meaning(answer: &Answer<'_>, scope: &str) -> Option<Refusal> {
    if answer.status.as_u16() != 403 {
        return None;
    }
    let said = answer.json();
    let word = |pointer: &str| {
        said.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let reason = format!(
        "{} {}",
        word("/error/errors/0/reason"),
        word("/error/details/0/reason")
    );
    let is = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    Some(
        if is(&[
            "ateLimitExceeded",
            "quotaExceeded",
            "dailyLimitExceeded",
            "RATE_LIMIT_EXCEEDED",
        ]) {
            Refusal::new(Fault::RateLimited, "asked us to slow down")
        } else if is(&["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"]) {
            Refusal::new(
                Fault::Forbidden,
                format!("says that the consent lacks the scope `{scope}`"),
            )
        } else if is(&["accessNotConfigured", "SERVICE_DISABLED"]) {
            Refusal::new(
                Fault::Forbidden,
                "says that its API is not switched on in the Google Cloud project of the client",
            )
        } else {
            Refusal::new(
                Fault::Forbidden,
                format!("forbids this: {}", word("/error/message")),
            )
        },
    )
}
