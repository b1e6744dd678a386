//! A value that cannot be printed. Owns no storage format; `.expose()` is for the few places that hand the value on.

use std::fmt;

/// A secret. `Display` and `Debug` show `***`; it implements no `Serialize`, so it cannot slip into a plan or JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Callers write it into a 0600 file or hand it to an engine, never to a reporter.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Text that holds the value, as secret as it.
    #[must_use]
    pub fn within(&self, text: impl FnOnce(&str) -> String) -> Self {
        Self(text(&self.0))
    }

    /// Whether it is one or more letters, digits, `_` and `-`, which mean themselves in every format.
    pub fn is_word(&self) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        !self.0.is_empty() && self.0.bytes().all(plain)
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
