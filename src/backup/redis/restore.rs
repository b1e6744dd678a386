//! The way back of a snapshot, in the order that loses nothing.
//!
//! Redis reads a snapshot only when it starts, and with `appendonly yes` it reads its append-only files instead. So the snapshot becomes the base of
//! these: Redis' own files stay where they are until it has loaded the new base, and the old manifest goes back if it does not. Redis writes its memory
//! over `dump.rdb` when it is stopped, so all files are placed while it is down.

use std::io::Cursor;
use std::time::Duration;

use atlas_backup::mongo::Cancel;
use atlas_backup::rdb::Rdb;
use atlas_backup::{Error, Kind};

use super::append::Manifest;
use super::client::{Client, Info};
use super::{Opener, SAVE, checked, keys};
use crate::backup::source::Held;
use crate::backup::until;
use crate::engines::Engine;
use crate::engines::docker::{DockerEngine, FileFacts};

/// How long loading may take.
const LOAD: Duration = Duration::from_secs(30 * 60);
/// How long a Redis that was not running may take to tell its settings.
const START: Duration = Duration::from_secs(30);
const OPERATION: &str = "restore";
const SAVED: &str = "restore the backup that was taken before";

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the snapshot holds.
    pub rdb: Rdb,
    /// Keys that Redis has after loading it; those that had expired are not among them.
    pub keys: u64,
}

/// Where Redis keeps its data.
struct Files {
    folder: String,
    snapshot: String,
    appends: bool,
    /// Redis 7 and later.
    append_folder: Option<String>,
    append_file: String,
}

/// Replaces all data of a Redis by a snapshot. The container and its configuration are the same afterwards, and it runs. The caller has taken a
/// backup of what is there, and has nothing write to it meanwhile.
///
/// # Errors
/// The snapshot is damaged (nothing was touched), it cannot be put in place, or Redis does not load it; with `appendonly yes` what was there is then
/// there again.
pub async fn restore(
    engine: &DockerEngine,
    held: &Held,
    open: Opener<'_>,
    cancel: Cancel,
) -> Result<Restored, Error> {
    let rdb = checked(Box::new(open()?)).await?;
    let client = Client::new(engine, held);
    let files = files(engine, &client, held, &cancel).await?;
    if *cancel.borrow() {
        return Err(crate::backup::interrupted(OPERATION, &held.name));
    }
    // From here on it goes to its end: Redis shall run again with the one or the other.
    let (_keep, never) = tokio::sync::watch::channel(false);
    engine.stop(&held.container, &held.name).await?;
    let placed = place(engine, held, &files, &rdb, open).await;
    engine.start(&held.container).await?;
    let before = placed?;
    let loaded = loaded(engine, held, &rdb, &never).await;
    match (loaded, before) {
        (Ok(keys), _) => {
            if files.appends {
                rewrite(&client, &never).await?;
            }
            Ok(Restored { rdb, keys })
        }
        (Err(error), Some((owner, text))) => {
            engine.stop(&held.container, &held.name).await?;
            let back = still_there(engine, held, &files, &text).await;
            if back {
                put_manifest(engine, held, &files, &owner, text).await?;
            }
            engine.start(&held.container).await?;
            Err(error.hint(match back {
                true => "what Redis had before is in place again",
                false => SAVED,
            }))
        }
        (Err(error), None) => Err(error.hint(SAVED)),
    }
}

/// Asks Redis; one that cannot start any more has the settings of its command and Redis' own defaults.
async fn files(
    engine: &DockerEngine,
    client: &Client<'_>,
    held: &Held,
    cancel: &Cancel,
) -> Result<Files, Error> {
    if !held.running {
        engine.start(&held.container).await?;
    }
    let up = async || client.up().await;
    let told = until((OPERATION, &held.name), START, cancel, up)
        .await
        .is_ok();
    let setting = async |name: &str, default: &str| match told {
        true => client.setting(name, default).await,
        false => Ok(default.to_owned()),
    };
    let appends = held
        .command
        .windows(2)
        .any(|pair| pair == ["--appendonly", "yes"]);
    let folder = setting("dir", "/data").await?;
    let append_folder = setting("appenddirname", "appendonlydir").await?;
    Ok(Files {
        folder: folder.trim_end_matches('/').to_owned(),
        snapshot: setting("dbfilename", "dump.rdb").await?,
        appends: setting("appendonly", if appends { "yes" } else { "no" }).await? == "yes",
        append_folder: Some(append_folder).filter(|name| !name.is_empty()),
        append_file: setting("appendfilename", "appendonly.aof").await?,
    })
}

