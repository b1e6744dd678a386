//! Compresses, encrypts, hashes and writes, on threads of its own. Owns the order of pieces.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::fault::{error_of, lost};
use super::key::Sealed;
use super::pool::{Pending, Pool, spawn};
use super::tally::{Hashing, Tally};
use super::{Compression, Encryption, PIECE, gzip, zstd};
use crate::Error;

/// What was written.
pub struct Written {
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file, 64 lower-case hex digits.
    pub sha256: String,
    /// Bytes before compression and encryption.
    pub raw_size: u64,
    /// What it was written to, flushed.
    pub to: Box<dyn Write + Send>,
}

/// A file being written. Dropped without [`finish`](Self::finish), what it wrote cannot be read as a whole one.
pub struct Output {
    piece: Vec<u8>,
    raw_size: u64,
    compression: Compression,
    pool: Option<Pool>,
    queue: Option<SyncSender<Pending>>,
    writer: Option<JoinHandle<Result<Hashing, Error>>>,
    failed: Option<Error>,
}

impl Output {
    /// Writes to `to`, compressed on `threads` threads.
    ///
    /// # Errors
    /// [`Kind::WrongKey`](crate::Kind::WrongKey) for recipients that are none, [`Kind::Usage`](crate::Kind::Usage) for a level
    /// that does not exist.
    pub fn new(
        to: Box<dyn Write + Send>,
        compression: Compression,
        encryption: &Encryption,
        threads: usize,
    ) -> Result<Self, Error> {
        let to = Hashing {
            to,
            tally: Tally::default(),
        };
        let pool = pool(compression, threads)?;
        let to = Sealed::new(to, encryption)?;
        // With what the threads hold, that is about 5 MiB of pieces for each.
        let (queue, pieces) = sync_channel(2 * threads.max(1));
        let writer = spawn("output", move || write(to, &pieces))?;
        let mut this = Self {
            piece: Vec::with_capacity(PIECE),
            raw_size: 0,
            compression,
            pool,
            queue: Some(queue),
            writer: Some(writer),
            failed: None,
        };
        if matches!(compression, Compression::Zstd { .. }) {
            this.send(Pending::Ready(zstd::BEGIN.to_vec()))?;
        }
        Ok(this)
    }

    /// Writes what is left, ends compression and encryption, and waits until all of it was taken.
    ///
    /// # Errors
    /// What could not be written.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.cut()?;
        match (self.compression, &self.pool) {
            (Compression::Gzip { .. }, Some(pool)) => {
                let end = pool.submit(Vec::new());
                self.send(end)?;
            }
            (Compression::Zstd { .. }, _) => self.send(Pending::Ready(zstd::END.to_vec()))?,
            _ => {}
        }
        let mut to = self.join()?;
        let failed = |error| error_of(error, "write", "output");
        to.flush().map_err(failed)?;
        Ok(Written {
            size: to.tally.size,
            sha256: to.tally.sha256(),
            raw_size: self.raw_size,
            to: to.to,
        })
    }

    /// Hands the piece that was gathered to the threads.
    fn cut(&mut self) -> Result<(), Error> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let pending = match &self.pool {
            Some(pool) => pool.submit(piece),
            None => Pending::Ready(piece),
        };
        self.send(pending)
    }

    fn send(&mut self, pending: Pending) -> Result<(), Error> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let sent = self
            .queue
            .as_ref()
            .is_some_and(|queue| queue.send(pending).is_ok());
        if sent {
            return Ok(());
        }
        // The writer only goes before its time when it failed.
        let error = match self.join() {
            Err(error) => error,
            Ok(_) => lost("write", "output"),
        };
        self.failed = Some(error.clone());
        Err(error)
    }

    fn join(&mut self) -> Result<Hashing, Error> {
        self.queue = None;
        let writer = self.writer.take().ok_or_else(|| lost("write", "output"))?;
        writer.join().map_err(|_| lost("write", "output"))?
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        self.raw_size += count as u64;
        if self.piece.len() == PIECE {
            self.cut()?;
        }
        Ok(count)
    }

    /// Does nothing: pieces are written when they are full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pool(compression: Compression, threads: usize) -> Result<Option<Pool>, Error> {
    let threads = threads.max(1);
    match compression {
        Compression::None => Ok(None),
        Compression::Gzip { level } => {
            let packers = (0..threads)
                .map(|_| gzip::packer(level))
                .collect::<Result<_, _>>()?;
            Pool::start(packers).map(Some)
        }
        Compression::Zstd { level } => {
            let packers = (0..threads)
                .map(|_| zstd::packer(level))
                .collect::<Result<_, _>>()?;
            Pool::start(packers).map(Some)
        }
    }
}

/// The thread that writes: waits for pieces in their order.
fn write(mut to: Sealed<Hashing>, pieces: &Receiver<Pending>) -> Result<Hashing, Error> {
    let failed = |error| error_of(error, "write", "output");
    while let Ok(piece) = pieces.recv() {
        let piece = piece.wait().ok_or_else(|| lost("compress", "output"))??;
        to.write_all(&piece).map_err(failed)?;
    }
    to.finish().map_err(failed)
}
