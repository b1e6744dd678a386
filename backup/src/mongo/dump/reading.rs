//! What all cursors of one dump share: the moment they read, the memory they may take, where their documents go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mongodb::bson::Timestamp;
use mongodb::error::Error as Driver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::super::Connection;
use super::super::failure::explain;
use super::super::listing::Source;
use super::super::snapshot::Snapshot;
use super::super::throttle::Pace;
use super::sequencer::Message;
use crate::progress::{Event, Progress};
use crate::{Error, Kind};

/// Mebibytes of replies that are read ahead or wait to be written, over all cursors.
const ROOM: u32 = 32;

/// Shared by all cursors.
pub(super) struct Reading {
    pub(super) connection: Connection,
    pub(super) snapshot: Snapshot,
    pub(super) pace: Pace,
    progress: Arc<dyn Progress>,
    to: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    /// Namespaces that may have been dropped while they were read, and whether reading ended before their end.
    doubtful: Mutex<BTreeMap<usize, bool>>,
}

impl Reading {
    pub(super) fn new(
        connection: Connection,
        snapshot: Snapshot,
        pace: Pace,
        progress: Arc<dyn Progress>,
        to: mpsc::Sender<Message>,
    ) -> Self {
        Self {
            connection,
            snapshot,
            pace,
            progress,
            to,
            room: Arc::new(Semaphore::new(ROOM as usize)),
            doubtful: Mutex::default(),
        }
    }

    /// Waits until a reply of so many bytes has room.
    pub(super) async fn room(&self, bytes: u64) -> OwnedSemaphorePermit {
        let mebibytes = u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(ROOM);
        Arc::clone(&self.room)
            .acquire_many_owned(mebibytes.clamp(1, ROOM))
            .await
            .expect("nobody closes it")
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), ()> {
        self.to.send(message).await.map_err(|_| ())
    }

    /// The archive's own error says more.
    pub(super) fn closed(&self) -> Error {
        Error::new(
            Kind::Failed,
            "dump",
            self.connection.address(),
            "the archive takes no more",
        )
    }

    /// The moment at which to read a collection; none once the snapshot is lost to it.
    pub(super) fn at(&self, source: &Source) -> Option<Timestamp> {
        self.snapshot
            .at(source)
            .filter(|_| !self.snapshot.is_lost())
    }

    /// Goes on without a snapshot, and says why once.
    pub(super) fn lose_snapshot(&self, name: &str, error: &Driver) {
        let cause = explain("read at one moment", name, error);
        self.lose(&cause.to_string());
    }

    fn lose(&self, cause: &str) {
        if self.snapshot.lose() {
            let text = format!("{cause}; documents are of different moments now");
            self.progress.report(Event::Warning(text));
        }
    }

    /// To be looked at again when all is read; `cut` when it was not read to its end.
    pub(super) fn doubt(&self, namespace: usize, cut: bool) {
        *self.doubts().entry(namespace).or_default() |= cut;
    }

    pub(super) fn doubts(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, bool>> {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A collection has been read to its end.
    pub(super) async fn ended(&self, namespace: usize, source: &Source) -> Result<(), Error> {
        if !self.snapshot.is_lost() && !self.snapshot.still_holds(&self.connection, source).await {
            let (db, collection) = (&source.db, &source.collection);
            self.lose(&format!(
                "`{db}.{collection}` is capped and was written to while it was read, and this server reads no capped collection at one moment"
            ));
        }
        self.finished(namespace).await
    }

    /// No more of a namespace.
    pub(super) async fn finished(&self, namespace: usize) -> Result<(), Error> {
        let end = Message::End { namespace };
        self.send(end).await.map_err(|()| self.closed())
    }
}
