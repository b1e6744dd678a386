//! `mongodump --oplog`: what was written while it ran is there after our restore, up to one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use tempfile::TempDir;

use super::{Tools, checked, restored};
use crate::source::Source;

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_with_an_oplog_is_restored_to_the_moment_of_its_end() {
    let Some(tools) = Tools::find() else { return };
    let Some(source) = Source::replica_set(&[]).await else {
        return;
    };
    // Something to read, so that the counting goes on meanwhile.
    let pad = "x".repeat(1000);
    for collection in ["a", "z"] {
        let old = (0..20_000).map(|n| doc! { "_id": n, "pad": &pad });
        source.insert(&format!("ballast.{collection}"), old).await;
    }
    let counted = Arc::new(AtomicI64::new(0));
    let counter = tokio::spawn(count(source.db("count"), Arc::clone(&counted)));
    while counted.load(Ordering::Relaxed) < 10 {
        tokio::task::yield_now().await;
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("moment.archive");
    let before = counted.load(Ordering::Relaxed);
    tokio::task::block_in_place(|| tools.dump(&source, &file, &["--oplog"]));
    let after = counted.load(Ordering::Relaxed);
    counter.abort();
    assert!(
        checked(&file)
            .namespaces
            .iter()
            .any(|(one, _)| one.is_oplog())
    );

    let target = Source::standalone(&[]).await.unwrap();
    restored(&file, &target).await;
    let found = numbers(&target).await;
    let newest = *found.last().unwrap();
    assert_eq!(found, (1..=newest).collect::<Vec<i64>>());
    assert!(
        (before..=after + 1).contains(&newest),
        "{before} ≤ {newest} ≤ {after}"
    );
    // The collections alone were read before the last of them was written.
    assert!(newest > before, "nothing was counted while the dump ran");
}

/// 1, 2, 3 … in turn into two collections; `counted` is the newest that was acknowledged.
async fn count(db: mongodb::Database, counted: Arc<AtomicI64>) {
    for number in 1.. {
        let name = if number % 2 == 0 { "even" } else { "odd" };
        let one = doc! { "_id": number };
        db.collection::<Document>(name)
            .insert_one(one)
            .await
            .unwrap();
        counted.store(number, Ordering::Relaxed);
    }
}

async fn numbers(target: &Source) -> Vec<i64> {
    let mut found = Vec::new();
    for name in ["even", "odd"] {
        let all = target
            .db("count")
            .collection::<Document>(name)
            .find(doc! {})
            .await
            .unwrap();
        let all: Vec<Document> = all.try_collect().await.unwrap();
        found.extend(all.iter().map(|one| one.get_i64("_id").unwrap()));
    }
    found.sort_unstable();
    found
}
