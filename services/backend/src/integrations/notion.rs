//! Notion: `POST /v1/search`, which compares titles. It gives no excerpt, so a snippet is made of a page's properties, and for
//! the first few without such text of their first blocks.
//!
//! Shapes: <https://developers.notion.com/reference/post-search>, <https://developers.notion.com/reference/page>,
//! <https://developers.notion.com/reference/get-block-children>

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Integration, Vendor};
use crate::markup::snippet;
use crate::metrics::Metrics;
use crate::search::results::{self, pages};
use crate::search::{Hit, SearchRequest, metadata};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

const NAME: &str = "notion";
/// Most results a page of the API gives us.
const PAGE: usize = 100;
/// How many pages are opened for a snippet; Notion allows three requests a second on average.
const OPENED: usize = 3;
/// The version whose shapes are read here. <https://developers.notion.com/reference/versioning>
const HEADERS: &[(&str, &str)] = &[
    ("accept", "application/json"),
    ("notion-version", "2022-06-28"),
];

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8013,
    variables: &["NOTION_API_KEY"],
    optional: &["NOTION_API_URL"],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let base = account.or("NOTION_API_URL", "https://api.notion.com");
    let login = Login::Bearer(account.get("NOTION_API_KEY"));
    let client = VendorClient::new(&INTEGRATION, base, login, http, metrics);
    Arc::new(Notion(client.with_headers(HEADERS).with_meaning(meaning)))
}

struct Notion(VendorClient);

#[derive(Deserialize)]
struct Page {
    results: Vec<Value>,
    next_cursor: Option<String>,
}

impl Vendor for Notion {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let page = |cursor, wanted| self.page(request, cursor, wanted, call);
            let mut hits = pages(request.limit, page).await?;
            let bare = hits
                .iter_mut()
                .filter(|hit| hit.content.is_empty() && is_page(hit));
            let opened = bare.take(OPENED).map(|hit| async {
                // A snippet is worth no error: the page was found.
                if let Ok(text) = self.first_blocks(&hit.id, call).await {
                    hit.content = snippet(&text, &request.query);
                }
            });
            join_all(opened).await;
            Ok(hits)
        }
        .boxed()
    }

    /// <https://developers.notion.com/reference/get-self>
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let bot: Value = self.0.get("/v1/users/me", &[], call).await?;
            let name = bot
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or("an integration");
            let of = bot.pointer("/bot/workspace_name").and_then(Value::as_str);
            let of = of.map_or_else(String::new, |workspace| format!(" of {workspace}"));
            Ok(Health::good_because(format!("signed in as {name}{of}")))
        }
        .boxed()
    }

    fn limits(&self) -> Option<String> {
        Some("pages are found by their titles: Notion's search looks at nothing else".to_owned())
    }
}

fn is_page(hit: &Hit) -> bool {
    let is_id = hit
        .id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_id && hit.metadata.fields().get("type").and_then(Value::as_str) == Some("page")
}

impl Notion {
    async fn page(
        &self,
        request: &SearchRequest,
        cursor: Option<String>,
        wanted: usize,
        call: Call<'_>,
    ) -> results::Page<String> {
        let mut body = json!({"query": request.query, "page_size": wanted.min(PAGE)});
        if let Some(kind) = request
            .filter("type")
            .first()
            .filter(|kind| ["page", "database"].contains(kind))
        {
            body["filter"] = json!({"property": "object", "value": kind});
        }
        if let Some(cursor) = cursor {
            body["start_cursor"] = json!(cursor);
        }
        let page: Page = self.0.post("/v1/search", &body, call).await?;
        let found = page
            .results
            .iter()
            .filter_map(|found| hit(found, &request.query));
        Ok((found.collect(), page.next_cursor))
    }

    async fn first_blocks(&self, page: &str, call: Call<'_>) -> Result<String, SourceError> {
        let path = format!("/v1/blocks/{page}/children");
        let blocks: Page = self.0.get(&path, &[("page_size", "30")], call).await?;
        let texts = blocks.results.iter().map(|block| {
            let kind = block
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            plain(&block[kind]["rich_text"])
        });
        let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        Ok(texts.join(" "))
    }
}

fn hit(found: &Value, query: &str) -> Option<Hit> {
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
    let properties = || {
        found
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    };
    // A database has its title at the top, a page in the one property of that type.
    let title = plain(&found["title"]);
    let title = match title.is_empty() {
        true => properties()
            .map(|(_, property)| plain(&property["title"]))
            .find(|title| !title.is_empty()),
        false => Some(title),
    };
    let values = properties()
        .filter_map(|(name, property)| Some(format!("{name}: {}", value_of(property)?)));
    let description = plain(&found["description"]);
    let content: Vec<String> = Some(description)
        .filter(|d| !d.is_empty())
        .into_iter()
        .chain(values)
        .collect();
    Some(Hit {
        id: text("/id")?.to_owned(),
        title: title.unwrap_or_else(|| "(untitled)".to_owned()),
        content: snippet(&content.join("; "), query),
        url: text("/url")?.to_owned(),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", text("/object")),
            (
                "author",
                text("/last_edited_by/name").or(text("/created_by/name")),
            ),
            ("updated", text("/last_edited_time")),
        ]),
    })
}

/// Rich text without its annotations. <https://developers.notion.com/reference/rich-text>
fn plain(rich_text: &Value) -> String {
    let runs = rich_text.as_array().into_iter().flatten();
    let texts: String = runs
        .filter_map(|run| run.get("plain_text")?.as_str())
        .collect();
    texts.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a person reads in a property, if it says something in words.
/// <https://developers.notion.com/reference/page-property-values>
fn value_of(property: &Value) -> Option<String> {
    let kind = property.get("type")?.as_str()?;
    let value = property.get(kind)?;
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    let words = match kind {
        "rich_text" => Some(plain(value)),
        "select" | "status" => name(value),
        "multi_select" | "people" => {
            let names: Vec<String> = value.as_array()?.iter().filter_map(name).collect();
            Some(names.join(", "))
        }
        _ => None,
    };
    words.filter(|words| !words.is_empty())
}

/// <https://developers.notion.com/reference/status-codes#error-codes>
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    match answer.status.as_u16() {
        401 => Some(Refusal::new(
            Fault::Unauthorized,
            "says that the token is wrong or was revoked",
        )),
        403 => {
            let what = "forbids this: the integration lacks the capability to read content, or was not connected to these pages";
            Some(Refusal::new(Fault::Forbidden, what))
        }
        409 => Some(Refusal::new(
            Fault::Unavailable,
            "was busy with the same data (HTTP 409)",
        )),
        _ => None,
    }
}
