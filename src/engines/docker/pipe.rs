//! The way between the engine's asynchronous streams and readers that block. Owns the rule that a stream which failed never looks like
//! one that ended.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// Chunks under way; each is a few dozen KiB.
const DEPTH: usize = 16;

/// The end that is written to.
pub(super) struct Feed(mpsc::Sender<Option<io::Result<Bytes>>>);

/// The end that blocks while it is read.
pub(super) struct Pipe {
    chunks: mpsc::Receiver<Option<io::Result<Bytes>>>,
    current: Bytes,
    ended: bool,
}

pub(super) fn pipe() -> (Feed, Pipe) {
    let (sender, chunks) = mpsc::channel(DEPTH);
    let pipe = Pipe {
        chunks,
        current: Bytes::new(),
        ended: false,
    };
    (Feed(sender), pipe)
}

impl Feed {
    /// Whether anybody still reads.
    pub(super) async fn send(&self, chunk: Bytes) -> bool {
        self.0.send(Some(Ok(chunk))).await.is_ok()
    }

    /// All has been sent.
    pub(super) async fn end(self) {
        // A reader that has gone has its own reason.
        let _ = self.0.send(None).await;
    }

    /// What was sent is not all.
    pub(super) async fn fail(self, cause: String) {
        let _ = self.0.send(Some(Err(io::Error::other(cause)))).await;
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.chunks.blocking_recv() {
                Some(Some(chunk)) => self.current = chunk?,
                Some(None) => self.ended = true,
                None => return Err(io::Error::other("the transfer was given up")),
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
