//! Confluence Cloud: `GET /wiki/rest/api/search` with CQL.
//!
//! Shapes: <https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-search/#api-wiki-rest-api-search-get>

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Account, Integration, Vendor, restriction, signed_in_as, text_literal};
use crate::markup::{html_to_text, snippet};
use crate::metrics::Metrics;
use crate::search::results::{self, pages};
use crate::search::{Hit, SearchRequest};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Call, Login, VendorClient};

const NAME: &str = "confluence";
/// Most results a page of the API gives us.
const PAGE: usize = 50;

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8015,
    variables: &["CONFLUENCE_URL", "CONFLUENCE_USERNAME", "CONFLUENCE_TOKEN"],
    optional: &[],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let login = Login::Basic(
        account.get("CONFLUENCE_USERNAME"),
        account.get("CONFLUENCE_TOKEN"),
    );
    let url = account.get("CONFLUENCE_URL");
    // People paste the address of their wiki; the API paths bring `/wiki` along.
    let base = url.expose().trim_end_matches('/').trim_end_matches("/wiki");
    Arc::new(Confluence(VendorClient::new(
        &INTEGRATION,
        base,
        login,
        http,
        metrics,
    )))
}

struct Confluence(VendorClient);

#[derive(Deserialize)]
struct Page {
    results: Vec<Found>,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Deserialize, Default)]
struct Links {
    next: Option<String>,
    base: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    content: Option<Content>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    excerpt: String,
    #[serde(default)]
    url: String,
    result_global_container: Option<Container>,
    entity_type: Option<String>,
    last_modified: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    id: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Container {
    title: Option<String>,
}

impl Vendor for Confluence {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        let cql = cql(request);
        async move {
            pages(request.limit, |cursor, wanted| {
                self.page(&cql, request, cursor, wanted, call)
            })
            .await
        }
        .boxed()
    }

    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let user: Value = self.0.get("/wiki/rest/api/user/current", &[], call).await?;
            // A wrong token can be answered as if nobody had signed in.
            if user.get("type").and_then(Value::as_str) == Some("anonymous") {
                let message = "confluence treats us as anonymous; check `CONFLUENCE_USERNAME` and `CONFLUENCE_TOKEN`";
                return Err(SourceError::new(Fault::Unauthorized, message));
            }
            Ok(signed_in_as(&user, "/displayName"))
        }
        .boxed()
    }
}

impl Confluence {
    async fn page(
        &self,
        cql: &str,
        request: &SearchRequest,
        cursor: Option<String>,
        wanted: usize,
        call: Call<'_>,
    ) -> results::Page<String> {
        let limit = wanted.min(PAGE).to_string();
        let mut query = vec![("cql", cql), ("limit", &limit), ("excerpt", "highlight")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page: Page = self.0.get("/wiki/rest/api/search", &query, call).await?;
        let base = page
            .links
            .base
            .unwrap_or_else(|| format!("{}/wiki", self.0.base()));
        let found = page.results.into_iter();
        let hits = found.map(|found| hit(found, &base, &request.query));
        let next = page.links.next.as_deref().and_then(cursor_of);
        Ok((hits.collect(), next))
    }
}

/// Only the cursor is taken from the `next` link: the rest of an address in an answer is not to be trusted.
fn cursor_of(next: &str) -> Option<String> {
    let next = reqwest::Url::parse("http://base").ok()?.join(next).ok()?;
    next.query_pairs()
        .find(|(name, _)| name == "cursor")
        .map(|(_, value)| value.into_owned())
}

fn cql(request: &SearchRequest) -> String {
    let mut parts = vec![format!("text ~ {}", text_literal(&request.query))];
    let kind = restriction("type", request, "content_type");
    parts.push(kind.unwrap_or_else(|| "type in (\"page\", \"blogpost\")".to_owned()));
    parts.extend(restriction("space", request, "space"));
    parts.extend(restriction("label", request, "label"));
    parts.join(" AND ")
}

fn hit(found: Found, base: &str, query: &str) -> Hit {
    let mut metadata = Map::new();
    let kind = found
        .content
        .as_ref()
        .and_then(|content| content.kind.clone())
        .or(found.entity_type);
    let space = found
        .result_global_container
        .and_then(|container| container.title);
    for (name, value) in [
        ("type", kind),
        ("space", space),
        ("last_modified", found.last_modified),
    ] {
        metadata.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    }
    let url = if found.url.starts_with('/') {
        format!("{base}{}", found.url)
    } else {
        found.url
    };
    Hit {
        id: found
            .content
            .map_or_else(|| url.clone(), |content| content.id),
        title: html_to_text(&found.title),
        content: snippet(&html_to_text(&found.excerpt), query),
        url,
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_cannot_become_cql() {
        let request: SearchRequest = serde_json::from_str(
            r#"{"query": "a\" OR type = user \\", "filters": {"space": ["ENG", "a\"b"]}}"#,
        )
        .unwrap();
        assert_eq!(
            cql(&request),
            r#"text ~ "a\\\" or type = user \\\\" AND type in ("page", "blogpost") AND space in ("ENG", "a\"b")"#
        );
    }

    #[test]
    fn the_cursor_is_all_that_is_taken_from_a_link() {
        assert_eq!(
            cursor_of("/rest/api/search?next=true&cursor=a%3Db&limit=2").as_deref(),
            Some("a=b")
        );
        assert_eq!(cursor_of("/rest/api/search?limit=2"), None);
    }
}
