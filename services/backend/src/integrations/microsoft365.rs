//! Microsoft 365 by Microsoft Graph, as an application (client credentials): SharePoint and OneDrive by the search API, Outlook
//! by the mailboxes that are named. Files of Teams lie in SharePoint; messages of Teams can be searched on behalf of a person
//! only, and health says so.
//!
//! Shapes: <https://learn.microsoft.com/en-us/graph/search-concept-searchall>,
//! <https://learn.microsoft.com/en-us/graph/api/search-query>, <https://learn.microsoft.com/en-us/graph/search-query-parameter>,
//! <https://learn.microsoft.com/en-us/graph/auth-v2-service>

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Account, Integration, Vendor};
use crate::markup::{html_to_text, snippet};
use crate::metrics::Metrics;
use crate::search::results::merged;
use crate::search::{Hit, QUERY_MAX, SearchRequest, metadata};
use crate::secret::Secret;
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Grant, Login, Refusal, VendorClient};

const NAME: &str = "microsoft365";
const CREDENTIALS: [&str; 3] = ["MS_CLIENT_ID", "MS_CLIENT_SECRET", "MS_TENANT_ID"];
/// Mailboxes that one search looks into.
const MAILBOXES: usize = 10;

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8019,
    variables: &CREDENTIALS,
    optional: &["MS_REGION", "MS_MAILBOXES", "MS_LOGIN_URL", "MS_GRAPH_URL"],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let login = account.or("MS_LOGIN_URL", "https://login.microsoftonline.com");
    let graph = account.or("MS_GRAPH_URL", "https://graph.microsoft.com");
    let tenant = account.get("MS_TENANT_ID");
    let url = format!(
        "{}/{}/oauth2/v2.0/token",
        login.trim_end_matches('/'),
        tenant.expose()
    );
    let form = vec![
        ("grant_type", Secret::new("client_credentials")),
        ("client_id", account.get("MS_CLIENT_ID")),
        ("client_secret", account.get("MS_CLIENT_SECRET")),
        // Each national cloud has its own.
        (
            "scope",
            Secret::new(format!("{}/.default", graph.trim_end_matches('/'))),
        ),
    ];
    let grant = Arc::new(Grant::new(url, form));
    let client = |name, meaning| {
        let login = Login::Grant(grant.clone());
        let client = VendorClient::new(&INTEGRATION, graph, login, http.clone(), metrics.clone());
        client.part(name, &CREDENTIALS).with_meaning(meaning)
    };
    let mailboxes = account.or("MS_MAILBOXES", "").split(',').map(str::trim);
    let region = account
        .find("MS_REGION")
        .map(|region| region.expose().to_uppercase());
    Arc::new(Microsoft365 {
        sharepoint: client("sharepoint", |answer| meaning(answer, "Sites.Read.All")),
        outlook: client("outlook", |answer| meaning(answer, "Mail.Read")),
        mailboxes: mailboxes
            .filter(|name| !name.is_empty())
            .take(MAILBOXES)
            .map(str::to_owned)
            .collect(),
        region: OnceCell::new_with(region),
    })
}

struct Microsoft365 {
    sharepoint: VendorClient,
    outlook: VendorClient,
    mailboxes: Vec<String>,
    region: OnceCell<String>,
}

#[derive(Deserialize)]
struct Listed<T> {
    value: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Searched {
    #[serde(default)]
    hits_containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    // Absent when nothing was found.
    #[serde(default)]
    hits: Vec<Value>,
}

impl Vendor for Microsoft365 {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = &request.words(QUERY_MAX)?;
            let mails = self
                .mailboxes
                .iter()
                .map(|mailbox| self.mails(mailbox, words, request, call).boxed());
            let parts = std::iter::once(self.files(words, request, call).boxed()).chain(mails);
            merged(join_all(parts).await, request.limit, call.id)
        }
        .boxed()
    }

    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let root: Value = self
                .sharepoint
                .get(
                    "/v1.0/sites/root",
                    &[("$select", "displayName,webUrl")],
                    call,
                )
                .await?;
            let region = self.region(call).await?;
            let url = root
                .get("webUrl")
                .and_then(Value::as_str)
                .unwrap_or("a tenant");
            Ok(Health::good_because(format!(
                "signed in as an application of {url}, region {region}"
            )))
        }
        .boxed()
    }

    fn limits(&self) -> Option<String> {
        let teams =
            "messages of Teams are not searched: Microsoft allows that only on behalf of a person";
        Some(match self.mailboxes.is_empty() {
            true => format!("{teams}; Outlook is searched when `MS_MAILBOXES` names mailboxes"),
            false => teams.to_owned(),
        })
    }
}

