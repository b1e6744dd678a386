//! Reads one collection, or one range of it, to its end. Owns batches, and going on after what can be gone on from.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use mongodb::error::Error as Driver;
use mongodb::options::RunCursorCommandOptions;
use mongodb::raw_batch_cursor::RawBatch;
use tokio::time::Instant;

use super::super::failure::{NAMESPACE_NOT_FOUND, code, explain, is_transient};
use super::super::listing::Source;
use super::batch;
use super::position::{Order, Position};
use super::reading::Reading;
use super::sequencer::Message;
use crate::Error;

/// The server's own limit of a reply.
const LARGEST: u64 = 16 << 20;

/// Attempts without a single document in between.
const ATTEMPTS: u32 = 5;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// `QueryPlanKilled`: the collection was dropped or renamed under the cursor.
const PLAN_KILLED: i32 = 175;
/// `KeyNotFound`: the record that a token names is gone.
const RECORD_GONE: i32 = 84;
/// `SnapshotTooOld` and `SnapshotUnavailable`.
const NO_SNAPSHOT: [i32; 2] = [239, 246];
/// What servers answer that do not know tokens or bounds: BadValue, FailedToParse, InvalidOptions, CommandNotSupported,
/// InvalidPipelineOperator, NotImplemented, unknown field, and those of DocumentDB and Cosmos.
const NOT_KNOWN: [i32; 9] = [2, 9, 72, 115, 168, 238, 303, 304, 40415];

/// A collection, or a range of one.
pub(super) struct Task {
    pub(super) namespace: usize,
    pub(super) name: String,
    pub(super) source: Arc<Source>,
    pub(super) position: Position,
    /// Ranges of the same collection that are not done.
    pub(super) parts: Arc<AtomicUsize>,
}

/// Why a pass over a cursor ended before the collection did.
enum Stop {
    Server(Driver),
    /// The archive takes no more; its own error says why.
    Closed,
    Damaged(String),
}

impl From<Driver> for Stop {
    fn from(error: Driver) -> Self {
        Self::Server(error)
    }
}

/// Reads to the end, and says so when it was the last range of its collection.
///
/// # Errors
/// What cannot be gone on from, with the namespace.
pub(super) async fn scan(reading: &Reading, mut task: Task) -> Result<(), Error> {
    let mut attempts = 0;
    loop {
        let before = task.position.read;
        let error = match pass(reading, &mut task).await {
            Ok(()) => break,
            Err(Stop::Closed) => return Err(reading.closed()),
            Err(Stop::Damaged(cause)) => return Err(Error::damaged(&task.name, cause)),
            Err(Stop::Server(error)) => error,
        };
        attempts = if task.position.read > before {
            1
        } else {
            attempts + 1
        };
        if !go_on(reading, &mut task, attempts, &error)? {
            break;
        }
        if is_transient(&error) {
            tokio::time::sleep(pause(attempts)).await;
        }
    }
    if task.parts.fetch_sub(1, Ordering::AcqRel) == 1 {
        reading.ended(task.namespace, &task.source).await?;
    }
    Ok(())
}

/// Whether to go on after an error, and with what changed; `false` when there is nothing left to read.
fn go_on(reading: &Reading, task: &mut Task, attempts: u32, error: &Driver) -> Result<bool, Error> {
    let code = code(error);
    let gone = matches!(code, Some(NAMESPACE_NOT_FOUND | PLAN_KILLED));
    reading.doubt(task.namespace, gone);
    if gone {
        return Ok(false);
    }
    let failed = || explain("dump", &task.name, error);
    if attempts > ATTEMPTS {
        return Err(failed());
    }
    if code == Some(RECORD_GONE) {
        return Err(Error::failed(
            "dump",
            &task.name,
            "the connection was lost, and the document it stood at was deleted meanwhile",
        )
        .hint("run it again"));
    }
    if !task.position.resumable(!reading.connection.is_direct()) {
        return Err(failed());
    }
    if code.is_some_and(|code| NO_SNAPSHOT.contains(&code))
        && reading.snapshot.at(&task.source).is_some()
    {
        reading.lose_snapshot(&task.name, error);
        return Ok(true);
    }
    let unknown = code.is_some_and(|code| NOT_KNOWN.contains(&code));
    if unknown && task.position.read == 0 && task.position.order == Order::Natural {
        task.position = Position::start(Order::Sorted);
        return Ok(true);
    }
    if is_transient(error) {
        Ok(true)
    } else {
        Err(failed())
    }
}

fn pause(attempts: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.saturating_pow(attempts.saturating_sub(1))).min(LONGEST_PAUSE)
}

/// One cursor, from the position to the end. The next reply is asked for while the last one is written.
async fn pass(reading: &Reading, task: &mut Task) -> Result<(), Stop> {
    let source = Arc::clone(&task.source);
    let reply = reading.pace.reply();
    let count = batch_size(&source, reply);
    let mut expected = reply.max(source.average.min(LARGEST));
    let mut permit = reading.room(expected).await;
    let mut began = Instant::now();
    let at = reading.at(&source);
    let command = task.position.command(&source, count, at);
    let database = reading.connection.client().database(&source.db);
    let options = RunCursorCommandOptions::builder().batch_size(count).build();
    let mut cursor = database
        .run_raw_cursor_command(command)
        .with_options(options)
        .batch()
        .await?;
    while let Some(batch) = cursor.next().await {
        let batch = batch?;
        let took = began.elapsed();
        if let Some((bytes, skip)) = note(task, &batch)? {
            let namespace = task.namespace;
            reading
                .send(Message::Documents {
                    namespace,
                    batch,
                    skip,
                    permit,
                })
                .await
                .map_err(|()| Stop::Closed)?;
            expected = expected.max(bytes.min(LARGEST));
            reading.pace.after(bytes, took).await;
            permit = reading.room(expected).await;
        }
        began = Instant::now();
    }
    if task.position.read == 0 {
        reading.doubt(task.namespace, false);
    }
    Ok(())
}

/// Counts a reply into the position; `None` when there is nothing in it.
fn note(task: &mut Task, batch: &RawBatch) -> Result<Option<(u64, usize)>, Stop> {
    let Some(measure) = batch::measure(batch).map_err(Stop::Damaged)? else {
        return Ok(None);
    };
    let repeated = task.position.repeats(measure.first);
    let count = measure.count - u64::from(repeated);
    task.position
        .advance(count, measure.last, batch::token(batch));
    Ok(Some((measure.bytes, usize::from(repeated))))
}

/// Documents that make a reply of about so many bytes.
fn batch_size(source: &Source, reply: u64) -> u32 {
    let count = reply.checked_div(source.average).unwrap_or(1000);
    u32::try_from(count.clamp(1, 100_000)).unwrap_or(1)
}