/// Puts the snapshot where Redis will load it from. What was there is given back, if putting it back undoes this.
async fn place(
    engine: &DockerEngine,
    held: &Held,
    files: &Files,
    rdb: &Rdb,
    open: Opener<'_>,
) -> Result<Option<(FileFacts, String)>, Error> {
    let owner = engine.facts(&held.container, &files.folder).await?;
    let facts = FileFacts {
        mode: 0o600,
        size: rdb.bytes,
        ..owner
    };
    let put = async |folder: &str, name: &str| {
        let content = open()?;
        let put = engine.put(&held.container, folder, name, &facts, content);
        put.await.map_err(Error::from)
    };
    match (&files.append_folder, files.appends) {
        (_, false) => put(&files.folder, &files.snapshot).await.map(|()| None),
        // Before Redis 7 the append-only file is one, and may begin with a snapshot.
        (None, true) => put(&files.folder, &files.append_file).await.map(|()| None),
        (Some(folder), true) => {
            let folder = format!("{}/{folder}", files.folder);
            let path = format!("{folder}/{}.manifest", files.append_file);
            let read = engine.fetch(&held.container, &path, |_, from| {
                let mut text = String::new();
                from.read_to_string(&mut text).map(|_| text)
            });
            let before = read
                .await?
                .map_err(|cause| Error::failed(OPERATION, &path, cause.to_string()))?;
            let next = Manifest::parse(&before)
                .ok_or_else(|| {
                    Error::failed(OPERATION, &path, "it is not a manifest that is known")
                })?
                .next(&files.append_file);
            put(&folder, &next.base).await?;
            let empty = FileFacts {
                size: 0,
                ..facts.clone()
            };
            engine
                .put(
                    &held.container,
                    &folder,
                    &next.increment,
                    &empty,
                    std::io::empty(),
                )
                .await?;
            put_manifest(engine, held, files, &facts, next.text).await?;
            Ok(Some((facts, before)))
        }
    }
}

/// Whether all files of an earlier manifest are there: Redis deletes them once it has loaded the new base, whatever its keys are.
async fn still_there(engine: &DockerEngine, held: &Held, files: &Files, text: &str) -> bool {
    let folder = files.append_folder.as_deref().unwrap_or_default();
    let Some(before) = Manifest::parse(text) else {
        return false;
    };
    for name in before.names() {
        let path = format!("{}/{folder}/{name}", files.folder);
        if engine.facts(&held.container, &path).await.is_err() {
            return false;
        }
    }
    true
}

async fn put_manifest(
    engine: &DockerEngine,
    held: &Held,
    files: &Files,
    owner: &FileFacts,
    text: String,
) -> Result<(), Error> {
    let folder = format!(
        "{}/{}",
        files.folder,
        files.append_folder.as_deref().unwrap_or_default()
    );
    let name = format!("{}.manifest", files.append_file);
    let facts = FileFacts {
        size: text.len() as u64,
        ..owner.clone()
    };
    let text = Cursor::new(text.into_bytes());
    Ok(engine
        .put(&held.container, &folder, &name, &facts, text)
        .await?)
}

/// Waits until Redis has loaded its data, and compares the keys.
async fn loaded(
    engine: &DockerEngine,
    held: &Held,
    rdb: &Rdb,
    cancel: &Cancel,
) -> Result<u64, Error> {
    let lives = async || {
        let condition = engine.look(&held.container).await?;
        if condition.running && !condition.restarting && condition.restarts == 0 {
            return Ok(());
        }
        let last = engine.tail(&held.container, 3).await.join("; ");
        let cause = format!("Redis does not start with it: {last}");
        Err(Error::failed(OPERATION, &held.name, cause))
    };
    let found = loaded_by(engine, &held.container, cancel, lives).await?;
    agree(&held.name, rdb, found).map(|()| found)
}

/// Keys that a starting Redis has loaded, when it is done with it; `lives` fails when it never will be.
pub(in crate::backup) async fn loaded_by(
    engine: &DockerEngine,
    container: &str,
    cancel: &Cancel,
    lives: impl AsyncFn() -> Result<(), Error>,
) -> Result<u64, Error> {
    let client = Client::of(engine, container, container);
    let up = async || {
        lives().await?;
        client.up().await
    };
    let persistence = until(("load", "redis.rdb"), LOAD, cancel, up).await?;
    let keyspace = client.info("keyspace").await?;
    Ok(counted(&persistence, &keyspace))
}

/// What Redis loaded, where it tells; else what it has now.
fn counted(persistence: &Info, keyspace: &Info) -> u64 {
    match persistence.number("rdb_last_load_keys_loaded") {
        0 => keys(keyspace),
        loaded => loaded,
    }
}

/// Keys that expire may be gone; no other may be, and none may be more.
pub(in crate::backup) fn agree(name: &str, rdb: &Rdb, found: u64) -> Result<(), Error> {
    if (rdb.keys - rdb.expiring..=rdb.keys).contains(&found) {
        return Ok(());
    }
    let cause = format!("Redis has {found} keys, the snapshot {}", rdb.keys);
    Err(Error::new(Kind::Damaged, "compare", name, cause))
}

/// Makes append-only files of Redis' own making, and lets it delete those that were before.
async fn rewrite(client: &Client<'_>, cancel: &Cancel) -> Result<(), Error> {
    let subject = ("rewrite the append-only file of", client.name());
    client.ask(&["BGREWRITEAOF"]).await?;
    let done = async || {
        let info = client.info("persistence").await?;
        let busy = info.is("aof_rewrite_in_progress") || info.is("aof_rewrite_scheduled");
        Ok((!busy).then(|| info.text("aof_last_bgrewrite_status") == "ok"))
    };
    match until(subject, SAVE, cancel, done).await? {
        true => Ok(()),
        false => Err(
            Error::failed(subject.0, subject.1, "Redis could not write it")
                .hint("the data is restored; its log tells why (`atlas logs redis`)"),
        ),
    }
}
