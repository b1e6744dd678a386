//! Threads that work on pieces; who submits them gets their results in the order of the pieces.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::{Error, priority};

/// A piece that is done, or will be.
pub(super) enum Pending {
    Ready(Vec<u8>),
    Later(Receiver<Result<Vec<u8>, Error>>),
}

impl Pending {
    /// Waits for it; `None` when its thread is gone.
    pub(super) fn wait(self) -> Option<Result<Vec<u8>, Error>> {
        match self {
            Self::Ready(piece) => Some(Ok(piece)),
            Self::Later(result) => result.recv().ok(),
        }
    }
}

type Job = (Vec<u8>, SyncSender<Result<Vec<u8>, Error>>);

/// The threads end when this is dropped and their work is done.
pub(super) struct Pool {
    jobs: SyncSender<Job>,
}

impl Pool {
    /// Starts a thread for each worker.
    pub(super) fn start<F>(workers: Vec<F>) -> Result<Self, Error>
    where
        F: FnMut(Vec<u8>) -> Result<Vec<u8>, Error> + Send + 'static,
    {
        let (jobs, queue) = sync_channel::<Job>(workers.len());
        let queue = Arc::new(Mutex::new(queue));
        for mut work in workers {
            let queue = Arc::clone(&queue);
            spawn("codec", move || {
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((piece, result)) = job else { break };
                    priority::follow();
                    // Nobody waits for it any more when the other end failed.
                    let _ = result.send(work(piece));
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Waits while all threads are busy.
    pub(super) fn submit(&self, piece: Vec<u8>) -> Pending {
        let (sender, result) = sync_channel(1);
        // When all threads are gone, so is the sender, and waiting for the result tells of it.
        let _ = self.jobs.send((piece, sender));
        Pending::Later(result)
    }
}

/// A thread with a name.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<thread::JoinHandle<T>, Error> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Error::failed("start", "a thread", crate::error::words(&error)))
}
