//! Backups in a store elsewhere. Owns its layout:
//!
//! | name | what |
//! |---|---|
//! | `<id>/manifest.json` and the files it names | a backup; the manifest comes last and goes first |
//! | `<id>/owner` and files without a manifest | one that is being made, or what is left of one |
//! | `.lock-<host>-<pid>-<time>` | who changes the store |

mod connection;
mod download;
mod draft;
mod files;
mod lock;
mod runtime;
mod session;
mod sftp;
mod upload;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;
use opendal::ErrorKind;

use super::entry::Contents;
use super::holder::Holder;
use super::location::Remote;
use super::{MANIFEST, VERIFIED, name};
use crate::{Error, Kind};
use connection::{cause, explain};
pub(super) use draft::Draft;
use files::{Files, Object};
pub(super) use lock::Lock;
use runtime::Own;

const LOCK: &str = ".lock-";
/// The maker of a draft, beside its files.
const OWNER: &str = "owner";
/// Drafts of makers of whom nothing is known are left alone for so long.
const ABANDONED: SignedDuration = SignedDuration::from_hours(24);
/// Small files that are read at once.
const CONCURRENT: usize = 8;

/// A store with backups.
#[derive(Debug, Clone)]
pub(super) struct Store {
    own: Arc<Own>,
    store: Files,
    place: String,
}

impl Store {
    /// Connects, and sees that the store answers.
    pub(super) async fn open(remote: &Remote) -> Result<Self, Error> {
        let place = remote.address.to_string();
        let (own, store) = (Arc::new(Own::start()?), connection::connect(remote)?);
        let (asked, subject) = (store.clone(), place.clone());
        own.run(async move {
            let listed = asked.list("").await;
            listed.map_err(|error| explain("open", &subject, &error))
        })
        .await?;
        Ok(Self { own, store, place })
    }

    pub(super) async fn lock(&self, command: &str) -> Result<Lock, Error> {
        Lock::take(&self.own, &self.store, &self.place, command).await
    }

    /// Removes drafts whose makers are dead, or of which nothing was heard for a day by the clock of the store.
    pub(super) async fn clean(&self) -> Result<Vec<String>, Error> {
        let this = self.clone();
        self.own.run(async move { this.clean_here().await }).await
    }

    async fn clean_here(&self) -> Result<Vec<String>, Error> {
        let all = objects(&self.store, &self.place).await?;
        // The newest is the lock that was just taken.
        let now = all.iter().filter_map(|object| object.modified).max();
        let mut cleaned = Vec::new();
        for (id, files) in by_id(&all) {
            // Anything else in the bucket or folder is somebody else's.
            if files.contains_key(MANIFEST) || !(files.contains_key(OWNER) || name::is_moment(id)) {
                continue;
            }
            let newest = files.values().filter_map(|object| object.modified).max();
            let old = newest
                .zip(now)
                .is_some_and(|(then, now)| now.duration_since(then) > ABANDONED);
            if old || self.is_orphan(id, &files).await? {
                remove_all(&self.store, id).await?;
                cleaned.push(id.to_owned());
            }
        }
        Ok(cleaned)
    }

    async fn is_orphan(&self, id: &str, files: &BTreeMap<&str, &Object>) -> Result<bool, Error> {
        if !files.contains_key(OWNER) {
            return Ok(false);
        }
        let path = format!("{id}/{OWNER}");
        let text = self.store.read(&path).await;
        let text = text.map_err(|error| explain("read", &path, &error))?;
        let owner: Option<Holder> = serde_json::from_slice(&text).ok();
        Ok(owner.is_some_and(|owner| owner.is_dead()))
    }

    pub(super) async fn begin(&self, id: &str) -> Result<Draft, Error> {
        let (store, id_here) = (self.store.clone(), id.to_owned());
        self.own
            .run(async move {
                if !objects_of(&store, &id_here).await?.is_empty() {
                    let cause = "there is one already";
                    return Err(Error::new(Kind::Usage, "begin", id_here, cause));
                }
                let path = format!("{id_here}/{OWNER}");
                let text = serde_json::to_vec(&Holder::this("atlas backup"))
                    .map_err(|error| Error::failed("begin", &path, error.to_string()))?;
                let written = store.write(&path, text).await;
                written.map_err(|error| explain("begin", &path, &error))
            })
            .await?;
        Ok(Draft::new(self.own.clone(), self.store.clone(), id))
    }

    pub(super) async fn contents(&self) -> Result<Vec<(String, Contents)>, Error> {
        let this = self.clone();
        self.own
            .run(async move {
                let all = objects(&this.store, &this.place).await?;
                let found = by_id(&all).into_iter().map(|(id, files)| {
                    let sizes = files
                        .iter()
                        .map(|(name, object)| ((*name).to_owned(), object.size));
                    (id.to_owned(), sizes.collect())
                });
                let found: Vec<(String, BTreeMap<String, u64>)> = found.collect();
                stream::iter(found)
                    .map(|(id, sizes)| this.read_small(id, sizes))
                    .buffered(CONCURRENT)
                    .try_collect()
                    .await
            })
            .await
    }

