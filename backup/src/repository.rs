//! Where backups lie: a folder or a remote store, one folder per backup, published whole or not at all.
//! Owns what is the same for both. Does not own what is in the files, or which backups to keep.
//!
//! A backup is there once its `manifest.json` is, which is written last; what has none is never listed. Beside the
//! manifest and the files that it names lie `verified.json` (what was proven since) and `pinned` (never to be removed by rule).

mod copy;
mod entry;
mod folder;
mod holder;
mod location;
mod name;
mod remote;

use std::io::{Read, Write};

pub use copy::copy;
pub use entry::{Entry, Listed};
pub use location::{Credentials, Location};

use crate::Error;
use crate::manifest::{Manifest, Verified};
use entry::Contents;
use folder::Folder;

/// The file that makes a folder a backup.
const MANIFEST: &str = "manifest.json";
/// What was proven of it since.
const VERIFIED: &str = "verified.json";
/// The mark of a backup that no rule removes.
const PINNED: &str = "pinned";

/// A place with backups.
#[derive(Debug)]
pub struct Repository {
    store: Store,
    location: Location,
}

#[derive(Debug)]
enum Store {
    Folder(Folder),
    Remote(remote::Store),
}

/// The right to change a repository; given up when dropped, and when the process dies.
#[derive(Debug)]
pub struct Lock {
    _held: Held,
}

#[derive(Debug)]
enum Held {
    Folder(#[expect(dead_code, reason = "it is held, not used")] folder::Lock),
    Remote(#[expect(dead_code, reason = "it is held, not used")] remote::Lock),
}

/// A backup that is being made. Dropped before [`Draft::publish`], it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    draft: Making,
}

#[derive(Debug)]
enum Making {
    Folder(folder::Draft),
    Remote(remote::Draft),
}

impl Repository {
    /// Opens it; a folder that does not exist is made when something is written to it.
    ///
    /// # Errors
    /// [`crate::Kind::Usage`] if the location cannot hold backups, [`crate::Kind::Unreachable`] if a store does not answer.
    pub async fn open(location: &Location) -> Result<Self, Error> {
        let store = match location {
            Location::Folder(path) => Store::Folder(Folder::open(path)?),
            Location::Remote(remote) => Store::Remote(remote::Store::open(remote).await?),
        };
        Ok(Self {
            store,
            location: location.clone(),
        })
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Takes the right to change it, for `command`, which is shown to those who come second.
    ///
    /// # Errors
    /// [`crate::Kind::Locked`], naming the process that holds it.
    pub async fn lock(&self, command: &str) -> Result<Lock, Error> {
        let held = match &self.store {
            Store::Folder(folder) => Held::Folder(folder.lock(command)?),
            Store::Remote(store) => Held::Remote(store.lock(command).await?),
        };
        Ok(Lock { _held: held })
    }

    /// Removes what processes that died left behind, and tells what that was. For the holder of the lock.
    ///
    /// # Errors
    /// If something of it cannot be removed.
    pub async fn clean(&self) -> Result<Vec<String>, Error> {
        match &self.store {
            Store::Folder(folder) => folder.clean(),
            Store::Remote(store) => store.clean().await,
        }
    }

    /// Begins a backup. For the holder of the lock.
    ///
    /// # Errors
    /// [`crate::Kind::Usage`] if there is a backup of that id or it is not a file name; else if the draft cannot be made.
    pub async fn begin(&self, id: &str) -> Result<Draft, Error> {
        name::check_id(id)?;
        let draft = match &self.store {
            Store::Folder(folder) => Making::Folder(folder.begin(id)?),
            Store::Remote(store) => Making::Remote(store.begin(id).await?),
        };
        Ok(Draft { draft })
    }

    /// All that have a manifest, oldest first.
    ///
    /// # Errors
    /// If the repository cannot be read; what is wrong with one backup is told in its place.
    pub async fn list(&self) -> Result<Vec<Listed>, Error> {
        let contents = match &self.store {
            Store::Folder(folder) => folder.contents()?,
            Store::Remote(store) => store.contents().await?,
        };
        let mut listed: Vec<Listed> = contents
            .into_iter()
            .filter_map(|(id, contents)| entry::judge(id, contents))
            .collect();
        listed.sort_by(|a, b| a.order().cmp(&b.order()));
        Ok(listed)
    }

    /// One backup: by its id, by the beginning of an id that no other shares, or the newest complete one as `latest`.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`], [`crate::Kind::Usage`] if several begin so, [`crate::Kind::Damaged`] if it is not whole.
    pub async fn find(&self, id: &str) -> Result<Entry, Error> {
        entry::choose(self.list().await?, id, &self.location.to_string())
    }

    /// Reads a file of a backup. The reader blocks: use it on a thread, not in a task.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`], or what the system says.
    pub async fn read(&self, id: &str, file: &str) -> Result<Box<dyn Read + Send>, Error> {
        name::check_id(id)?;
        name::check_file(file)?;
        match &self.store {
            Store::Folder(folder) => folder.read(id, file),
            Store::Remote(store) => store.read(id, file).await,
        }
    }

    /// Adds what was proven of a backup to what is recorded of it: the newest of each level stays.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`], or if it cannot be written.
    pub async fn record(&self, id: &str, verified: &Verified) -> Result<(), Error> {
        let mut all = self.exact(id).await?.verified();
        for (old, new) in [
            (&mut all.quick, &verified.quick),
            (&mut all.full, &verified.full),
            (&mut all.restored, &verified.restored),
        ] {
            if new.is_some() {
                old.clone_from(new);
            }
        }
        let text = json(VERIFIED, &all)?;
        self.save(id, VERIFIED, text).await
    }

    /// Keeps a backup from removal by rule, or no longer.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`], or if the mark cannot be written.
    pub async fn pin(&self, id: &str, pinned: bool) -> Result<(), Error> {
        match (pinned, self.exact(id).await?.sizes.contains_key(PINNED)) {
            (true, false) => self.save(id, PINNED, b"pinned\n".to_vec()).await,
            (false, true) => match &self.store {
                Store::Folder(folder) => folder.erase(id, PINNED),
                Store::Remote(store) => store.erase(id, PINNED).await,
            },
            _ => Ok(()),
        }
    }

    /// Removes a backup, whole or broken. For the holder of the lock.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`], or what the system says.
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        self.exact(id).await?;
        match &self.store {
            Store::Remote(store) => store.remove(id).await,
            Store::Folder(folder) => {
                let (folder, id) = (folder.clone(), id.to_owned());
                aside(move || folder.remove(&id)).await
            }
        }
    }

