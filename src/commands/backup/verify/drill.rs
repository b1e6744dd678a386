//! `--restore-test`: a backup is restored into throwaway servers of the project's own images, and compared.

use std::sync::Arc;

use atlas_backup::codec::{self, Identity};
use atlas_backup::manifest::{Manifest, MongoPart, RedisPart, Verdict};
use atlas_backup::mongo::{self, Cancel, Connection, RestoreOptions};
use atlas_backup::progress::Progress;
use atlas_backup::rdb;
use atlas_backup::repository::Repository;
use atlas_backup::{Error as Failure, Kind};
use jiff::Timestamp;

use super::super::place::Place;
use super::super::restore::open;
use super::note;
use crate::app::App;
use crate::backup::{drill, source};
use crate::engines::Engine;
use crate::engines::docker::DockerEngine;
use crate::error::Error;

/// Where drills take place: the engine, and the images of what is restored.
pub(super) struct Range {
    engine: DockerEngine,
    /// Images of the project's own stores, where it has them.
    mongodb: Option<String>,
    redis: Option<String>,
}

impl Range {
    pub(super) async fn of(app: &App, place: &Place<'_>) -> Result<Self, Error> {
        let engine = app.engine(None).await?;
        let observed = engine.observe(&place.project, None).await?;
        let deployment = app.known(&place.inputs, &observed);
        let found = deployment.map(|deployment| source::find(&deployment, &observed));
        let found = found.unwrap_or_default();
        let mongodb = found.mongodb.and_then(|mongo| match mongo {
            source::Mongo::Container { held, .. } => Some(held.image),
            source::Mongo::External { .. } => None,
        });
        Ok(Self {
            engine,
            mongodb,
            redis: found.redis.map(|held| held.image),
        })
    }

    /// Restores every part that a server can be made for.
    pub(super) async fn run(
        &self,
        repository: &Repository,
        manifest: &Manifest,
        identity: &Identity,
        progress: Arc<dyn Progress>,
        cancel: Cancel,
    ) -> Result<Verdict, Failure> {
        let mut verdict = Verdict {
            at: Timestamp::now(),
            passed: true,
            evidence: Vec::new(),
        };
        let id = &manifest.id;
        if let Some(part) = &manifest.mongodb {
            let from = repository.read(id, &part.file.name).await?;
            let input = open(from, identity).await?;
            let seen = self.mongodb(part, input, progress, &cancel).await;
            note(&mut verdict, seen)?;
        }
        if let Some(part) = &manifest.redis {
            let name = &part.file.name;
            let first = open(repository.read(id, name).await?, identity).await?;
            let second = open(repository.read(id, name).await?, identity).await?;
            let seen = self.redis(part, first, second, &cancel).await;
            note(&mut verdict, seen)?;
        }
        if let Some(part) = &manifest.embedded {
            let line = format!(
                "{}: it is a file, and was opened and read as the gateway does",
                part.file.name
            );
            verdict.evidence.push(line);
        }
        verdict.at = Timestamp::now();
        Ok(verdict)
    }

    async fn mongodb(
        &self,
        part: &MongoPart,
        input: codec::Input,
        progress: Arc<dyn Progress>,
        cancel: &Cancel,
    ) -> Result<Vec<String>, Failure> {
        let image = self.mongodb.clone();
        let image = image.unwrap_or_else(|| format!("mongo:{}", release(&part.server_version)));
        let work = async |connection: Connection| {
            let options = RestoreOptions {
                users_and_roles: part.users_and_roles,
                ..RestoreOptions::default()
            };
            let restored = mongo::restore(&connection, &options, input, progress, cancel.clone());
            let restored = restored.await.map_err(refused)?;
            let differences = mongo::compare(&connection, &part.namespaces, cancel.clone()).await?;
            if let [first, rest @ ..] = &differences[..] {
                let cause = match rest.len() {
                    0 => first.clone(),
                    more => format!("{first}, and {more} more"),
                };
                return Err(Failure::damaged(&part.file.name, cause));
            }
            let documents: u64 = restored.namespaces.iter().map(|ns| ns.documents).sum();
            Ok(vec![format!(
                "{}: {documents} documents and {} indexes restored into {image} {}, all as the manifest says",
                part.file.name, restored.indexes, connection.server.version
            )])
        };
        drill::mongodb(&self.engine, &image, cancel, work).await
    }

    async fn redis(
        &self,
        part: &RedisPart,
        first: codec::Input,
        second: codec::Input,
        cancel: &Cancel,
    ) -> Result<Vec<String>, Failure> {
        let image = self.redis.clone();
        let image =
            image.unwrap_or_else(|| format!("redis:{}-alpine", release(&part.server_version)));
        let check = tokio::task::spawn_blocking(move || rdb::check(first)).await;
        let found = check
            .map_err(|panic| Failure::failed("check", &part.file.name, panic.to_string()))??;
        let seen = drill::redis(&self.engine, &image, &found, second, cancel).await?;
        let lines = seen.iter();
        Ok(lines
            .map(|line| format!("{}: {line}", part.file.name))
            .collect())
    }
}

/// What an empty server of the same release does not take is no backup, whatever its hash says.
fn refused(error: Failure) -> Failure {
    match error.kind {
        Kind::Failed => Failure {
            kind: Kind::Damaged,
            ..error
        },
        _ => error,
    }
}

/// `7.0.14` → `7`; before 5, releases are told by two numbers.
fn release(version: &str) -> &str {
    let dot = version.find('.').unwrap_or(version.len());
    let major = &version[..dot];
    match major.parse::<u32>() {
        Ok(0..=4) => version.rsplit_once('.').map_or(version, |(two, _)| two),
        _ => major,
    }
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn images_are_named_by_release() {
        assert_eq!(release("7.0.14"), "7");
        assert_eq!(release("4.4.29"), "4.4");
        assert_eq!(release("8"), "8");
    }
}
