//! The data of what a project runs: where it is, how it is reached, and what only its containers can do. Owns no format and no place for backups: those are
//! `atlas_backup`'s.
//!
//! | module | owns |
//! |---|---|
//! | [`source`] | which stores a project has, and whether they can be asked |
//! | [`reach`] | the address at which this process gets to MongoDB |
//! | [`redis`] | snapshots of Redis, and their restoration |
//! | [`embedded`] | copies of the embedded store, and their restoration |
//! | [`mongodump`] | the stock tool inside MongoDB's container |
//! | [`schedule`] | the entry that makes backups regularly |
//! | [`place`] | where backups lie |
//! | [`drill`] | restoring into throwaway servers |

pub mod drill;
pub mod embedded;
pub mod mongodump;
pub mod place;
pub mod reach;
pub mod redis;
pub mod schedule;
mod scratch;
pub mod source;
mod tee;

use std::time::{Duration, Instant};

use atlas_backup::mongo::Cancel;
use atlas_backup::{Error, Kind};

use crate::engines::EngineError;

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        let kind = match error.unreachable {
            true => Kind::Unreachable,
            false => Kind::Failed,
        };
        Self {
            hint: error.hint,
            ..Self::new(kind, error.operation, error.subject, error.cause)
        }
    }
}

/// What a person's interruption of an operation is.
fn interrupted(operation: &'static str, subject: &str) -> Error {
    Error::new(Kind::Interrupted, operation, subject, "interrupted")
}

/// Completes when the work is to stop.
async fn stopped(mut cancel: Cancel) {
    if cancel.wait_for(|stop| *stop).await.is_err() {
        // Nobody can ask for it any more.
        std::future::pending().await
    }
}

/// Asks again and again, at growing intervals, until there is an answer.
async fn until<T>(
    (operation, subject): (&'static str, &str),
    patience: Duration,
    cancel: &Cancel,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, Error>,
) -> Result<T, Error> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        if *cancel.borrow() {
            return Err(interrupted(operation, subject));
        }
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if began.elapsed() > patience {
            let cause = format!("it was not done within {} s", patience.as_secs());
            return Err(Error::failed(operation, subject, cause));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Runs work that blocks off this thread.
async fn blocking<T: Send + 'static>(
    operation: &'static str,
    subject: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(cause) => Err(Error::failed(operation, subject, cause.to_string())),
    }
}
