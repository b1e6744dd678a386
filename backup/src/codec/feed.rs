//! The thread that reads a file and cuts it into pieces: those that say their length go to the pool, others are streamed.

use std::io::{BufRead, Read};
use std::sync::mpsc::SyncSender;

use flate2::bufread::GzDecoder;

use super::fault::{cut, damage};
use super::input::Packing;
use super::pool::{Pending, Pool};
use super::{PIECE, Source, gzip, zstd};
use crate::Error;

/// What reading gives, in order. Without [`Part::End`] it did not end well.
pub(super) enum Part {
    Piece(Pending),
    Failed(Error),
    End,
}

pub(super) struct Feed {
    source: Source,
    packing: Packing,
    pool: Option<Pool>,
    queue: SyncSender<Part>,
    /// Whether a piece of ours has passed and the one that ends the stream has not.
    unended: bool,
}

/// Why it stops: what is wrong, or that nobody reads any more.
enum Stop {
    Wrong(Error),
    Unread,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}

impl Feed {
    pub(super) fn new(
        source: Source,
        packing: Packing,
        threads: usize,
        queue: SyncSender<Part>,
    ) -> Result<Self, Error> {
        let threads = 0..threads.max(1);
        let pool = match packing {
            Packing::Plain => None,
            Packing::Gzip => Some(Pool::start(threads.map(|_| gzip::unpacker()).collect())?),
            Packing::Zstd => Some(Pool::start(threads.map(|_| zstd::unpacker()).collect())?),
        };
        Ok(Self {
            source,
            packing,
            pool,
            queue,
            unended: false,
        })
    }

    pub(super) fn run(mut self) {
        let outcome = match self.packing {
            Packing::Plain => self.plain(),
            Packing::Gzip => self.gzip(),
            Packing::Zstd => self.zstd(),
        };
        let last = match outcome {
            Ok(()) => Part::End,
            Err(Stop::Wrong(error)) => Part::Failed(error),
            Err(Stop::Unread) => return,
        };
        // When nobody reads any more, nobody wants to know.
        let _ = self.queue.send(last);
    }

    fn plain(&mut self) -> Result<(), Stop> {
        loop {
            let piece = self.take(PIECE)?;
            if piece.is_empty() {
                return Ok(());
            }
            self.send(Pending::Ready(piece))?;
        }
    }

    fn gzip(&mut self) -> Result<(), Stop> {
        while let Some(head) = self.head(gzip::HEAD)? {
            if !gzip::MAGIC.starts_with(&head[..head.len().min(2)]) {
                return Err(garbage("gzip"));
            }
            if let Some(length) = gzip::length(head) {
                let member = self.take(length)?;
                if member.len() < length {
                    return Err(cut("a gzip member").into());
                }
                self.unended = !gzip::is_end(&member);
                self.submit(member)?;
            } else {
                let decoder = GzDecoder::new(&mut self.source);
                stream(decoder, &self.queue, "a gzip member")?;
            }
        }
        self.ended()
    }

    fn zstd(&mut self) -> Result<(), Stop> {
        while let Some(head) = self.head(zstd::HEAD + 18)? {
            if let Some(length) = zstd::length(head)
                && zstd::content(&head[zstd::HEAD..]).is_some()
            {
                self.source.consume(zstd::HEAD);
                let frame = self.take(length)?;
                if frame.len() < length {
                    return Err(cut("a zstd frame").into());
                }
                self.submit(frame)?;
            } else if let Some(length) = zstd::skippable(head) {
                if head.starts_with(zstd::BEGIN) {
                    self.unended = true;
                } else if head.starts_with(zstd::END) {
                    self.unended = false;
                }
                self.skip(length)?;
            } else if zstd::begins(head) {
                let decoder = ::zstd::Decoder::with_buffer(&mut self.source);
                let decoder = decoder.map_err(|error| damage(error, "a zstd frame"))?;
                stream(decoder.single_frame(), &self.queue, "a zstd frame")?;
            } else if head.len() < 8 {
                return Err(cut("a zstd frame").into());
            } else {
                return Err(garbage("zstd"));
            }
        }
        self.ended()
    }

    fn ended(&self) -> Result<(), Stop> {
        if self.unended {
            return Err(Error::damaged("input", "it is cut short between two pieces").into());
        }
        Ok(())
    }

    /// What comes next; `None` at the end.
    fn head(&mut self, count: usize) -> Result<Option<&[u8]>, Error> {
        let head = self.source.peek(count);
        let head = head.map_err(|error| damage(error, "the encryption"))?;
        Ok((!head.is_empty()).then_some(head))
    }

    /// The next `count` bytes; fewer at the end.
    fn take(&mut self, count: usize) -> Result<Vec<u8>, Error> {
        let ready = self.source.peek(count);
        let ready = ready.map_err(|error| damage(error, "the encryption"))?;
        let count = count.min(ready.len());
        Ok(self.source.cut_off(count))
    }

    fn skip(&mut self, mut count: u64) -> Result<(), Error> {
        while count > 0 {
            let some = usize::try_from(count).unwrap_or(PIECE).min(PIECE);
            let skipped = self.take(some)?.len();
            if skipped == 0 {
                return Err(cut("a zstd frame"));
            }
            count -= skipped as u64;
        }
        Ok(())
    }

    fn submit(&self, piece: Vec<u8>) -> Result<(), Stop> {
        match &self.pool {
            Some(pool) => self.send(pool.submit(piece)),
            None => self.send(Pending::Ready(piece)),
        }
    }

    fn send(&self, pending: Pending) -> Result<(), Stop> {
        send(&self.queue, pending)
    }
}

fn send(queue: &SyncSender<Part>, pending: Pending) -> Result<(), Stop> {
    queue.send(Part::Piece(pending)).map_err(|_| Stop::Unread)
}

/// Unpacks one piece that does not say its length, or is too long.
fn stream(mut decoder: impl Read, queue: &SyncSender<Part>, of: &str) -> Result<(), Stop> {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = decoder.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        if read.map_err(|error| damage(error, of))? == 0 {
            return Ok(());
        }
        send(queue, Pending::Ready(piece))?;
    }
}

fn garbage(of: &str) -> Stop {
    Error::damaged("input", format!("something that is not {of} follows")).into()
}
