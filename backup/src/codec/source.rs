//! Bytes with a look ahead, and the count and hash of a file's bytes as they pass.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::error::words;

/// Bytes and SHA-256 of what passed.
#[derive(Clone, Default)]
pub(super) struct Tally {
    pub(super) size: u64,
    sha256: Sha256,
}

impl Tally {
    fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
    }

    /// 64 lower-case hex digits.
    pub(super) fn sha256(&self) -> String {
        let digest = self.sha256.clone().finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A file that is read: counted and hashed.
pub(super) struct Hashed {
    from: Box<dyn Read + Send>,
    tally: Arc<Mutex<Tally>>,
}

impl Hashed {
    pub(super) fn new(from: Box<dyn Read + Send>) -> (Self, Arc<Mutex<Tally>>) {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let shared = Arc::clone(&tally);
        (Self { from, tally }, shared)
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.from.read(buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Marked, so that decoders that pass it on are not taken to speak of damage.
                Err(error) if error.get_ref().is_some_and(|inner| inner.is::<Error>()) => {
                    return Err(error);
                }
                Err(error) => return Err(Error::failed("read", "input", words(&error)).into()),
            }
        };
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.add(&buffer[..count]);
        Ok(count)
    }
}

/// A file that is written: counted and hashed.
pub(super) struct Hashing {
    pub(super) to: Box<dyn Write + Send>,
    pub(super) tally: Tally,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.tally.add(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A reader with a look ahead of any length.
pub(super) struct Source {
    from: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    begin: usize,
    ended: bool,
}

impl Source {
    pub(super) fn new(from: Box<dyn Read + Send>) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            begin: 0,
            ended: false,
        }
    }

    /// The next `count` bytes or more; fewer at the end.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.begin < count && !self.ended {
            self.fill(count)?;
        }
        Ok(&self.buffer[self.begin..])
    }

    /// The next `count` bytes; fewer at the end.
    pub(super) fn draw(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let ready = self.peek(count)?;
        let taken = ready[..count.min(ready.len())].to_vec();
        self.consume(taken.len());
        Ok(taken)
    }

    fn fill(&mut self, count: usize) -> io::Result<()> {
        self.buffer.drain(..self.begin);
        self.begin = 0;
        let had = self.buffer.len();
        self.buffer.resize(had.max(count).max(super::PIECE / 4), 0);
        let read = self.from.read(&mut self.buffer[had..]);
        self.buffer.truncate(had + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, count: usize) {
        self.begin += count;
    }
}
