//! Real servers and tools: a mongod of one's own on a free port in a folder of its own, gone when the test ends. Owns no expectations.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::{Document, doc};

use crate::real::{Server, binary};

/// How long anything real may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A mongod that is killed when dropped.
pub(crate) struct Mongod {
    server: Server,
}

impl Mongod {
    /// Starts one with more arguments and waits until it answers.
    pub(crate) async fn start(more: &[&str]) -> Option<Self> {
        let binary = binary("ATLAS_TEST_MONGOD", "mongod")?;
        let server = Server::start(&binary, |port, folder| {
            let port = port.to_string();
            let own = ["--bind_ip", "127.0.0.1", "--wiredTigerCacheSizeGB", "0.25"];
            let place = ["--port", &port, "--dbpath", folder];
            let all = own.iter().chain(more).chain(&place);
            all.map(|&argument| argument.to_owned()).collect()
        });
        let server = Self { server };
        server.wait().await;
        Some(server)
    }

    /// Starts a replica set of one member and waits until it takes writes.
    pub(crate) async fn replica_set(more: &[&str]) -> Option<Self> {
        let server = Self::start(&[&["--replSet", "rs"], more].concat()).await?;
        let host = format!("127.0.0.1:{}", server.port());
        let set = doc! {"_id": "rs", "members": [{"_id": 0, "host": host}]};
        let admin = server.client().await.database("admin");
        admin
            .run_command(doc! {"replSetInitiate": set})
            .await
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !admin
            .run_command(doc! {"hello": 1})
            .await
            .unwrap()
            .get_bool("isWritablePrimary")
            .unwrap()
        {
            assert!(Instant::now() < deadline, "no primary");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(server)
    }

    pub(crate) fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port())
    }

    pub(crate) async fn client(&self) -> Client {
        Client::with_uri_str(self.uri()).await.unwrap()
    }

    /// Ends it at once, as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port
    }

    async fn wait(&self) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port())).is_err() {
            assert!(Instant::now() < deadline, "mongod does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The server's own hash of every collection outside of admin, config and local: `db.collection hash` lines.
    pub(crate) async fn hashes(&self) -> Vec<String> {
        let client = self.client().await;
        let mut lines = Vec::new();
        for db in client.list_database_names().await.unwrap() {
            if ["admin", "config", "local"].contains(&db.as_str()) {
                continue;
            }
            let answer = client
                .database(&db)
                .run_command(doc! {"dbHash": 1})
                .await
                .unwrap();
            for (collection, hash) in answer.get_document("collections").unwrap() {
                lines.push(format!("{db}.{collection} {}", hash.as_str().unwrap()));
            }
        }
        lines
    }

    /// Options and indexes of every collection of a database, by name; without what differs between servers.
    pub(crate) async fn shapes(&self, db: &str) -> Vec<(String, Document, Vec<Document>)> {
        let db = self.client().await.database(db);
        let list = doc! {"listCollections": 1};
        let answer = db.run_command(list).await.unwrap();
        let found = answer
            .get_document("cursor")
            .unwrap()
            .get_array("firstBatch")
            .unwrap();
        let mut shapes = Vec::new();
        for entry in found {
            let entry = entry.as_document().unwrap();
            let name = entry.get_str("name").unwrap().to_owned();
            let indexes = match db.run_command(doc! {"listIndexes": &name}).await {
                Ok(answer) => {
                    let batch = answer
                        .get_document("cursor")
                        .unwrap()
                        .get_array("firstBatch")
                        .unwrap();
                    batch
                        .iter()
                        .map(|index| index.as_document().unwrap().clone())
                        .collect()
                }
                // A view has none.
                Err(_) => Vec::new(),
            };
            shapes.push((
                name,
                entry.get_document("options").unwrap().clone(),
                indexes,
            ));
        }
        shapes.sort_by(|a, b| a.0.cmp(&b.0));
        shapes
    }
}
