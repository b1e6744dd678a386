//! Who changes a folder. Owns `.lock`: the kernel's lock on it, which ends with its holder, and the holder's name in it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::Error;
use crate::repository::holder::{Holder, locked};

const NAME: &str = ".lock";

/// Held until dropped.
#[derive(Debug)]
pub(in crate::repository) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of a folder, without waiting.
    pub(super) fn take(root: &Path, command: &str) -> Result<Self, Error> {
        let path = root.join(NAME);
        let failed = |error: &std::io::Error| Error::io("lock", &path, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Without its name, the holder is still there.
                let holder = match file.read_to_string(&mut text) {
                    Ok(_) => serde_json::from_str(&text).ok(),
                    Err(_) => None,
                };
                return Err(locked(root.display().to_string(), holder));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let mut lock = Self { file };
        lock.write(&Holder::this(command))
            .map_err(|error| failed(&error))?;
        Ok(lock)
    }

    fn write(&mut self, holder: &Holder) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&serde_json::to_vec(holder)?)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Whether or not the name goes, the kernel's lock does when the file is closed.
        let _ = self.file.set_len(0);
    }
}
