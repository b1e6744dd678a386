//! One stream read once: checked and kept at the same time.

use std::io::{self, Read, Write};
use std::sync::Arc;

use atlas_backup::mongo::Cancel;
use atlas_backup::progress::{Event, Progress};

/// Hands on what it reads, writes it, and tells how far it is. It fails when the work is to stop.
pub(super) struct Tee<'a, R, W> {
    pub(super) from: R,
    pub(super) to: &'a mut W,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) cancel: Cancel,
}

impl<R: Read, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if *self.cancel.borrow() {
            return Err(io::Error::other(super::interrupted("copy", "the stream")));
        }
        let count = self.from.read(buffer)?;
        self.to.write_all(&buffer[..count])?;
        if count > 0 {
            self.progress.report(Event::Advanced {
                bytes: count as u64,
                documents: 0,
            });
        }
        Ok(count)
    }
}
