//! GitHub: the REST search of issues, pull requests, repositories and code, asked side by side and merged.
//!
//! Shapes: <https://docs.github.com/en/rest/search/search>. Issues and pull requests are asked for apart, because a query for
//! both is refused for some kinds of tokens.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use serde::Deserialize;
use serde_json::Value;

use super::{Account, Integration, Vendor, signed_in_as};
use crate::markup::{markdown_to_text, snippet};
use crate::metrics::Metrics;
use crate::search::results::merged;
use crate::search::{Hit, SearchRequest, metadata};
use crate::source::{Fault, Health, SourceError};
use crate::vendor::{Answer, Call, Login, Refusal, VendorClient};

const NAME: &str = "github";
/// Longest query, qualifiers not counted.
const QUERY_MAX: usize = 256;
const HEADERS: &[(&str, &str)] = &[
    ("accept", "application/vnd.github.text-match+json"),
    ("x-github-api-version", "2022-11-28"),
];
/// What is searched: its name as the filter `type` takes it, its path, and what restricts the path to it.
const KINDS: [(&str, &str, &str); 4] = [
    ("issue", "/search/issues", " is:issue"),
    ("pull_request", "/search/issues", " is:pr"),
    ("repository", "/search/repositories", ""),
    ("code", "/search/code", ""),
];

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8011,
    variables: &["GITHUB_TOKEN"],
    optional: &["GITHUB_API_URL"],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let client = || {
        let base = account.or("GITHUB_API_URL", "https://api.github.com");
        let login = Login::Bearer(account.get("GITHUB_TOKEN"));
        VendorClient::new(&INTEGRATION, base, login, http.clone(), metrics.clone())
            .with_headers(HEADERS)
            .with_meaning(meaning)
    };
    Arc::new(GitHub {
        search: client(),
        code: client().part("github-code", &["GITHUB_TOKEN", "GITHUB_API_URL"]),
    })
}

struct GitHub {
    search: VendorClient,
    // Code has a rate limit of its own, a third of the others'.
    code: VendorClient,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
}

/// An item of any kind; what is absent is not of its kind.
#[derive(Deserialize)]
struct Item {
    html_url: String,
    id: Option<u64>,
    updated_at: Option<String>,
    title: Option<String>,
    number: Option<u64>,
    body: Option<String>,
    state: Option<String>,
    user: Option<Owner>,
    repository_url: Option<String>,
    full_name: Option<String>,
    description: Option<String>,
    owner: Option<Owner>,
    path: Option<String>,
    repository: Option<Repository>,
    #[serde(default)]
    text_matches: Vec<TextMatch>,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
struct TextMatch {
    property: Option<String>,
    #[serde(default)]
    fragment: String,
}

impl Vendor for GitHub {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        async move {
            let words = request.words(QUERY_MAX)?;
            let wanted = request.filter("type");
            let kinds = KINDS
                .iter()
                .filter(|(kind, ..)| wanted.is_empty() || wanted.contains(kind));
            let parts = kinds.map(|(kind, path, qualifier)| {
                let query = format!("{words}{qualifier}{}", qualifiers(path, request));
                self.part(kind, path, query, request, call)
            });
            merged(join_all(parts).await, request.limit, call.id)
        }
        .boxed()
    }

    /// <https://docs.github.com/en/rest/users/users#get-the-authenticated-user>
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let user: Value = self.search.get("/user", &[], call).await?;
            Ok(signed_in_as(&user, "/login"))
        }
        .boxed()
    }
}

impl GitHub {
    /// One page is enough: it holds as many as a search may ask for.
    async fn part(
        &self,
        kind: &str,
        path: &str,
        query: String,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let client = if kind == "code" {
            &self.code
        } else {
            &self.search
        };
        let limit = request.limit.to_string();
        let page: Page = client
            .get(path, &[("q", &query), ("per_page", &limit)], call)
            .await?;
        let items = page.items.into_iter();
        Ok(items.map(|item| hit(item, kind, &request.query)).collect())
    }
}

