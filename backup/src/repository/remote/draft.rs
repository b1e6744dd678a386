//! A backup in the making in a store: its files, without a manifest. Owns their removal if none is written.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use super::files::Files;

use super::connection::explain;
use super::upload::{self, Upload};
use super::{OWNER, Own, objects_of};
use crate::manifest::Manifest;
use crate::repository::{MANIFEST, entry};
use crate::{Error, Kind};

/// Files without a manifest; removed when dropped.
#[derive(Debug)]
pub(in crate::repository) struct Draft {
    own: Arc<Own>,
    store: Files,
    id: String,
    uploads: BTreeMap<String, Upload>,
    published: bool,
}

impl Draft {
    pub(super) fn new(own: Arc<Own>, store: Files, id: &str) -> Self {
        Self {
            own,
            store,
            id: id.to_owned(),
            uploads: BTreeMap::new(),
            published: false,
        }
    }

    /// Begins a file.
    pub(in crate::repository) fn file(
        &mut self,
        name: &str,
    ) -> Result<Box<dyn Write + Send>, Error> {
        if self.uploads.contains_key(name) {
            let cause = "it was begun before";
            return Err(Error::new(Kind::Usage, "write", name, cause));
        }
        let path = format!("{}/{name}", self.id);
        let (pipe, upload) = upload::begin(&self.own, self.store.clone(), path);
        self.uploads.insert(name.to_owned(), upload);
        Ok(Box::new(pipe))
    }

    /// Makes it a backup.
    pub(in crate::repository) async fn publish(
        mut self,
        manifest: &Manifest,
        text: Vec<u8>,
    ) -> Result<(), Error> {
        for (name, upload) in std::mem::take(&mut self.uploads) {
            upload.complete(&name).await?;
        }
        let (store, id, manifest) = (self.store.clone(), self.id.clone(), manifest.clone());
        let finish = async move {
            let there = objects_of(&store, &id).await?;
            let sizes = there
                .into_iter()
                .map(|object| (object.path, object.size))
                .filter(|(name, _)| name != OWNER)
                .collect();
            entry::agree(&id, &manifest, &sizes)?;
            let path = format!("{id}/{MANIFEST}");
            let written = store.write(&path, text).await;
            written.map_err(|error| explain("write", &path, &error))?;
            // It is a backup now; who made it does not matter any more.
            let _ = store.delete(&format!("{id}/{OWNER}")).await;
            Ok(())
        };
        self.own.run(finish).await?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        let (store, id) = (self.store.clone(), self.id.clone());
        let uploads = std::mem::take(&mut self.uploads);
        self.own.last(async move {
            for upload in uploads.into_values() {
                upload.abandon().await;
            }
            // What cannot be removed now, the next cleaning takes.
            let _ = super::remove_all(&store, &id).await;
        });
    }
}
