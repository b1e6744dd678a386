//! The thread that owns the archive: takes replies of all cursors in the order they come and writes them.
//!
//! It is the only one that copies documents, a mebibyte at a time; checksums and compression follow behind it.

use std::io::Write;
use std::sync::Arc;
use std::thread;

use mongodb::raw_batch_cursor::RawBatch;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::batch;
use crate::archive::{Closed, Header, Metadata, Writer};
use crate::codec::{Output, Written};
use crate::progress::{Event, Progress};
use crate::{Error, Kind, priority};

/// Bytes that go to the archive at once; larger documents go alone.
const PIECE: usize = 1 << 20;

/// Replies that may wait, whatever their size; their bytes are bounded by the permits they hold.
const WAITING: usize = 64;

/// What the thread is told.
pub(super) enum Message {
    /// Documents of a namespace, without the first `skip`.
    Documents {
        namespace: usize,
        batch: RawBatch,
        skip: usize,
        /// Gives back the memory when dropped.
        permit: OwnedSemaphorePermit,
    },
    /// No more of a namespace.
    End { namespace: usize },
    /// No more at all.
    Finish,
}

/// What the archive became.
pub(super) type Outcome = Result<(Vec<Closed>, Written), Error>;

/// One namespace, as the thread sees it.
pub(super) struct Slot {
    pub(super) metadata: Metadata,
    /// The collection that blocks name, where it is another than the namespace's.
    pub(super) body: Option<String>,
}

struct Sequencer {
    writer: Writer<Output>,
    slots: Vec<(Slot, Closed)>,
    progress: Arc<dyn Progress>,
    piece: Vec<u8>,
}

/// Starts the thread. It ends at [`Message::Finish`], at its first error, or when all senders are gone.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn start(
    header: Header,
    slots: Vec<Slot>,
    output: Output,
    progress: Arc<dyn Progress>,
) -> Result<(mpsc::Sender<Message>, oneshot::Receiver<Outcome>), Error> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let (done, outcome) = oneshot::channel();
    let run = move || {
        let result = Sequencer::open(&header, slots, output, progress)
            .and_then(|sequencer| sequencer.run(&mut receiver));
        // Nobody waits for it when the dump was given up.
        let _ = done.send(result);
    };
    thread::Builder::new()
        .name("sequencer".to_owned())
        .spawn(run)
        .map_err(|error| Error::failed("dump", "mongodb", crate::error::words(&error)))?;
    Ok((sender, outcome))
}

impl Sequencer {
    fn open(
        header: &Header,
        slots: Vec<Slot>,
        output: Output,
        progress: Arc<dyn Progress>,
    ) -> Result<Self, Error> {
        let metadata: Vec<Metadata> = slots.iter().map(|slot| slot.metadata.clone()).collect();
        Ok(Self {
            writer: Writer::new(output, header, &metadata)?,
            slots: slots
                .into_iter()
                .map(|slot| (slot, Closed::default()))
                .collect(),
            progress,
            piece: Vec::with_capacity(PIECE),
        })
    }

    fn run(mut self, receiver: &mut mpsc::Receiver<Message>) -> Outcome {
        loop {
            match receiver.blocking_recv() {
                Some(Message::Documents {
                    namespace,
                    batch,
                    skip,
                    permit,
                }) => {
                    priority::follow();
                    self.documents(namespace, &batch, skip)?;
                    drop(permit);
                }
                Some(Message::End { namespace }) => self.end(namespace)?,
                Some(Message::Finish) => {
                    let (closed, output) = self.writer.finish()?;
                    return Ok((closed, output.finish()?));
                }
                None => {
                    return Err(Error::new(
                        Kind::Interrupted,
                        "dump",
                        "mongodb",
                        "it was given up",
                    ));
                }
            }
        }
    }

    fn documents(&mut self, namespace: usize, batch: &RawBatch, skip: usize) -> Result<(), Error> {
        let (mut count, mut bytes, mut gathered) = (0, 0, 0);
        let name = |this: &Self| this.slots[namespace].0.metadata.namespace();
        let all = batch::documents(batch).map_err(|cause| Error::damaged(name(self), cause))?;
        for document in all.skip(skip) {
            let document = document.map_err(|cause| Error::damaged(name(self), cause))?;
            (count, bytes) = (count + 1, bytes + document.len() as u64);
            if self.piece.len() + document.len() > PIECE {
                self.flush(namespace, std::mem::take(&mut gathered))?;
            }
            if document.len() >= PIECE {
                self.write(namespace, document, 1)?;
            } else {
                // Writing to a vector cannot fail.
                let _ = self.piece.write_all(document);
                gathered += 1;
            }
        }
        self.flush(namespace, gathered)?;
        self.slots[namespace].1.documents += count;
        self.slots[namespace].1.bytes += bytes;
        self.progress.report(Event::Advanced {
            bytes,
            documents: count,
        });
        Ok(())
    }

    fn flush(&mut self, namespace: usize, count: u64) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.piece);
        self.write(namespace, &piece, count)?;
        self.piece = piece;
        self.piece.clear();
        Ok(())
    }

    fn write(&mut self, namespace: usize, documents: &[u8], count: u64) -> Result<(), Error> {
        let body = self.slots[namespace].0.body.as_deref();
        self.writer.documents(namespace, body, documents, count)
    }

    /// A time series' end names its buckets too, so that an empty one has a block of its own.
    fn end(&mut self, namespace: usize) -> Result<(), Error> {
        let (slot, sum) = &self.slots[namespace];
        let (empty, subject) = (sum.documents == 0, slot.metadata.namespace());
        let (documents, bytes) = (sum.documents, sum.bytes);
        if empty && slot.body.is_some() {
            self.write(namespace, &[], 0)?;
        }
        self.writer.end(namespace)?;
        self.progress.report(Event::Finished {
            subject,
            documents,
            bytes,
        });
        Ok(())
    }
}
