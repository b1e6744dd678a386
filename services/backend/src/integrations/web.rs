//! The web, searched by whom the configuration names: SearXNG, Brave or DuckDuckGo. It is no service of its own: whoever asks the
//! other sources (the orchestrator, or the gateway of the minimal profile) asks it too. Unless somebody chose, there is none.

mod brave;
mod duckduckgo;
mod searxng;

use std::collections::HashSet;

use reqwest::Url;

use super::Integration;
use crate::markup::{html_to_text, snippet};
use crate::search::{Hit, SearchRequest, metadata};
use crate::source::{Fault, SourceError};

/// The name of the source, whoever searches.
pub const NAME: &str = "web";
/// Where its address is set: SearXNG has none of its own, for the others it is a proxy's.
const ADDRESS: &str = "WEB_SEARCH_URL";

/// Who can search the web, by the value of `WEB_SEARCH_PROVIDER`.
pub const PROVIDERS: &[(&str, Integration)] = &[
    (searxng::NAME, searxng::INTEGRATION),
    (brave::NAME, brave::INTEGRATION),
    (duckduckgo::NAME, duckduckgo::INTEGRATION),
];

/// A row in the list of providers.
const fn integration(
    variables: &'static [&'static str],
    optional: &'static [&'static str],
    connect: super::Connect,
) -> Integration {
    Integration {
        name: NAME,
        // It serves nowhere.
        port: 0,
        variables,
        optional,
        connect,
    }
}

/// One thing found, as a provider has it.
#[derive(Default)]
struct Found {
    url: String,
    /// Text or HTML, as `content`.
    title: String,
    content: String,
    /// A time, or words such as "2 days ago".
    published: Option<String>,
    /// Whose index it is from.
    engine: String,
}

impl Found {
    /// The hit, unless its address is none that a person can open.
    fn hit(self, query: &str) -> Option<Hit> {
        let url = Url::parse(&self.url).ok()?;
        let site = url.host_str().filter(|site| !site.is_empty())?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let title = html_to_text(&self.title);
        Some(Hit {
            id: url.to_string(),
            title: if title.is_empty() {
                site.to_owned()
            } else {
                title
            },
            content: snippet(&html_to_text(&self.content), query),
            url: url.to_string(),
            source: NAME.to_owned(),
            score: 0.0,
            metadata: metadata([
                ("site", Some(site)),
                ("published", self.published.as_deref()),
                ("engine", Some(&self.engine)),
            ]),
        })
    }
}

/// The words of the query for a search engine: at most `most` characters, and no bangs, which would lead to other sites.
/// <https://duckduckgo.com/bangs>, <https://docs.searxng.org/user/search-syntax.html>
fn words(request: &SearchRequest, most: usize) -> Result<String, SourceError> {
    let words = request.words(most)?;
    let words = words
        .split(' ')
        .map(|word| word.trim_matches(['!', '?']))
        .filter(|word| !word.is_empty())
        .take(50);
    let words = words.collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        let message = "the query holds no word to search for";
        return Err(SourceError::new(Fault::Rejected, message));
    }
    Ok(words)
}

/// The way to the next page, and the addresses of the pages before.
type Cursor<N> = (N, HashSet<String>);

/// The hits of a page whose addresses are new; an engine may repeat itself.
fn fresh(found: Vec<Found>, query: &str, seen: &mut HashSet<String>) -> Vec<Hit> {
    let hits = found.into_iter().filter_map(|found| found.hit(query));
    hits.filter(|hit| seen.insert(hit.url.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_leads_nowhere_but_to_results() {
        let words = |query: &str| {
            let request: SearchRequest =
                serde_json::from_value(serde_json::json!({"query": query})).unwrap();
            words(&request, 400).map_err(|error| error.message)
        };
        assert_eq!(words("!g !!wp rust g! \\c++ ?").unwrap(), "g wp rust g c++");
        assert_eq!(words(&"x ".repeat(60)).unwrap().split(' ').count(), 50);
        assert_eq!(
            words("! ?").unwrap_err(),
            "the query holds no word to search for"
        );
    }

    #[test]
    fn what_cannot_be_opened_is_no_hit() {
        for url in ["javascript:alert(1)", "/relative", "ftp://a/", "mailto:a@b"] {
            let found = Found {
                url: url.to_owned(),
                ..Found::default()
            };
            assert!(found.hit("x").is_none(), "{url}");
        }
    }
}
