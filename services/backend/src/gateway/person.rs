//! The id of a user: what the extension sends to tell one person's settings and history from another's.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::problem::Problem;

/// Whose a search is when nobody said.
const NOBODY: &str = "default";
const LENGTH_MAX: usize = 128;

/// A sane user id: 1 to 128 letters, digits and `. _ @ + -`.
pub(super) struct UserId(String);

impl UserId {
    /// The id in `text`, or `default` if there is none.
    pub(super) fn or_default(text: Option<&str>) -> Result<Self, Problem> {
        Self::parse(text.unwrap_or(NOBODY))
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
        if (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(sane) {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::invalid(
            "a user id is 1 to 128 letters, digits and `. _ @ + -`",
        ))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::invalid("the user id is not text"))?;
        Self::parse(&text)
    }
}
