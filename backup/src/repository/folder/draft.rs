//! A backup in the making: a folder beside the backups, which a rename makes one of them. Owns what reaches the disk when.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{PARTIAL, create, sync_folder, write_new};
use crate::manifest::Manifest;
use crate::repository::{MANIFEST, entry};
use crate::{Error, Kind};

/// A folder that is no backup yet; removed when dropped.
#[derive(Debug)]
pub(in crate::repository) struct Draft {
    root: PathBuf,
    id: String,
    path: PathBuf,
    files: BTreeMap<String, File>,
    /// Its kernel lock tells those who clean that somebody works on it.
    _living: File,
}

impl Draft {
    pub(super) fn begin(root: &Path, id: &str) -> Result<Self, Error> {
        if root.join(id).exists() {
            return Err(Error::new(Kind::Usage, "begin", id, "there is one already"));
        }
        let path = root.join(format!("{PARTIAL}{id}-{}", std::process::id()));
        let failed = |error: std::io::Error| Error::io("make", &path, &error);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(failed)?;
        let living = File::open(&path).map_err(failed)?;
        // Where the file system has no such locks, the lock of the whole folder has to do.
        let _ = living.try_lock();
        Ok(Self {
            root: root.to_owned(),
            id: id.to_owned(),
            path,
            files: BTreeMap::new(),
            _living: living,
        })
    }

    /// Begins a file.
    pub(in crate::repository) fn file(
        &mut self,
        name: &str,
    ) -> Result<Box<dyn Write + Send>, Error> {
        let path = self.path.join(name);
        let file = create(&path).map_err(|error| Error::io("write", &path, &error))?;
        let own = file
            .try_clone()
            .map_err(|error| Error::io("write", &path, &error))?;
        self.files.insert(name.to_owned(), own);
        Ok(Box::new(file))
    }

    /// Makes it a backup.
    pub(in crate::repository) fn publish(
        self,
        manifest: &Manifest,
        text: &[u8],
    ) -> Result<(), Error> {
        let mut sizes = BTreeMap::new();
        for (name, file) in &self.files {
            let size = file.sync_all().and_then(|()| file.metadata());
            let size = size.map_err(|error| Error::io("write", &self.path.join(name), &error))?;
            sizes.insert(name.clone(), size.len());
        }
        entry::agree(&self.id, manifest, &sizes)?;
        let file = self.path.join(MANIFEST);
        write_new(&file, text)
            .and_then(|()| sync_folder(&self.path))
            .map_err(|error| Error::io("write", &file, &error))?;
        let backup = self.root.join(&self.id);
        fs::rename(&self.path, &backup)
            .and_then(|()| sync_folder(&self.root))
            .map_err(|error| Error::io("publish", &backup, &error))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it became a backup; what cannot be removed now, the next cleaning takes.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whether the process that made a draft still works on it.
pub(super) fn is_living(path: &Path) -> bool {
    File::open(path).is_ok_and(|folder| matches!(folder.try_lock(), Err(TryLockError::WouldBlock)))
}
