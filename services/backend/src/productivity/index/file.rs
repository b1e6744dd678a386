//! The index as a file: where it lies, how it is opened and removed, and what SQLite's complaints about it mean.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

pub(super) const FILE: &str = "index.sqlite";

/// How long another process (a container that is being replaced) may hold the index.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::productivity) enum IndexError {
    /// Not what was written: it must be made anew.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    /// No room, no permission, in use.
    #[error("the index in `{folder}` cannot be used: {cause}")]
    Unusable { folder: String, cause: String },
}

/// Removes the index; its folder stays.
pub(in crate::productivity) fn remove(folder: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(folder.join(format!("{FILE}{ending}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn connect(folder: &Path) -> Result<Connection, IndexError> {
    let connection = Connection::open(folder.join(FILE)).and_then(|connection| {
        connection.busy_timeout(PATIENCE)?;
        // The log lets readers read while the writer writes; a power cut costs the last batch at most. Temporary data stays in
        // memory, because the container's root is read-only.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;",
        )?;
        Ok(connection)
    });
    connection.map_err(|error| failure(folder, &error))
}

pub(super) fn failure(folder: &Path, error: &rusqlite::Error) -> IndexError {
    use rusqlite::types::FromSqlError;
    let cause = error.to_string();
    match error {
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..) => {
            IndexError::Damaged(cause)
        }
        rusqlite::Error::SqliteFailure(code, _) => match code.code {
            // `Unknown` is how a table that is not there, or not ours, shows.
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
                IndexError::Damaged(cause)
            }
            _ => unusable(folder, &cause),
        },
        rusqlite::Error::SqlInputError { .. } => IndexError::Damaged(cause),
        _ => match std::error::Error::source(error)
            .and_then(|source| source.downcast_ref::<FromSqlError>())
        {
            Some(_) => IndexError::Damaged(cause),
            None => unusable(folder, &cause),
        },
    }
}

pub(super) fn unusable(folder: &Path, cause: &str) -> IndexError {
    IndexError::Unusable {
        folder: folder.display().to_string(),
        cause: cause.to_owned(),
    }
}
