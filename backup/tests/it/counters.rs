//! What a manifest claims of moments holds after a restore: writers count while the dump runs, and note when each number was taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use atlas_backup::archive::{Item, Reader};
use atlas_backup::codec::{Compression, Identity, open};
use atlas_backup::manifest::Consistency;
use atlas_backup::mongo::{DumpOptions, RestoreOptions, Throttle, dump, restore};
use atlas_backup::progress::Silent;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, Timestamp, doc};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::source::{Source, options, output};

/// Each with a collection of its own.
const WRITERS: u32 = 3;

/// A number, and when the server had taken it.
type Taken = Vec<(i64, Timestamp)>;

/// Inserts 1, 2, 3 …, and changes both halves of one document at each.
fn writer(
    source: &Source,
    number: u32,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> JoinHandle<Taken> {
    let client = source.connection.client().clone();
    tokio::spawn(async move {
        let collection = client
            .database("count")
            .collection::<Document>(&format!("c{number}"));
        let mut taken = Vec::new();
        for number in 1.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let insert = doc! { "insert": collection.name(), "documents": [{ "_id": number }] };
            let answer = client.database("count").run_command(insert).await.unwrap();
            taken.push((
                number,
                answer.get_timestamp("operationTime").unwrap_or(Timestamp {
                    time: 0,
                    increment: 0,
                }),
            ));
            let halves = doc! { "$set": { "left": number, "right": number } };
            collection
                .update_one(doc! { "_id": 0 }, halves)
                .await
                .unwrap();
            count.fetch_add(1, Ordering::Relaxed);
        }
        taken
    })
}

/// Dumps while writers count; what the dump claims, what each writer knows, how many numbers each had before the dump began,
/// and a server with what was restored.
async fn counted(source: &Source) -> (Consistency, Vec<Taken>, u64, Source) {
    let pad = "x".repeat(1000);
    for number in 0..WRITERS {
        let name = format!("count.c{number}");
        source
            .insert(&name, (1..3000).map(|n| doc! { "_id": -n, "pad": &pad }))
            .await;
        source
            .insert(
                &name,
                [doc! { "_id": 0, "left": 0, "right": 0, "pad": &pad }],
            )
            .await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let counts: Vec<_> = (0..WRITERS).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            writer(
                source,
                number,
                Arc::clone(&stop),
                Arc::clone(&counts[number as usize]),
            )
        })
        .collect();
    let least = || {
        counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .min()
            .unwrap()
    };
    while least() < 20 {
        tokio::task::yield_now().await;
    }
    let before = least();
    let (output, bytes) = output(Compression::GZIP);
    let (_keep, cancel) = watch::channel(false);
    let slowly = DumpOptions {
        threads: 1,
        throttle: Throttle::Rate(12_000_000),
        ..options()
    };
    let dumped = dump(
        &source.connection,
        &slowly,
        output,
        Arc::new(Silent),
        cancel.clone(),
    )
    .await
    .unwrap();
    stop.store(true, Ordering::Relaxed);
    let mut taken = Vec::new();
    for writer in writers {
        taken.push(writer.await.unwrap());
    }
    let target = Source::standalone(&[]).await.unwrap();
    let archive = std::mem::take(&mut *bytes.lock().unwrap());
    let input = open(Box::new(std::io::Cursor::new(archive)), &Identity::None, 2).unwrap();
    restore(
        &target.connection,
        &RestoreOptions::default(),
        input,
        Arc::new(Silent),
        cancel,
    )
    .await
    .unwrap();
    (dumped.consistency, taken, before, target)
}

