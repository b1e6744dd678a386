//! The bytes of a snapshot with their checksum, and what the format builds from them: lengths and strings.

use std::io::Read;

use crc_fast::{CrcAlgorithm, Digest};

use super::{lzf, wrong};

const BUFFER: usize = 128 * 1024;

/// Why decoding stopped.
pub(super) enum Fault {
    /// The reader failed.
    Read(std::io::Error),
    /// The stream ended too early.
    Cut,
    /// The bytes make no sense.
    Wrong(String),
}

/// A length, or the special encoding that stands in its place.
enum Length {
    Plain(u64),
    Special(u8),
}

/// A buffered reader that folds what was consumed into a checksum.
pub(super) struct Source<R> {
    from: R,
    buffer: Box<[u8]>,
    /// Consumed and not yet in the checksum: `summed..next`; not yet consumed: `next..filled`.
    summed: usize,
    next: usize,
    filled: usize,
    digest: Digest,
    /// Bytes consumed before this buffer.
    before: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            summed: 0,
            next: 0,
            filled: 0,
            digest: Digest::new(CrcAlgorithm::Crc64Redis),
            before: 0,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.before + self.next as u64
    }

    /// The checksum of everything consumed so far.
    pub(super) fn checksum(&mut self) -> u64 {
        self.digest.update(&self.buffer[self.summed..self.next]);
        self.summed = self.next;
        self.digest.finalize()
    }

    /// Whether there is a byte to consume; false at the end of the stream.
    fn more(&mut self) -> Result<bool, Fault> {
        if self.next < self.filled {
            return Ok(true);
        }
        self.digest.update(&self.buffer[self.summed..self.next]);
        self.before += self.next as u64;
        (self.summed, self.next, self.filled) = (0, 0, 0);
        loop {
            match self.from.read(&mut self.buffer) {
                Ok(read) => {
                    self.filled = read;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Read(error)),
            }
        }
    }

    /// Up to `most` bytes, at least one.
    fn some(&mut self, most: u64) -> Result<&[u8], Fault> {
        if !self.more()? {
            return Err(Fault::Cut);
        }
        let count = most.min((self.filled - self.next) as u64) as usize;
        self.next += count;
        Ok(&self.buffer[self.next - count..self.next])
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.some(1)?[0])
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    pub(super) fn skip(&mut self, mut count: u64) -> Result<(), Fault> {
        while count > 0 {
            count -= self.some(count)?.len() as u64;
        }
        Ok(())
    }

    /// Memory grows with what is really there, not with what a length claims.
    fn take(&mut self, mut count: u64) -> Result<Vec<u8>, Fault> {
        let mut taken = Vec::new();
        while count > 0 {
            let part = self.some(count)?;
            count -= part.len() as u64;
            taken.extend_from_slice(part);
        }
        Ok(taken)
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match self.more()? {
            true => Err(wrong("there are bytes after the end")),
            false => Ok(()),
        }
    }

    pub(super) fn length(&mut self) -> Result<u64, Fault> {
        match self.length_or_special()? {
            Length::Plain(length) => Ok(length),
            Length::Special(_) => Err(wrong("a string where a length should be")),
        }
    }

    fn length_or_special(&mut self) -> Result<Length, Fault> {
        let first = self.byte()?;
        let low = first & 0x3F;
        Ok(match first >> 6 {
            0 => Length::Plain(low.into()),
            1 => Length::Plain(u64::from(low) << 8 | u64::from(self.byte()?)),
            2 if first == 0x80 => Length::Plain(u32::from_be_bytes(self.bytes()?).into()),
            2 if first == 0x81 => Length::Plain(u64::from_be_bytes(self.bytes()?)),
            3 => Length::Special(low),
            _ => return Err(wrong(format!("unknown length encoding {first:#04x}"))),
        })
    }

    /// Passes a string whose contents do not matter, however long.
    pub(super) fn string(&mut self) -> Result<(), Fault> {
        match self.length_or_special()? {
            Length::Plain(length) => self.skip(length),
            Length::Special(3) => self.unpack().map(drop),
            Length::Special(encoding) => self.skip(integer(encoding)?),
        }
    }

    /// A string whose contents are a structure of their own.
    pub(super) fn contents(&mut self) -> Result<Vec<u8>, Fault> {
        match self.length_or_special()? {
            Length::Plain(length) => self.take(length),
            Length::Special(3) => self.unpack(),
            Length::Special(_) => Err(wrong("a number where a packed structure should be")),
        }
    }

    fn unpack(&mut self) -> Result<Vec<u8>, Fault> {
        let (packed, length) = (self.length()?, self.length()?);
        let packed = self.take(packed)?;
        lzf::unpack(&packed, length).map_err(wrong)
    }
}

/// Bytes of a string that is kept as an integer.
fn integer(encoding: u8) -> Result<u64, Fault> {
    match encoding {
        0..=2 => Ok(1 << encoding),
        _ => Err(wrong(format!("unknown string encoding {encoding}"))),
    }
}
