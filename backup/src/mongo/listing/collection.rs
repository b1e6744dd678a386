//! One collection as the server lists it. Owns what is asked about it before it is read.

use mongodb::bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf};
use mongodb::bson::{Bson, Document, doc, rawdoc};
use mongodb::error::Error as Driver;

use super::super::Connection;
use super::{Listed, Source, gather, metadata};
use crate::manifest::Namespace;
use crate::{Error, archive};

/// An entry of listCollections.
#[derive(Debug, Clone)]
pub(in crate::mongo) struct Collection {
    pub(in crate::mongo) name: String,
    /// 32 hex digits, where there is one.
    pub(in crate::mongo) uuid: Option<String>,
    kind: String,
    options: RawDocumentBuf,
}

impl Collection {
    /// All of a database, sorted by name. The outer error is the server's, the inner one of a listing that is none.
    pub(in crate::mongo) async fn all(
        connection: &Connection,
        db: &str,
    ) -> Result<Result<Vec<Self>, Error>, Driver> {
        let entries = gather(connection, db, rawdoc! { "listCollections": 1 }).await?;
        let read = |entry: &RawDocumentBuf| {
            Self::read(entry)
                .ok_or_else(|| Error::damaged(db, "an entry of its listing has no name"))
        };
        let found: Result<Vec<Self>, Error> = entries.iter().map(read).collect();
        Ok(found.map(|mut found| {
            found.sort_by(|a, b| a.name.cmp(&b.name));
            found
        }))
    }

    fn read(entry: &RawDocument) -> Option<Self> {
        let options = entry.get_document("options").map(ToOwned::to_owned);
        Some(Self {
            name: entry.get_str("name").ok()?.to_owned(),
            uuid: entry.get_document("info").ok().and_then(uuid),
            kind: entry.get_str("type").unwrap_or("collection").to_owned(),
            options: options.unwrap_or_default(),
        })
    }

    /// Asks for its indexes and its size.
    pub(super) async fn describe(
        self,
        connection: &Connection,
        db: &str,
    ) -> Result<Result<Listed, Error>, Driver> {
        let indexes = if self.kind == "view" {
            Vec::new()
        } else {
            let command = rawdoc! { "listIndexes": self.name.as_str() };
            gather(connection, db, command).await?
        };
        let json = metadata::json(
            db,
            &self.name,
            &self.kind,
            &self.options,
            &indexes,
            self.uuid.as_deref(),
        );
        let source = match self.kind.as_str() {
            "view" => None,
            kind => Some(self.source(connection, db, kind == "timeseries").await),
        };
        Ok(json.map(|metadata| Listed {
            metadata: archive::Metadata {
                db: db.to_owned(),
                collection: self.name,
                metadata,
                size: 0,
                kind: self.kind,
            },
            source,
            indexes: u32::try_from(indexes.len()).unwrap_or(u32::MAX),
        }))
    }

    async fn source(&self, connection: &Connection, db: &str, timeseries: bool) -> Source {
        let raw_data = timeseries && connection.server.is_at_least(8, 3);
        let collection = if timeseries && !raw_data {
            format!("system.buckets.{}", self.name)
        } else {
            self.name.clone()
        };
        let has = |option: &str| self.options.get(option).ok().flatten().is_some();
        let capped = self.options.get_bool("capped").unwrap_or(false);
        let (size, average) = size(connection, db, &collection).await;
        Source {
            db: db.to_owned(),
            filter: None,
            raw_data,
            uuid: self.uuid.clone(),
            size,
            average,
            capped,
            plain: !timeseries && !capped && !has("collation") && !has("clusteredIndex"),
            collection,
        }
    }
}

impl Listed {
    /// As in a manifest.
    pub(in crate::mongo) fn summary(&self, sum: &archive::Closed) -> Namespace {
        Namespace {
            db: self.metadata.db.clone(),
            collection: self.metadata.collection.clone(),
            kind: self.metadata.kind.clone(),
            documents: sum.documents,
            bytes: sum.bytes,
            crc64: format!("{:016x}", sum.crc),
            indexes: self.indexes,
        }
    }

    /// A collection without metadata of its own.
    pub(super) fn plain(db: &str, collection: &str) -> Self {
        Self {
            metadata: archive::Metadata {
                db: db.to_owned(),
                collection: collection.to_owned(),
                metadata: String::new(),
                size: 0,
                kind: String::new(),
            },
            source: Some(Source::of(db, collection)),
            indexes: 0,
        }
    }
}

/// Bytes of all documents and of the mean one; nothing hangs on them but the order of work and the size of replies.
///
/// `collStats` opens every file of a collection, which is most of the time of a dump of many small ones; `dataSize` answers from
/// counters in memory. Servers that do not know it are asked for the other.
async fn size(connection: &Connection, db: &str, collection: &str) -> (u64, u64) {
    let database = connection.client().database(db);
    let command = doc! { "dataSize": format!("{db}.{collection}"), "estimate": true };
    if let Ok(reply) = database.run_command(command).await {
        let (size, count) = (number(&reply, "size"), number(&reply, "numObjects"));
        return (size, size.checked_div(count).unwrap_or(0));
    }
    let reply = database.run_command(doc! { "collStats": collection }).await;
    let reply: Document = reply.unwrap_or_default();
    (number(&reply, "size"), number(&reply, "avgObjSize"))
}

fn number(reply: &Document, key: &str) -> u64 {
    match reply.get(key) {
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Bson::Int64(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Bson::Double(number)) => *number as u64,
        _ => 0,
    }
}

fn uuid(info: &RawDocument) -> Option<String> {
    match info.get("uuid").ok()?? {
        RawBsonRef::Binary(binary) if binary.bytes.len() == 16 => Some(
            binary
                .bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ),
        _ => None,
    }
}
