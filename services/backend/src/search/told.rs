//! Hits as another service told them. Most of them never become results, so their texts stay in the answer that they came in.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use self_cell::self_cell;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Hit, Metadata};

/// A text of an answer; only one with escapes has memory of its own.
#[derive(Debug, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

pub(super) type Rows<'a> = Vec<Hit<Text<'a>, Metadata<&'a RawValue>>>;

self_cell!(
    struct Answer {
        owner: Bytes,
        #[covariant]
        dependent: Rows,
    }
);

/// The hits of one answer.
#[derive(Clone)]
pub struct Told(Arc<Answer>);

impl Told {
    /// Reads the JSON list that an answer of `POST /search` is.
    ///
    /// # Errors
    /// What is no such list.
    pub fn read(answer: Bytes) -> serde_json::Result<Self> {
        let answer = Answer::try_new(answer, |bytes| serde_json::from_slice(bytes))?;
        Ok(Self(Arc::new(answer)))
    }

    pub(super) fn rows(&self) -> &Rows<'_> {
        self.0.borrow_dependent()
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Hits;

    const ANSWER: &str = r#"[{"id":"1","title":"A \"b\"","content":"ü","url":"u","source":"s","score":0.5,"metadata":{"k":1}}]"#;

    #[test]
    fn what_was_told_is_passed_on_as_it_came() {
        let hits = Hits::Told(Told::read(ANSWER.into()).unwrap());
        assert_eq!(serde_json::to_string(&hits).unwrap(), ANSWER);
        let owned: Vec<Hit> = hits.each().map(|hit| hit.to_owned()).collect();
        assert_eq!(owned, serde_json::from_str::<Vec<Hit>>(ANSWER).unwrap());
        assert_eq!(owned[0].title, "A \"b\"");
    }

    #[test]
    fn only_text_with_escapes_is_copied() {
        let told = Told::read(ANSWER.into()).unwrap();
        let hit = &told.rows()[0];
        assert!(matches!(hit.title.0, Cow::Owned(_)));
        assert!(matches!(hit.content.0, Cow::Borrowed("ü")));
    }

    #[test]
    fn a_list_with_a_hole_is_none() {
        for (whole, hole) in [
            ("\"id\":\"1\",", ""),
            ("0.5", "\"0.5\""),
            ("{\"k\":1}", "[]"),
        ] {
            Told::read(ANSWER.replace(whole, hole).into()).unwrap_err();
        }
        Told::read(ANSWER[..40].to_owned().into()).unwrap_err();
    }
}
