//! A file → the documents in it. Text is read here; formats with structure are parsed by a process of their own ([`child`]), which a
//! hostile file can at most exhaust: the service neither grows nor falls with it.

mod bookmarks;
pub mod child;
mod html;
mod office;
mod pdf;
mod text;

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// Most text that is kept of a document, in bytes. A thick book has about as much.
pub(super) const TEXT_MAX: usize = 1024 * 1024;
/// Most that is read of a file that is text, in bytes; markup may be a good part of it.
const READ_MAX: u64 = 4 * 1024 * 1024;
/// Largest database of Firefox that is read, in bytes; the child has room for it.
const PLACES_MAX: u64 = 128 * 1024 * 1024;
/// Most that a child may answer, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// One thing that can be found: a file, or one of many in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Tells it from the others of its file; empty where there is only one.
    pub key: String,
    /// Its own title, if it has one.
    pub title: Option<String>,
    /// Its address, if that is not the file's.
    pub url: Option<String>,
    /// White space collapsed, no control characters, at most [`TEXT_MAX`] bytes.
    pub text: String,
}

/// Why the contents of a file cannot be searched; its name can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Larger than configured.
    TooLarge,
    /// Not text, and none of the formats we read.
    NotText,
    /// A format we read, without text: a scan, pictures.
    Empty,
    /// Not what its name promises, broken, or encrypted.
    Damaged,
    /// It took more time or memory than we give.
    Exhausting,
    /// May not be read, or reading failed.
    Forbidden,
    /// The process that should read it did not start.
    NotStarted,
}

impl Unread {
    /// How the index and people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too large",
            Self::NotText => "not text",
            Self::Empty => "without text",
            Self::Damaged => "damaged or encrypted",
            Self::Exhausting => "too much work",
            Self::Forbidden => "not readable",
            Self::NotStarted => "reader not started",
        }
    }

    /// Whether another try may succeed although the file is the same.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Forbidden | Self::NotStarted)
    }
}

/// Reads files.
#[derive(Clone, Debug)]
pub struct Extractor {
    /// The program that parses, and what comes before the kind on its command line.
    pub program: PathBuf,
    /// See `program`.
    pub arguments: Vec<String>,
    /// Largest file whose contents are read, in bytes.
    pub largest: u64,
}

impl Extractor {
    /// The documents in `file`, which is of `kind` and `size` bytes long.
    ///
    /// # Errors
    /// Why there are none.
    pub fn extract(&self, kind: Kind, file: File, size: u64) -> Result<Vec<Document>, Unread> {
        match kind {
            Kind::Opaque => Err(Unread::NotText),
            _ if size == 0 => Err(Unread::Empty),
            _ if size > self.largest_of(kind) => Err(Unread::TooLarge),
            kind if kind.is_parsed() => self.parse(kind, file),
            kind => plain(kind, &file).map(|document| vec![document]),
        }
    }

    /// Firefox' database holds the history too, and is far larger than the bookmarks in it.
    fn largest_of(&self, kind: Kind) -> u64 {
        match kind {
            Kind::FirefoxBookmarks => self.largest.max(PLACES_MAX),
            _ => self.largest,
        }
    }

    fn parse(&self, kind: Kind, file: File) -> Result<Vec<Document>, Unread> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(kind.word())
            // It needs nothing, least of all secrets.
            .env_clear()
            .current_dir(Path::new("/"))
            .stdin(Stdio::from(file))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| Unread::NotStarted)?;
        let mut answer = Vec::new();
        let read = child
            .stdout
            .take()
            .map(|stdout| stdout.take(ANSWER_MAX as u64 + 1).read_to_end(&mut answer));
        if answer.len() > ANSWER_MAX {
            let _ = child.kill();
        }
        let status = child.wait().map_err(|_| Unread::NotStarted)?;
        match (read, status.success()) {
            (Some(Ok(_)), true) => serde_json::from_slice(&answer).map_err(|_| Unread::Damaged),
            _ => Err(reason(status)),
        }
    }
}

/// What the end of a child tells. The limits it runs under end it by a signal, or by an allocation that fails.
fn reason(status: ExitStatus) -> Unread {
    match (status.code(), status.signal()) {
        (Some(child::EMPTY), _) => Unread::Empty,
        (Some(child::EXHAUSTED), _) | (None, Some(_)) => Unread::Exhausting,
        (Some(child::NOT_READABLE), _) => Unread::Forbidden,
        _ => Unread::Damaged,
    }
}

fn plain(kind: Kind, file: &File) -> Result<Document, Unread> {
    let mut bytes = Vec::new();
    // A file that grows meanwhile is read to this bound at most, and again when it has come to rest.
    file.take(READ_MAX)
        .read_to_end(&mut bytes)
        .map_err(|_| Unread::Forbidden)?;
    let decoded = text::decode(&bytes, kind == Kind::Unknown).ok_or(Unread::NotText)?;
    let (title, text) = match kind {
        Kind::Html => html::page(&decoded),
        Kind::Markdown => (text::heading(&decoded), text::tidy(&decoded)),
        _ => (None, text::tidy(&decoded)),
    };
    if text.is_empty() && title.is_none() {
        return Err(Unread::Empty);
    }
    Ok(Document {
        title,
        text,
        ..Document::default()
    })
}

#[cfg(test)]
mod tests;
