//! A backup, from one repository to another. Owns the comparison of what flows with what the manifest says.

use std::io::{Read, Write};

use sha2::{Digest, Sha256};

use super::entry::files;
use super::{Draft, Repository};
use crate::Error;
use crate::manifest::{File, Manifest};
use crate::progress::{Event, Progress};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// Copies a backup whole, under its id; the hashes are compared while it flows. What was proven of the one is not proven of the
/// copy, which nobody has read back. For the holder of the lock of `to`.
///
/// # Errors
/// [`crate::Kind::Damaged`] if a file is not what its manifest says; else what either side says. Nothing is left then.
pub async fn copy(
    from: &Repository,
    id: &str,
    to: &Repository,
    progress: std::sync::Arc<dyn Progress>,
) -> Result<Manifest, Error> {
    let entry = from.find(id).await?;
    let manifest = entry.manifest;
    progress.report(Event::Phase {
        name: "upload",
        bytes: Some(entry.size),
    });
    let mut draft = to.begin(&manifest.id).await?;
    for file in files(&manifest) {
        if let Err(error) = transfer(from, &manifest.id, file, &mut draft, &progress).await {
            draft.discard().await;
            return Err(error);
        }
    }
    draft.publish(&manifest).await?;
    Ok(manifest)
}

async fn transfer(
    from: &Repository,
    id: &str,
    file: &File,
    draft: &mut Draft,
    progress: &std::sync::Arc<dyn Progress>,
) -> Result<(), Error> {
    let reader = from.read(id, &file.name).await?;
    let writer = draft.file(&file.name)?;
    let (file, progress) = (file.clone(), progress.clone());
    let subject = file.name.clone();
    tokio::task::spawn_blocking(move || pump(reader, writer, &file, progress.as_ref()))
        .await
        .map_err(|error| Error::failed("copy", subject, error.to_string()))?
}

fn pump(
    mut reader: Box<dyn Read + Send>,
    mut writer: Box<dyn Write + Send>,
    file: &File,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let failed =
        |error: std::io::Error| Error::failed("copy", &file.name, crate::error::words(&error));
    let mut piece = vec![0; PIECE];
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        let length = reader.read(&mut piece).map_err(failed)?;
        if length == 0 {
            break;
        }
        hash.update(&piece[..length]);
        writer.write_all(&piece[..length]).map_err(failed)?;
        size += length as u64;
        progress.report(Event::Advanced {
            bytes: length as u64,
            documents: 0,
        });
    }
    writer.flush().map_err(failed)?;
    if size != file.size {
        let cause = format!("it has {size} bytes instead of {}", file.size);
        return Err(Error::damaged(&file.name, cause));
    }
    let sha256: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if sha256 != file.sha256 {
        return Err(Error::damaged(
            &file.name,
            "its SHA-256 is not the recorded one",
        ));
    }
    progress.report(Event::Finished {
        subject: file.name.clone(),
        documents: 0,
        bytes: size,
    });
    Ok(())
}
