//! Patterns of namespaces, `db.collection` with `*`, and renaming by them. Owns no decision about what a pattern is for.

use std::fmt;

use crate::{Error, Kind};

/// A pattern as `mongorestore --nsInclude` takes it: `*` stands for any text, dots included; `\*` and `\\` for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// What stands between the stars; one more than there are stars.
    pieces: Vec<String>,
}

impl Pattern {
    /// Reads a pattern: a full namespace (`shop.orders`, `shop.*`, `*.orders`, `*`).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let pieces = pieces(text).map_err(|cause| usage(text, cause))?;
        if !text.contains('.') && pieces.len() == 1 {
            return Err(usage(text, "it names no collection")
                .hint(format!("write `{text}.*` for all of a database")));
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
        })
    }

    /// Whether the namespace is one of these.
    pub fn matches(&self, namespace: &str) -> bool {
        self.capture(namespace).is_some()
    }

    /// How many stars it has.
    fn stars(&self) -> usize {
        self.pieces.len() - 1
    }

    /// What each star stands for: as little as possible, from the left.
    fn capture<'n>(&self, namespace: &'n str) -> Option<Vec<&'n str>> {
        let (first, rest) = self.pieces.split_first()?;
        let mut left = namespace.strip_prefix(first.as_str())?;
        let Some((last, middle)) = rest.split_last() else {
            return left.is_empty().then(Vec::new);
        };
        let mut captured = Vec::with_capacity(self.stars());
        for piece in middle {
            let at = left.find(piece.as_str())?;
            captured.push(&left[..at]);
            left = &left[at + piece.len()..];
        }
        captured.push(left.strip_suffix(last.as_str())?);
        Some(captured)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One `from=to` of `--rename`: the stars of `to` are filled with what those of `from` stand for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    from: Pattern,
    to: Vec<String>,
}

impl Rename {
    /// Reads `from` and `to`; they must have the same number of stars.
    pub fn parse(from: &str, to: &str) -> Result<Self, Error> {
        let from = Pattern::parse(from)?;
        let new = Pattern::parse(to)?;
        if from.stars() != new.stars() {
            return Err(usage(to, format!("it has not as many `*` as `{from}`")));
        }
        Ok(Self {
            from,
            to: new.pieces,
        })
    }

    /// The new name of a namespace, if it is one of those that are renamed.
    pub fn apply(&self, namespace: &str) -> Option<String> {
        let captured = self.from.capture(namespace)?;
        let mut to = self.to.iter();
        let mut name = to.next()?.clone();
        for (filled, piece) in captured.iter().zip(to) {
            name.push_str(filled);
            name.push_str(piece);
        }
        Some(name)
    }
}

fn pieces(text: &str) -> Result<Vec<String>, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    let mut pieces = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '*' => {
                pieces.push(String::new());
                continue;
            }
            '\\' => characters.next().ok_or("it ends in a lone `\\`")?,
            other => other,
        };
        if let Some(piece) = pieces.last_mut() {
            piece.push(literal);
        }
    }
    Ok(pieces)
}

fn usage(text: &str, cause: impl Into<String>) -> Error {
    Error::new(Kind::Usage, "read the pattern", text, cause)
}
