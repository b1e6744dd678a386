//! What is asked and what is found: the shapes `POST /search` takes and gives in every role.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// Most results one search may ask for.
pub const LIMIT_MAX: usize = 100;
/// Longest query, in characters; vendors refuse longer ones.
pub const QUERY_MAX: usize = 512;

/// The body of `POST /search`. Fields a role has no use for are carried along or ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SearchRequest {
    /// Plain words; never a vendor's query language.
    pub query: String,
    /// Most results wanted, 1 to [`LIMIT_MAX`].
    #[serde(default = "default_limit")]
    pub limit: usize,
    /// Restrictions such as `{"space": "ENG"}`; each source takes those it knows.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub filters: Map<String, Value>,
    /// Sources to ask; absent means all that are enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<String>>,
    /// Whose history this search belongs to; only the gateway reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

fn default_limit() -> usize {
    10
}

impl SearchRequest {
    /// The request with its query trimmed, or what is wrong with it.
    ///
    /// # Errors
    /// A 400 for an empty or overlong query or a limit out of range.
    pub fn checked(mut self) -> Result<Self, Problem> {
        self.query = self.query.trim().to_owned();
        if self.query.is_empty() {
            return Err(Problem::invalid("`query` is empty"));
        }
        if self.query.chars().count() > QUERY_MAX {
            return Err(Problem::invalid(format!(
                "`query` is longer than {QUERY_MAX} characters"
            )));
        }
        if !(1..=LIMIT_MAX).contains(&self.limit) {
            return Err(Problem::invalid(format!(
                "`limit` must be between 1 and {LIMIT_MAX}"
            )));
        }
        Ok(self)
    }

    /// The words of filter `name`, given as one string or a list of strings; nothing else counts.
    pub fn filter(&self, name: &str) -> Vec<&str> {
        match self.filters.get(name) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The source's own id.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// A snippet in plain text, all markup removed.
    pub content: String,
    /// Where a person opens it.
    pub url: String,
    /// The name of the source.
    pub source: String,
    /// 0 to 1, higher is better; comparable only within one answer.
    pub score: f64,
    /// What else the source knows (space, status, author, …).
    pub metadata: Map<String, Value>,
}

/// The score of the result at `rank` (0 is best) where the vendor gives an order but no usable score.
pub fn score_of_rank(rank: usize) -> f64 {
    10.0 / (10.0 + rank as f64)
}
