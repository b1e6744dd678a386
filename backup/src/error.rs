//! What failed: operation, subject, cause, hint, and the kind that decides the exit code. Owns no printing.

use std::fmt;
use std::path::Path;

/// What sort of failure it is; each has an exit code of its own in the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An operation failed; nothing was published.
    Failed,
    /// A backup was published, but a part of it is missing.
    Incomplete,
    /// Another process works on the same repository.
    Locked,
    /// The key or passphrase does not open it, or there is none.
    WrongKey,
    /// What was read back is not what was written.
    Damaged,
    /// There is no such backup, or no repository.
    NotFound,
    /// Stopped by the person.
    Interrupted,
    /// The server or store cannot be reached.
    Unreachable,
    /// What was asked for cannot be done as asked.
    Usage,
}

/// Why something failed: ``failed to read `mongodb.archive.gz`: the CRC of `shop.orders` differs``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The sort of failure.
    pub kind: Kind,
    /// `read`, `dump`, `verify` …
    pub operation: &'static str,
    /// What it was done to: a file, a namespace, an address without its password.
    pub subject: String,
    /// Lower case, no final stop.
    pub cause: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Error {
    /// An error of a kind.
    pub fn new(
        kind: Kind,
        operation: &'static str,
        subject: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            operation,
            subject: subject.into(),
            cause: cause.into(),
            hint: None,
        }
    }

    /// An operation that failed.
    pub fn failed(
        operation: &'static str,
        subject: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        Self::new(Kind::Failed, operation, subject, cause)
    }

    /// A file operation that failed.
    pub fn io(operation: &'static str, path: &Path, cause: &std::io::Error) -> Self {
        Self::failed(operation, path.display().to_string(), words(cause))
    }

    /// Something that was read back wrong.
    pub fn damaged(subject: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, "read", subject, cause)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            subject,
            cause,
            ..
        } = self;
        write!(f, "failed to {operation} `{subject}`: {cause}")
    }
}

impl std::error::Error for Error {}

/// The system's words in lower case, without its error number.
pub fn words(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::StorageFull => "no space left on the file system".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error")
                .next()
                .unwrap_or(&text)
                .to_lowercase()
        }
    }
}
