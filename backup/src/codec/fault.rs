//! Errors on their way through [`std::io`], which knows only its own: wrapped, and found again.

use std::io;

use crate::error::words;
use crate::{Error, Kind};

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// The [`Error`] inside an [`io::Error`], or else one of the operation and subject.
pub fn error_of(error: io::Error, operation: &'static str, subject: &str) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(inner) => Error::clone(inner),
        None => Error::failed(operation, subject, words(&error)),
    }
}

/// What a decoder says of the bytes it was given: damage, unless it only passes on that they could not be read.
pub(super) fn damage(error: io::Error, of: &str) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(inner) => Error::clone(inner),
        None if error.kind() == io::ErrorKind::UnexpectedEof => cut(of),
        None => Error::damaged("input", format!("{of} is damaged: {}", words(&error))),
    }
}

pub(super) fn cut(of: &str) -> Error {
    Error::damaged("input", format!("{of} is cut short"))
}

/// A thread of the codec ended without a word, which only a bug does.
pub(super) fn lost(operation: &'static str, subject: &str) -> Error {
    Error::new(Kind::Failed, operation, subject, "a thread ended early")
}
