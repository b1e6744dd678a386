//! The safety backup: what will be overwritten, as it is.

use std::collections::BTreeSet;

use atlas_backup::codec::Compression;
use atlas_backup::mongo::{DumpOptions, estimate};

use super::{Target, Work};
use crate::cli::backup::Create;
use crate::commands::backup::making::Making;
use crate::commands::backup::progress::watched;
use crate::commands::backup::sources::{Database, Sources};
use crate::commands::backup::verify::{self, Level};
use crate::commands::backup::{create, secret, space};
use crate::error::Error;
use crate::exit::Exit;

pub(in crate::commands::backup) use atlas_backup::manifest::SAFETY;

impl Work<'_> {
    /// Backs up the databases and stores of what will be overwritten; the backup's id. Nothing when nothing will be.
    pub(super) async fn save(&self, targets: &[Target]) -> Result<Option<String>, Error> {
        // A database that is not there cannot be dumped.
        let there = targets.iter().filter(|target| target.there.is_some());
        let mut databases: BTreeSet<String> = there.map(|target| target.db.clone()).collect();
        if self.options.users_and_roles && self.options.drop {
            // With it, the users and roles of all databases are taken.
            databases.insert("admin".to_owned());
        }
        let databases: Vec<String> = databases.into_iter().collect();
        let mut sources = Sources {
            engine: self.sources.engine.clone(),
            redis: self.sources.redis.clone(),
            embedded: self.sources.embedded.clone(),
            scratch: self.sources.scratch.clone(),
            ..Sources::default()
        };
        if let (Some(database), false) = (&self.sources.mongodb, databases.is_empty()) {
            let connection = database.connection();
            let size = estimate::size(connection, &databases).await?;
            space::check(self.repository.location(), size, Compression::GZIP)?;
            sources.mongodb = Some(Database::Native(connection.clone()));
        }
        if sources.mongodb.is_none() && sources.redis.is_none() && sources.embedded.is_none() {
            return Ok(None);
        }
        let encryption = secret::encryption(self.place, &Create::default())?;
        let _lock = self.repository.lock("backup restore").await?;
        create::cleaned(self.app, self.repository).await?;
        let tags = [SAFETY.to_owned()];
        let making = Making {
            repository: self.repository,
            project: &self.place.project,
            tags: &tags,
            sources,
            options: DumpOptions {
                databases,
                users_and_roles: self.options.users_and_roles,
                ..DumpOptions::default()
            },
            compression: Compression::GZIP,
            encryption: &encryption,
            threads: verify::threads(),
        };
        let id = watched(self.app, async |progress, cancel| {
            let manifest = making.run(progress.clone(), cancel.clone()).await?;
            if let Some((part, reason)) = manifest.missing.first_key_value() {
                let message = format!("nothing was restored: no safety backup of {part}: {reason}");
                return Err(Error::failed(message).hint("--no-safety-backup goes on without one"));
            }
            if let Some(identity) = secret::read_back(self.place, &encryption, &manifest)? {
                let (place, repository, level) = (self.place, self.repository, Level::Full);
                let proof = verify::prove(
                    place, repository, &manifest, level, &identity, progress, cancel,
                );
                let verdict = proof.await?;
                verify::record(repository, &manifest.id, level, &verdict).await?;
                if !verdict.passed {
                    let message = "nothing was restored: the safety backup is not what was written";
                    return Err(Error::new(Exit::Damaged, message).details(verdict.evidence));
                }
            }
            Ok(manifest.id)
        });
        id.await.map(Some)
    }
}
