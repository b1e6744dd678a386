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

use crate::real::{self, Server};

/// A mongod of its own; gone when the test ends.
pub(crate) struct Target {
    pub(crate) server: Server,
    pub(crate) connection: Connection,
}

impl Target {
    /// A standalone server.
    pub(crate) async fn standalone() -> Option<Self> {
        Self::start(&[]).await
    }

    /// A replica set of one member.
    pub(crate) async fn replica_set() -> Option<Self> {
        let mut target = Self::start(&["--replSet", "r", "--oplogSize", "64"]).await?;
        let host = format!("127.0.0.1:{}", target.server.port);
        let members = doc! { "_id": "r", "members": [{ "_id": 0, "host": host }] };
        let admin = target.connection.client().database("admin");
        admin
            .run_command(doc! { "replSetInitiate": members })
            .await
            .unwrap();
        until("a primary", async || {
            let hello = admin.run_command(doc! { "hello": 1 }).await.unwrap();
            hello.get_bool("isWritablePrimary").unwrap()
        })
        .await;
        target.connection = Connection::open(&target.uri("")).await.unwrap();
        Some(target)
    }

    /// With more arguments.
    pub(crate) async fn start(more: &[&str]) -> Option<Self> {
        let binary = real::binary("ATLAS_TEST_MONGOD", "mongod")?;
        let server = Server::start(&binary, |port, folder| {
            let port = port.to_string();
            let fixed = [
                "--port",
                port.as_str(),
                "--dbpath",
                folder,
                "--bind_ip",
                "127.0.0.1",
                "--wiredTigerCacheSizeGB",
                "0.5",
                "--setParameter",
                "diagnosticDataCollectionEnabled=false",
            ];
            let all = fixed.iter().chain(more);
            all.map(|argument| (*argument).to_owned()).collect()
        });
        let uri = format!("mongodb://127.0.0.1:{}/", server.port);
        let deadline = Instant::now() + Duration::from_secs(60);
        let connection = loop {
            match Connection::open(&uri).await {
                Ok(connection) => break connection,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
        };
        Some(Self { server, connection })
    }

    /// Its address, with `user:password@` in front of the host.
    pub(crate) fn uri(&self, user: &str) -> String {
        format!("mongodb://{user}127.0.0.1:{}/", self.server.port)
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
