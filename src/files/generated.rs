//! Files below a folder that atlas generated at some time. Owns finding and removing them; whatever else stands there is
//! left alone.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::FileError;
use crate::targets::is_generated;

/// Every file of ours below `dir`/`folder` with its text, sorted by path relative to `dir`. Links are not followed.
pub fn generated(dir: &Path, folder: &Path) -> Result<Vec<(PathBuf, String)>, FileError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let path = dir.join(&folder);
        let failed = |cause| FileError::System {
            operation: "read",
            path: path.clone(),
            cause,
        };
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let relative = folder.join(entry.file_name());
            if kind.is_dir() {
                folders.push(relative);
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).map_err(failed)?;
                if is_generated(&bytes) {
                    found.push((relative, String::from_utf8_lossy(&bytes).into_owned()));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Removes a file below `dir`, and the folders that it leaves empty up to `folder`.
pub fn remove(dir: &Path, folder: &Path, file: &Path) -> Result<(), FileError> {
    let path = dir.join(file);
    fs::remove_file(&path).map_err(|cause| FileError::System {
        operation: "remove",
        path,
        cause,
    })?;
    let parents = file.ancestors().skip(1);
    for parent in parents.take_while(|parent| parent.starts_with(folder)) {
        // One that is not empty stays.
        if fs::remove_dir(dir.join(parent)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Whether a file below `dir` is one that atlas generated. A link is none.
pub fn is_ours(dir: &Path, file: &Path) -> Result<bool, FileError> {
    let path = dir.join(file);
    let failed = |cause: std::io::Error| FileError::System {
        operation: "read",
        path: path.clone(),
        cause,
    };
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => {
            let bytes = fs::read(&path).map_err(failed)?;
            Ok(is_generated(&bytes))
        }
        Ok(_) => Ok(false),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(failed(error)),
    }
}
