//! Takes the parts of a backup, one after the other, and publishes them with their manifest.

mod part;

pub(super) use part::{file, file_name, namespaces};

use std::sync::Arc;

use atlas_backup::codec::{Compression, Encryption};
use atlas_backup::manifest::{Manifest, MongoPart, SCHEMA};
use atlas_backup::mongo::{Cancel, DumpOptions};
use atlas_backup::progress::{Event, Progress};
use atlas_backup::repository::{Draft, Repository};
use atlas_backup::{Error as Failure, Kind};
use jiff::{SignedDuration, Timestamp};

use super::sources::Sources;

/// What is to be made.
pub(super) struct Making<'a> {
    pub(super) repository: &'a Repository,
    pub(super) project: &'a str,
    pub(super) tags: &'a [String],
    pub(super) sources: Sources,
    pub(super) options: DumpOptions,
    pub(super) compression: Compression,
    pub(super) encryption: &'a Encryption,
    pub(super) threads: usize,
}

impl Making<'_> {
    /// Makes the backup. A part that fails on the way is left out and named, as long as another one is left: what was begun is
    /// thrown away then, and made anew without it.
    pub(super) async fn run(
        mut self,
        progress: Arc<dyn Progress>,
        cancel: Cancel,
    ) -> Result<Manifest, Failure> {
        loop {
            let id = self.id().await?;
            let mut draft = self.repository.begin(&id).await?;
            let mut manifest = self.manifest(&id);
            let outcome = self.parts(&mut draft, &mut manifest, &progress, &cancel);
            match outcome.await {
                Ok(()) => {
                    manifest.finished = Timestamp::now();
                    manifest.missing = self.sources.missing;
                    if self.options.users_and_roles {
                        let unread = manifest.mongodb.as_ref().and_then(unread_users);
                        let unread = unread.map(|reason| ("users and roles".to_owned(), reason));
                        manifest.missing.extend(unread);
                    }
                    draft.publish(&manifest).await?;
                    return Ok(manifest);
                }
                Err((part, error)) => {
                    draft.discard().await;
                    self.give_up(part, error, progress.as_ref())?;
                }
            }
        }
    }

    async fn parts(
        &self,
        draft: &mut Draft,
        manifest: &mut Manifest,
        progress: &Arc<dyn Progress>,
        cancel: &Cancel,
    ) -> Result<(), (&'static str, Failure)> {
        if let Some(database) = &self.sources.mongodb {
            let part = self.mongodb(database, draft, progress.clone(), cancel.clone());
            manifest.mongodb = Some(part.await.map_err(|error| ("mongodb", error))?);
        }
        // After MongoDB: what Redis caches is never older than what was dumped.
        if let Some(held) = &self.sources.redis {
            let part = self.redis(held, draft, progress.clone(), cancel.clone());
            manifest.redis = Some(part.await.map_err(|error| ("redis", error))?);
        }
        if let Some(store) = &self.sources.embedded {
            let part = self.embedded(store, draft, progress.clone(), cancel.clone());
            manifest.embedded = Some(part.await.map_err(|error| ("embedded", error))?);
        }
        Ok(())
    }

    /// Leaves a part out, if there is another and the failure is the part's own.
    fn give_up(
        &mut self,
        part: &'static str,
        error: Failure,
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        let own = matches!(error.kind, Kind::Failed | Kind::Unreachable | Kind::Damaged)
            && error.operation != "write";
        let sources = &mut self.sources;
        let left = usize::from(sources.mongodb.is_some())
            + usize::from(sources.redis.is_some())
            + usize::from(sources.embedded.is_some());
        if !own || left < 2 {
            return Err(error);
        }
        match part {
            "mongodb" => sources.mongodb = None,
            "redis" => sources.redis = None,
            _ => sources.embedded = None,
        }
        progress.report(Event::Warning(format!("{part} is left out: {error}")));
        sources.missing.insert(part.to_owned(), error.to_string());
        Ok(())
    }

    /// The moment, to the second; the next free one when there is a backup of that second.
    async fn id(&self) -> Result<String, Failure> {
        next_id(self.repository).await
    }

    fn manifest(&self, id: &str) -> Manifest {
        begun(id, self.project, self.tags)
    }
}

/// Why users and roles that were asked for are not in it; what was dropped meanwhile is not missing.
fn unread_users(part: &MongoPart) -> Option<String> {
    let mut skipped = part.skipped.iter();
    skipped
        .find(|(name, _)| *name == "admin" || name.starts_with("admin.system."))
        .map(|(_, reason)| reason.clone())
}

/// An id that is not taken: the moment, to the second; the next free one when there is a backup of that second.
pub(super) async fn next_id(repository: &Repository) -> Result<String, Failure> {
    let taken = repository.list().await?;
    let mut now = Timestamp::now();
    loop {
        let id = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        if taken.iter().all(|one| one.id() != id) {
            return Ok(id);
        }
        now += SignedDuration::from_secs(1);
    }
}

/// The manifest of a backup that holds nothing yet.
pub(super) fn begun(id: &str, project: &str, tags: &[String]) -> Manifest {
    let now = Timestamp::now();
    Manifest {
        schema: SCHEMA.to_owned(),
        id: id.to_owned(),
        project: project.to_owned(),
        started: now,
        finished: now,
        atlas: env!("CARGO_PKG_VERSION").to_owned(),
        tags: tags.to_vec(),
        mongodb: None,
        redis: None,
        embedded: None,
        missing: std::collections::BTreeMap::new(),
    }
}
