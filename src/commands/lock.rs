//! One changing run at a time for each project directory. The kernel releases the lock with its process, so none goes stale.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::error::Error;

/// Held for as long as it lives.
pub(super) struct Lock {
    _file: File,
}

/// As [`take`], for commands that find what is theirs by its labels: a folder that is no project (`atlas -p NAME down` from
/// anywhere) needs no lock and is left as it is.
pub(super) fn take_in_project(directory: &Path, command: &str) -> Result<Option<Lock>, Error> {
    let is_project = directory.join("atlas.yaml").exists() || directory.join(".atlas").is_dir();
    is_project.then(|| take(directory, command)).transpose()
}

/// Takes the lock, or says who holds it.
pub(super) fn take(directory: &Path, command: &str) -> Result<Lock, Error> {
    let folder = directory.join(".atlas");
    let path = folder.join("lock");
    let failed = |cause: std::io::Error| {
        Error::failed(format!("failed to lock `{}`: {cause}", path.display()))
            .hint("the project directory must be writable")
    };
    let mut builder = std::fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(failed)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The holder's note is a courtesy; without it the message is still true.
            let _ = file.read_to_string(&mut holder);
            let message = format!(
                "failed to {command}: another atlas is at work in this project ({})",
                holder.trim()
            );
            return Err(Error::failed(message)
                .hint("wait for it; the lock goes when that process ends, however it ends"));
        }
        Err(TryLockError::Error(cause)) => return Err(failed(cause)),
    }
    let note = format!("atlas {command}, process {}", std::process::id());
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(note.as_bytes()));
    written.map_err(failed)?;
    Ok(Lock { _file: file })
}
