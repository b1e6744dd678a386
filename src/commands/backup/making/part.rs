//! One part into its file, and what the manifest says of it.

use std::sync::Arc;

use atlas_backup::Error as Failure;
use atlas_backup::archive::Checked;
use atlas_backup::codec::{Compression, Encryption, Output, Written};
use atlas_backup::manifest::{Consistency, EmbeddedPart, File, MongoPart, Namespace, RedisPart};
use atlas_backup::mongo::{self, Cancel, Connection};
use atlas_backup::progress::Progress;
use atlas_backup::repository::Draft;

use super::super::sources::Database;
use super::Making;
use crate::backup::source::{Embedded, Held, Mongo};
use crate::backup::{embedded, mongodump, redis};
use crate::engines::docker::DockerEngine;

impl Making<'_> {
    pub(super) async fn mongodb(
        &self,
        database: &Database,
        draft: &mut Draft,
        progress: Arc<dyn Progress>,
        cancel: Cancel,
    ) -> Result<MongoPart, Failure> {
        let (name, output) = self.output("mongodb.archive", self.compression, draft)?;
        match database {
            Database::Native(connection) => {
                let dumped = mongo::dump(connection, &self.options, output, progress, cancel);
                let dumped = dumped.await?;
                Ok(MongoPart {
                    engine: "native".to_owned(),
                    consistency: dumped.consistency,
                    users_and_roles: dumped.users_and_roles,
                    namespaces: dumped.namespaces,
                    skipped: dumped.skipped,
                    databases: self.options.databases.clone(),
                    ..part(
                        connection,
                        self.file(name, &dumped.written, self.compression),
                    )
                })
            }
            Database::Stock(mongo, connection) => {
                let dumped = self.stock(mongo, output, progress, cancel).await?;
                let users = dumped.checked.namespaces.iter();
                Ok(MongoPart {
                    engine: "mongodump".to_owned(),
                    users_and_roles: users.clone().any(|(of, _)| of.is_users_and_roles()),
                    namespaces: namespaces(&dumped.checked),
                    databases: self.options.databases.clone(),
                    ..part(
                        connection,
                        self.file(name, &dumped.written, self.compression),
                    )
                })
            }
        }
    }

    async fn stock(
        &self,
        mongo: &Mongo,
        output: Output,
        progress: Arc<dyn Progress>,
        cancel: Cancel,
    ) -> Result<mongodump::Dumped, Failure> {
        let engine = self.engine()?;
        let databases = &self.options.databases;
        mongodump::dump(engine, mongo, databases, output, progress, cancel).await
    }

    pub(super) async fn redis(
        &self,
        held: &Held,
        draft: &mut Draft,
        progress: Arc<dyn Progress>,
        cancel: Cancel,
    ) -> Result<RedisPart, Failure> {
        // Redis has compressed it already.
        let compression = Compression::None;
        let (name, output) = self.output("redis.rdb", compression, draft)?;
        let taken = redis::snapshot(self.engine()?, held, output, progress, cancel).await?;
        Ok(RedisPart {
            file: self.file(name, &taken.written, compression),
            server_version: taken.server_version,
            rdb_version: taken.rdb.version,
            keys: taken.rdb.keys,
            expiring: taken.rdb.expiring,
        })
    }

    pub(super) async fn embedded(
        &self,
        store: &Embedded,
        draft: &mut Draft,
        progress: Arc<dyn Progress>,
        cancel: Cancel,
    ) -> Result<EmbeddedPart, Failure> {
        let (name, output) = self.output("embedded.redb", self.compression, draft)?;
        let (engine, scratch) = (self.engine()?, &self.sources.scratch);
        let copied = embedded::snapshot(engine, store, scratch, output, progress, cancel);
        let (tables, written) = copied.await?;
        Ok(EmbeddedPart {
            file: self.file(name, &written, self.compression),
            service: store.held.service.clone(),
            tables,
        })
    }

    fn engine(&self) -> Result<&DockerEngine, Failure> {
        let engine = self.sources.engine.as_deref();
        engine.ok_or_else(|| Failure::failed("reach", "the engine", "there is none"))
    }

    fn output(
        &self,
        stem: &str,
        compression: Compression,
        draft: &mut Draft,
    ) -> Result<(String, Output), Failure> {
        let name = file_name(stem, compression, self.encryption);
        let to = draft.file(&name)?;
        let output = Output::new(to, compression, self.encryption, self.threads)?;
        Ok((name, output))
    }

    fn file(&self, name: String, written: &Written, compression: Compression) -> File {
        file(name, written, compression, self.encryption)
    }
}

/// What the server says of itself; what was read of it is still to be said.
fn part(connection: &Connection, file: File) -> MongoPart {
    let server = &connection.server;
    MongoPart {
        file,
        engine: String::new(),
        server_version: server.version.clone(),
        feature_version: server.feature_version.clone(),
        topology: server.topology.name().to_owned(),
        consistency: Consistency::PerDocument,
        databases: Vec::new(),
        users_and_roles: false,
        namespaces: Vec::new(),
        skipped: std::collections::BTreeMap::new(),
    }
}

/// What an archive that others made holds, sorted by name.
pub(crate) fn namespaces(checked: &Checked) -> Vec<Namespace> {
    let mut namespaces: Vec<Namespace> = checked
        .namespaces
        .iter()
        .map(|(of, closed)| Namespace {
            db: of.db.clone(),
            collection: of.collection.clone(),
            kind: of.kind.clone(),
            documents: closed.documents,
            bytes: closed.bytes,
            crc64: format!("{:016x}", closed.crc),
            indexes: indexes(&of.metadata),
        })
        .collect();
    namespaces.sort_by(|a, b| (&a.db, &a.collection).cmp(&(&b.db, &b.collection)));
    namespaces
}

/// Indexes that the metadata of a namespace lists.
fn indexes(metadata: &str) -> u32 {
    let value: Option<serde_json::Value> = serde_json::from_str(metadata).ok();
    let list = value.as_ref().and_then(|value| value["indexes"].as_array());
    list.map_or(0, |list| u32::try_from(list.len()).unwrap_or(u32::MAX))
}

/// `mongodb.archive.gz`, `mongodb.archive.zst.age`.
pub(crate) fn file_name(stem: &str, compression: Compression, encryption: &Encryption) -> String {
    let sealed = match encryption {
        Encryption::None => "",
        Encryption::Recipients(_) | Encryption::Passphrase(_) => ".age",
    };
    format!("{stem}{}{sealed}", compression.ending())
}

/// What a manifest says of a file that was written.
pub(crate) fn file(
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
