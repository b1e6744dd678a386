//! Names of places: a folder, `s3://bucket/prefix`, `sftp://user@host:port/path`. Owns no connection.

use std::fmt;
use std::path::PathBuf;

use crate::{Error, Kind};

/// What opens a remote store; never part of a location's text.
#[derive(Clone, Default)]
pub struct Credentials {}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// A place for backups.
#[derive(Debug, Clone)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
}

impl Location {
    /// Reads a place's name. A text with `://` is a store, any other a folder's path.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the store is of an unknown sort.
    pub fn parse(text: &str, _credentials: &Credentials) -> Result<Self, Error> {
        if text.contains("://") {
            let cause = "stores of this sort are not known";
            return Err(Error::new(Kind::Usage, "use", text, cause)
                .hint("s3://bucket/prefix, sftp://user@host/path, or a folder"));
        }
        Ok(Self::Folder(PathBuf::from(text)))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Folder(path) = self;
        write!(f, "{}", path.display())
    }
}
