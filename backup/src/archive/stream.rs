//! The bytes of an archive with their place in it: so many at once, or an error that names the place.

use std::io::{BufRead, Read};

use crate::Error;
use crate::codec::error_of;
use crate::lookahead::Lookahead;

/// How much is asked for at once.
const CHUNK: usize = 1024 * 1024;

pub(super) struct Stream<R> {
    from: Lookahead<R>,
    /// What was consumed of the archive.
    pub(super) offset: u64,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from: Lookahead::new(from, CHUNK),
            offset: 0,
        }
    }

    /// What is there without reading.
    pub(super) fn ready(&self) -> &[u8] {
        self.from.ready()
    }

    /// Reads until `count` bytes are there, or the end; what is there then.
    pub(super) fn peek(&mut self, count: usize) -> Result<&[u8], Error> {
        let ready = self.from.peek(count);
        ready.map_err(|error| error_of(error, "read", "archive"))
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.from.consume(count);
        self.offset += count as u64;
    }

    /// Consumes `count` bytes that are there.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        self.offset += count as u64;
        self.from.cut_off(count)
    }

    /// That `count` bytes are there, at the front of [`Self::ready`].
    pub(super) fn need(&mut self, count: usize) -> Result<(), Error> {
        if self.peek(count)?.len() < count {
            return Err(self.cut());
        }
        Ok(())
    }

    /// The archive ends where it must not.
    pub(super) fn cut(&self) -> Error {
        let end = self.offset + self.ready().len() as u64;
        Error::damaged("archive", format!("it is cut short at byte {end}"))
    }
}
