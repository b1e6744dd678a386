//! GitHub. Shapes of the searches: <https://docs.github.com/en/rest/search/search>; of their fragments:
//! <https://docs.github.com/en/rest/search/search#text-match-metadata>.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Seen};
use crate::running::{Running, all, refused, unscored};

const TOKEN: [(&str, &str); 1] = [("GITHUB_TOKEN", "ghp_s3cret")];

async fn start(vendor: &str) -> Running {
    Running::start("github", &[TOKEN[0], ("GITHUB_API_URL", vendor)]).await
}

fn issue(number: u64, kind: &str) -> Value {
    json!({
        "url": format!("https://api.github.com/repos/acme/web/issues/{number}"),
        "repository_url": "https://api.github.com/repos/acme/web",
        "html_url": format!("https://github.com/acme/web/{kind}/{number}"),
        "id": 35_802,
        "number": number,
        "title": "Login fails",
        "user": {"login": "octocat", "id": 1},
        "state": "open",
        "updated_at": "2026-01-02T03:04:05Z",
        "body": "...",
        "score": 1.0,
        "text_matches": [
            {"object_type": "Issue", "property": "title", "fragment": "Login fails", "matches": [{"text": "Login", "indices": [0, 5]}]},
            {"object_type": "Issue", "property": "body", "fragment": "## Steps\n**Login** with [SSO](https://a.example)", "matches": []}
        ]
    })
}

fn repository() -> Value {
    json!({
        "id": 3_081_286, "full_name": "acme/login", "html_url": "https://github.com/acme/login", "owner": {"login": "acme"},
        "description": "Signs people in", "updated_at": "2026-01-01T00:00:00Z", "stargazers_count": 1, "score": 1.0
    })
}

fn code() -> Value {
    json!({
        "name": "login.rs", "path": "src/login.rs", "sha": "d7212f", "html_url": "https://github.com/acme/web/blob/d7/src/login.rs",
        "repository": {"id": 167_174, "full_name": "acme/web", "owner": {"login": "acme"}}, "score": 1.0,
        "text_matches": [{"object_type": "FileContent", "property": "content", "fragment": "pub fn login(\n    *name: &str,\n)", "matches": []}]
    })
}

fn page(items: Vec<Value>) -> Reply {
    Reply::json(json!({"total_count": items.len(), "incomplete_results": false, "items": items}))
}

fn answers(asked: &Seen) -> Reply {
    match (asked.path.as_str(), asked.query("q").unwrap()) {
        ("/search/issues", query) if query.contains("is:issue") => page(vec![issue(7, "issues")]),
        ("/search/issues", _) => page(vec![issue(8, "pull")]),
        ("/search/repositories", _) => page(vec![repository()]),
        ("/search/code", _) => page(vec![code()]),
        other => panic!("asked for {other:?}"),
    }
}

#[tokio::test]
async fn a_search_finds_issues_pull_requests_repositories_and_code() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;

    let (status, body) = start(&vendor.url).await.search("login -from:\"me\"").await;

    assert_eq!(status, 200);
    assert_eq!(
        unscored(body),
        json!([
            {
                "id": "35802", "title": "acme/web#7: Login fails", "content": "Steps Login with SSO",
                "url": "https://github.com/acme/web/issues/7", "source": "github",
                "metadata": {"type": "issue", "repository": "acme/web", "state": "open", "author": "octocat", "updated": "2026-01-02T03:04:05Z"}
            },
            {
                "id": "35802", "title": "acme/web#8: Login fails", "content": "Steps Login with SSO",
                "url": "https://github.com/acme/web/pull/8", "source": "github",
                "metadata": {"type": "pull_request", "repository": "acme/web", "state": "open", "author": "octocat", "updated": "2026-01-02T03:04:05Z"}
            },
            {
                "id": "3081286", "title": "acme/login", "content": "Signs people in",
                "url": "https://github.com/acme/login", "source": "github",
                "metadata": {"type": "repository", "repository": "acme/login", "author": "acme", "updated": "2026-01-01T00:00:00Z"}
            },
            {
                "id": "acme/web/src/login.rs", "title": "acme/web: src/login.rs", "content": "pub fn login( *name: &str, )",
                "url": "https://github.com/acme/web/blob/d7/src/login.rs", "source": "github",
                "metadata": {"type": "code", "repository": "acme/web"}
            }
        ])
    );
    for asked in vendor.seen() {
        assert!(
            asked.query("q").unwrap().starts_with("login from me"),
            "{asked:?}"
        );
        assert_eq!(asked.query("per_page"), Some("10"));
        assert_eq!(
            asked.header("accept"),
            "application/vnd.github.text-match+json"
        );
        assert_eq!(asked.header("authorization"), "Bearer ghp_s3cret");
        assert_eq!(asked.header("x-github-api-version"), "2022-11-28");
    }
}

