//! What happens when something goes wrong while a dump runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas_backup::Kind;
use atlas_backup::codec::Compression;
use atlas_backup::mongo::{Throttle, dump};
use atlas_backup::progress::{Event, Progress};
use futures_util::TryStreamExt;
use mongodb::bson::doc;
use tokio::sync::{mpsc, watch};

use crate::source::{Source, options, output};

/// Tells when the first documents are in the archive.
struct First(mpsc::UnboundedSender<()>);

impl Progress for First {
    fn report(&self, event: Event) {
        if matches!(
            event,
            Event::Advanced {
                documents: 1000..,
                ..
            }
        ) {
            let _ = self.0.send(());
        }
    }
}

async fn filled(source: &Source, collections: &[&str]) {
    let pad = "x".repeat(1000);
    for collection in collections {
        for part in 0..4 {
            let documents = (0..5000).map(|n| doc! { "_id": part * 5000 + n, "pad": &pad });
            source
                .insert(&format!("shop.{collection}"), documents)
                .await;
        }
    }
}

#[tokio::test]
async fn it_stops_within_a_second() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    filled(&source, &["a"]).await;
    let (stop, cancel) = watch::channel(false);
    let (first, mut advanced) = mpsc::unbounded_channel();
    let (output, _) = output(Compression::None);
    let slow = atlas_backup::mongo::DumpOptions {
        throttle: Throttle::Rate(1_000_000),
        ..options()
    };
    let stopped = async {
        advanced.recv().await.unwrap();
        stop.send(true).unwrap();
        Instant::now()
    };
    let dumped = dump(
        &source.connection,
        &slow,
        output,
        Arc::new(First(first)),
        cancel,
    );
    let (result, since) = tokio::join!(dumped, stopped);
    let error = result.err().unwrap();
    assert!(since.elapsed() < Duration::from_secs(1));
    assert_eq!(error.kind, Kind::Interrupted);
    assert_eq!(
        error.to_string(),
        format!(
            "failed to dump `127.0.0.1:{}`: it was stopped",
            source.server.port()
        )
    );
}

/// Runs `meanwhile` once the first documents are written.
async fn dump_and(
    source: &Source,
    meanwhile: impl Future<Output = ()>,
) -> Result<atlas_backup::mongo::Dumped, atlas_backup::Error> {
    let (_keep, cancel) = watch::channel(false);
    let (first, mut advanced) = mpsc::unbounded_channel();
    let (output, _) = output(Compression::None);
    let slow = atlas_backup::mongo::DumpOptions {
        throttle: Throttle::Rate(20_000_000),
        threads: 1,
        ..options()
    };
    let then = async {
        advanced.recv().await.unwrap();
        meanwhile.await;
    };
    let (result, ()) = tokio::join!(
        dump(
            &source.connection,
            &slow,
            output,
            Arc::new(First(first)),
            cancel
        ),
        then
    );
    result
}

#[tokio::test]
async fn a_collection_that_is_dropped_meanwhile_is_named_and_stops_nothing() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    filled(&source, &["a", "b"]).await;
    source.insert("shop.z", [doc! { "n": 1 }]).await;
    let dumped = dump_and(&source, async {
        for name in ["a", "b", "z"] {
            source
                .db("shop")
                .collection::<mongodb::bson::Document>(name)
                .drop()
                .await
                .unwrap();
        }
    })
    .await
    .unwrap();
    let names: Vec<&String> = dumped.skipped.keys().collect();
    assert_eq!(names, ["shop.a", "shop.b", "shop.z"]);
    assert_eq!(
        dumped.skipped["shop.z"],
        "it was dropped or renamed while it was dumped; what was read of it by then is in the archive"
    );
}

/// Forgets every cursor of the dump, as a server does that is restarted or has waited too long.
async fn kill_cursors(source: &Source) {
    let db = source.db("shop");
    let (deadline, mut killed) = (Instant::now() + Duration::from_secs(10), 0);
    while killed == 0 {
        assert!(Instant::now() < deadline, "no cursor was open");
        let idle = [
            doc! { "$currentOp": { "idleCursors": true } },
            doc! { "$match": { "ns": "shop.a", "cursor.cursorId": { "$exists": true } } },
        ];
        let found = source.db("admin").aggregate(idle).await.unwrap();
        let found: Vec<_> = found.try_collect().await.unwrap();
        for one in found {
            let cursor = &one.get_document("cursor").unwrap()["cursorId"];
            let kill = doc! { "killCursors": "a", "cursors": [cursor] };
            let reply = db.run_command(kill).await.unwrap();
            killed += reply.get_array("cursorsKilled").unwrap().len();
        }
    }
}

#[tokio::test]
async fn cursors_that_the_server_forgets_are_taken_up_where_they_stood() {
    for split in [false, true] {
        let Some(source) = Source::standalone(&[]).await else {
            return;
        };
        filled(&source, &["a"]).await;
        let (_keep, cancel) = watch::channel(false);
        let (first, mut advanced) = mpsc::unbounded_channel();
        let (output, _) = output(Compression::None);
        let mut slow = options();
        slow.throttle = Throttle::Rate(20_000_000);
        if split {
            slow.large = 1;
        }
        let kill = async {
            advanced.recv().await.unwrap();
            kill_cursors(&source).await;
        };
        let dumped = dump(
            &source.connection,
            &slow,
            output,
            Arc::new(First(first)),
            cancel,
        );
        let (result, ()) = tokio::join!(dumped, kill);
        let dumped = result.unwrap();
        let a = dumped
            .namespaces
            .iter()
            .find(|one| one.collection == "a")
            .unwrap();
        assert_eq!(a.documents, 20_000);
        assert!(dumped.skipped.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_dies_fails_the_dump_by_name() {
    let Some(mut source) = Source::standalone(&[]).await else {
        return;
    };
    filled(&source, &["a"]).await;
    let uri = format!(
        "mongodb://127.0.0.1:{}/?serverSelectionTimeoutMS=500",
        source.server.port()
    );
    let connection = atlas_backup::mongo::Connection::open(&uri).await.unwrap();
    let (_keep, cancel) = watch::channel(false);
    let (first, mut advanced) = mpsc::unbounded_channel();
    let (output, _) = output(Compression::None);
    let mut slow = options();
    slow.throttle = Throttle::Rate(20_000_000);
    let kill = async {
        advanced.recv().await.unwrap();
        source.server.kill();
    };
    let dumped = dump(&connection, &slow, output, Arc::new(First(first)), cancel);
    let (result, ()) = tokio::join!(dumped, kill);
    let error = result.err().unwrap();
    assert_eq!(error.kind, Kind::Unreachable);
    assert_eq!(
        error.to_string(),
        "failed to dump `shop.a`: connection refused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_kept_and_the_default_throttle_reads_all() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    filled(&source, &["a"]).await;
    for throttle in [Throttle::Rate(10_000_000), Throttle::Adaptive] {
        let mut options = options();
        options.throttle = throttle;
        let began = Instant::now();
        let made = source.dump_with(&options).await.unwrap();
        assert_eq!(made.documents("shop.a").len(), 20_000);
        // 20 MB at 10 MB in a second.
        let slow = began.elapsed() > Duration::from_millis(1900);
        assert!(slow || throttle == Throttle::Adaptive);
    }
}
