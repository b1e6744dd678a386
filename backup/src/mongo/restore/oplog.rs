//! The oplog of an archive, replayed by `applyOps` up to a moment. Owns which entries are applied, and transactions that span several.
//!
//! Indexes are not built here but noted: they come after the data, as those of the archive do.

use std::collections::HashMap;

use mongodb::bson::raw::{RawBsonRef, cstr};
use mongodb::bson::{Document, RawArrayBuf, RawDocument, RawDocumentBuf, rawdoc};

use super::index::Catalog;
use super::plan::truth;
use super::{RestoreOptions, reserved};
use crate::Error;
use crate::mongo::Connection;
use crate::mongo::failure::explain;

/// Bytes of entries in one command: a replica set logs it as one entry.
const FULL: usize = 4 << 20;
/// Entries in one command.
const MANY: usize = 1000;
/// The fields of an entry that `applyOps` needs. Its collection is named by `ns`: the identifier `ui` is the source's.
const FIELDS: [&str; 5] = ["op", "ns", "o", "o2", "b"];

/// The way through an oplog.
pub(super) struct Replay<'a> {
    connection: &'a Connection,
    options: &'a RestoreOptions,
    pub(super) indexes: Catalog,
    /// Entries that were replayed.
    pub(super) replayed: u64,
    gathered: Vec<RawDocumentBuf>,
    bytes: usize,
    /// Operations of transactions that are not yet committed, by session and number.
    open: HashMap<Vec<u8>, Vec<RawDocumentBuf>>,
    over: bool,
}

impl<'a> Replay<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        options: &'a RestoreOptions,
        indexes: Catalog,
    ) -> Self {
        Self {
            connection,
            options,
            indexes,
            replayed: 0,
            gathered: Vec::new(),
            bytes: 0,
            open: HashMap::new(),
            over: false,
        }
    }

    /// Replays whole entries, one after another.
    pub(super) async fn apply(&mut self, mut entries: &[u8]) -> Result<(), Error> {
        while let Some(length) = entries.first_chunk::<4>().filter(|_| !self.over) {
            let length = u32::from_le_bytes(*length) as usize;
            let (entry, rest) = entries
                .split_at_checked(length)
                .ok_or_else(|| broken("it is cut"))?;
            entries = rest;
            let entry =
                RawDocument::from_bytes(entry).map_err(|error| broken(&error.to_string()))?;
            self.entry(entry).await?;
        }
        self.flush().await
    }

    async fn entry(&mut self, entry: &RawDocument) -> Result<(), Error> {
        let time = entry
            .get_timestamp("ts")
            .map_err(|error| broken(&error.to_string()))?;
        if self
            .options
            .until
            .is_some_and(|until| (time.time, time.increment) > until)
        {
            self.over = true;
            return Ok(());
        }
        if entry.get_str("op").is_ok_and(|op| op == "n") {
            return Ok(());
        }
        self.replayed += 1;
        let Some(session) = transaction(entry) else {
            return self.operation(entry).await;
        };
        let command = entry
            .get_document("o")
            .map_err(|error| broken(&error.to_string()))?;
        if command.get_array("applyOps").is_ok() {
            let more = truth(command, "partialTxn") || truth(command, "prepare");
            let operations = operations(command)?;
            self.open
                .entry(session.clone())
                .or_default()
                .extend(operations);
            if more {
                return Ok(());
            }
        } else if command.get("abortTransaction").is_ok_and(|v| v.is_some()) {
            self.open.remove(&session);
        }
        // Here the transaction is committed: by its last entry, or by an entry of its own.
        for operation in self.open.remove(&session).unwrap_or_default() {
            self.operation(&operation).await?;
        }
        Ok(())
    }

    /// One operation outside of transactions: gathered when it changes a document, else applied in its place.
    async fn operation(&mut self, entry: &RawDocument) -> Result<(), Error> {
        let namespace = entry.get_str("ns").unwrap_or_default();
        let (db, collection) = namespace.split_once('.').unwrap_or((namespace, ""));
        if entry.get_str("op").is_ok_and(|op| op == "c") {
            let command = entry
                .get_document("o")
                .map_err(|error| broken(&error.to_string()))?;
            if command.get_array("applyOps").is_ok() {
                for operation in operations(command)? {
                    Box::pin(self.operation(&operation)).await?;
                }
                return Ok(());
            }
            return self.command(db, command, entry).await;
        }
        if !self.wanted(db, collection) {
            return Ok(());
        }
        self.gather(entry).await
    }

    /// Whether a collection is asked for: that of the buckets by the name of its time series.
    fn wanted(&self, db: &str, collection: &str) -> bool {
        let collection = collection
            .strip_prefix("system.buckets.")
            .unwrap_or(collection);
        let selected = self.options.selects(&format!("{db}.{collection}"));
        selected && reserved(db, collection).is_none()
    }

    async fn command(
        &mut self,
        db: &str,
        command: &RawDocument,
        entry: &RawDocument,
    ) -> Result<(), Error> {
        let Some(Ok((name, value))) = command.iter().next() else {
            return Err(broken("it has an empty command"));
        };
        let collection = match value {
            RawBsonRef::String(collection) => collection,
            _ => "",
        };
        // A renaming names the database as well; a dropped database has no collection.
        let (of, named) = match name.as_str() {
            "renameCollection" => collection.split_once('.').unwrap_or((db, collection)),
            _ => (db, collection),
        };
        if !self.wanted(of, named) {
            return Ok(());
        }
        match name.as_str() {
            "createIndexes" => self.indexes.add(db, collection, &index_of(command)),
            "commitIndexBuild" => {
                let indexes = command.get_array("indexes").ok();
                for index in indexes.into_iter().flatten().flatten() {
                    if let Some(index) = index.as_document() {
                        self.indexes.add(db, collection, index);
                    }
                }
            }
            "startIndexBuild" | "abortIndexBuild" | "dbCheck" => {}
            "dropIndexes" | "deleteIndexes" => {
                let index = command.get_str("index").unwrap_or_default();
                self.indexes.remove(db, collection, index);
            }
            "collMod" if command.get_document("index").is_ok() => {
                if let Ok(change) = command.get_document("index") {
                    self.indexes.modify(db, collection, change);
                }
            }
            "dropDatabase" => {
                // Collections that the archive does not have stay, whoever's they are.
                for collection in self.indexes.forget_all(db) {
                    let command = rawdoc! { "drop": collection };
                    let entry = rawdoc! { "op": "c", "ns": format!("{db}.$cmd"), "o": command };
                    self.alone(&entry).await?;
                }
            }
            other => {
                match other {
                    "create" => self.indexes.create(db, collection, command),
                    "drop" => self.indexes.forget(db, collection),
                    "renameCollection" => {
                        let to = command.get_str("to").unwrap_or_default();
                        let to = to.split_once('.').unwrap_or((db, to));
                        self.indexes.rename((of, named), to);
                    }
                    _ => {}
                }
                self.alone(entry).await?;
            }
        }
        Ok(())
    }

    /// Applies an entry after all before it, and before all after it.
    async fn alone(&mut self, entry: &RawDocument) -> Result<(), Error> {
        self.flush().await?;
        self.gather(entry).await?;
        self.flush().await
    }

    async fn gather(&mut self, entry: &RawDocument) -> Result<(), Error> {
        let mut kept = RawDocumentBuf::new();
        for (key, value) in entry.iter().flatten() {
            if FIELDS.contains(&key.as_str()) {
                kept.append(key, value);
            }
        }
        let size = kept.as_bytes().len();
        if self.bytes + size > FULL || self.gathered.len() >= MANY {
            self.flush().await?;
        }
        self.bytes += size;
        self.gathered.push(kept);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let count = self.gathered.len();
        let entries: RawArrayBuf = self.gathered.drain(..).collect();
        let mut command = RawDocumentBuf::new();
        command.append(cstr!("applyOps"), entries);
        let admin = self.connection.client().database("admin");
        let reply: Document = admin
            .run_raw_command(command)
            .await
            .map_err(|error| explain("replay", "the oplog", &error))?;
        let results = reply
            .get_array("results")
            .map(Vec::as_slice)
            .unwrap_or_default();
        if results.len() == count && results.iter().all(|result| result.as_bool() == Some(true)) {
            return Ok(());
        }
        Err(Error::failed(
            "replay",
            "the oplog",
            "the server did not apply every entry",
        ))
    }
}

