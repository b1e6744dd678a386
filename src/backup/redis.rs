//! Snapshots of a Redis in a container, taken and restored. Owns the order of steps; what a snapshot is made of is checked by `atlas_backup::rdb`.

mod append;
mod client;
mod restore;
pub mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas_backup::codec::{Output, Written};
use atlas_backup::mongo::Cancel;
use atlas_backup::progress::Progress;
use atlas_backup::rdb::{self, Rdb};
use atlas_backup::{Error, codec};

use super::source::Held;
use super::tee::Tee;
use super::until;
use crate::engines::docker::DockerEngine;
use client::{Client, Info};

pub use restore::{Restored, restore};
pub(super) use restore::{agree, loaded_by};

/// How long a save may take; it writes all data to a disk once.
const SAVE: Duration = Duration::from_secs(30 * 60);
/// A save that was asked for has begun by then.
const BEGUN: Duration = Duration::from_secs(3);

/// A snapshot that was taken.
pub struct Taken {
    /// What it holds.
    pub rdb: Rdb,
    /// e.g. `7.2.4`.
    pub server_version: String,
    /// What was written.
    pub written: Written,
}

/// Lets Redis save, copies the file it made, and checks it on the way.
///
/// # Errors
/// Redis does not answer or cannot save, what it saved is damaged, the output cannot be written, or the work was interrupted.
pub async fn snapshot(
    engine: &DockerEngine,
    held: &Held,
    output: Output,
    progress: Arc<dyn Progress>,
    cancel: Cancel,
) -> Result<Taken, Error> {
    let client = Client::new(engine, held);
    let server = client.info("server").await?;
    let folder = client.setting("dir", "/data").await?;
    let file = client.setting("dbfilename", "dump.rdb").await?;
    save(&client, &cancel).await?;
    let path = format!("{}/{file}", folder.trim_end_matches('/'));
    let fetched = engine.fetch(&held.container, &path, move |_, from| {
        let mut output = output;
        let rdb = rdb::check(Tee {
            from,
            to: &mut output,
            progress,
            cancel,
        })?;
        Ok((rdb, output.finish()?))
    });
    let (rdb, written) = fetched.await?.map_err(|error: Error| error)?;
    Ok(Taken {
        rdb,
        server_version: server.text("redis_version").to_owned(),
        written,
    })
}

/// A save that begins after this was called and ends well.
async fn save(client: &Client<'_>, cancel: &Cancel) -> Result<(), Error> {
    let subject = ("save", client.name());
    let idle = async || {
        let info = client.info("persistence").await?;
        let busy = info.is("loading") || info.is("rdb_bgsave_in_progress");
        Ok((!busy).then_some(info))
    };
    let before = until(subject, SAVE, cancel, idle).await?;
    let before = before.number("rdb_last_save_time");
    // The time of the last save is in whole seconds: a save in the same second would look like the one before it.
    let later = async || Ok((client.time().await? > before).then_some(()));
    until(subject, BEGUN, cancel, later).await?;
    client.ask(&["BGSAVE", "SCHEDULE"]).await?;
    let asked = Instant::now();
    let saved = async || {
        let info = client.info("persistence").await?;
        if info.is("rdb_bgsave_in_progress") || info.is("aof_rewrite_in_progress") {
            return Ok(None);
        }
        if info.number("rdb_last_save_time") > before {
            return Ok(Some(()));
        }
        // One that failed before this one was asked for looks the same until this one has begun.
        match info.text("rdb_last_bgsave_status") {
            "err" if asked.elapsed() > BEGUN => Err(unsaved(client.name())),
            _ => Ok(None),
        }
    };
    until(subject, SAVE, cancel, saved).await
}

fn unsaved(name: &str) -> Error {
    Error::failed("save", name, "Redis could not write its snapshot").hint(
        "its log tells why (`atlas logs redis`): a full disk, or too little memory to fork (`vm.overcommit_memory=1` on the host); it may refuse writes until a save succeeds",
    )
}

/// Keys in all databases.
fn keys(keyspace: &Info) -> u64 {
    let lines = keyspace.lines().filter(|(name, _)| name.starts_with("db"));
    lines
        .filter_map(|(_, value)| {
            value
                .split(',')
                .next()?
                .strip_prefix("keys=")?
                .parse::<u64>()
                .ok()
        })
        .sum()
}

/// Reads a snapshot to its end.
async fn checked(reader: Box<dyn std::io::Read + Send>) -> Result<Rdb, Error> {
    super::blocking("check", "redis.rdb", move || rdb::check(reader)).await
}

/// Opens the same snapshot anew, for each time that it is read.
pub type Opener<'a> = &'a dyn Fn() -> Result<codec::Input, Error>;
