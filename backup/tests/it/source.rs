//! A real mongod to dump from, and a dump of it in memory. Owns no expectations.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};

use atlas_backup::Error;
use atlas_backup::archive::{Item, Reader, check};
use atlas_backup::codec::{Compression, Encryption, Output};
use atlas_backup::mongo::{Connection, DumpOptions, Dumped, Throttle, dump};
use atlas_backup::progress::{Event, Progress, Silent};
use mongodb::Database;
use mongodb::bson::{Document, RawDocument};
use tokio::sync::watch;

use crate::mongod::Mongod;

/// A mongod of its own; gone when the test ends.
pub(crate) struct Source {
    pub(crate) server: Mongod,
    pub(crate) connection: Connection,
}

/// What came of a dump: itself, its archive, and what was warned of.
pub(crate) struct Made {
    pub(crate) dumped: Dumped,
    pub(crate) archive: Vec<u8>,
    pub(crate) warnings: Vec<String>,
}

impl Source {
    pub(crate) async fn standalone(more: &[&str]) -> Option<Self> {
        Some(Self::of(Mongod::start(more).await?).await)
    }

    /// One member, ready for writes.
    pub(crate) async fn replica_set(more: &[&str]) -> Option<Self> {
        Some(Self::of(Mongod::replica_set(more).await?).await)
    }

    async fn of(server: Mongod) -> Self {
        let uri = format!("mongodb://127.0.0.1:{}/", server.port());
        let connection = Connection::open(&uri).await.unwrap();
        Self { server, connection }
    }

    pub(crate) fn db(&self, name: &str) -> Database {
        self.connection.client().database(name)
    }

    pub(crate) async fn insert(
        &self,
        namespace: &str,
        documents: impl IntoIterator<Item = Document>,
    ) {
        let (db, collection) = namespace.split_once('.').unwrap();
        let collection = self.db(db).collection::<Document>(collection);
        collection.insert_many(documents).await.unwrap();
    }

    /// Everything, as fast as it goes.
    pub(crate) async fn dump(&self) -> Made {
        self.dump_with(&options()).await.unwrap()
    }

    pub(crate) async fn dump_with(&self, options: &DumpOptions) -> Result<Made, Error> {
        let (_keep, cancel) = watch::channel(false);
        let warnings = Arc::new(Warnings::default());
        let (output, archive) = output(Compression::None);
        let dumped = dump(&self.connection, options, output, warnings.clone(), cancel).await?;
        let archive = std::mem::take(&mut *archive.lock().unwrap());
        let warnings = std::mem::take(&mut *warnings.0.lock().unwrap());
        let made = Made {
            dumped,
            archive,
            warnings,
        };
        made.is_whole();
        Ok(made)
    }
}

/// As fast as it goes, with two cursors.
pub(crate) fn options() -> DumpOptions {
    DumpOptions {
        threads: 2,
        throttle: Throttle::Off,
        ..DumpOptions::default()
    }
}

/// An output that ends in memory.
pub(crate) fn output(compression: Compression) -> (Output, Arc<Mutex<Vec<u8>>>) {
    let memory = Memory::default();
    let bytes = Arc::clone(&memory.0);
    let output = Output::new(Box::new(memory), compression, &Encryption::None, 2).unwrap();
    (output, bytes)
}

impl Made {
    /// The archive passes its check, and the counts are those that the dump tells.
    fn is_whole(&self) {
        let checked = check(Cursor::new(&self.archive), &Silent).unwrap();
        let told: BTreeMap<_, _> = self
            .dumped
            .namespaces
            .iter()
            .map(|one| {
                (
                    (one.db.clone(), one.collection.clone()),
                    (one.documents, one.bytes, one.crc64.clone()),
                )
            })
            .collect();
        assert_eq!(checked.namespaces.len(), told.len());
        for (metadata, sum) in checked.namespaces {
            let name = (metadata.db, metadata.collection);
            assert_eq!(
                told[&name],
                (sum.documents, sum.bytes, format!("{:016x}", sum.crc)),
                "{name:?}"
            );
        }
    }

    /// The names of all namespaces, in the manifest's order.
    pub(crate) fn names(&self) -> Vec<String> {
        let name =
            |one: &atlas_backup::manifest::Namespace| format!("{}.{}", one.db, one.collection);
        self.dumped.namespaces.iter().map(name).collect()
    }

    /// The JSON text of a namespace in the prelude.
    pub(crate) fn metadata(&self, namespace: &str) -> String {
        let reader = Reader::new(Cursor::new(&self.archive)).unwrap();
        let found = reader
            .metadata()
            .iter()
            .find(|one| one.namespace() == namespace);
        found.unwrap().metadata.clone()
    }

    /// The documents of a namespace as raw BSON, in the archive's order.
    pub(crate) fn raw(&self, namespace: &str) -> Vec<Vec<u8>> {
        let mut reader = Reader::new(Cursor::new(&self.archive)).unwrap();
        let mut found = Vec::new();
        while let Some(item) = reader.next().unwrap() {
            let Item::Documents {
                namespace: place,
                documents,
                ..
            } = item
            else {
                continue;
            };
            if reader.metadata()[place].namespace() != namespace {
                continue;
            }
            let mut rest = documents.as_slice();
            while !rest.is_empty() {
                let length = i32::from_le_bytes(rest[..4].try_into().unwrap());
                let (document, more) = rest.split_at(usize::try_from(length).unwrap());
                found.push(document.to_vec());
                rest = more;
            }
        }
        found
    }

    pub(crate) fn documents(&self, namespace: &str) -> Vec<Document> {
        let decode =
            |bytes: &Vec<u8>| Document::try_from(RawDocument::from_bytes(bytes).unwrap()).unwrap();
        self.raw(namespace).iter().map(decode).collect()
    }
}

#[derive(Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps the warnings.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Progress for Warnings {
    fn report(&self, event: Event) {
        if let Event::Warning(text) = event {
            self.0.lock().unwrap().push(text);
        }
    }
}