impl Microsoft365 {
    /// The region that an application must name, asked for once.
    /// <https://learn.microsoft.com/en-us/graph/search-concept-searchall#get-the-region-value>
    async fn region(&self, call: Call<'_>) -> Result<&String, SourceError> {
        let ask = async || {
            let query = [
                ("$filter", "siteCollection/root ne null"),
                ("$select", "siteCollection,webUrl"),
            ];
            let sites: Listed<Value> = self.sharepoint.get("/v1.0/sites", &query, call).await?;
            let mut codes = sites
                .value
                .iter()
                .filter_map(|site| site.pointer("/siteCollection/dataLocationCode")?.as_str());
            let code = codes.find(|code| !code.is_empty()).map(str::to_owned);
            let unknown = "microsoft365 does not say in which region the tenant lies; set `MS_REGION`, such as NAM or EUR";
            code.ok_or_else(|| SourceError::new(Fault::Rejected, unknown))
        };
        self.region.get_or_try_init(ask).await
    }

    /// One page is enough: it holds as many as a search may ask for.
    async fn files(
        &self,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let body = json!({"requests": [{
            "entityTypes": ["driveItem", "listItem"],
            "query": {"queryString": words},
            "from": 0,
            "size": request.limit,
            "region": self.region(call).await?,
        }]});
        let found: Listed<Searched> = self
            .sharepoint
            .post("/v1.0/search/query", &body, call)
            .await?;
        let containers = found
            .value
            .into_iter()
            .flat_map(|searched| searched.hits_containers);
        // A file is an item of a list too.
        let mut seen = HashSet::new();
        let hits = containers.flat_map(|container| container.hits);
        Ok(hits
            .filter_map(|found| file(&found, &request.query))
            .filter(|hit| seen.insert(hit.url.clone()))
            .collect())
    }

    async fn mails(
        &self,
        mailbox: &str,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || "@._-+'".contains(*c);
        let mailbox: String = mailbox.chars().filter(is_name).collect();
        let (search, top) = (format!("\"{words}\""), request.limit.to_string());
        let select = "id,subject,bodyPreview,webLink,from,receivedDateTime";
        let query = [
            ("$search", search.as_str()),
            ("$top", &top),
            ("$select", select),
        ];
        let found: Listed<Value> = self
            .outlook
            .get(&format!("/v1.0/users/{mailbox}/messages"), &query, call)
            .await?;
        Ok(found
            .value
            .iter()
            .filter_map(|found| mail(found, &mailbox, &request.query))
            .collect())
    }
}

fn file(found: &Value, query: &str) -> Option<Hit> {
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
    let url = text("/resource/webUrl")?;
    let last = url.rsplit('/').find(|part| !part.is_empty()).unwrap_or(url);
    let kind = text("/resource/@odata.type").and_then(|kind| kind.rsplit('.').next());
    // Hits stand in `<c0>`, and what was left out is `<ddd/>`.
    let summary = text("/summary").unwrap_or_default();
    let summary = summary
        .replace("<c0>", "")
        .replace("</c0>", "")
        .replace("<ddd/>", "…");
    Some(Hit {
        id: text("/hitId").or(text("/resource/id"))?.to_owned(),
        title: text("/resource/name")
            .or(text("/resource/fields/title"))
            .unwrap_or(last)
            .to_owned(),
        content: snippet(&html_to_text(&summary), query),
        url: url.to_owned(),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", kind),
            (
                "author",
                text("/resource/lastModifiedBy/user/displayName")
                    .or(text("/resource/createdBy/user/displayName")),
            ),
            ("updated", text("/resource/lastModifiedDateTime")),
        ]),
    })
}

fn mail(found: &Value, mailbox: &str, query: &str) -> Option<Hit> {
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
    let subject = text("/subject").filter(|subject| !subject.is_empty());
    let preview = text("/bodyPreview").unwrap_or_default();
    let preview: Vec<&str> = preview.split_whitespace().collect();
    Some(Hit {
        id: text("/id")?.to_owned(),
        title: subject.unwrap_or("(no subject)").to_owned(),
        content: snippet(&preview.join(" "), query),
        url: text("/webLink")?.to_owned(),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", Some("message")),
            ("mailbox", Some(mailbox)),
            (
                "author",
                text("/from/emailAddress/name").or(text("/from/emailAddress/address")),
            ),
            ("updated", text("/receivedDateTime")),
        ]),
    })
}

/// <https://learn.microsoft.com/en-us/graph/errors>
fn meaning(answer: &Answer<'_>, permission: &str) -> Option<Refusal> {
    let said = answer.json();
    let word = |pointer: &str| {
        said.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let code = match word("/error/code") {
        code if code.is_empty() => code,
        code => format!(" ({code})"),
    };
    match answer.status.as_u16() {
        401 => {
            let what = format!("does not accept the application's token{code}");
            Some(Refusal::new(Fault::Unauthorized, what))
        }
        403 => {
            let what = format!(
                "forbids this: the application needs the application permission `{permission}` with an administrator's consent{code}"
            );
            Some(Refusal::new(Fault::Forbidden, what))
        }
        404 if word("/error/code").contains("User") || permission == "Mail.Read" => {
            let what = format!("knows no such mailbox; check `MS_MAILBOXES`{code}");
            Some(Refusal::new(Fault::NotFound, what))
        }
        _ => None,
    }
}
