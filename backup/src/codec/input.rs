//! Reads what [`Output`](super::Output) wrote, and what stock tools wrote: decrypted, decompressed, hashed, to the very end.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::{damage, error_of, lost};
use super::feed::{Feed, Part};
use super::key::{self, Identity};
use super::pool::spawn;
use super::tally::{Hashed, Tally};
use super::{CHUNK, Source, gzip, zstd};
use crate::Error;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file, 64 lower-case hex digits.
    pub sha256: String,
    /// Bytes after decryption and decompression.
    pub raw_size: u64,
}

/// How a file was found to be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// A file being read.
pub struct Input {
    parts: Receiver<Part>,
    piece: Vec<u8>,
    at: usize,
    raw_size: u64,
    packing: Packing,
    encrypted: bool,
    ended: bool,
    failed: Option<Error>,
    tally: Arc<Mutex<Tally>>,
}

/// Opens a file, whatever it is by its first bytes: encrypted by age or not; gzip, zstd, or neither.
///
/// # Errors
/// [`Kind::WrongKey`](crate::Kind::WrongKey) when `identity` does not open it, [`Kind::Damaged`](crate::Kind::Damaged) when its
/// head is damaged, and what `from` fails with. What is wrong further on, reading finds.
pub fn open(
    from: Box<dyn Read + Send>,
    identity: &Identity,
    threads: usize,
) -> Result<Input, Error> {
    let failed = |error| damage(error, "the encryption");
    let (from, tally) = Hashed::new(from);
    let mut source = Source::new(Box::new(from), CHUNK);
    let encrypted = key::is_encrypted(&mut source).map_err(failed)?;
    if encrypted {
        source = Source::new(key::decrypt(source, identity)?, CHUNK);
    }
    let head = source.peek(8).map_err(failed)?;
    let packing = if head.starts_with(&gzip::MAGIC) {
        Packing::Gzip
    } else if zstd::begins(head) {
        Packing::Zstd
    } else {
        Packing::Plain
    };
    let (queue, parts) = sync_channel(2 * threads.max(1));
    let feed = Feed::new(source, packing, threads, queue)?;
    spawn("input", move || feed.run())?;
    Ok(Input {
        parts,
        piece: Vec::new(),
        at: 0,
        raw_size: 0,
        packing,
        encrypted,
        ended: false,
        failed: None,
        tally,
    })
}

impl Input {
    /// `none`, `gzip` or `zstd`.
    pub fn compression(&self) -> &'static str {
        match self.packing {
            Packing::Plain => "none",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        }
    }

    /// Whether age encrypted it.
    pub fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// Reads what is left, and tells what all of it was.
    ///
    /// # Errors
    /// As reading does.
    pub fn finish(mut self) -> Result<Totals, Error> {
        io::copy(&mut self, &mut io::sink()).map_err(|error| error_of(error, "read", "input"))?;
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Totals {
            size: tally.size,
            sha256: tally.sha256(),
            raw_size: self.raw_size,
        })
    }

    /// The next piece that is not empty; none at the end.
    fn advance(&mut self) -> Result<(), Error> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        while self.at == self.piece.len() && !self.ended {
            let piece = match self.parts.recv() {
                Ok(Part::Piece(pending)) => {
                    pending.wait().unwrap_or_else(|| Err(lost("read", "input")))
                }
                Ok(Part::Failed(error)) => Err(error),
                Ok(Part::End) => {
                    self.ended = true;
                    Ok(Vec::new())
                }
                Err(_) => Err(lost("read", "input")),
            };
            self.at = 0;
            self.piece = piece.inspect_err(|error| self.failed = Some(error.clone()))?;
        }
        Ok(())
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.advance()?;
        let count = (&self.piece[self.at..]).read(into)?;
        self.at += count;
        self.raw_size += count as u64;
        Ok(count)
    }
}
