//! What is asked and what is found: the shapes `POST /search` takes and gives in every role.

mod metadata;
pub mod results;
mod told;

pub use metadata::Metadata;
pub use told::Told;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::source::{Fault, SourceError};

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

    /// The query without what the search boxes of vendors take for operators (`from:`, `-word`, quotes, brackets, `OR`):
    /// as many whole words as fit into `most` characters.
    ///
    /// # Errors
    /// A query that holds nothing else.
    pub fn words(&self, most: usize) -> Result<String, SourceError> {
        let is_operator = |c: char| c.is_control() || r#"":;<>=(){}[]*~^|\"#.contains(c);
        let mut words = String::new();
        for word in self
            .query
            .split(|c: char| c.is_whitespace() || is_operator(c))
        {
            let word = word.trim_start_matches(['-', '+']);
            let word = match word {
                "AND" | "OR" | "NOT" | "NEAR" | "AROUND" => word.to_lowercase(),
                _ => word.chars().take(most).collect(),
            };
            if words.chars().count() + word.chars().count() >= most && !words.is_empty() {
                break;
            }
            if !words.is_empty() && !word.is_empty() {
                words.push(' ');
            }
            words.push_str(&word);
        }
        if words.is_empty() {
            let message = "the query holds no word to search for";
            return Err(SourceError::new(Fault::Rejected, message));
        }
        Ok(words)
    }
}

/// One thing found. Its texts are its own, or lie where `T` and `M` say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit<T = String, M = Metadata> {
    /// The source's own id.
    pub id: T,
    /// Plain text.
    pub title: T,
    /// A snippet in plain text, all markup removed.
    pub content: T,
    /// Where a person opens it.
    pub url: T,
    /// The name of the source.
    pub source: T,
    /// 0 to 1, higher is better; comparable only within one answer.
    pub score: f64,
    /// What else the source knows (space, status, author, …).
    pub metadata: M,
}

/// A hit whose texts lie elsewhere.
pub type Seen<'a> = Hit<&'a str, &'a RawValue>;

impl<T: AsRef<str>, M: AsRef<RawValue>> Hit<T, M> {
    /// The same hit, looked at.
    pub fn seen(&self) -> Seen<'_> {
        Hit {
            id: self.id.as_ref(),
            title: self.title.as_ref(),
            content: self.content.as_ref(),
            url: self.url.as_ref(),
            source: self.source.as_ref(),
            score: self.score,
            metadata: self.metadata.as_ref(),
        }
    }
}

impl Seen<'_> {
    /// The same hit with texts of its own.
    pub fn to_owned(&self) -> Hit {
        Hit {
            id: self.id.to_owned(),
            title: self.title.to_owned(),
            content: self.content.to_owned(),
            url: self.url.to_owned(),
            source: self.source.to_owned(),
            score: self.score,
            metadata: self.metadata.into(),
        }
    }
}

/// Hits of one source, best first.
#[derive(Clone, Debug)]
pub enum Hits {
    /// Made in this process.
    Made(Vec<Hit>),
    /// Told by another service.
    Told(Told),
}

impl Hits {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Made(hits) => hits.len(),
            Self::Told(told) => told.rows().len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each of them.
    pub fn each(&self) -> impl Iterator<Item = Seen<'_>> {
        let (made, told) = match self {
            Self::Made(hits) => (&hits[..], &[][..]),
            Self::Told(told) => (&[][..], &told.rows()[..]),
        };
        made.iter().map(Hit::seen).chain(told.iter().map(Hit::seen))
    }
}

impl Serialize for Hits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.each())
    }
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// At most as many as were asked for.
    pub hits: Hits,
    /// Seconds since the vendor said so, where it was not asked anew.
    pub age: Option<u64>,
}

impl From<Vec<Hit>> for Found {
    fn from(hits: Vec<Hit>) -> Self {
        Self {
            hits: Hits::Made(hits),
            age: None,
        }
    }
}

/// Metadata out of what is known; what is not, or is empty, is left out.
pub fn metadata<const N: usize>(known: [(&str, Option<&str>); N]) -> Metadata {
    let known: Map<String, Value> = known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    known.into()
}

/// The score of the result at `rank` (0 is best) where the vendor gives an order but no usable score.
pub fn score_of_rank(rank: usize) -> f64 {
    10.0 / (10.0 + rank as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(query: &str, most: usize) -> Result<String, String> {
        let request: SearchRequest =
            serde_json::from_value(serde_json::json!({"query": query})).unwrap();
        request.words(most).map_err(|error| error.message)
    }

    #[test]
    fn operators_of_search_boxes_lose_their_meaning() {
        for (query, plain) in [
            ("deploy the-thing v1.2", "deploy the-thing v1.2"),
            (
                "from:ann -secret \"a b\" (c OR d)",
                "from ann secret a b c or d",
            ),
            ("C++ isn't x/y #7", "C++ isn't x/y #7"),
            ("size>100 a*\u{0}b", "size 100 a b"),
        ] {
            assert_eq!(words(query, 100).as_deref(), Ok(plain));
        }
        assert_eq!(words("one two three", 8).as_deref(), Ok("one two"));
        assert_eq!(words("öööö", 3).as_deref(), Ok("ööö"));
        let none = Err("the query holds no word to search for".to_owned());
        assert_eq!(words(":- \"\"", 100), none);
    }
}
