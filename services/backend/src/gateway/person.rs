//! The id of a user: what the extension sends to tell one person's settings and history from another's.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::problem::{Problem, Segment};

/// Whose a search is when nobody said.
const NOBODY: &str = "default";
const LENGTH_MAX: usize = 128;

/// A sane user id: 1 to 128 letters, digits and `. _ @ + -`.
pub(super) struct UserId(String);

impl UserId {
    /// The id of a search that nobody said to be theirs.
    pub(super) fn nobody() -> Self {
        Self(NOBODY.to_owned())
    }

    /// The id that `text` is.
    ///
    /// # Errors
    /// A 400 for what is none.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
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
        let Segment(text) = Segment::from_request_parts(parts, state).await?;
        Self::parse(&text)
    }
}
