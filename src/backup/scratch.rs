//! Files without a name: nobody else can open them, and nothing is left of them however the process ends.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use atlas_backup::Error;

/// A new file in `folder`, readable and writable by this process alone.
pub(super) fn file(folder: &Path) -> Result<File, Error> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|cause| Error::failed("make", "a scratch file", cause.to_string()))?;
    let path = folder.join(format!(".scratch-{:016x}", u64::from_le_bytes(random)));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|cause| Error::io("make", &path, &cause))?;
    fs::remove_file(&path).map_err(|cause| Error::io("remove", &path, &cause))?;
    Ok(file)
}
