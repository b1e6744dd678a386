//! Takes the parts of a backup, one after the other, and publishes them with their manifest.

use std::collections::BTreeMap;
use std::sync::Arc;

use atlas_backup::codec::{Compression, Encryption, Output, Written};
use atlas_backup::manifest::{File, Manifest, MongoPart, SCHEMA};
use atlas_backup::mongo::{self, Cancel, Connection, DumpOptions};
use atlas_backup::progress::{Event, Progress};
use atlas_backup::repository::{Draft, Repository};
use atlas_backup::{Error as Failure, Kind};
use jiff::Timestamp;

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
    /// What was asked for and cannot be taken, with the reason.
    pub(super) missing: BTreeMap<String, String>,
}

/// What can be reached.
pub(super) struct Sources {
    pub(super) mongodb: Option<Connection>,
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
                    manifest.missing = self.missing;
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
        if let Some(connection) = &self.sources.mongodb {
            let part = self.mongodb(connection, draft, progress.clone(), cancel.clone());
            manifest.mongodb = Some(part.await.map_err(|error| ("mongodb", error))?);
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
        let ours = matches!(error.kind, Kind::Failed | Kind::Unreachable | Kind::Damaged)
            && error.operation != "write";
        let left = usize::from(self.sources.mongodb.is_some());
        if !ours || left < 2 {
            return Err(error);
        }
        self.sources.mongodb = self.sources.mongodb.take().filter(|_| part != "mongodb");
        progress.report(Event::Warning(format!("{part} is left out: {error}")));
        self.missing.insert(part.to_owned(), error.to_string());
        Ok(())
    }

    /// The moment, to the second; the next free one when there is a backup of that second.
    async fn id(&self) -> Result<String, Failure> {
        let taken = self.repository.list().await?;
        let mut now = Timestamp::now();
        loop {
            let id = now.strftime("%Y%m%dT%H%M%SZ").to_string();
            if taken.iter().all(|one| one.id() != id) {
                return Ok(id);
            }
            now += jiff::SignedDuration::from_secs(1);
        }
    }

    fn manifest(&self, id: &str) -> Manifest {
        let now = Timestamp::now();
        Manifest {
            schema: SCHEMA.to_owned(),
            id: id.to_owned(),
            project: self.project.to_owned(),
            started: now,
            finished: now,
            atlas: env!("CARGO_PKG_VERSION").to_owned(),
            tags: self.tags.to_vec(),
            mongodb: None,
            redis: None,
            embedded: None,
            missing: BTreeMap::new(),
        }
    }

    async fn mongodb(
        &self,
        connection: &Connection,
        draft: &mut Draft,
        progress: Arc<dyn Progress>,
        cancel: Cancel,
    ) -> Result<MongoPart, Failure> {
        let name = file_name("mongodb.archive", self.compression, self.encryption);
        let to = draft.file(&name)?;
        let output = Output::new(to, self.compression, self.encryption, self.threads)?;
        let dumped = mongo::dump(connection, &self.options, output, progress, cancel).await?;
        Ok(MongoPart {
            file: file(name, &dumped.written, self.compression, self.encryption),
            engine: "native".to_owned(),
            server_version: connection.server.version.clone(),
            feature_version: connection.server.feature_version.clone(),
            topology: connection.server.topology.name().to_owned(),
            consistency: dumped.consistency,
            users_and_roles: dumped.users_and_roles,
            namespaces: dumped.namespaces,
            skipped: dumped.skipped,
        })
    }
}

/// `mongodb.archive.gz`, `mongodb.archive.zst.age`.
pub(super) fn file_name(stem: &str, compression: Compression, encryption: &Encryption) -> String {
    let sealed = match encryption {
        Encryption::None => "",
        Encryption::Recipients(_) | Encryption::Passphrase(_) => ".age",
    };
    format!("{stem}{}{sealed}", compression.ending())
}

/// What a manifest says of a file that was written.
pub(super) fn file(
    name: String,
    written: &Written,
    compression: Compression,
    encryption: &Encryption,
) -> File {
    File {
        name,
        size: written.size,
        sha256: written.sha256.clone(),
        raw_size: written.raw_size,
        compression: compression.name().to_owned(),
        encryption: match encryption {
            Encryption::None => None,
            Encryption::Recipients(_) => Some("recipients".to_owned()),
            Encryption::Passphrase(_) => Some("passphrase".to_owned()),
        },
    }
}
