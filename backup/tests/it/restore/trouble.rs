//! What ends a restore early: damage, duplicates, the person, a server that goes away.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas_backup::mongo::{Connection, RestoreOptions, restore};
use atlas_backup::{Kind, progress::Silent};
use mongodb::bson::doc;

use super::patterns;
use crate::target::{Target, archive, plain};

#[tokio::test]
async fn a_damaged_archive_says_where_also_in_what_is_left_out() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let mut bytes = archive(&[plain("shop.orders", 50), plain("shop.carts", 50)]);
    let at = bytes.windows(4).rposition(|w| w == [0xff; 4]).unwrap() - 5;
    bytes[at] ^= 1;
    for (name, include) in [("a", "*"), ("b", "shop.orders")] {
        let options = RestoreOptions {
            include: patterns(&[include]),
            into: Some(name.to_owned()),
            ..RestoreOptions::default()
        };
        let error = target.restore(&bytes, &options).await.unwrap_err();
        assert_eq!(error.kind, Kind::Damaged, "{error}");
        assert!(error.to_string().contains("shop.carts"), "{error}");
    }
    bytes.truncate(bytes.len() / 2);
    let error = target
        .restore(&bytes, &RestoreOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Damaged, "{error}");
}

#[tokio::test]
async fn duplicates_end_the_restore_or_are_counted() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let mut part = plain("shop.orders", 3);
    part.documents.push(doc! { "_id": 1, "again": true });
    part.documents.push(doc! { "_id": 9 });
    let bytes = archive(&[part]);
    let error = target
        .restore(&bytes, &RestoreOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to insert into `shop.orders`: E11000 duplicate key error collection: shop.orders index: _id_ dup key: { _id: 1 } \
         (code 11000)"
    );
    for capped in [false, true] {
        let mut part = plain("shop.orders", 3);
        part.documents.push(doc! { "_id": 1, "again": true });
        part.documents.push(doc! { "_id": 9 });
        if capped {
            part.metadata = r#"{"options":{"capped":true,"size":4096},"indexes":[{"v":2,"key":{"_id":1},"name":"_id_"}]}"#;
        }
        let options = RestoreOptions {
            drop: true,
            stop_on_error: false,
            ..RestoreOptions::default()
        };
        let restored = target.restore(&archive(&[part]), &options).await.unwrap();
        let one = &restored.namespaces[0];
        assert_eq!((one.documents, one.refused), (4, 1), "capped: {capped}");
        assert_eq!(target.documents("shop", "orders").await.len(), 4);
    }
}

/// Gives an archive up to a point, and then nothing more, ever.
struct Stalled(Cursor<Vec<u8>>, std::sync::mpsc::Receiver<()>);

impl Read for Stalled {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(to)?;
        if read == 0 {
            // Returns when the sender is gone, at the end of the test.
            let _ = self.1.recv();
        }
        Ok(read)
    }
}

#[tokio::test]
async fn a_restore_is_stopped_within_a_second() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let mut bytes = archive(&[plain("shop.orders", 5000)]);
    bytes.truncate(bytes.len() - 200);
    let (_end, wait) = std::sync::mpsc::channel();
    let (stop, cancel) = tokio::sync::watch::channel(false);
    let options = RestoreOptions::default();
    let input = Stalled(Cursor::new(bytes), wait);
    let work = restore(
        &target.connection,
        &options,
        input,
        Arc::new(Silent),
        cancel,
    );
    let stopping = async {
        crate::target::until("the collection", async || {
            !target
                .db("shop")
                .list_collection_names()
                .await
                .unwrap()
                .is_empty()
        })
        .await;
        let at = Instant::now();
        stop.send(true).unwrap();
        at
    };
    let (outcome, at) = tokio::join!(work, stopping);
    assert!(at.elapsed() < Duration::from_secs(1), "{:?}", at.elapsed());
    let error = outcome.unwrap_err();
    assert_eq!(error.kind, Kind::Interrupted);
    assert_eq!(
        error.to_string(),
        format!(
            "failed to restore into `{}`: it was stopped",
            target.connection.address()
        )
    );
}

#[tokio::test]
async fn a_server_that_goes_away_is_told_in_good_time() {
    let Some(mut target) = Target::standalone().await else {
        return;
    };
    let connection = Connection::open(&target.uri("")).await.unwrap();
    target.server.kill();
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let input = Cursor::new(archive(&[plain("shop.orders", 5)]));
    let options = RestoreOptions::default();
    let outcome = restore(&connection, &options, input, Arc::new(Silent), cancel).await;
    assert_eq!(outcome.unwrap_err().kind, Kind::Unreachable);
}
