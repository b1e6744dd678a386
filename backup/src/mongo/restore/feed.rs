//! The archive on a thread of its own, and the bounded way from there to the server. Owns how much of it is in memory at once.

use std::io::Read;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::batch::{Batch, Gatherer};
use crate::Error;
use crate::archive::{Item, Reader};

/// Bytes of batches that may wait or be on their way; a batch that is larger goes alone. The driver makes four copies of each.
const BUDGET: usize = 4 << 20;

/// What the documents of a namespace are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Checked and left out.
    Nothing,
    /// Written by commands.
    Write,
    /// Looked at whole, in their order.
    Read,
}

/// What comes out of the archive.
#[derive(Debug)]
pub(super) enum Fed {
    Batch(Batch, OwnedSemaphorePermit),
    /// Whole documents, one after another.
    Documents {
        namespace: usize,
        documents: Vec<u8>,
        _held: OwnedSemaphorePermit,
    },
    /// The checksum of the namespace agreed.
    End {
        namespace: usize,
        documents: u64,
        bytes: u64,
    },
}

/// The receiving end; when it is dropped, the thread ends at its next step.
#[derive(Debug)]
pub(super) struct Feed {
    from: mpsc::Receiver<Result<Fed, Error>>,
    room: Arc<Semaphore>,
}

impl Feed {
    /// Reads the rest of an archive; `uses` is in the order of its prelude.
    pub(super) fn start<R: Read + Send + 'static>(
        reader: Reader<R>,
        uses: Vec<Use>,
    ) -> Result<Self, Error> {
        let (to, from) = mpsc::channel(8);
        let room = Arc::new(Semaphore::new(BUDGET));
        let thread = Thread {
            uses,
            to,
            room: Arc::clone(&room),
            runtime: Handle::current(),
            gatherer: Gatherer::default(),
        };
        spawn("restore-read", move || thread.run(reader))?;
        Ok(Self { from, room })
    }

    /// The next of it; nothing at the end of an archive that is whole.
    pub(super) async fn next(&mut self) -> Result<Option<Fed>, Error> {
        self.from.recv().await.transpose()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.room.close();
    }
}

/// The beginning of an archive, read on a thread of its own: the input may be slow.
pub(super) async fn open<R: Read + Send + 'static>(input: R) -> Result<Reader<R>, Error> {
    let (to, from) = tokio::sync::oneshot::channel();
    spawn("restore-open", move || {
        // Nobody waits for it any more when the restore was cancelled.
        drop(to.send(Reader::new(input)));
    })?;
    from.await
        .unwrap_or_else(|_| Err(Error::failed("read", "the archive", "its thread ended")))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Error::failed("start", "a thread", crate::error::words(&error)))
}

/// Nobody receives any more.
struct Gone;

struct Thread {
    uses: Vec<Use>,
    to: mpsc::Sender<Result<Fed, Error>>,
    room: Arc<Semaphore>,
    runtime: Handle,
    gatherer: Gatherer,
}

impl Thread {
    fn run<R: Read>(mut self, mut reader: Reader<R>) {
        loop {
            // A document that fills the room is sent before the next one is in memory.
            if self.hold(1).is_err() {
                return;
            }
            let item = match reader.next() {
                Ok(Some(item)) => item,
                Ok(None) => return,
                Err(error) => {
                    // Nobody waits for it any more when the restore has failed before.
                    drop(self.to.blocking_send(Err(error)));
                    return;
                }
            };
            if self.handle(item).is_err() {
                return;
            }
        }
    }

    fn handle(&mut self, item: Item) -> Result<(), Gone> {
        match item {
            Item::Documents {
                namespace,
                documents,
                ..
            } => match self.uses[namespace] {
                Use::Nothing => Ok(()),
                Use::Write => {
                    let mut gatherer = std::mem::take(&mut self.gatherer);
                    let outcome = gatherer.add(namespace, documents, |batch| self.batch(batch));
                    self.gatherer = gatherer;
                    outcome
                }
                Use::Read => {
                    let held = self.hold(documents.len())?;
                    self.send(Fed::Documents {
                        namespace,
                        documents,
                        _held: held,
                    })
                }
            },
            Item::End {
                namespace,
                documents,
                bytes,
                ..
            } => {
                let mut gatherer = std::mem::take(&mut self.gatherer);
                gatherer.flush(|batch| self.batch(batch))?;
                self.send(Fed::End {
                    namespace,
                    documents,
                    bytes,
                })
            }
        }
    }

    fn batch(&self, batch: Batch) -> Result<(), Gone> {
        let held = self.hold(batch.weight())?;
        self.send(Fed::Batch(batch, held))
    }

    /// Waits until there is room for so many bytes.
    fn hold(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Gone> {
        let bytes = bytes.min(BUDGET) as u32;
        let room = Arc::clone(&self.room).acquire_many_owned(bytes);
        self.runtime.block_on(room).map_err(|_| Gone)
    }

    fn send(&self, fed: Fed) -> Result<(), Gone> {
        self.to.blocking_send(Ok(fed)).map_err(|_| Gone)
    }
}
