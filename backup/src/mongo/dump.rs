//! Dumps a live MongoDB into an archive. Owns the order of work; each file beneath owns one part of it.
//!
//! | module | owns |
//! |---|---|
//! | `batch` | documents in a reply, as slices |
//! | `position` | how far a scan has come, and the command that goes on |
//! | `reading` | what all cursors share |
//! | `scan` | one cursor after another until a collection is read |
//! | `sequencer` | the thread that owns the archive |
//! | `work` | which collections are read at once |

mod batch;
mod position;
mod reading;
mod scan;
mod sequencer;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::listing::{self, Listed, Listing, Source};
use super::snapshot::{Snapshot, Window};
use super::throttle::{Pace, Throttle};
use super::{Cancel, Connection};
use crate::archive::{Closed, Header};
use crate::codec::{Output, Written};
use crate::manifest::{Consistency, Namespace};
use crate::progress::{Event, Progress};
use crate::{Error, Kind};
use reading::Reading;
use sequencer::{Message, Outcome, Slot};

/// How long the thread that writes is waited for once nothing comes any more.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often all is listed until nothing has come or gone meanwhile.
const LISTINGS: usize = 5;

/// What to dump, and how.
#[derive(Debug, Clone)]
pub struct DumpOptions {
    /// Databases; all when empty.
    pub databases: Vec<String>,
    /// Users and roles: all with all databases or `admin`, else those of the named databases.
    pub users_and_roles: bool,
    /// Collections that are read at once.
    pub threads: usize,
    /// How much of the server it may take.
    pub throttle: Throttle,
    /// Reads large collections by several cursors.
    pub split: bool,
    /// Bytes from which on a collection is large.
    pub large: u64,
    /// Reads all documents at one cluster time, where the server can.
    pub snapshot: bool,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self {
            databases: Vec::new(),
            users_and_roles: true,
            threads: std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().div_ceil(2)),
            throttle: Throttle::default(),
            split: true,
            large: 256 << 20,
            snapshot: true,
        }
    }
}

/// What a dump holds.
pub struct Dumped {
    /// The file.
    pub written: Written,
    /// What holds of the moments at which documents were read.
    pub consistency: Consistency,
    /// Every namespace of the archive, sorted by name.
    pub namespaces: Vec<Namespace>,
    /// What was there and is not, or not whole, in the archive, with the reason.
    pub skipped: BTreeMap<String, String>,
    /// Whether users and roles are in it.
    pub users_and_roles: bool,
}

/// Dumps into `output`, which is finished when this returns well.
///
/// # Errors
/// [`Kind::Interrupted`] within a second of `cancel`; else what failed, with the namespace.
pub async fn dump(
    connection: &Connection,
    options: &DumpOptions,
    output: Output,
    progress: Arc<dyn Progress>,
    cancel: Cancel,
) -> Result<Dumped, Error> {
    let cancelled = cancelled(cancel);
    tokio::pin!(cancelled);
    let prepared = async {
        let (listing, snapshot) = moment(connection, options, &*progress).await?;
        let window = Window::of(connection, &snapshot).await;
        let pace = Pace::new(options.throttle, connection).await;
        Ok((listing, snapshot, window, pace))
    };
    let (mut listing, snapshot, mut window, pace) = tokio::select! {
        () = &mut cancelled => return Err(interrupted(connection)),
        prepared = prepared => prepared?,
    };
    announce(&listing, &*progress);
    let (to, mut outcome) = sequencer::start(
        header(connection, options),
        slots(&listing),
        output,
        Arc::clone(&progress),
    )?;
    let reading = Arc::new(Reading::new(
        connection.clone(),
        snapshot,
        pace,
        progress,
        to,
    ));
    let result = tokio::select! {
        () = &mut cancelled => Err(interrupted(connection)),
        result = read(&reading, &listing.namespaces, options, &mut outcome) => result,
        never = window.keep() => match never {},
    };
    window.give_back().await;
    let (closed, written) = match result {
        Ok(done) => done,
        Err(error) => return Err(reason(reading, outcome, error).await),
    };
    look_again(&reading, &mut listing).await?;
    Ok(told(
        listing,
        closed,
        written,
        reading.snapshot.consistency(),
    ))
}

fn told(
    listing: Listing,
    closed: Vec<Closed>,
    written: Written,
    consistency: Consistency,
) -> Dumped {
    let described = listing.namespaces.iter().zip(closed);
    let mut namespaces: Vec<Namespace> = described.map(|(one, sum)| one.summary(&sum)).collect();
    namespaces.sort_by(|a, b| (&a.db, &a.collection).cmp(&(&b.db, &b.collection)));
    Dumped {
        written,
        consistency,
        namespaces,
        skipped: listing.skipped,
        users_and_roles: listing.users_and_roles,
    }
}