#[tokio::test]
async fn filters_choose_what_is_searched_and_where() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;
    let filters =
        json!({"type": ["issue", "repository"], "org": ["acme", "b"], "repo": "a\" OR x"});
    let question = json!({"query": "x", "limit": 3, "filters": filters});
    let (_, body) = start(&vendor.url).await.post("/search", question).await;
    assert_eq!(
        all(&body, "title"),
        ["acme/web#7: Login fails", "acme/login"]
    );
    let seen = vendor.seen();
    let mut queries: Vec<&str> = seen.iter().filter_map(|asked| asked.query("q")).collect();
    queries.sort_unstable();
    assert_eq!(
        queries,
        ["x is:issue (org:acme OR org:b)", "x org:acme org:b"]
    );
    assert_eq!(seen[0].query("per_page"), Some("3"));
}

/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits>
#[tokio::test]
async fn a_limit_of_code_search_costs_only_code() {
    let slow = json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."});
    let vendor = Fake::start(move |asked, _| match asked.path.as_str() {
        "/search/code" => Reply::text(403, "application/json", &slow.to_string()),
        _ => answers(asked),
    })
    .await;
    let service = start(&vendor.url).await;
    for _ in 0..2 {
        let (status, body) = service.search("login").await;
        assert_eq!(status, 200);
        let titles = [
            "acme/web#7: Login fails",
            "acme/web#8: Login fails",
            "acme/login",
        ];
        assert_eq!(all(&body, "title"), titles);
    }
    let code = vendor
        .seen()
        .into_iter()
        .filter(|asked| asked.path == "/search/code");
    assert_eq!(
        code.count(),
        1,
        "code search is left alone for a minute, the others are not"
    );
}

/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>,
/// <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps>
#[tokio::test]
async fn refusals_are_told_in_words() {
    let says = |status, message: &str| {
        Reply::text(
            status,
            "application/json",
            &json!({"message": message}).to_string(),
        )
    };
    let errors = json!({"message": "Validation Failed", "errors": [{"message": "The listed users cannot be searched", "code": "invalid"}]});
    for (reply, code, message) in [
        (
            says(401, "Bad credentials"),
            "vendor_unauthorized",
            "github says that the token is wrong, expired or revoked; check `GITHUB_TOKEN`",
        ),
        (
            says(403, "no")
                .with("x-oauth-scopes", "gist")
                .with("x-accepted-oauth-scopes", "repo"),
            "vendor_forbidden",
            "github says that the token lacks the scope `repo`",
        ),
        (
            says(403, "no").with(
                "x-github-sso",
                "required; url=https://github.com/orgs/acme/sso",
            ),
            "vendor_forbidden",
            "github asks for single sign-on: authorise the token for the organisation",
        ),
        (
            says(403, "Resource not accessible by personal access token"),
            "vendor_forbidden",
            "github forbids this: Resource not accessible by personal access token",
        ),
        (
            says(403, "API rate limit exceeded")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "4102444800"),
            "vendor_rate_limited",
            "github asked us to slow down",
        ),
        (
            Reply::text(422, "application/json", &errors.to_string()),
            "query_rejected",
            "github refused the query: The listed users cannot be searched",
        ),
        (
            says(404, "Not Found"),
            "vendor_not_found",
            "github has no such API at this address; check `GITHUB_API_URL`",
        ),
    ] {
        let said = refused("github", &TOKEN, "GITHUB_API_URL", reply).await;
        assert_eq!(said, (code.to_owned(), message.to_owned()));
    }
}

/// <https://docs.github.com/en/rest/users/users#get-the-authenticated-user>
#[tokio::test]
async fn detailed_health_signs_in() {
    let vendor = Fake::always(Reply::json(json!({"login": "octocat", "id": 1}))).await;
    let (_, body) = start(&vendor.url).await.get("/health/detailed").await;
    assert_eq!(body["reason"], "signed in as octocat");
    assert_eq!(vendor.seen()[0].path, "/user");
}
