//! Dumped from one real server and restored into another: the same hash of every collection, the same options and indexes to the byte.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

use atlas_backup::codec::{self, Compression, Encryption, Identity, Output};
use atlas_backup::mongo::{
    Connection, DumpOptions, Dumped, RestoreOptions, Throttle, compare, dump, restore,
};
use atlas_backup::progress::Silent;
use futures_util::{StreamExt, stream};
use mongodb::Client;
use mongodb::bson::{Document, doc};

use crate::packed::Shared;
use crate::target::Target;
use crate::zoo;

/// What a server holds outside of its own databases: a line for each collection with its options, and one for each index.
async fn shape(client: &Client) -> Vec<String> {
    use futures_util::TryStreamExt;
    let mut lines = Vec::new();
    for name in client.list_database_names().await.unwrap() {
        if ["admin", "config", "local"].contains(&name.as_str()) {
            continue;
        }
        let db = client.database(&name);
        let list = doc! { "listCollections": 1 };
        let mut found = db.run_cursor_command(list).await.unwrap();
        while let Some(one) = found.try_next().await.unwrap() {
            let collection = one.get_str("name").unwrap();
            // `Display` keeps the order of keys, which equality of documents does not look at.
            let options = one.get_document("options").unwrap();
            lines.push(format!(
                "{name}.{collection} {} {options}",
                one.get("type").unwrap()
            ));
            if one.get_str("type").is_ok_and(|kind| kind == "view") {
                continue;
            }
            let list = doc! { "listIndexes": collection };
            let mut indexes = db.run_cursor_command(list).await.unwrap();
            while let Some(index) = indexes.try_next().await.unwrap() {
                lines.push(format!("{name}.{collection} index {index}"));
            }
        }
    }
    lines.sort();
    lines
}

/// The server's own hash of every collection, its buckets and capped collections too.
async fn hashes(client: &Client) -> Vec<String> {
    let mut lines = Vec::new();
    for name in ["zoo", "zoo-2"] {
        let answer = client
            .database(name)
            .run_command(doc! { "dbHash": 1 })
            .await
            .unwrap();
        for (collection, hash) in answer.get_document("collections").unwrap() {
            lines.push(format!("{name}.{collection} {}", hash.as_str().unwrap()));
        }
    }
    lines
}

async fn dumped(connection: &Connection, compression: Compression) -> (Vec<u8>, Dumped) {
    let bytes = Shared::default();
    let output = Output::new(Box::new(bytes.clone()), compression, &Encryption::None, 2).unwrap();
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let options = DumpOptions {
        throttle: Throttle::Off,
        ..DumpOptions::default()
    };
    let dumped = dump(connection, &options, output, Arc::new(Silent), cancel)
        .await
        .unwrap();
    (bytes.bytes(), dumped)
}

async fn restored(target: &Target, archive: Vec<u8>, options: &RestoreOptions) {
    let input = codec::open(Box::new(Cursor::new(archive)), &Identity::None, 2).unwrap();
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    restore(&target.connection, options, input, Arc::new(Silent), cancel)
        .await
        .unwrap();
}