fn announce(listing: &Listing, progress: &dyn Progress) {
    progress.report(Event::Phase {
        name: "dump",
        bytes: Some(listing.sources().map(|source| source.size).sum()),
    });
}

/// Ends when the work is to stop; never when nobody is left who could stop it.
async fn cancelled(mut cancel: Cancel) {
    if cancel.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What there is, and the moment at which it is read: what is listed before and after that moment is what was there then.
async fn moment(
    connection: &Connection,
    options: &DumpOptions,
    progress: &dyn Progress,
) -> Result<(Listing, Snapshot), Error> {
    let list = || listing::list(connection, &options.databases, options.users_and_roles);
    let mut listing = list().await?;
    for _ in 0..LISTINGS {
        let snapshot = snapshot(connection, options, &listing, progress).await;
        if snapshot.consistency() == Consistency::PerDocument {
            return Ok((listing, snapshot));
        }
        let again = list().await?;
        if again.same_collections(&listing) {
            return Ok((listing, snapshot));
        }
        listing = again;
    }
    let text =
        "documents are of different moments: collections come and go faster than they are listed";
    progress.report(Event::Warning(text.to_owned()));
    Ok((listing, Snapshot::default()))
}

async fn snapshot(
    connection: &Connection,
    options: &DumpOptions,
    listing: &Listing,
    progress: &dyn Progress,
) -> Snapshot {
    if !options.snapshot {
        return Snapshot::default();
    }
    let sources: Vec<&Source> = listing.sources().collect();
    Snapshot::take(connection, &sources)
        .await
        .unwrap_or_else(|cause| {
            let text = format!(
                "documents are of different moments: the server gives no snapshot: {cause}"
            );
            progress.report(Event::Warning(text));
            Snapshot::default()
        })
}

fn header(connection: &Connection, options: &DumpOptions) -> Header {
    Header {
        concurrent_collections: i32::try_from(options.threads.max(1)).unwrap_or(i32::MAX),
        version: "0.1".to_owned(),
        server_version: connection.server.version.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn slots(listing: &Listing) -> Vec<Slot> {
    let slot = |one: &Listed| Slot {
        metadata: one.metadata.clone(),
        body: one
            .source
            .as_ref()
            .map(|source| &source.collection)
            .filter(|_| one.metadata.kind == "timeseries")
            .cloned(),
    };
    listing.namespaces.iter().map(slot).collect()
}

/// Reads everything, then waits for the archive to be whole.
async fn read(
    reading: &Arc<Reading>,
    namespaces: &[Listed],
    options: &DumpOptions,
    outcome: &mut oneshot::Receiver<Outcome>,
) -> Outcome {
    work::all(reading, namespaces, options).await?;
    reading
        .send(Message::Finish)
        .await
        .map_err(|()| reading.closed())?;
    outcome.await.unwrap_or_else(|_| Err(reading.closed()))
}

/// Why it failed: when the archive took no more, its own error. The thread is waited for, so that nobody writes any more.
async fn reason(reading: Arc<Reading>, outcome: oneshot::Receiver<Outcome>, error: Error) -> Error {
    drop(reading);
    // It has said already what `error` is.
    if outcome.is_terminated() {
        return error;
    }
    match tokio::time::timeout(PATIENCE, outcome).await {
        Ok(Ok(Err(own))) if own.kind != Kind::Interrupted && error.kind != Kind::Interrupted => own,
        _ => error,
    }
}

/// Collections that were empty or whose cursor failed may have been dropped: an absent one reads as an empty one.
async fn look_again(reading: &Reading, listing: &mut Listing) -> Result<(), Error> {
    let doubts = std::mem::take(&mut *reading.doubts());
    let mut known = BTreeMap::new();
    for (place, cut) in doubts {
        let one = &listing.namespaces[place];
        // Without a UUID, a collection of the same name may be another one.
        let known_again = |source: &&Source| source.uuid.is_some() || cut;
        let Some(source) = one.source.as_ref().filter(known_again) else {
            continue;
        };
        if !known.contains_key(&source.db) {
            let found = listing::Collection::all(&reading.connection, &source.db).await;
            let found =
                found.map_err(|error| super::failure::explain("list", &source.db, &error))??;
            known.insert(source.db.clone(), found);
        }
        let there = known[&source.db]
            .iter()
            .any(|other| other.name == source.collection && other.uuid == source.uuid);
        if there && cut {
            let cause = "the server ended its cursor before its end, though it is still there";
            return Err(Error::failed("dump", one.metadata.namespace(), cause).hint("run it again"));
        }
        if !there {
            let reason = "it was dropped or renamed while it was dumped; what was read of it by then is in the archive";
            listing
                .skipped
                .insert(one.metadata.namespace(), reason.to_owned());
        }
    }
    Ok(())
}

fn interrupted(connection: &Connection) -> Error {
    Error::new(
        Kind::Interrupted,
        "dump",
        connection.address(),
        "it was stopped",
    )
}
