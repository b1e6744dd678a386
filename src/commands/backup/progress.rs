//! Between the threads that move bytes and the one that reports: counts, and tells a few times a second.
//! Owns how Ctrl-C stops the work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use atlas_backup::mongo::Cancel;
use atlas_backup::progress::{Event as Step, Progress};

use crate::app::App;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;

/// Between two pictures.
const BEAT: Duration = Duration::from_millis(200);
/// What was told to stop may take so long to clean up.
const GRACE: Duration = Duration::from_secs(5);

/// Runs work that reports from any thread and stops when it is told to; Ctrl-C tells it.
pub(super) async fn watched<T>(
    app: &App,
    work: impl AsyncFnOnce(Arc<dyn Progress>, Cancel) -> Result<T, Error>,
) -> Result<T, Error> {
    within(app, GRACE, work).await
}

/// As [`watched`], for work that decides itself when it can stop: what it has begun to replace, it replaces.
pub(super) async fn awaited<T>(
    app: &App,
    work: impl AsyncFnOnce(Arc<dyn Progress>, Cancel) -> Result<T, Error>,
) -> Result<T, Error> {
    within(app, Duration::MAX, work).await
}

async fn within<T>(
    app: &App,
    grace: Duration,
    work: impl AsyncFnOnce(Arc<dyn Progress>, Cancel) -> Result<T, Error>,
) -> Result<T, Error> {
    let report = app.reporter();
    let meter = Arc::new(Meter::default());
    let (stop, cancel) = tokio::sync::watch::channel(false);
    let mut work = std::pin::pin!(work(meter.clone(), cancel));
    let mut interrupted = std::pin::pin!(app.interrupted_since());
    let mut beat = tokio::time::interval(BEAT);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = &mut interrupted => {
                // Nobody listens any more when the work has just ended.
                let _ = stop.send(true);
                break match tokio::time::timeout(grace, &mut work).await {
                    Ok(Ok(_)) | Err(_) => Err(interruption()),
                    Ok(Err(error)) if error.exit == Exit::Interrupted => Err(interruption()),
                    // What the interruption broke is its consequence, not news.
                    Ok(Err(error)) => Err(interruption().details(vec![error.to_string()])),
                };
            }
            _ = beat.tick() => meter.show(&*report),
        }
    };
    match outcome.is_ok() {
        true => meter.end(&*report),
        false => meter.drain(&*report),
    }
    outcome
}

/// How a command ends that was told to stop.
pub(super) fn interruption() -> Error {
    Error::new(Exit::Interrupted, "interrupted")
}

/// What has been counted.
#[derive(Default)]
struct Meter(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// What runs, since when, and its bytes in all.
    phase: Option<(&'static str, Instant, Option<u64>)>,
    bytes: u64,
    documents: u64,
    /// To be told, in order.
    waiting: Vec<Event>,
}

impl Counts {
    fn end(&mut self) {
        if let Some((verb, began, _)) = self.phase.take() {
            self.waiting.push(Event::Transferred {
                verb,
                bytes: self.bytes,
                documents: self.documents,
                took: began.elapsed(),
            });
        }
        (self.bytes, self.documents) = (0, 0);
    }

    fn now(&self) -> Option<Event> {
        let (verb, began, total) = self.phase?;
        let seconds = began.elapsed().as_secs_f64();
        let rate = self.bytes as f64 / seconds.max(0.001);
        // The first moments tell nothing of the rest.
        let left = total
            .filter(|total| seconds > 1.0 && rate > 1.0 && *total > self.bytes)
            .map(|total| Duration::from_secs_f64((total - self.bytes) as f64 / rate));
        Some(Event::Transfer {
            verb,
            bytes: self.bytes,
            total,
            documents: self.documents,
            rate: rate as u64,
            left,
        })
    }
}

impl Meter {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        // A thread that panicked while it counted leaves counts that can still be shown.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self, report: &dyn Report) {
        let waiting = std::mem::take(&mut self.counts().waiting);
        waiting.into_iter().for_each(|event| report.report(event));
    }

    fn show(&self, report: &dyn Report) {
        self.drain(report);
        let now = self.counts().now();
        if let Some(event) = now {
            report.report(event);
        }
    }

    fn end(&self, report: &dyn Report) {
        self.counts().end();
        self.drain(report);
    }
}

impl Progress for Meter {
    fn report(&self, step: Step) {
        let mut counts = self.counts();
        match step {
            Step::Phase { name, bytes } => {
                counts.end();
                counts.phase = Some((name, Instant::now(), bytes));
            }
            Step::Advanced { bytes, documents } => {
                counts.bytes += bytes;
                counts.documents += documents;
            }
            Step::Finished {
                subject,
                documents,
                bytes,
            } => counts.waiting.push(Event::Part {
                subject,
                bytes,
                documents,
            }),
            Step::Warning(text) => counts.waiting.push(Event::Warning { text }),
        }
    }
}