/// The session and number of an entry that is part of a transaction; retried writes have a number, too, and are no commands.
fn transaction(entry: &RawDocument) -> Option<Vec<u8>> {
    if entry.get_str("op").ok()? != "c" {
        return None;
    }
    let mut key = entry.get_document("lsid").ok()?.as_bytes().to_vec();
    key.extend_from_slice(&entry.get_i64("txnNumber").ok()?.to_le_bytes());
    Some(key)
}

fn operations(command: &RawDocument) -> Result<Vec<RawDocumentBuf>, Error> {
    let array = command
        .get_array("applyOps")
        .map_err(|error| broken(&error.to_string()))?;
    array
        .into_iter()
        .map(|operation| match operation {
            Ok(RawBsonRef::Document(operation)) => Ok(operation.to_owned()),
            _ => Err(broken("a transaction has an operation that is no document")),
        })
        .collect()
}

/// `{createIndexes: "orders", v: 2, key: …, name: …}` is the index itself but for its first field.
fn index_of(command: &RawDocument) -> RawDocumentBuf {
    super::plan::without(command, &["createIndexes"])
}

fn broken(cause: &str) -> Error {
    Error::damaged("oplog", cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_with_a_session_and_a_number_are_of_a_transaction() {
        let lsid = rawdoc! { "id": 1 };
        let retried = rawdoc! { "op": "i", "lsid": lsid.clone(), "txnNumber": 1_i64 };
        assert_eq!(transaction(&retried), None);
        let part = rawdoc! { "op": "c", "lsid": lsid, "txnNumber": 1_i64 };
        assert!(transaction(&part).is_some());
        assert_eq!(transaction(&rawdoc! { "op": "c" }), None);
    }
}
