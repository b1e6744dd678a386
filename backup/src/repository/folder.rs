//! Backups in a folder of this machine. Owns its layout:
//!
//! | name | what |
//! |---|---|
//! | `<id>/` | a backup |
//! | `.partial-<id>-<pid>/` | one that is being made |
//! | `.removed-<id>-<pid>/` | one that is being removed |
//! | `.lock` | who changes the folder |
//!
//! Files have mode 0600, folders 0700. A rename makes and unmakes a backup, so that no kill leaves half of one.

mod draft;
mod lock;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub(super) use draft::Draft;
pub(super) use lock::Lock;

use super::entry::{Contents, not_found};
use super::{MANIFEST, VERIFIED, name};
use crate::error::words;
use crate::{Error, Kind};

const PARTIAL: &str = ".partial-";
const REMOVED: &str = ".removed-";

/// A folder with backups.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A folder, which need not be there yet.
    pub(super) fn open(root: &Path) -> Result<Self, Error> {
        match fs::metadata(root) {
            Ok(metadata) if !metadata.is_dir() => {
                let cause = "it is not a folder";
                Err(Error::new(
                    Kind::Usage,
                    "use",
                    root.display().to_string(),
                    cause,
                ))
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::io("use", root, &error))
            }
            _ => Ok(Self {
                root: root.to_owned(),
            }),
        }
    }

    /// Takes the lock, for `command`.
    pub(super) fn lock(&self, command: &str) -> Result<Lock, Error> {
        self.make()?;
        Lock::take(&self.root, command)
    }

    /// Removes drafts and half removed backups whose processes died.
    pub(super) fn clean(&self) -> Result<Vec<String>, Error> {
        let mut cleaned = Vec::new();
        for name in self.names()? {
            let path = self.root.join(&name);
            if name.starts_with(PARTIAL) && !draft::is_living(&path) || name.starts_with(REMOVED) {
                fs::remove_dir_all(&path).map_err(|error| Error::io("remove", &path, &error))?;
                cleaned.push(name);
            } else if name::is_plain(&name) {
                cleaned.extend(remove_unfinished(&path)?);
            }
        }
        Ok(cleaned)
    }

    /// Begins a draft.
    pub(super) fn begin(&self, id: &str) -> Result<Draft, Error> {
        self.make()?;
        Draft::begin(&self.root, id)
    }

    /// What lies in every folder that may be a backup's.
    pub(super) fn contents(&self) -> Result<Vec<(String, Contents)>, Error> {
        let mut all = Vec::new();
        for name in self
            .names()?
            .into_iter()
            .filter(|name| name::is_plain(name))
        {
            if let Some(contents) = self.look(&name)? {
                all.push((name, contents));
            }
        }
        Ok(all)
    }

    /// What lies in one folder, if it is there.
    pub(super) fn look(&self, id: &str) -> Result<Option<Contents>, Error> {
        let folder = self.root.join(id);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(None),
            // One that may not be read is told in its place, if it is a backup at all.
            Err(error) => {
                return Ok(Some(Contents {
                    manifest: Some(Err(format!("it cannot be read: {}", words(&error)))),
                    ..Contents::default()
                }));
            }
        };
        let mut sizes = BTreeMap::new();
        for entry in entries {
            let metadata = entry.and_then(|entry| Ok((entry.metadata()?, entry.file_name())));
            let (metadata, name) = metadata.map_err(|error| Error::io("read", &folder, &error))?;
            if metadata.is_file() {
                sizes.insert(name.to_string_lossy().into_owned(), metadata.len());
            }
        }
        let text = |name: &str| {
            sizes.contains_key(name).then(|| {
                fs::read(folder.join(name))
                    .map_err(|error| format!("{name} cannot be read: {}", words(&error)))
            })
        };
        Ok(Some(Contents {
            manifest: text(MANIFEST),
            verified: text(VERIFIED).and_then(Result::ok),
            sizes,
        }))
    }

    /// Reads a file of a backup.
    pub(super) fn read(&self, id: &str, file: &str) -> Result<Box<dyn Read + Send>, Error> {
        let path = self.root.join(id).join(file);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && !path.parent().is_some_and(Path::exists) =>
            {
                Err(not_found(id, &self.root.display().to_string()))
            }
            Err(error) => Err(Error::io("read", &path, &error)),
        }
    }

    /// Writes a small file beside those of a backup, whole or not at all.
    pub(super) fn save(&self, id: &str, name: &str, text: &[u8]) -> Result<(), Error> {
        let folder = self.root.join(id);
        let path = folder.join(name);
        let unfinished = folder.join(format!("{PARTIAL}{name}"));
        write_new(&unfinished, text)
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| sync_folder(&folder))
            .map_err(|error| {
                let failure = Error::io("write", &path, &error);
                // What is left of it hides nothing, and the next cleaning takes it.
                let _ = fs::remove_file(&unfinished);
                failure
            })
    }

    /// Removes a small file beside those of a backup.
    pub(super) fn erase(&self, id: &str, name: &str) -> Result<(), Error> {
        let path = self.root.join(id).join(name);
        fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))
    }

    /// Removes a backup.
    pub(super) fn remove(&self, id: &str) -> Result<(), Error> {
        let path = self.root.join(id);
        let aside = self
            .root
            .join(format!("{REMOVED}{id}-{}", std::process::id()));
        fs::rename(&path, &aside)
            .and_then(|()| sync_folder(&self.root))
            .and_then(|()| fs::remove_dir_all(&aside))
            .map_err(|error| Error::io("remove", &path, &error))
    }

    fn make(&self) -> Result<(), Error> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.root)
            .map_err(|error| Error::io("make", &self.root, &error))
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let failed = |error: &std::io::Error| Error::io("read", &self.root, error);
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| failed(&error))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}

/// Removes a small file whose writing was cut short.
fn remove_unfinished(folder: &Path) -> Result<Vec<String>, Error> {
    let mut removed = Vec::new();
    for name in [VERIFIED, super::PINNED] {
        let path = folder.join(format!("{PARTIAL}{name}"));
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path.display().to_string()),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(Error::io("remove", &path, &error)),
        }
    }
    Ok(removed)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// A new file that nobody else may read.
fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn write_new(path: &Path, text: &[u8]) -> std::io::Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let mut file = create(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Makes the names in a folder survive a power cut.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}