    pub(super) async fn look(&self, id: &str) -> Result<Option<Contents>, Error> {
        let (this, id) = (self.clone(), id.to_owned());
        self.own
            .run(async move {
                let files = objects_of(&this.store, &id).await?;
                if files.is_empty() {
                    return Ok(None);
                }
                let sizes = files.into_iter().map(|file| (file.path, file.size));
                let (_, contents) = this.read_small(id, sizes.collect()).await?;
                Ok(Some(contents))
            })
            .await
    }

    /// Reads the manifest and the record of what was proven, where they are.
    async fn read_small(
        &self,
        id: String,
        sizes: BTreeMap<String, u64>,
    ) -> Result<(String, Contents), Error> {
        let (mut manifest, mut verified) = (None, None);
        for (file, text) in [(MANIFEST, &mut manifest), (VERIFIED, &mut verified)] {
            if !sizes.contains_key(file) {
                continue;
            }
            let path = format!("{id}/{file}");
            match self.store.read(&path).await {
                Ok(read) => *text = Some(Ok(read)),
                // Removed since it was listed.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    *text = Some(Err(format!("{file} cannot be read: {}", cause(&error))));
                }
                Err(error) => return Err(explain("read", &path, &error)),
            }
        }
        let contents = Contents {
            sizes,
            manifest,
            verified: verified.and_then(Result::ok),
        };
        Ok((id, contents))
    }

    pub(super) async fn read(&self, id: &str, file: &str) -> Result<Box<dyn Read + Send>, Error> {
        let (store, path) = (self.store.clone(), format!("{id}/{file}"));
        let asked = path.clone();
        let there = self.own.run(async move {
            let there = store.size(&asked).await;
            there.map_err(|error| explain("read", &asked, &error))
        });
        let size = there.await?;
        Ok(Box::new(download::begin(
            &self.own,
            self.store.clone(),
            path,
            size,
        )))
    }

    pub(super) async fn save(&self, id: &str, name: &str, text: Vec<u8>) -> Result<(), Error> {
        let (store, path) = (self.store.clone(), format!("{id}/{name}"));
        self.own
            .run(async move {
                let written = store.write(&path, text).await;
                written.map_err(|error| explain("write", &path, &error))
            })
            .await
    }

    pub(super) async fn erase(&self, id: &str, name: &str) -> Result<(), Error> {
        let (store, path) = (self.store.clone(), format!("{id}/{name}"));
        self.own
            .run(async move {
                let deleted = store.delete(&path).await;
                deleted.map_err(|error| explain("remove", &path, &error))
            })
            .await
    }

    pub(super) async fn remove(&self, id: &str) -> Result<(), Error> {
        let (store, id) = (self.store.clone(), id.to_owned());
        self.own
            .run(async move { remove_all(&store, &id).await })
            .await
    }
}

/// All files of a store.
async fn objects(store: &Files, place: &str) -> Result<Vec<Object>, Error> {
    store
        .list("")
        .await
        .map_err(|error| explain("list", place, &error))
}

/// The files of one backup or draft, named without its folder.
async fn objects_of(store: &Files, id: &str) -> Result<Vec<Object>, Error> {
    let folder = format!("{id}/");
    let mut all = match store.list(&folder).await {
        Ok(all) => all,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(explain("list", id, &error)),
    };
    for object in &mut all {
        object.path = object.path.trim_start_matches(&folder).to_owned();
    }
    Ok(all)
}

/// The files by backup and name.
fn by_id(all: &[Object]) -> BTreeMap<&str, BTreeMap<&str, &Object>> {
    let mut found: BTreeMap<&str, BTreeMap<&str, &Object>> = BTreeMap::new();
    for object in all {
        if let Some((id, file)) = object.path.split_once('/')
            && name::is_plain(id)
        {
            found.entry(id).or_default().insert(file, object);
        }
    }
    found
}

/// Removes the files of a backup or draft, its manifest first: without one it is no backup any more.
async fn remove_all(store: &Files, id: &str) -> Result<(), Error> {
    let mut files = objects_of(store, id).await?;
    files.sort_by_key(|file| (file.path != MANIFEST, file.path == OWNER));
    for file in files {
        let path = format!("{id}/{}", file.path);
        let deleted = store.delete(&path).await;
        deleted.map_err(|error| explain("remove", &path, &error))?;
    }
    // Where folders are things of their own, an empty one is left.
    let _ = store.delete(&format!("{id}/")).await;
    Ok(())
}
