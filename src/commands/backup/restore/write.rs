//! Writes what was proven: MongoDB, then Redis, then the embedded store.

use std::io::Read;
use std::path::PathBuf;

use atlas_backup::codec;
use atlas_backup::mongo::{self, Cancel};
use atlas_backup::{Error as Failure, Kind};

use super::{From, Work, open, open_file};
use crate::backup::source::{Embedded, Held};
use crate::backup::{embedded, redis};
use crate::commands::backup::progress::awaited;
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::report::several;

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    pub(super) mongodb: Option<mongo::Restored>,
    /// Keys of Redis.
    keys: Option<u64>,
    /// Entries of the embedded store.
    entries: Option<u64>,
}

/// Documents of all collections.
pub(super) fn documents(restored: &mongo::Restored) -> u64 {
    restored.namespaces.iter().map(|ns| ns.documents).sum()
}

impl Written {
    /// `1,234 documents in 12 collections, 17 keys of Redis`.
    pub(super) fn words(&self) -> String {
        let mongodb = self.mongodb.as_ref().map(|restored| {
            format!(
                "{} in {}",
                several(documents(restored), "document"),
                several(restored.namespaces.len() as u64, "collection")
            )
        });
        let redis = self
            .keys
            .map(|keys| format!("{} of Redis", several(keys, "key")));
        let embedded = self
            .entries
            .map(|entries| format!("{entries} entries of the embedded store"));
        let parts: Vec<String> = [mongodb, redis, embedded].into_iter().flatten().collect();
        parts.join(", ")
    }
}

impl Work<'_> {
    pub(super) async fn write(&self) -> Result<Written, Error> {
        awaited(self.app, async |progress, cancel| {
            let mut written = Written::default();
            if let Some(database) = &self.sources.mongodb {
                let input = open(self.archive().await?, &self.identity).await?;
                let connection = database.connection();
                let restore =
                    mongo::restore(connection, &self.options, input, progress, cancel.clone());
                written.mongodb = Some(restore.await?);
            }
            if let (Some(held), From::Backup(manifest)) = (&self.sources.redis, self.from)
                && let Some(part) = &manifest.redis
            {
                let name = &part.file.name;
                written.keys = Some(self.redis(held, &manifest.id, name, &cancel).await?);
            }
            if let (Some(store), From::Backup(manifest)) = (&self.sources.embedded, self.from)
                && let Some(part) = &manifest.embedded
            {
                let name = &part.file.name;
                written.entries = Some(self.embedded(store, &manifest.id, name, &cancel).await?);
            }
            Ok(written)
        })
        .await
    }

    async fn archive(&self) -> Result<Box<dyn Read + Send>, Error> {
        let manifest = match self.from {
            From::File(file) => return Ok(Box::new(open_file(file)?)),
            From::Backup(manifest) => manifest,
        };
        let part = manifest.mongodb.as_ref();
        let name = part.map(|part| part.file.name.as_str()).unwrap_or_default();
        Ok(self.repository.read(&manifest.id, name).await?)
    }

    fn engine(&self) -> Result<&DockerEngine, Failure> {
        let engine = self.sources.engine.as_deref();
        engine.ok_or_else(|| Failure::failed("reach", "the engine", "there is none"))
    }

    async fn redis(
        &self,
        held: &Held,
        id: &str,
        name: &str,
        cancel: &Cancel,
    ) -> Result<u64, Failure> {
        // It is read several times: from a copy on this disk, as it lies in the backup.
        let copy = Copy(self.sources.scratch.join(format!("restore-{id}-{name}")));
        let from = self.repository.read(id, name).await?;
        let path = copy.0.clone();
        let stop = cancel.clone();
        let fetched = tokio::task::spawn_blocking(move || {
            let mut to = private(&path)?;
            std::io::copy(&mut Stoppable(from, stop), &mut to)
        });
        fetched
            .await
            .map_err(|panic| Failure::failed("copy", name, panic.to_string()))?
            .map_err(|error| codec::error_of(error, "copy", name))?;
        let again = || {
            let file = std::fs::File::open(&copy.0)
                .map_err(|error| Failure::io("read", &copy.0, &error))?;
            codec::open(Box::new(file), &self.identity, 1)
        };
        let restored = redis::restore(self.engine()?, held, &again, cancel.clone()).await?;
        Ok(restored.keys)
    }

    async fn embedded(
        &self,
        store: &Embedded,
        id: &str,
        name: &str,
        cancel: &Cancel,
    ) -> Result<u64, Failure> {
        let from = Stoppable(self.repository.read(id, name).await?, cancel.clone());
        let input = open(Box::new(from), &self.identity).await?;
        let folder = &self.sources.scratch;
        let tables = embedded::restore(self.engine()?, store, folder, input, cancel).await?;
        Ok(tables.values().sum())
    }
}

/// Ends with an error when the work is to stop.
struct Stoppable(Box<dyn Read + Send>, Cancel);

impl Read for Stoppable {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match *self.1.borrow() {
            true => Err(Failure::new(Kind::Interrupted, "read", "backup", "interrupted").into()),
            false => self.0.read(into),
        }
    }
}

/// A file that goes when this does.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        // What was never made need not go.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn private(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}
