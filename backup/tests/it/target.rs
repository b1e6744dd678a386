//! A real mongod to restore into, and archives made by hand.

use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlas_backup::archive::{Header, Metadata, Writer};
use atlas_backup::mongo::{Connection, RestoreOptions, Restored, restore};
use atlas_backup::progress::{Event, Progress};
use atlas_backup::{Error, extjson};
use mongodb::Database;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use crate::mongod::Mongod;

/// A mongod of its own, and a connection to it.
pub(crate) struct Target {
    pub(crate) server: Mongod,
    pub(crate) connection: Connection,
}

impl Target {
    /// A standalone server.
    pub(crate) async fn standalone() -> Option<Self> {
        Self::start(&[]).await
    }

    /// A replica set of one member.
    pub(crate) async fn replica_set() -> Option<Self> {
        Some(Self::of(Mongod::replica_set(&["--oplogSize", "64"]).await?).await)
    }

    /// With more arguments.
    pub(crate) async fn start(more: &[&str]) -> Option<Self> {
        Some(Self::of(Mongod::start(more).await?).await)
    }

    async fn of(server: Mongod) -> Self {
        let connection = Connection::open(&server.uri()).await.unwrap();
        Self { server, connection }
    }

    /// Its address, with `user:password@` in front of the host.
    pub(crate) fn uri(&self, user: &str) -> String {
        format!("mongodb://{user}127.0.0.1:{}/", self.server.port())
    }

    pub(crate) fn db(&self, name: &str) -> Database {
        self.connection.client().database(name)
    }

    pub(crate) async fn documents(&self, db: &str, collection: &str) -> Vec<Document> {
        use futures_util::TryStreamExt;
        let collection = self.db(db).collection::<Document>(collection);
        let found = collection.find(doc! {}).await.unwrap();
        found.try_collect().await.unwrap()
    }

    /// Restores an archive from memory.
    pub(crate) async fn restore(
        &self,
        archive: &[u8],
        options: &RestoreOptions,
    ) -> Result<Restored, Error> {
        let (_keep, cancel) = tokio::sync::watch::channel(false);
        let input = Cursor::new(archive.to_vec());
        let progress = Arc::new(Warnings::default());
        restore(&self.connection, options, input, progress, cancel).await
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, is: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is().await {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Keeps the warnings.
#[derive(Default)]
pub(crate) struct Warnings(pub(crate) Mutex<Vec<String>>);

impl Progress for Warnings {
    fn report(&self, event: Event) {
        if let Event::Warning(text) = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

/// One namespace of an archive made by hand.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    /// `{options, indexes}` in Extended JSON.
    pub(crate) metadata: &'static str,
    pub(crate) documents: Vec<Document>,
}

/// A plain collection with the documents `{_id: 0}`, `{_id: 1}` …
pub(crate) fn plain(name: &'static str, documents: i32) -> Part {
    Part {
        name,
        kind: "collection",
        metadata: r#"{"indexes":[{"v":2,"key":{"_id":1},"name":"_id_"}]}"#,
        documents: (0..documents)
            .map(|number| doc! { "_id": number })
            .collect(),
    }
}

/// The bytes of an archive.
pub(crate) fn archive(parts: &[Part]) -> Vec<u8> {
    let metadata: Vec<Metadata> = parts
        .iter()
        .map(|part| {
            let (db, collection) = part.name.split_once('.').unwrap_or(("", part.name));
            assert!(part.metadata.is_empty() || extjson::parse(part.metadata).is_ok());
            Metadata {
                db: db.to_owned(),
                collection: collection.to_owned(),
                metadata: part.metadata.to_owned(),
                size: 0,
                kind: part.kind.to_owned(),
            }
        })
        .collect();
    let header = Header {
        concurrent_collections: 4,
        version: "0.1".to_owned(),
        server_version: "6.0.5".to_owned(),
        tool_version: "100.9.0".to_owned(),
    };
    let mut writer = Writer::new(Vec::new(), &header, &metadata).unwrap();
    for (number, part) in parts.iter().enumerate() {
        for document in &part.documents {
            let raw = RawDocumentBuf::try_from(document).unwrap();
            writer.documents(number, None, raw.as_bytes(), 1).unwrap();
        }
        writer.end(number).unwrap();
    }
    writer.finish().unwrap().1
}
