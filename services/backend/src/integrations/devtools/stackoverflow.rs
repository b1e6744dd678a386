//! Stack Overflow: questions and answers with excerpts, by the Stack Exchange API. A key is optional and raises the daily quota.
//!
//! Shapes: <https://api.stackexchange.com/docs/excerpt-search>, <https://api.stackexchange.com/docs/wrapper>

use serde::Deserialize;
use serde_json::Value;

use super::NAME;
use crate::markup::{html_to_text, snippet};
use crate::search::{Hit, SearchRequest, metadata};
use crate::secret::Secret;
use crate::source::{Fault, SourceError};
use crate::vendor::{Answer, Call, Refusal, VendorClient};

/// The site and its key.
pub(super) struct StackOverflow {
    client: VendorClient,
    key: Option<Secret>,
}

#[derive(Deserialize)]
struct Wrapper<T> {
    items: Vec<T>,
    /// Seconds to wait before the same is asked again.
    backoff: Option<u64>,
    quota_remaining: Option<u64>,
}

#[derive(Deserialize)]
struct Item {
    title: String,
    #[serde(default)]
    excerpt: String,
    question_id: u64,
    answer_id: Option<u64>,
    item_type: Option<String>,
    last_activity_date: Option<i64>,
    creation_date: Option<i64>,
    #[serde(default)]
    tags: Vec<String>,
}

impl StackOverflow {
    pub(super) fn new(client: VendorClient, key: Option<Secret>) -> Self {
        let client = client
            .part(
                "stackoverflow",
                &["STACKOVERFLOW_KEY", "STACKOVERFLOW_API_URL"],
            )
            .with_meaning(meaning);
        Self { client, key }
    }

    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        call: Call<'_>,
    ) -> Result<Wrapper<T>, SourceError> {
        let mut query = vec![("site", "stackoverflow")];
        query.extend_from_slice(parameters);
        query.extend(self.key.as_ref().map(|key| ("key", key.expose())));
        let answer: Wrapper<T> = self.client.get(path, &query, call).await?;
        if let Some(seconds) = answer.backoff {
            self.client.pause(seconds);
        }
        Ok(answer)
    }

    /// One page is enough: it holds as many as a search may ask for.
    pub(super) async fn search(
        &self,
        words: &str,
        request: &SearchRequest,
        call: Call<'_>,
    ) -> Result<Vec<Hit>, SourceError> {
        let size = request.limit.to_string();
        let parameters = [
            ("q", words),
            ("pagesize", &size),
            ("order", "desc"),
            ("sort", "relevance"),
        ];
        let found: Wrapper<Item> = self.get("/2.3/search/excerpts", &parameters, call).await?;
        Ok(found
            .items
            .into_iter()
            .map(|item| hit(item, &request.query))
            .collect())
    }

    pub(super) async fn check(&self, call: Call<'_>) -> Result<String, SourceError> {
        let info: Wrapper<Value> = self.get("/2.3/info", &[], call).await?;
        let left = info.quota_remaining.unwrap_or_default();
        Ok(format!(
            "stackoverflow answers, {left} requests are left today"
        ))
    }
}

fn hit(item: Item, query: &str) -> Hit {
    let (id, path) = match item.answer_id {
        Some(answer) => (answer, "a"),
        None => (item.question_id, "q"),
    };
    let at = item.last_activity_date.or(item.creation_date);
    let at = at
        .and_then(|at| jiff::Timestamp::from_second(at).ok())
        .map(|at| at.to_string());
    Hit {
        id: id.to_string(),
        title: html_to_text(&item.title),
        content: snippet(&html_to_text(&item.excerpt), query),
        url: format!("https://stackoverflow.com/{path}/{id}"),
        source: NAME.to_owned(),
        score: 0.0,
        metadata: metadata([
            ("site", Some("stackoverflow")),
            ("type", item.item_type.as_deref()),
            ("tags", Some(&item.tags.join(", "))),
            ("updated", at.as_deref()),
        ]),
    }
}

/// Refusals come with status 400 and their own numbers. <https://api.stackexchange.com/docs/error-handling>,
/// <https://api.stackexchange.com/docs/throttle>
fn meaning(answer: &Answer<'_>) -> Option<Refusal> {
    let said = answer.json();
    let words = said
        .get("error_message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match said.get("error_name")?.as_str()? {
        "throttle_violation" => {
            // "more requests available in 82216 seconds"
            let wait = words
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .next_back();
            let slow = Refusal::new(Fault::RateLimited, "asked us to slow down");
            Some(Refusal { wait, ..slow })
        }
        "bad_parameter" if words.contains("key") => {
            Some(Refusal::new(Fault::Unauthorized, "does not know the key"))
        }
        "internal_error" | "temporarily_unavailable" => {
            Some(Refusal::new(Fault::Unavailable, format!("failed: {words}")))
        }
        _ => None,
    }
}
