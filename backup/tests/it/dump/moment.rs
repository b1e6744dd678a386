//! Of which moment the documents are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atlas_backup::manifest::Consistency;
use mongodb::bson::{Document, doc};

use crate::source::{Made, Source, options};

/// Inserts 1, 2, 3 … in turn into two collections until told to stop.
fn writer(source: &Source, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<i64> {
    let db = source.db("count");
    tokio::spawn(async move {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            let name = if number % 2 == 0 { "even" } else { "odd" };
            db.collection::<Document>(name)
                .insert_one(doc! { "_id": number })
                .await
                .unwrap();
        }
        number
    })
}

async fn dump_under_load(source: &Source) -> (Made, i64) {
    let pad = "x".repeat(1000);
    for collection in ["a", "even", "odd", "z"] {
        let old = (0..5000).map(|n| doc! { "_id": -n - 1, "pad": &pad });
        source.insert(&format!("count.{collection}"), old).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writer = writer(source, Arc::clone(&stop));
    let mut slow = options();
    // The readings of the two collections lie apart.
    (slow.threads, slow.throttle) = (1, atlas_backup::mongo::Throttle::Rate(20_000_000));
    let made = source.dump_with(&slow).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    (made, writer.await.unwrap())
}

fn numbers(made: &Made) -> Vec<i64> {
    let number = |one: &Document| one.get_i64("_id").ok().filter(|number| *number > 0);
    let mut found: Vec<i64> = ["count.even", "count.odd"]
        .iter()
        .flat_map(|name| made.documents(name))
        .filter_map(|one| number(&one))
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_set_is_dumped_at_one_cluster_time() {
    let Some(source) = Source::replica_set(&[]).await else {
        return;
    };
    let (made, written) = dump_under_load(&source).await;
    assert!(
        matches!(made.dumped.consistency, Consistency::Snapshot { .. }),
        "{:?}",
        made.warnings
    );
    let found = numbers(&made);
    let newest = found.last().copied().unwrap_or(0);
    assert_eq!(found, (1..=newest).collect::<Vec<i64>>());
    assert!(written > newest, "nothing was written after the moment");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standalone_server_promises_whole_documents_only() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    let (made, _) = dump_under_load(&source).await;
    assert_eq!(made.dumped.consistency, Consistency::PerDocument);
}

#[tokio::test]
async fn a_quiet_capped_collection_does_not_break_the_moment() {
    let Some(source) = Source::replica_set(&[]).await else {
        return;
    };
    let log = doc! { "create": "log", "capped": true, "size": 1 << 20 };
    source.db("shop").run_command(log).await.unwrap();
    source
        .insert("shop.log", (0..10).map(|n| doc! { "n": n }))
        .await;
    let made = source.dump().await;
    assert!(matches!(
        made.dumped.consistency,
        Consistency::Snapshot { .. }
    ));
    assert_eq!(
        (made.documents("shop.log").len(), made.warnings.len()),
        (10, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capped_collection_that_is_written_to_breaks_the_moment_and_is_named() {
    let Some(source) = Source::replica_set(&[]).await else {
        return;
    };
    if source.connection.server.is_at_least(8, 0) {
        return;
    }
    let log = doc! { "create": "even", "capped": true, "size": 1 << 26 };
    source.db("count").run_command(log).await.unwrap();
    let (made, _) = dump_under_load(&source).await;
    assert_eq!(made.dumped.consistency, Consistency::PerDocument);
    assert_eq!(
        made.warnings,
        [
            "`count.even` is capped and was written to while it was read, and this server reads no capped collection at one \
          moment; documents are of different moments now"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_that_the_server_forgets_ends_the_moment_and_not_the_dump() {
    let Some(source) =
        Source::replica_set(&["--setParameter", "minSnapshotHistoryWindowInSeconds=0"]).await
    else {
        return;
    };
    let (made, _) = dump_under_load(&source).await;
    let lost = made.dumped.consistency == Consistency::PerDocument;
    assert_eq!(lost, !made.warnings.is_empty(), "{:?}", made.warnings);
    assert_eq!(made.documents("count.a").len(), 5000);
}
