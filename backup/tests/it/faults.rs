//! Dumps into a repository that are hit: by a network that breaks, one that is gone, and a disk that is full. The counted runs
//! with the whole program are `benches/faults`.

use std::path::Path;
use std::sync::Arc;

use atlas_backup::codec::{Compression, Encryption, Identity, Output, open};
use atlas_backup::mongo::{Connection, DumpOptions, Dumped, RestoreOptions, dump, restore};
use atlas_backup::progress::Silent;
use atlas_backup::{Error, Kind};
use mongodb::bson::doc;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::remote::proxy::Proxy;
use crate::repository::full::Small;
use crate::source::{Source, options};
use crate::specimen;

const FILE: &str = "mongodb.archive";

/// Two collections of about 12 MB each, one of them larger than what is read by one cursor.
async fn filled() -> Option<(Source, DumpOptions)> {
    let source = Source::standalone(&[]).await?;
    let pad = "x".repeat(1000);
    for collection in ["a", "b"] {
        let documents = (0..12_000).map(|n| doc! { "_id": n, "pad": &pad });
        source
            .insert(&format!("shop.{collection}"), documents)
            .await;
    }
    let options = DumpOptions {
        large: 8 << 20,
        ..options()
    };
    Some((source, options))
}

/// Dumps into a new backup of the repository; a failure gives it up, as a command does.
async fn make(root: &Path, port: u16, options: &DumpOptions) -> Result<Dumped, Error> {
    let uri =
        format!("mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=100");
    let connection = Connection::open(&uri).await?;
    let repository = specimen::open(root).await;
    let mut draft = repository.begin("20261123T000000Z").await?;
    let output = Output::new(draft.file(FILE)?, Compression::None, &Encryption::None, 2)?;
    let (_keep, cancel) = watch::channel(false);
    let dumped = dump(&connection, options, output, Arc::new(Silent), cancel).await?;
    let manifest = specimen::manifest(specimen::at(0), &std::fs::read(draft_file(root)).unwrap());
    draft.publish(&manifest).await?;
    Ok(dumped)
}

/// The archive in the only folder of a repository that is a draft.
fn draft_file(root: &Path) -> std::path::PathBuf {
    let drafts = specimen::names(root)
        .into_iter()
        .filter(|name| name.starts_with(".partial"));
    let [draft] = &drafts.collect::<Vec<_>>()[..] else {
        panic!("one draft")
    };
    root.join(draft).join(FILE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_breaks_now_and_then_costs_no_document() {
    let Some((source, options)) = filled().await else {
        return;
    };
    let root = TempDir::new().unwrap();
    let cuts = [1_000_000, 3_000_000, 9_000_000, 15_000_000, 22_000_000];
    let proxy = Proxy::start(source.server.port(), &cuts);
    make(root.path(), proxy.port, &options).await.unwrap();
    assert_eq!(proxy.cuts_left(), 0);

    let target = Source::standalone(&[]).await.unwrap();
    let repository = specimen::open(root.path()).await;
    let file = repository.read("20261123T000000Z", FILE).await.unwrap();
    let input = open(file, &Identity::None, 2).unwrap();
    let (_keep, cancel) = watch::channel(false);
    let all = RestoreOptions::default();
    restore(&target.connection, &all, input, Arc::new(Silent), cancel)
        .await
        .unwrap();
    assert_eq!(target.server.hashes().await, source.server.hashes().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_gone_leaves_no_backup() {
    let Some((source, options)) = filled().await else {
        return;
    };
    let root = TempDir::new().unwrap();
    let proxy = Proxy::start(source.server.port(), &[5_000_000]);
    let gone = async {
        while proxy.cuts_left() > 0 {
            tokio::task::yield_now().await;
        }
        proxy.die();
    };
    let (made, ()) = tokio::join!(make(root.path(), proxy.port, &options), gone);
    let error = made.err().unwrap();
    assert_eq!(error.kind, Kind::Unreachable, "{error}");
    assert!(
        error.to_string().starts_with("failed to dump `shop."),
        "{error}"
    );
    assert_eq!(specimen::names(root.path()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_named_and_leaves_no_backup() {
    let Some((source, options)) = filled().await else {
        return;
    };
    let Some(disk) = Small::mount() else { return };
    let made = make(disk.path(), source.server.port(), &options).await;
    let error = made.err().unwrap().to_string();
    assert!(
        error.ends_with("no space left on the file system"),
        "{error}"
    );
    assert_eq!(specimen::names(disk.path()), [""; 0]);
}
