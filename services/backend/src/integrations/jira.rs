//! Jira Cloud: `POST /rest/api/3/search/jql`.
//!
//! Shapes: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-post>

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Account, Integration, Vendor, restriction, signed_in_as, text_literal};
use crate::markup::{adf_to_text, snippet};
use crate::metrics::Metrics;
use crate::search::results::{self, pages};
use crate::search::{Hit, SearchRequest};
use crate::source::{Health, SourceError};
use crate::vendor::{Call, Login, VendorClient};

const NAME: &str = "jira";
/// Most issues a page of the API gives us when fields are asked for.
const PAGE: usize = 100;
const FIELDS: [&str; 8] = [
    "summary",
    "description",
    "status",
    "issuetype",
    "project",
    "priority",
    "assignee",
    "updated",
];

/// The row in the list of integrations.
pub const INTEGRATION: Integration = Integration {
    name: NAME,
    port: 8016,
    variables: &["JIRA_URL", "JIRA_USERNAME", "JIRA_TOKEN"],
    optional: &[],
    connect,
};

fn connect(account: &Account, http: reqwest::Client, metrics: Arc<Metrics>) -> Arc<dyn Vendor> {
    let login = Login::Basic(account.get("JIRA_USERNAME"), account.get("JIRA_TOKEN"));
    Arc::new(Jira(VendorClient::new(
        &INTEGRATION,
        account.get("JIRA_URL").expose(),
        login,
        http,
        metrics,
    )))
}

struct Jira(VendorClient);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    issues: Vec<Issue>,
    // Absent on the last page: <https://jira.atlassian.com/browse/JRACLOUD-92184>.
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Issue {
    id: String,
    key: String,
    #[serde(default)]
    fields: Value,
}

impl Vendor for Jira {
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        let jql = jql(request);
        async move {
            pages(request.limit, |token, wanted| {
                self.page(&jql, request, token, wanted, call)
            })
            .await
        }
        .boxed()
    }

    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>> {
        async move {
            let user: Value = self.0.get("/rest/api/3/myself", &[], call).await?;
            Ok(signed_in_as(&user, "/displayName"))
        }
        .boxed()
    }
}

impl Jira {
    async fn page(
        &self,
        jql: &str,
        request: &SearchRequest,
        token: Option<String>,
        wanted: usize,
        call: Call<'_>,
    ) -> results::Page<String> {
        let mut body = json!({"jql": jql, "maxResults": wanted.min(PAGE), "fields": FIELDS});
        if let Some(token) = token {
            body["nextPageToken"] = json!(token);
        }
        let page: Page = self.0.post("/rest/api/3/search/jql", &body, call).await?;
        let issues = page.issues.into_iter();
        let hits = issues.map(|issue| self.hit(issue, &request.query));
        Ok((hits.collect(), page.next_page_token))
    }

    fn hit(&self, issue: Issue, query: &str) -> Hit {
        let fields = &issue.fields;
        let text = |path: &str| fields.pointer(path).and_then(Value::as_str);
        let mut metadata = Map::new();
        metadata.insert("key".into(), issue.key.clone().into());
        let named = [
            ("status", "/status/name"),
            ("type", "/issuetype/name"),
            ("project", "/project/key"),
            ("priority", "/priority/name"),
            ("assignee", "/assignee/displayName"),
            ("updated", "/updated"),
        ];
        for (name, path) in named {
            metadata.extend(text(path).map(|value| (name.to_owned(), Value::from(value))));
        }
        let description = adf_to_text(fields.get("description").unwrap_or(&Value::Null));
        Hit {
            title: format!(
                "{}: {}",
                issue.key,
                text("/summary").unwrap_or("(no summary)")
            ),
            content: snippet(&description, query),
            url: format!("{}/browse/{}", self.0.base(), issue.key),
            id: issue.id,
            source: NAME.to_owned(),
            score: 0.0,
            metadata: metadata.into(),
        }
    }
}

fn jql(request: &SearchRequest) -> String {
    let mut parts = vec![format!("text ~ {}", text_literal(&request.query))];
    for (field, filter) in [
        ("project", "project"),
        ("status", "status"),
        ("issuetype", "issue_type"),
        ("labels", "label"),
    ] {
        parts.extend(restriction(field, request, filter));
    }
    format!("{} ORDER BY updated DESC", parts.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_cannot_become_jql() {
        let request: SearchRequest = serde_json::from_str(
            r#"{"query": "login\" OR 1=1 [x]", "filters": {"project": "OPS", "space": "ENG"}}"#,
        )
        .unwrap();
        assert_eq!(
            jql(&request),
            r#"text ~ "login\\\" or 1=1 \\[x\\]" AND project in ("OPS") ORDER BY updated DESC"#
        );
    }
}