/// The numbers of a writer's collection, and the halves of its document 0.
async fn found(target: &Source, writer: usize) -> (Vec<i64>, i64, i64) {
    let collection = target
        .db("count")
        .collection::<Document>(&format!("c{writer}"));
    let sorted = collection
        .find(doc! { "_id": { "$gt": 0 } })
        .sort(doc! { "_id": 1 });
    let numbers: Vec<Document> = sorted.await.unwrap().try_collect().await.unwrap();
    let numbers = numbers
        .iter()
        .map(|one| one.get_i64("_id").unwrap())
        .collect();
    let halves = collection
        .find_one(doc! { "_id": 0 })
        .await
        .unwrap()
        .unwrap();
    let half = |name: &str| halves.get_i64(name).unwrap_or_default();
    (numbers, half("left"), half("right"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_has_every_number_taken_before_its_cluster_time_and_none_after() {
    let Some(source) = Source::replica_set(&[]).await else {
        return;
    };
    let (claimed, taken, before, target) = counted(&source).await;
    let Consistency::Snapshot { seconds, increment } = claimed else {
        panic!("{claimed:?}")
    };
    let moment = Timestamp {
        time: seconds,
        increment,
    };
    for (writer, taken) in taken.iter().enumerate() {
        let (numbers, left, right) = found(&target, writer).await;
        // The server's answer tells a time that is not before the insert's own: numbers at its edge may be on either side.
        let newest = numbers.len() as i64;
        assert_eq!(numbers, (1..=newest).collect::<Vec<_>>());
        let earlier = taken.iter().filter(|(_, at)| *at <= moment).count() as i64;
        assert!(
            (earlier..=earlier + 1).contains(&newest),
            "{earlier} taken by {moment}, {newest} found"
        );
        assert!(newest as u64 >= before && newest < taken.len() as i64);
        assert_eq!(left, right);
        // Both halves follow the insert of the same number, before the next one.
        assert!((newest - 1..=newest).contains(&left), "{left} of {newest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn per_document_means_whole_documents_and_all_that_was_there_before() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    let (claimed, taken, before, target) = counted(&source).await;
    assert_eq!(claimed, Consistency::PerDocument);
    for writer in 0..taken.len() {
        let (numbers, left, right) = found(&target, writer).await;
        let old: Vec<i64> = (1..=before as i64).collect();
        assert!(
            numbers.starts_with(&old),
            "{before} were there before, {numbers:?}"
        );
        assert_eq!(left, right);
    }
}

/// Makes a collection ten times a second, and notes the newest in a document once it is there.
fn maker(source: &Source, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    let client = source.connection.client().clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
        let notes = client.database("made").collection::<Document>("notes");
        for number in 1.. {
            ticks.tick().await;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let collection = client
                .database("made")
                .collection::<Document>(&format!("c{number}"));
            collection.insert_one(doc! { "_id": 1 }).await.unwrap();
            let newest = doc! { "$set": { "newest": number } };
            notes.update_one(doc! { "_id": 0 }, newest).await.unwrap();
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_has_every_collection_made_before_its_cluster_time() {
    let Some(source) = Source::replica_set(&[]).await else {
        return;
    };
    source
        .insert("made.notes", [doc! { "_id": 0, "newest": 0 }])
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let maker = maker(&source, Arc::clone(&stop));
    let mut snapshots = 0;
    for _ in 0..10 {
        let (output, bytes) = output(Compression::None);
        let (_keep, cancel) = watch::channel(false);
        let dumped = dump(
            &source.connection,
            &options(),
            output,
            Arc::new(Silent),
            cancel,
        )
        .await
        .unwrap();
        if dumped.consistency == Consistency::PerDocument {
            continue;
        }
        snapshots += 1;
        let archive = std::mem::take(&mut *bytes.lock().unwrap());
        let mut reader = Reader::new(archive.as_slice()).unwrap();
        let names: Vec<String> = reader
            .metadata()
            .iter()
            .map(|one| one.namespace())
            .collect();
        let mut newest = None;
        while let Some(item) = reader.next().unwrap() {
            if let Item::Documents {
                namespace,
                documents,
                ..
            } = item
                && names[namespace] == "made.notes"
            {
                let notes = Document::from_reader(documents.as_slice()).unwrap();
                newest = Some(notes.get_i32("newest").unwrap());
            }
        }
        for number in 1..=newest.unwrap() {
            let made = format!("made.c{number}");
            assert!(names.contains(&made), "{made} was made and is missing");
        }
    }
    stop.store(true, Ordering::Relaxed);
    maker.await.unwrap();
    assert!(snapshots > 0, "no dump was of one moment");
}
