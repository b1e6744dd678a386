//! A file on its way out of a store: fetched by a task, read on a thread. A read that is cut short goes on where it was.

use std::io::{Error as IoError, Read};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::connection::cause;
use super::files::Files;

/// Pieces that wait in the pipe; a store's pieces are at most 2 MiB.
const WAITING: usize = 4;
/// How often a read is taken up again without a byte in between.
const RETRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A store that sends nothing for so long is taken for gone.
const SILENCE: Duration = Duration::from_secs(60);

/// The reading end.
pub(super) struct Pipe {
    pieces: mpsc::Receiver<Result<Vec<u8>, String>>,
    piece: Vec<u8>,
    read: usize,
    /// Bytes that are still to come.
    left: u64,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.read == self.piece.len() {
            match self.pieces.blocking_recv() {
                None if self.left > 0 => {
                    return Err(IoError::other("its transfer was given up"));
                }
                None => return Ok(0),
                Some(Ok(piece)) => {
                    self.left = self.left.saturating_sub(piece.len() as u64);
                    (self.piece, self.read) = (piece, 0);
                }
                Some(Err(cause)) => return Err(IoError::other(cause)),
            }
        }
        let length = into.len().min(self.piece.len() - self.read);
        into[..length].copy_from_slice(&self.piece[self.read..self.read + length]);
        self.read += length;
        Ok(length)
    }
}

/// Begins to fetch a file of a size.
pub(super) fn begin(own: &super::Own, store: Files, path: String, size: u64) -> Pipe {
    let (outgoing, pieces) = mpsc::channel(WAITING);
    own.spawn(async move {
        if let Err(cause) = fetch(&store, &path, size, &outgoing).await {
            // Nobody reads any more if it cannot be told.
            let _ = outgoing.send(Err(cause)).await;
        }
    });
    Pipe {
        pieces,
        piece: Vec::new(),
        read: 0,
        left: size,
    }
}

async fn fetch(
    store: &Files,
    path: &str,
    size: u64,
    outgoing: &mpsc::Sender<Result<Vec<u8>, String>>,
) -> Result<(), String> {
    let (mut at, mut attempt) = (0, 0);
    while at < size {
        let before = at;
        match stretch(store, path, &mut at, size, outgoing).await {
            Ok(()) => {}
            Err(Cut::Reader) => return Ok(()),
            Err(Cut::Store(cause)) if attempt == RETRIES => return Err(cause),
            Err(Cut::Store(_)) => {
                attempt = if at > before { 0 } else { attempt + 1 };
                tokio::time::sleep(FIRST_WAIT * 2_u32.pow(attempt.min(5))).await;
            }
        }
    }
    Ok(())
}

/// Who ended a stretch of reading.
enum Cut {
    /// Nobody reads any more.
    Reader,
    /// The store, or the way to it.
    Store(String),
}

/// Fetches what comes at a stretch.
async fn stretch(
    store: &Files,
    path: &str,
    at: &mut u64,
    size: u64,
    outgoing: &mpsc::Sender<Result<Vec<u8>, String>>,
) -> Result<(), Cut> {
    let lost = |error: opendal::Error| Cut::Store(cause(&error));
    let mut stream = store.stream(path, *at..size).await.map_err(lost)?;
    while *at < size {
        let next = tokio::time::timeout(SILENCE, stream.next()).await;
        let piece = match next {
            Err(_) => return Err(Cut::Store("the store sends nothing any more".to_owned())),
            Ok(None) => return Err(Cut::Store("it ends too early".to_owned())),
            Ok(Some(piece)) => piece.map_err(lost)?,
        };
        *at += piece.len() as u64;
        outgoing.send(Ok(piece)).await.map_err(|_| Cut::Reader)?;
    }
    Ok(())
}
