//! DuckDuckGo: it has no API, so its page for browsers without scripts is read: a form, a list of results, a form for the next page.
//!
//! Shapes: <https://html.duckduckgo.com/html/>, and what SearXNG's engine learned of it:
//! <https://github.com/searxng/searxng/blob/master/searx/engines/duckduckgo.py>

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::civil::Date;
use reqwest::Url;

use super::{ADDRESS, Cursor, Found, fresh, words};
use crate::integrations::{Account, Integration, Vendor};
use crate::markup::{Element, elements};
use crate::metrics::Metrics;
use crate::search::results::{self, pages};
use crate::search::{Hit, SearchRequest};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

pub(super) const NAME: &str = "duckduckgo";
pub(super) const INTEGRATION: Integration = super::integration(&[], &[ADDRESS], connect);
const PATH: &str = "/html/";
/// Most characters of a query.
const WORDS: usize = 499;
/// Largest page that is read, in bytes; they have about 40 KB.
const PAGE_MAX: usize = 512 * 1024;
/// How long it is left alone once it takes us for a robot, in seconds.
const PAUSE: u64 = 300;

type Form = Vec<(String, String)>;

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let base = account.or(ADDRESS, "https://html.duckduckgo.com");
    let base = base.trim_end_matches('/').trim_end_matches("/html");
    let client = VendorClient::new(&INTEGRATION, base, Login::Nobody, http, metrics);
    let client = client.part(NAME, &[ADDRESS]).with_meaning(meaning);
    Arc::new(DuckDuckGo(client.with_headers(&[("accept", "text/html")])))
}

struct DuckDuckGo(VendorClient);

impl Vendor for DuckDuckGo {
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

    /// The empty form.
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            self.0.page(PATH, &[], call).await?;
            Ok(Health::good_because("duckduckgo shows its page"))
        }
        .boxed()
    }

    fn limits(&self) -> Option<String> {
        let text = "DuckDuckGo has no API: its page soon takes a program for a robot";
        Some(text.to_owned())
    }
}

impl DuckDuckGo {
    async fn page(
        &self,
        words: &str,
        cursor: Option<Cursor<Form>>,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> results::Page<Cursor<Form>> {
        let first = || (vec![("b".to_owned(), String::new())], HashSet::new());
        let (form, mut seen) = cursor.unwrap_or_else(first);
        let before = offset(&form);
        let mut fields = vec![("q".to_owned(), words.to_owned())];
        fields.extend(form);
        let page = self.0.page(PATH, &fields, call).await?;
        let list = List::read(&page[..page.floor_char_boundary(PAGE_MAX)]);
        if !list.is_one {
            let message = "duckduckgo answered with a page that is not its list of results";
            return Err(SourceError::new(Fault::BadAnswer, message));
        }
        let hits = fresh(list.found, &request.query, &mut seen);
        // Only forwards, or a page could send us round in circles.
        let next = list.forms.into_iter().find(|form| offset(form) > before);
        Ok((hits, next.map(|form| (form, seen))))
    }
}

fn offset(form: &Form) -> u32 {
    let field = form.iter().find(|(name, _)| name == "s");
    field.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

/// A page of results.
#[derive(Default)]
struct List {
    /// Whether there is a list at all, be it empty.
    is_one: bool,
    found: Vec<Found>,
    /// The forms that lead to other pages, without the words.
    forms: Vec<Form>,
    /// Whether an advertisement is being read.
    is_ad: bool,
}

impl List {
    fn read(page: &str) -> Self {
        let mut list = Self::default();
        for element in elements(page) {
            list.take(&element);
        }
        list.forms
            .retain(|form| form.iter().any(|(name, _)| name == "vqd"));
        list
    }

    fn take(&mut self, element: &Element<'_>) {
        self.is_one |=
            element.attribute("id").as_deref() == Some("links") || element.has_class("no-results");
        if element.is("form") {
            self.forms.push(Form::new());
        } else if element.is("input") {
            self.field(element);
        } else if element.has_class("result") {
            self.is_ad = element.has_class("result--ad");
        } else if !self.is_ad {
            self.part(element);
        }
    }

    /// The words are ours to say, and not taken from a page.
    fn field(&mut self, element: &Element<'_>) {
        let name = element.attribute("name").filter(|name| name != "q");
        if let (Some(form), Some(name)) = (self.forms.last_mut(), name) {
            form.push((name, element.attribute("value").unwrap_or_default()));
        }
    }

    fn part(&mut self, element: &Element<'_>) {
        if element.has_class("result__a") {
            self.found.push(Found {
                url: target(&element.attribute("href").unwrap_or_default()).unwrap_or_default(),
                title: element.text(),
                engine: NAME.to_owned(),
                ..Found::default()
            });
        }
        let Some(found) = self.found.last_mut() else {
            return;
        };
        if element.has_class("result__snippet") && found.content.is_empty() {
            found.content = element.text();
        } else if element.is("span") && found.published.is_none() {
            // "2026-01-30T00:00:00.0000000"
            let text = element.text();
            let date = text.get(..10).filter(|date| date.parse::<Date>().is_ok());
            found.published = date.map(str::to_owned);
        }
    }
}

/// Where a link leads to: some go through `//duckduckgo.com/l/?uddg=…`, and those of advertisements (`/y.js`) nowhere.
fn target(href: &str) -> Option<String> {
    let url = Url::parse("https://duckduckgo.com").ok()?.join(href).ok()?;
    if url.host_str() != Some("duckduckgo.com") {
        return Some(url.into());
    }
    match url.path() {
        "/l/" => {
            let mut fields = url.query_pairs();
            let (_, target) = fields.find(|(name, _)| name == "uddg")?;
            Some(target.into_owned())
        }
        "/y.js" => None,
        _ => Some(url.into()),
    }
}

/// A robot is answered with 202 and a puzzle, not with 429.
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let is_puzzle = |element: Element<'_>| {
        element.has_class("anomaly-modal__title")
            || element.attribute("id").as_deref() == Some("challenge-form")
    };
    let page = &answer.body[..answer.body.len().min(PAGE_MAX)];
    let page = String::from_utf8_lossy(page);
    match answer.status.as_u16() {
        403 => Some(Refusal::new(
            Fault::Forbidden,
            "refuses what comes from this network address",
        )),
        202 => Some(robot()),
        200 if elements(&page).any(is_puzzle) => Some(robot()),
        _ => None,
    }
}

/// To come back soon would only prove it right.
fn robot() -> Refusal {
    let what = "takes us for a robot and shows a puzzle instead of results; \
        SearXNG and Brave (`WEB_SEARCH_PROVIDER`) answer programs";
    Refusal {
        wait: Some(PAUSE),
        ..Refusal::new(Fault::RateLimited, what)
    }
}
