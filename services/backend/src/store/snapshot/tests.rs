//! Copies made while somebody writes; damage to them; what is there when nobody serves.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::super::embedded::Embedded;
use super::super::{Remembered, Settings, Store as _};
use super::*;

fn store(folder: &Path) -> Embedded {
    Embedded::open(folder, 30).unwrap()
}

/// The copy in a file of its own, as a backup keeps it.
fn taken(folder: &Path, to: &Path) -> File {
    let mut bytes = Vec::new();
    request(folder, &mut bytes).unwrap();
    fs::write(to, bytes).unwrap();
    OpenOptions::new().read(true).write(true).open(to).unwrap()
}

fn settings(value: u64) -> Settings {
    json!({ "value": value }).as_object().unwrap().clone()
}

fn remembered(at_ms: i64) -> Remembered {
    Remembered {
        query: "words".into(),
        sources: vec!["jira".into()],
        results: 1,
        took_ms: 2,
        at_ms,
    }
}

#[tokio::test]
async fn a_copy_has_every_entry_and_serves_as_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let now = jiff::Timestamp::now().as_millisecond();
    for number in 0..3 {
        store
            .put_settings(&format!("user-{number}"), settings(number))
            .await
            .unwrap();
        store.remember("user-0", remembered(now)).await.unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = taken(folder.path(), &elsewhere.path().join("atlas.redb"));
    let tables = check(copy).unwrap();
    assert_eq!(
        tables,
        BTreeMap::from([("history".into(), 3), ("settings".into(), 3)])
    );

    let restored = self::store(elsewhere.path());
    assert_eq!(
        restored.settings("user-2").await.unwrap(),
        Some(settings(2))
    );
    assert_eq!(restored.history("user-0", 9).await.unwrap().len(), 3);
}

/// The writer counts up in pairs, one entry after the other; a copy of one moment has both or is one ahead in the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_of_one_moment_while_a_writer_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, stop) = (store.clone(), stop.clone());
        tokio::spawn(async move {
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                count += 1;
                store.put_settings("first", settings(count)).await.unwrap();
                store.put_settings("second", settings(count)).await.unwrap();
            }
        })
    };
    let mut last = 0;
    for number in 0..20 {
        let elsewhere = tempfile::tempdir().unwrap();
        let path = elsewhere.path().join("atlas.redb");
        let copy = taken(folder.path(), &path);
        check(copy).unwrap_or_else(|error| panic!("copy {number}: {error}"));
        let copy = self::store(elsewhere.path());
        let value = async |user| match copy.settings(user).await.unwrap() {
            Some(settings) => settings["value"].as_u64().unwrap(),
            None => 0,
        };
        let (first, second) = (value("first").await, value("second").await);
        assert!(
            first == second || first == second + 1,
            "{first} and {second}"
        );
        assert!(first >= last, "an older copy came later");
        last = first;
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["atlas.redb", "snapshot.sock"]);
}

#[test]
fn the_socket_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let _store = store(folder.path());
    let mode = fs::metadata(socket(folder.path()))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_socket_that_a_kill_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(socket(folder.path())).unwrap());
    let _store = store(folder.path());
    request(folder.path(), &mut io::sink()).unwrap();
}

#[test]
fn nobody_serves() {
    let folder = tempfile::tempdir().unwrap();
    let error = request(folder.path(), &mut io::sink()).unwrap_err();
    let path = socket(folder.path());
    assert_eq!(
        error,
        format!(
            "no gateway with an embedded store answers at {}: No such file or directory (os error 2)",
            path.display()
        )
    );
}

#[test]
fn what_is_no_store_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    for bytes in ["", "redb", "something else altogether"] {
        fs::write(&path, bytes).unwrap();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let error = check(file).unwrap_err();
        assert!(
            error.starts_with("it is not") || error.starts_with("it cannot"),
            "{error}"
        );
    }
}