    async fn save(&self, id: &str, name: &str, text: Vec<u8>) -> Result<(), Error> {
        match &self.store {
            Store::Folder(folder) => folder.save(id, name, &text),
            Store::Remote(store) => store.save(id, name, text).await,
        }
    }

    /// What lies in the folder of a backup of exactly this id.
    async fn exact(&self, id: &str) -> Result<Contents, Error> {
        name::check_id(id)?;
        let contents = match &self.store {
            Store::Folder(folder) => folder.look(id)?,
            Store::Remote(store) => store.look(id).await?,
        };
        contents
            .filter(|contents| contents.manifest.is_some())
            .ok_or_else(|| entry::not_found(id, &self.location.to_string()))
    }
}

impl Draft {
    /// Begins a file of it. The writer blocks: use it on a thread, not in a task.
    ///
    /// # Errors
    /// If the name is not a file's, was begun before, or cannot be made.
    pub fn file(&mut self, name: &str) -> Result<Box<dyn Write + Send>, Error> {
        name::check_file(name)?;
        match &mut self.draft {
            Making::Folder(draft) => draft.file(name),
            Making::Remote(draft) => draft.file(name),
        }
    }

    /// Makes it a backup: what was written reaches the disk, then the manifest, then its name.
    ///
    /// # Errors
    /// [`crate::Kind::Damaged`] if the files are not those of the manifest; else what the system says. Nothing is left then.
    pub async fn publish(self, manifest: &Manifest) -> Result<(), Error> {
        let text = json(MANIFEST, manifest)?;
        match self.draft {
            Making::Remote(draft) => draft.publish(manifest, text).await,
            Making::Folder(draft) => {
                let manifest = manifest.clone();
                aside(move || draft.publish(&manifest, &text)).await
            }
        }
    }

    /// Gives it up; nothing is left.
    pub async fn discard(self) {
        drop(self);
    }
}

/// Does slow work of the disk on a thread of its own.
async fn aside(work: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::failed("write", "backup", error.to_string()))?
}

fn json(name: &str, value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::failed("write", name, error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}
