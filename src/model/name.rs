//! Names and ports that are valid once they exist. Owns their rules; error positions belong to `resolve`.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

/// Why a name was refused; the text is complete, lower case, without a final stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(pub String);

/// A Compose project name: `[a-z0-9][a-z0-9_-]*` (compose-go `loader/normalize.go`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectName(String);

impl ProjectName {
    /// Normalises a directory's name as Compose does: lower case, `[a-z0-9_-]` kept, leading `_-` stripped.
    /// `None` when nothing is left.
    pub fn from_directory(name: &str) -> Option<Self> {
        let kept: String = name
            .to_lowercase()
            .chars()
            .filter(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'))
            .collect();
        kept.trim_start_matches(['_', '-']).parse().ok()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let valid = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'));
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName(format!(
                "invalid project name `{text}`: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number"
            )))
        }
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A service's key, at the same time its host name: a DNS label in lower case (RFC 1123), two characters or more
/// because Docker refuses shorter container names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(String);

impl ServiceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let valid = (2..=63).contains(&text.len())
            && text
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
            && !text.starts_with('-')
            && !text.ends_with('-');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName(format!(
                "invalid service name `{text}`: must be 2 to 63 lower-case letters, digits and inner hyphens"
            )))
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A TCP port, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(NonZeroU16);

impl Port {
    /// `None` for 0 and for what does not fit 16 bits.
    pub fn new(number: u64) -> Option<Self> {
        u16::try_from(number)
            .ok()
            .and_then(NonZeroU16::new)
            .map(Self)
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
