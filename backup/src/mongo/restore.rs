//! Writes an archive to a live server: collections, data, oplog, indexes, users. Owns the order of these and what is counted.
//!
//! The archive is read once, on a thread of its own; every batch may go to the server beside every other, whatever collection it is
//! of, so that no interleaving of an archive can block. Only capped collections wait for their own batches.

mod barrier;
mod batch;
mod feed;
mod flow;
mod index;
mod insert;
mod oplog;
mod plan;
mod prepare;
mod users;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use flow::{Flow, Tally};
use index::Catalog;
use oplog::Replay;
pub(crate) use plan::reserved;
use plan::{Part, Plan};

use super::pattern::{Pattern, Rename};
use super::{Cancel, Connection};
use crate::archive::Metadata;
use crate::progress::{Event, Progress};
use crate::{Error, Kind};

/// What to restore, and where to.
#[derive(Debug, Clone)]
pub struct RestoreOptions {
    /// Only these namespaces of the archive; all when empty.
    pub include: Vec<Pattern>,
    /// Not these.
    pub exclude: Vec<Pattern>,
    /// The first that fits gives a namespace its new name.
    pub rename: Vec<Rename>,
    /// Everything goes into this database, after renaming.
    pub into: Option<String>,
    /// Collections that are in the archive are dropped first; others are never touched.
    pub drop: bool,
    /// Users and roles as well. Those that the server has already become as in the archive only with `drop`, and never the user who
    /// restores; those that the archive does not have stay.
    pub users_and_roles: bool,
    /// Entries of the archive's oplog up to and with this cluster time (seconds, increment); all when absent.
    pub until: Option<(u32, u32)>,
    /// Batches at a time.
    pub threads: usize,
    /// A document that the server refuses ends the restore; else it is counted.
    pub stop_on_error: bool,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            rename: Vec::new(),
            into: None,
            drop: false,
            users_and_roles: false,
            until: None,
            threads: 4,
            stop_on_error: true,
        }
    }
}

/// What was restored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Every namespace that was written, sorted by its name in the archive.
    pub namespaces: Vec<RestoredNamespace>,
    /// Namespaces of the archive that were not, with the reason.
    pub skipped: BTreeMap<String, String>,
    /// Indexes that were built beside `_id_`.
    pub indexes: u64,
    /// Entries of the oplog that were replayed.
    pub replayed: u64,
    /// Whether users and roles were restored.
    pub users_and_roles: bool,
}

/// One namespace that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredNamespace {
    /// Its name in the archive.
    pub source: String,
    /// Its name on the server.
    pub target: String,
    /// Documents that the server took (of a time series: buckets).
    pub documents: u64,
    /// Bytes of BSON in the archive.
    pub bytes: u64,
    /// Documents that the server refused; none unless errors were to be passed over.
    pub refused: u64,
}

/// Restores an archive.
///
/// The checksum of every namespace is checked, also of those left out, and every count is compared with the archive's. What was
/// written before a failure stays.
///
/// # Errors
/// [`Kind::Usage`] before the first write when names are in the way or cannot be; [`Kind::Damaged`] naming the place in the archive;
/// [`Kind::Interrupted`] within a second of `cancel`; else what the server refused.
pub async fn restore<R: Read + Send + 'static>(
    connection: &Connection,
    options: &RestoreOptions,
    input: R,
    progress: Arc<dyn Progress>,
    mut cancel: Cancel,
) -> Result<Restored, Error> {
    let mut accounts = false;
    let outcome = tokio::select! {
        outcome = run(connection, options, input, progress.as_ref(), &mut accounts) => outcome,
        () = stopped(&mut cancel) => {
            Err(Error::new(Kind::Interrupted, "restore into", connection.address(), "it was stopped"))
        }
    };
    if outcome.is_err() && accounts {
        users::abandon(connection, progress.as_ref()).await;
    }
    outcome
}

/// Resolves when the work is to stop; never when nobody can ask for it any more.
pub(crate) async fn stopped(cancel: &mut Cancel) {
    if cancel.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn run<R: Read + Send + 'static>(
    connection: &Connection,
    options: &RestoreOptions,
    input: R,
    progress: &dyn Progress,
    accounts: &mut bool,
) -> Result<Restored, Error> {
    let reader = feed::open(input).await?;
    let metadata = reader.metadata().to_vec();
    let plan = Plan::new(&metadata, options)?;
    let names: Vec<String> = metadata.iter().map(Metadata::namespace).collect();
    prepare::prepare(connection, &plan, options.drop, progress).await?;
    if users::any(&plan) {
        *accounts = true;
        users::clear(connection).await?;
    }
    progress.report(Event::Phase {
        name: "restore",
        bytes: None,
    });
    let mut replay = Replay::new(connection, options, Catalog::new(&plan));
    let flow = Flow::new(connection, options, &plan, &names, progress);
    let tallies = flow.run(reader, &mut replay).await?;
    progress.report(Event::Phase {
        name: "indexes",
        bytes: None,
    });
    let indexes = replay.indexes.build(connection, progress).await?;
    if *accounts {
        users::merge(connection, &plan, options.drop, progress).await?;
    }
    barrier::wait(connection, &plan, progress).await?;
    let mut restored = outcome(&plan, &names, &tallies);
    restored.indexes = indexes;
    restored.replayed = replay.replayed;
    restored.users_and_roles = *accounts;
    Ok(restored)
}

fn outcome(plan: &Plan, names: &[String], tallies: &[Tally]) -> Restored {
    let mut restored = Restored::default();
    for ((part, name), tally) in plan.parts.iter().zip(names).zip(tallies) {
        match part {
            Part::Skip(reason) => {
                restored.skipped.insert(name.clone(), (*reason).to_owned());
            }
            Part::Collection(collection) => restored.namespaces.push(RestoredNamespace {
                source: name.clone(),
                target: collection.namespace(),
                documents: tally.inserted,
                bytes: tally.whole.map_or(0, |(_, bytes)| bytes),
                refused: tally.refused,
            }),
            Part::Users(_) | Part::Roles(_) | Part::Version | Part::Oplog => {}
        }
    }
    restored.namespaces.sort_by(|a, b| a.source.cmp(&b.source));
    restored
}
