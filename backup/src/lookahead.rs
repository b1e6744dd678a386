//! A reader that shows what comes, as far ahead as is asked for. Owns the buffer; consumes nothing by itself.

use std::io::{self, BufRead, ErrorKind, Read};

pub(crate) struct Lookahead<R> {
    from: R,
    /// Bytes of the buffer while nothing longer is asked for.
    size: usize,
    /// What was read and not consumed is at `begin..end`; the rest is room.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Lookahead<R> {
    /// Reads about `size` bytes at once.
    pub(crate) fn new(from: R, size: usize) -> Self {
        Self {
            from,
            size,
            buffer: vec![0; size],
            begin: 0,
            end: 0,
            ended: false,
        }
    }

    /// What is there without reading.
    pub(crate) fn ready(&self) -> &[u8] {
        &self.buffer[self.begin..self.end]
    }

    /// The next `count` bytes or more; fewer at the end.
    pub(crate) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.end - self.begin < count && !self.ended {
            self.make_room(count);
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.ready())
    }

    /// Room for `count` bytes, counted from what comes next, all of it behind what is there.
    fn make_room(&mut self, count: usize) {
        let there = self.begin..self.end;
        (self.begin, self.end) = (0, there.len());
        if self.buffer.len() < count {
            let mut larger = vec![0; count];
            larger[..self.end].copy_from_slice(&self.buffer[there]);
            self.buffer = larger;
        } else {
            self.buffer.copy_within(there, 0);
        }
    }
}

impl<R: Read> Read for Lookahead<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Lookahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, count: usize) {
        self.begin += count;
        // What grew for something long is given back as soon as that is gone.
        if self.buffer.len() > self.size && self.end - self.begin <= self.size {
            let mut smaller = vec![0; self.size];
            let there = self.begin..self.end;
            (self.begin, self.end) = (0, there.len());
            smaller[..self.end].copy_from_slice(&self.buffer[there]);
            self.buffer = smaller;
        }
    }
}
