//! Brave Search: `GET /res/v1/web/search` with a key.
//!
//! Shapes: <https://api-dashboard.search.brave.com/api-reference/web/search/get>

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::{ADDRESS, Cursor, Found, fresh, words};
use crate::integrations::{Account, Integration, Vendor};
use crate::metrics::Metrics;
use crate::search::results::{self, pages};
use crate::search::{Hit, SearchRequest};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

pub(super) const NAME: &str = "brave";
pub(super) const INTEGRATION: Integration = super::integration(&[KEY], &[ADDRESS], connect);
const KEY: &str = "BRAVE_API_KEY";
const PATH: &str = "/res/v1/web/search";
/// Most characters of a query.
const WORDS: usize = 400;
/// Most results of a page.
const COUNT: usize = 20;
/// Last page there is; the first is 0.
const LAST: usize = 9;

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let base = account.or(ADDRESS, "https://api.search.brave.com");
    let login = Login::Header("x-subscription-token", account.get(KEY));
    let client = VendorClient::new(&INTEGRATION, base, login, http, metrics);
    Arc::new(Brave(
        client.part(NAME, &[KEY, ADDRESS]).with_meaning(meaning),
    ))
}

struct Brave(VendorClient);

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    query: About,
    /// Absent if nothing was found.
    web: Option<Web>,
}

#[derive(Deserialize, Default)]
struct About {
    #[serde(default)]
    more_results_available: bool,
}

#[derive(Deserialize)]
struct Web {
    results: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    url: String,
    title: Option<String>,
    description: Option<String>,
    page_age: Option<String>,
    age: Option<String>,
}

impl Vendor for Brave {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = words(request, WORDS)?;
            pages(request.limit, |cursor, _| {
                self.page(&words, cursor, request, call)
            })
            .await
        }
        .boxed()
    }

    /// A search without words: the key is looked at before the question, and only good answers are counted.
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            match self.0.get::<Value>(PATH, &[], call).await {
                Err(error) if error.fault != Fault::Rejected => Err(error),
                _ => Ok(Health::good_because("brave knows the key")),
            }
        }
        .boxed()
    }
}

impl Brave {
    async fn page(
        &self,
        words: &str,
        cursor: Option<Cursor<usize>>,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> results::Page<Cursor<usize>> {
        let (number, mut seen) = cursor.unwrap_or_default();
        // Pages are counted by their size, which must therefore stay.
        let count = request.limit.min(COUNT).to_string();
        let offset = number.to_string();
        let query = [
            ("q", words),
            ("count", &count),
            ("offset", &offset),
            ("result_filter", "web"),
            ("text_decorations", "false"),
        ];
        let page: Page = self.0.get(PATH, &query, call).await?;
        let more = page.query.more_results_available && number < LAST;
        let found = page.web.map_or_else(Vec::new, |web| web.results);
        let found = found.into_iter().map(found_of).collect();
        let hits = fresh(found, &request.query, &mut seen);
        Ok((hits, more.then_some((number + 1, seen))))
    }
}

fn found_of(item: Item) -> Found {
    Found {
        url: item.url,
        title: item.title.unwrap_or_default(),
        content: item.description.unwrap_or_default(),
        published: item.page_age.or(item.age),
        engine: NAME.to_owned(),
    }
}

/// A wrong key is answered with 422, like a wrong query.
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let said = answer.json();
    let at = |place: &str| said.pointer(place).and_then(Value::as_str);
    match (answer.status.as_u16(), at("/error/code")?) {
        (422, "SUBSCRIPTION_TOKEN_INVALID") => {
            Some(Refusal::new(Fault::Unauthorized, "does not know the key"))
        }
        (429, _) => {
            let detail: String = at("/error/detail")?.chars().take(200).collect();
            let what = format!("asked us to slow down: {detail}");
            Some(Refusal::new(Fault::RateLimited, what))
        }
        _ => None,
    }
}