async fn there_and_back(source: Target, target: Target, compression: Compression) {
    let from = source.connection.client();
    zoo::fill(from).await;
    let (archive, dumped) = dumped(&source.connection, compression).await;
    restored(&target, archive, &RestoreOptions::default()).await;

    let to = target.connection.client();
    assert_eq!(shape(to).await, shape(from).await);
    let hashes_there = hashes(to).await;
    assert_eq!(hashes_there, hashes(from).await);
    for name in [
        "plain",
        "capped",
        "clustered",
        "types",
        "files",
        "system.buckets.weather",
    ] {
        assert!(
            hashes_there
                .iter()
                .any(|line| line.starts_with(&format!("zoo.{name} "))),
            "the hash of {name} was compared"
        );
    }
    assert_eq!(
        target.documents("zoo", "capped").await,
        source.documents("zoo", "capped").await
    );
    assert_eq!(
        target.documents("zoo", "a_view").await,
        source.documents("zoo", "a_view").await
    );
    assert_eq!(target.documents("zoo", "weather").await.len(), 2000);

    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let differences = compare(&target.connection, &dumped.namespaces, cancel.clone())
        .await
        .unwrap();
    assert_eq!(differences, Vec::<String>::new());
    let zoo = target.db("zoo");
    zoo.collection::<Document>("plain")
        .delete_one(doc! { "_id": 7 })
        .await
        .unwrap();
    zoo.collection::<Document>("plain")
        .drop_index("wild")
        .await
        .unwrap();
    zoo.collection::<Document>("collated").drop().await.unwrap();
    let change = doc! { "$set": { "b": 77, "c": 0 } };
    zoo.collection::<Document>("clustered")
        .update_one(doc! { "_id": 7 }, change)
        .await
        .unwrap();
    let differences = compare(&target.connection, &dumped.namespaces, cancel)
        .await
        .unwrap();
    assert_eq!(
        differences,
        [
            "`zoo.clustered` has 1057 bytes of documents instead of 1050",
            "`zoo.collated` is missing",
            "`zoo.plain` has 2999 documents instead of 3000",
            "`zoo.plain` has 12 indexes instead of 13",
        ]
    );
}

#[tokio::test]
async fn from_a_standalone_server_to_a_replica_set() {
    let Some(source) = Target::standalone().await else {
        return;
    };
    let target = Target::replica_set().await.unwrap();
    there_and_back(source, target, Compression::GZIP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_replica_set_to_a_standalone_server() {
    let Some(source) = Target::replica_set().await else {
        return;
    };
    let target = Target::standalone().await.unwrap();
    there_and_back(source, target, Compression::ZSTD).await;
}

#[tokio::test]
async fn again_over_what_is_there() {
    let Some(source) = Target::standalone().await else {
        return;
    };
    let from = source.connection.client();
    zoo::fill(from).await;
    let before = (shape(from).await, hashes(from).await);
    let (archive, _) = dumped(&source.connection, Compression::None).await;
    let over = RestoreOptions {
        drop: true,
        threads: 1,
        ..RestoreOptions::default()
    };
    restored(&source, archive, &over).await;
    assert_eq!((shape(from).await, hashes(from).await), before);
}

#[tokio::test]
async fn ten_thousand_empty_collections() {
    // Two files for each: mongod closes those that are idle, for few systems let it have 20,000 open.
    let idle = "file_manager=(close_idle_time=2,close_scan_interval=2,close_handle_minimum=100)";
    let more = ["--wiredTigerEngineConfigString", idle];
    let Some(source) = Target::start(&more).await else {
        return;
    };
    let target = Target::start(&more).await.unwrap();
    let names: Vec<String> = (0..10_000).map(|number| format!("c{number:04}")).collect();
    let (at, from) = (Instant::now(), source.db("many"));
    stream::iter(&names)
        .for_each_concurrent(8, async |name| {
            from.create_collection(name).await.unwrap();
        })
        .await;
    let created = at.elapsed();

    let (archive, dumped) = dumped(&source.connection, Compression::None).await;
    let took = at.elapsed() - created;
    let own = dumped.namespaces.iter().filter(|one| one.db == "many");
    let empty = own.filter(|one| one.documents == 0 && one.indexes == 1);
    let listed: Vec<&str> = empty.map(|one| one.collection.as_str()).collect();
    assert_eq!(listed, names);
    assert!(dumped.skipped.is_empty());

    restored(&target, archive, &RestoreOptions::default()).await;
    let mut there = target.db("many").list_collection_names().await.unwrap();
    there.sort();
    assert_eq!(there, names);
    eprintln!(
        "10,000 empty collections: created in {created:.1?}, dumped in {took:.1?}, all in {:.1?}",
        at.elapsed()
    );
}