/// Several repositories or organisations mean any of them. Issues take that as `(a OR b)`, and the other searches as `a b`.
fn qualifiers(path: &str, request: &SearchRequest) -> String {
    let is_name = |name: &&str| {
        let mut characters = name.chars();
        characters.all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
    };
    let mut text = String::new();
    for qualifier in ["repo", "org"] {
        let names = request.filter(qualifier).into_iter().filter(is_name);
        let all: Vec<String> = names.map(|name| format!("{qualifier}:{name}")).collect();
        if all.len() > 1 && path == "/search/issues" {
            text.push_str(&format!(" ({})", all.join(" OR ")));
        } else {
            all.iter().for_each(|one| text.push_str(&format!(" {one}")));
        }
    }
    text
}

fn hit(item: Item, kind: &str, query: &str) -> Hit {
    let repository = item.repository.map(|repository| repository.full_name);
    let of_issue = item
        .repository_url
        .as_deref()
        .and_then(|url| url.split_once("/repos/"));
    let repository = repository
        .or(of_issue.map(|(_, name)| name.to_owned()))
        .or(item.full_name);
    let repository = repository.unwrap_or_default();
    let title = match (&item.title, &item.path) {
        (Some(title), _) => format!("{repository}#{}: {title}", item.number.unwrap_or_default()),
        (None, Some(path)) => format!("{repository}: {path}"),
        (None, None) => repository.clone(),
    };
    let matches = item
        .text_matches
        .iter()
        .filter(|found| !matches!(found.property.as_deref(), Some("title" | "name" | "path")));
    let fragments: Vec<&str> = matches.map(|found| found.fragment.trim()).collect();
    let text = match fragments.is_empty() {
        true => item.body.or(item.description).unwrap_or_default(),
        false => fragments.join("\n…\n"),
    };
    let text = match kind {
        "code" => text.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => markdown_to_text(&text),
    };
    let author = item.user.or(item.owner).map(|owner| owner.login);
    Hit {
        id: item.id.map_or_else(
            || format!("{repository}/{}", item.path.unwrap_or_default()),
            |id| id.to_string(),
        ),
        title,
        content: snippet(&text, query),
        url: item.html_url,
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("type", Some(kind)),
            ("repository", Some(&repository)),
            ("state", item.state.as_deref()),
            ("author", author.as_deref()),
            ("updated", item.updated_at.as_deref()),
        ]),
    }
}

/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>,
/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let said = answer.json();
    let words = said
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match answer.status.as_u16() {
        401 => Some(Refusal::new(
            Fault::Unauthorized,
            "says that the token is wrong, expired or revoked",
        )),
        403 | 429 => Some(forbidden(answer, words)),
        422 => {
            let detail = said.pointer("/errors/0/message").and_then(Value::as_str);
            Some(Refusal::new(
                Fault::Rejected,
                format!("refused the query: {}", detail.unwrap_or(words)),
            ))
        }
        _ => None,
    }
}

fn forbidden(answer: &Answer<'_>, words: &str) -> Refusal {
    let is_limit =
        answer.header("x-ratelimit-remaining") == "0" || !answer.header("retry-after").is_empty();
    if is_limit || words.contains("rate limit") || answer.status.as_u16() == 429 {
        let slow = Refusal::new(Fault::RateLimited, "asked us to slow down");
        // Without a header, at least a minute.
        return Refusal {
            wait: Some(60),
            ..slow
        };
    }
    let list = |name: &str| -> Vec<String> {
        answer
            .header(name)
            .split(',')
            .map(|s| s.trim().to_owned())
            .filter(|s| !s.is_empty())
            .collect()
    };
    let (needed, given) = (list("x-accepted-oauth-scopes"), list("x-oauth-scopes"));
    let what = if answer.header("x-github-sso").starts_with("required") {
        "asks for single sign-on: authorise the token for the organisation".to_owned()
    } else if !needed.is_empty() && !needed.iter().any(|scope| given.contains(scope)) {
        format!(
            "says that the token lacks the scope `{}`",
            needed.join("` or `")
        )
    } else {
        format!("forbids this: {words}")
    };
    Refusal::new(Fault::Forbidden, what)
}
