//! The one error that commands return: operation, name, cause, hint, exit code. Printing it belongs to `app`.

use std::fmt;

use crate::diagnostic::{Diagnostic, Severity};
use crate::exit::Exit;

/// Why a command ended early. The message is complete: ``failed to start `mongodb`: …``.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// How the process ends.
    pub exit: Exit,
    /// Operation, name and cause; lower case, no final stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Supporting lines, such as the last log lines of a container.
    pub details: Vec<String>,
    /// Problems of the configuration, all at once.
    pub diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// An error with its code and complete message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
            details: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// An operation that failed (exit 5).
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The configuration is wrong (exit 3).
    pub fn configuration(diagnostics: Vec<Diagnostic>) -> Self {
        let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
        let count = errors.count();
        let plural = if count == 1 { "problem" } else { "problems" };
        Self {
            diagnostics,
            ..Self::new(
                Exit::Configuration,
                format!("the configuration has {count} {plural}"),
            )
        }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds supporting lines.
    pub fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<atlas_backup::Error> for Error {
    fn from(error: atlas_backup::Error) -> Self {
        use atlas_backup::Kind;
        let exit = match error.kind {
            // A store or server that does not answer is no engine: scripts retry on 4 by starting Docker.
            Kind::Failed | Kind::Unreachable => Exit::Failed,
            Kind::Incomplete => Exit::Incomplete,
            Kind::Locked => Exit::Locked,
            Kind::WrongKey => Exit::WrongKey,
            Kind::Damaged => Exit::Damaged,
            Kind::NotFound => Exit::NotFound,
            Kind::Interrupted => Exit::Interrupted,
            Kind::Usage => Exit::Usage,
        };
        Self {
            hint: error.hint.clone(),
            ..Self::new(exit, error.to_string())
        }
    }
}

/// The system's words in our form: lower case, without its error number.
pub fn cause(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::NotADirectory => "it is not a directory".to_owned(),
        ErrorKind::StorageFull => "no space left on the file system".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => {
            let text = error.to_string();
            let words = text.split(" (os error").next().unwrap_or(&text);
            words.to_lowercase()
        }
    }
}
