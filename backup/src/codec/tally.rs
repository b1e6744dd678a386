//! The count and hash of a file's bytes as they pass.

use std::io::{self, Read, Write};
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
