//! SearXNG: an instance of one's own asks many engines. Its JSON must be switched on.
//!
//! Shapes: <https://docs.searxng.org/dev/search_api.html>; results and `unresponsive_engines` as its page `/search` writes them:
//! <https://github.com/searxng/searxng/blob/master/searx/webutils.py>

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::{ADDRESS, Cursor, Found, fresh, words};
use crate::integrations::{Account, Integration, Vendor};
use crate::metrics::Metrics;
use crate::search::results::{self, pages};
use crate::search::{Hit, QUERY_MAX, SearchRequest};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

pub(super) const NAME: &str = "searxng";
pub(super) const INTEGRATION: Integration = super::integration(&[ADDRESS], &[], connect);
/// Pages asked for one search: each makes the instance ask all its engines again.
const PAGES: usize = 4;

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let url = account.get(ADDRESS);
    // People paste the address of the page they search on.
    let base = url
        .expose()
        .trim_end_matches('/')
        .trim_end_matches("/search");
    let client = VendorClient::new(&INTEGRATION, base, Login::Nobody, http, metrics);
    Arc::new(Searxng(client.part(NAME, &[ADDRESS]).with_meaning(meaning)))
}

struct Searxng(VendorClient);

#[derive(Deserialize)]
struct Page {
    results: Vec<Item>,
    /// Pairs of a name and a reason.
    #[serde(default)]
    unresponsive_engines: Vec<Value>,
}

#[derive(Deserialize)]
struct Item {
    url: Option<String>,
    title: Option<String>,
    content: Option<String>,
    engine: Option<String>,
    #[serde(default)]
    engines: Vec<String>,
    #[serde(rename = "publishedDate")]
    published: Option<String>,
}

impl Vendor for Searxng {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = words(request, QUERY_MAX)?;
            pages(request.limit, |cursor, _| {
                self.page(&words, cursor, request, call)
            })
            .await
        }
        .boxed()
    }

    /// A search without words: where JSON is on, it is refused before any engine is asked.
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let format = [("format", "json")];
            match self.0.get::<Value>("/search", &format, call).await {
                Err(error) if error.fault != Fault::Rejected => Err(error),
                _ => Ok(Health::good_because("searxng answers in JSON")),
            }
        }
        .boxed()
    }
}

impl Searxng {
    async fn page(
        &self,
        words: &str,
        cursor: Option<Cursor<usize>>,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> results::Page<Cursor<usize>> {
        let (number, mut seen) = cursor.unwrap_or_else(|| (1, HashSet::new()));
        let pageno = number.to_string();
        let query = [("q", words), ("format", "json"), ("pageno", &pageno)];
        let page: Page = self.0.get("/search", &query, call).await?;
        if page.results.is_empty() && number == 1 && !page.unresponsive_engines.is_empty() {
            return Err(silent(&page.unresponsive_engines));
        }
        let found = page.results.into_iter().map(found_of).collect();
        let hits = fresh(found, &request.query, &mut seen);
        Ok((hits, (number < PAGES).then_some((number + 1, seen))))
    }
}

fn found_of(item: Item) -> Found {
    let engines = match item.engines.is_empty() {
        true => item.engine.unwrap_or_default(),
        false => item.engines.join(", "),
    };
    Found {
        url: item.url.unwrap_or_default(),
        title: item.title.unwrap_or_default(),
        content: item.content.unwrap_or_default(),
        published: item.published,
        engine: engines,
    }
}

/// Nothing found because nobody looked.
fn silent(engines: &[Value]) -> SourceError {
    let named = engines.iter().take(5).filter_map(|engine| {
        let part = |at: usize| Some(engine.get(at)?.as_str()?.chars().take(60).collect());
        let name: String = part(0)?;
        let reason: Option<String> = part(1);
        Some(reason.map_or_else(|| name.clone(), |reason| format!("{name} ({reason})")))
    });
    let named = named.collect::<Vec<_>>().join(", ");
    let message = format!("searxng found nothing, and engines did not answer it: {named}");
    SourceError::new(Fault::Unavailable, message)
}

/// "Requesting an unset format will return a 403 Forbidden error."
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let what = "gives no JSON: add `json` to `formats` below `search` in its settings.yml";
    (answer.status.as_u16() == 403).then(|| Refusal::new(Fault::Forbidden, what))
}
