//! Linear: `searchIssues` of its GraphQL API.
//!
//! Shapes: <https://linear.app/developers/graphql>, <https://studio.apollographql.com/public/Linear-API/variant/current/schema>

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Integration, Vendor, signed_in_as};
use crate::markup::{markdown_to_text, snippet};
use crate::metrics::Metrics;
use crate::search::results::{self, pages};
use crate::search::{Hit, SearchRequest, metadata};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

const NAME: &str = "linear";
/// Issues in one answer: its cost grows with them. <https://linear.app/developers/rate-limiting#complexity>
const PAGE: usize = 50;
const SEARCH: &str = "query($term: String!, $first: Int!, $after: String, $filter: IssueFilter) { \
    searchIssues(term: $term, first: $first, after: $after, filter: $filter) { \
    nodes { id identifier title description url updatedAt priorityLabel state { name } team { key } \
    creator { displayName } assignee { displayName } } pageInfo { hasNextPage endCursor } } }";

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8017,
    variables: &["LINEAR_API_KEY"],
    optional: &["LINEAR_API_URL"],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let base = account.or("LINEAR_API_URL", "https://api.linear.app");
    // A personal key stands there without `Bearer`.
    let login = Login::Header("authorization", account.get("LINEAR_API_KEY"));
    let client = VendorClient::new(&INTEGRATION, base, login, http, metrics);
    Arc::new(Linear(client.with_meaning(meaning)))
}

struct Linear(VendorClient);

#[derive(Deserialize)]
struct Data {
    data: Search,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    search_issues: Found,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    nodes: Vec<Value>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl Vendor for Linear {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let page = |cursor, wanted| self.page(request, cursor, wanted, call);
            pages(request.limit, page).await
        }
        .boxed()
    }

    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let viewer = json!({"query": "{ viewer { name } }"});
            let viewer: Value = self.0.post("/graphql", &viewer, call).await?;
            Ok(signed_in_as(&viewer, "/data/viewer/name"))
        }
        .boxed()
    }
}

impl Linear {
    async fn page(
        &self,
        request: &SearchRequest,
        cursor: Option<String>,
        wanted: usize,
        call: Call<'_>,
    ) -> results::Page<String> {
        let mut variables =
            json!({"term": request.query, "first": wanted.min(PAGE), "after": cursor});
        let teams = request.filter("team");
        if !teams.is_empty() {
            variables["filter"] = json!({"team": {"key": {"in": teams}}});
        }
        let body = json!({"query": SEARCH, "variables": variables});
        let answer: Data = self.0.post("/graphql", &body, call).await?;
        let Found { nodes, page_info } = answer.data.search_issues;
        let hits = nodes.iter().filter_map(|issue| hit(issue, &request.query));
        let next = page_info.end_cursor.filter(|_| page_info.has_next_page);
        Ok((hits.collect(), next))
    }
}

fn hit(issue: &Value, query: &str) -> Option<Hit> {
    let text = |pointer: &str| issue.pointer(pointer).and_then(Value::as_str);
    let identifier = text("/identifier")?;
    Some(Hit {
        id: text("/id")?.to_owned(),
        title: format!("{identifier}: {}", text("/title").unwrap_or("(no title)")),
        content: snippet(
            &markdown_to_text(text("/description").unwrap_or_default()),
            query,
        ),
        url: text("/url")?.to_owned(),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", Some("issue")),
            ("key", Some(identifier)),
            ("team", text("/team/key")),
            ("status", text("/state/name")),
            ("priority", text("/priorityLabel")),
            ("author", text("/creator/displayName")),
            ("assignee", text("/assignee/displayName")),
            ("updated", text("/updatedAt")),
        ]),
    })
}

/// Errors come in bodies, with status 200 or 400; so do rate limits. Data that came beside an error is data.
/// <https://linear.app/developers/graphql#errors>, <https://linear.app/developers/rate-limiting>
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let said = answer.json();
    let error = said.pointer("/errors/0")?;
    let data = said.get("data").and_then(Value::as_object);
    if data.is_some_and(|data| data.values().any(|value| !value.is_null())) {
        return None;
    }
    let word = |pointer: &str| {
        error
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let kind = format!("{} {}", word("/extensions/code"), word("/extensions/type"));
    let kind = kind.to_lowercase().replace('_', " ");
    let is = |word: &str| kind.contains(word);
    if is("ratelimited") {
        let slow = Refusal::new(Fault::RateLimited, "asked us to slow down");
        return Some(Refusal {
            wait: Some(reset(answer)),
            ..slow
        });
    }
    let (fault, what) = if is("authentication") || answer.status.as_u16() == 401 {
        (
            Fault::Unauthorized,
            "says that the API key is wrong or was revoked".to_owned(),
        )
    } else if is("forbidden") || is("feature not accessible") {
        (
            Fault::Forbidden,
            format!("forbids this: {}", word("/message")),
        )
    } else if is("internal")
        || is("network")
        || is("lock timeout")
        || answer.status.is_server_error()
    {
        (Fault::Unavailable, format!("failed: {}", word("/message")))
    } else {
        let words =
            Some(word("/extensions/userPresentableMessage")).filter(|words| !words.is_empty());
        (
            Fault::Rejected,
            format!("refused the query: {}", words.unwrap_or(word("/message"))),
        )
    };
    Some(Refusal::new(fault, what))
}

/// Seconds until the limit is reset; the header is in Unix milliseconds. Without it, a minute.
fn reset(answer: &Answer<'_>) -> u64 {
    let at: Option<i64> = answer.header("x-ratelimit-requests-reset").parse().ok();
    let left = at.map(|at| (at - jiff::Timestamp::now().as_millisecond()) / 1000 + 1);
    left.and_then(|left| u64::try_from(left).ok())
        .filter(|left| *left > 0)
        .unwrap_or(60)
}
