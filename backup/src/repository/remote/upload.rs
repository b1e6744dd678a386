//! A file on its way into a store: written on a thread, sent in parts by a task. Owns the size of parts and what is held in memory.

use std::io::{Error as IoError, Write};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot};

use super::connection::{cause, explain};
use super::files::{Files, Sink};
use crate::Error;

/// Bytes that go through the pipe at once.
const PIECE: usize = 1 << 20;
/// Pieces that wait in the pipe.
const WAITING: usize = 4;
/// Bytes of a part, at first.
const PART: usize = 8 << 20;
/// Parts after which they double: stores take 10,000, which are 300 GB so.
const DOUBLING: usize = 2_500;

/// The writing end.
pub(super) struct Pipe {
    pieces: mpsc::Sender<Vec<u8>>,
    gathered: Vec<u8>,
    failure: Arc<OnceLock<String>>,
}

/// The other end; what was sent is a file only after [`Upload::complete`].
#[derive(Debug)]
pub(super) struct Upload {
    complete: oneshot::Sender<()>,
    outcome: tokio::task::JoinHandle<Result<(), opendal::Error>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let length = bytes.len().min(PIECE - self.gathered.len());
        self.gathered.extend_from_slice(&bytes[..length]);
        if self.gathered.len() == PIECE {
            self.flush()?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE));
        self.pieces
            .blocking_send(piece)
            .map_err(|_| match self.failure.get() {
                Some(cause) => IoError::other(cause.clone()),
                None => IoError::other("it is complete already"),
            })
    }
}

/// Begins a file; its task runs where `spawn` puts it.
pub(super) fn begin(own: &super::Own, store: Files, path: String) -> (Pipe, Upload) {
    let (pieces, incoming) = mpsc::channel(WAITING);
    let (complete, completed) = oneshot::channel();
    let failure = Arc::new(OnceLock::new());
    let told = failure.clone();
    let outcome = own.spawn(async move {
        let mut incoming = incoming;
        let sent = send(&store, &path, &mut incoming, completed).await;
        if let Err(error) = &sent {
            // The thread that writes learns it first.
            let _ = told.set(cause(error));
        }
        sent
    });
    let pipe = Pipe {
        failure,
        pieces,
        gathered: Vec::with_capacity(PIECE),
    };
    (pipe, Upload { complete, outcome })
}

impl Upload {
    /// Makes what was flushed a file.
    pub(super) async fn complete(self, subject: &str) -> Result<(), Error> {
        // A task that has failed waits for nothing, and tells why.
        let _ = self.complete.send(());
        match self.outcome.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(explain("write", subject, &error)),
            Err(error) => Err(Error::failed("write", subject, error.to_string())),
        }
    }

    /// Gives it up, and waits until its parts are gone.
    pub(super) async fn abandon(self) {
        drop(self.complete);
        let _ = self.outcome.await;
    }
}

async fn send(
    store: &Files,
    path: &str,
    incoming: &mut mpsc::Receiver<Vec<u8>>,
    completed: oneshot::Receiver<()>,
) -> Result<(), opendal::Error> {
    let mut writer = store.writer(path).await?;
    match pass(&mut writer, incoming, completed).await {
        Ok(true) => writer.close().await,
        Ok(false) => writer.abort().await,
        Err(error) => {
            // The error that counts is the first; a store forgets parts that nobody completes by its own rules.
            let _ = writer.abort().await;
            Err(error)
        }
    }
}

/// Passes on all that comes; tells whether it is to become a file.
async fn pass(
    writer: &mut Sink,
    incoming: &mut mpsc::Receiver<Vec<u8>>,
    mut completed: oneshot::Receiver<()>,
) -> Result<bool, opendal::Error> {
    let (mut part, mut parts) = (Vec::new(), 0_usize);
    let mut word = None;
    loop {
        let piece = tokio::select! {
            biased;
            piece = incoming.recv() => piece,
            said = &mut completed, if word.is_none() => {
                if said.is_err() {
                    return Ok(false);
                }
                word = Some(true);
                // What was flushed before is in the pipe; no more comes.
                incoming.close();
                continue;
            }
        };
        let Some(piece) = piece else { break };
        part.extend_from_slice(&piece);
        if part.len() >= PART << (parts / DOUBLING) {
            writer.write(std::mem::take(&mut part)).await?;
            parts += 1;
        }
    }
    if !part.is_empty() || parts == 0 {
        writer.write(part).await?;
    }
    Ok(match word {
        Some(word) => word,
        None => completed.await.is_ok(),
    })
}
