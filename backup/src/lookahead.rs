//! A reader that shows what comes, as far ahead as is asked for. Owns the buffer; consumes nothing by itself.

use std::io::{self, BufRead, ErrorKind, Read};

use crate::buffer;

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

    /// Consumes `count` bytes that are there. The buffer itself becomes them when it grew for them and would go anyway.
    pub(crate) fn cut_off(&mut self, count: usize) -> Vec<u8> {
        if self.begin > 0 || self.buffer.len() == self.size || self.end - count > self.size {
            let mut taken = buffer::with_room(count);
            taken.extend_from_slice(&self.ready()[..count]);
            self.consume(count);
            return taken;
        }
        let mut taken = self.reduce(count);
        taken.truncate(count);
        taken
    }

    /// Room for `count` bytes, counted from what comes next, all of it behind what is there.
    fn make_room(&mut self, count: usize) {
        let there = self.begin..self.end;
        (self.begin, self.end) = (0, there.len());
        if self.buffer.len() < count {
            let mut larger = buffer::with_room(count);
            larger.extend_from_slice(&self.buffer[there]);
            larger.resize(count, 0);
            self.buffer = larger;
        } else {
            self.buffer.copy_within(there, 0);
        }
    }

    /// Goes back to a buffer of the usual size, with what follows the next `count` bytes; the one that was.
    fn reduce(&mut self, count: usize) -> Vec<u8> {
        let mut smaller = vec![0; self.size];
        let there = self.begin + count..self.end;
        (self.begin, self.end) = (0, there.len());
        smaller[..self.end].copy_from_slice(&self.buffer[there]);
        std::mem::replace(&mut self.buffer, smaller)
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
            self.reduce(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Vec<u8> {
        (0..count).map(|at| at as u8).collect()
    }

    #[test]
    fn what_is_taken_and_what_follows_are_what_was_read() {
        for (size, skipped, count) in [
            (10, 0, 4),
            (10, 0, 10),
            (10, 0, 25),
            (10, 3, 25),
            (10, 7, 3),
            (10, 0, 100),
        ] {
            let all = numbered(100);
            let mut ahead = Lookahead::new(all.as_slice(), size);
            ahead.peek(skipped).unwrap();
            ahead.consume(skipped);
            ahead.peek(count).unwrap();
            let until = (skipped + count).min(all.len());
            assert_eq!(ahead.cut_off(until - skipped), all[skipped..until]);
            let mut rest = Vec::new();
            ahead.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, all[until..], "{size}, {skipped}, {count}");
        }
    }

    #[test]
    fn a_buffer_that_grew_is_handed_over_without_a_copy() {
        let all = numbered(100);
        let mut ahead = Lookahead::new(all.as_slice(), 10);
        let grown = ahead.peek(50).unwrap().as_ptr();
        let taken = ahead.cut_off(50);
        assert_eq!(taken.as_ptr(), grown);
        assert_eq!(ahead.peek(10).unwrap(), &all[50..60]);
    }
}
