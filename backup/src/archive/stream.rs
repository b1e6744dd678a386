//! The bytes of an archive with their place in it: so many at once, or an error that names the place.

use std::io::Read;

use crate::Error;
use crate::codec;

/// How much is asked for at once.
const CHUNK: usize = 1024 * 1024;

pub(super) struct Stream<R> {
    from: R,
    buffer: Vec<u8>,
    /// What was consumed of the buffer.
    begin: usize,
    /// What was consumed of the archive.
    pub(super) offset: u64,
    ended: bool,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            begin: 0,
            offset: 0,
            ended: false,
        }
    }

    /// What is there without reading.
    pub(super) fn ready(&self) -> &[u8] {
        &self.buffer[self.begin..]
    }

    /// Reads until `count` bytes are there, or the end; what is there then.
    pub(super) fn peek(&mut self, count: usize) -> Result<&[u8], Error> {
        while self.buffer.len() - self.begin < count && !self.ended {
            self.fill(count)?;
        }
        Ok(self.ready())
    }

    fn fill(&mut self, count: usize) -> Result<(), Error> {
        self.buffer.drain(..self.begin);
        self.begin = 0;
        let had = self.buffer.len();
        self.buffer.resize(had + CHUNK.max(count - had), 0);
        let read = loop {
            match self.from.read(&mut self.buffer[had..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(had + *read.as_ref().unwrap_or(&0));
        self.ended = read.map_err(|error| codec::error_of(error, "read", "archive"))? == 0;
        Ok(())
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.begin += count;
        self.offset += count as u64;
    }

    /// Bytes that must be there.
    pub(super) fn take(&mut self, count: usize) -> Result<&[u8], Error> {
        self.peek(count)?;
        if self.ready().len() < count {
            return Err(self.cut());
        }
        self.consume(count);
        Ok(&self.buffer[self.begin - count..self.begin])
    }

    /// The archive ends where it must not.
    pub(super) fn cut(&self) -> Error {
        let end = self.offset + self.ready().len() as u64;
        Error::damaged("archive", format!("it is cut short at byte {end}"))
    }
}
