//! The one cluster time of all cursors. Owns how it is had, how long the server keeps it, and whether the claim still holds.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mongodb::bson::{Bson, Document, Timestamp, doc};

use super::listing::Source;
use super::{Connection, Topology};
use crate::manifest::Consistency;

/// How long the server is given to take back a longer history.
const PATIENCE: Duration = Duration::from_millis(500);

const WINDOW: &str = "minSnapshotHistoryWindowInSeconds";

/// The moment that is read, for as long as it can be.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    time: Option<Timestamp>,
    /// From 8.0 on, capped collections can be read at a snapshot too.
    capped: bool,
    lost: AtomicBool,
}

impl Snapshot {
    /// Asks for the newest moment that a majority has; none on what is not a replica set of 5.0 or newer.
    ///
    /// # Errors
    /// In words, when the server gives none.
    pub(super) async fn take(connection: &Connection, sources: &[&Source]) -> Result<Self, String> {
        let server = &connection.server;
        if server.topology != Topology::ReplicaSet || !server.is_at_least(5, 0) {
            return Ok(Self::default());
        }
        let capped = server.is_at_least(8, 0);
        let Some(source) = sources.iter().find(|source| capped || !source.capped) else {
            return Ok(Self::default());
        };
        let command = doc! {
            "find": &source.collection, "limit": 1, "singleBatch": true, "projection": { "_id": 1 },
            "readConcern": { "level": "snapshot" },
        };
        let database = connection.client().database(&source.db);
        let reply = database
            .run_command(command)
            .await
            .map_err(|error| error.kind.to_string())?;
        let cursor = reply
            .get_document("cursor")
            .map_err(|error| error.to_string())?;
        let time = cursor
            .get_timestamp("atClusterTime")
            .map_err(|error| error.to_string())?;
        Ok(Self {
            time: Some(time),
            capped,
            lost: AtomicBool::new(false),
        })
    }

    /// The moment at which to read a collection; none when it is read as it is.
    pub(super) fn at(&self, source: &Source) -> Option<Timestamp> {
        self.time.filter(|_| self.capped || !source.capped)
    }

    /// Gives up the claim; `true` the first time.
    pub(super) fn lose(&self) -> bool {
        let before = self.lost.swap(true, Ordering::AcqRel);
        self.time.is_some() && !before
    }

    /// Whether the claim was given up.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// What can be said of the documents that were read.
    pub(super) fn consistency(&self) -> Consistency {
        match self.time {
            Some(time) if !self.is_lost() => Consistency::Snapshot {
                seconds: time.time,
                increment: time.increment,
            },
            _ => Consistency::PerDocument,
        }
    }

    /// Whether a collection that was read as it is now is what it was at the snapshot: the oplog has nothing of it since.
    pub(super) async fn still_holds(&self, connection: &Connection, source: &Source) -> bool {
        let Some(time) = self.time else {
            return true;
        };
        if self.at(source).is_some() {
            return true;
        }
        let namespace = format!("{}.{}", source.db, source.collection);
        let since = doc! {
            "ts": { "$gt": time },
            "$or": [
                { "ns": &namespace },
                { "o.applyOps.ns": &namespace },
                { "op": "c", "ns": format!("{}.$cmd", source.db) },
            ],
        };
        let command = doc! { "find": "oplog.rs", "filter": since, "limit": 1, "singleBatch": true };
        let reply = connection
            .client()
            .database("local")
            .run_command(command)
            .await;
        let first = |reply: &Document| {
            let batch = reply
                .get_document("cursor")
                .ok()?
                .get_array("firstBatch")
                .ok()?;
            Some(batch.is_empty())
        };
        reply.ok().as_ref().and_then(first).unwrap_or(false)
    }
}

/// The time for which the server keeps the past, lengthened while a dump needs it and given back afterwards.
pub(super) struct Window<'a> {
    connection: &'a Connection,
    given: Option<i64>,
    now: i64,
}

impl<'a> Window<'a> {
    /// Asks how long it is; a server that does not tell is left alone.
    pub(super) async fn of(connection: &'a Connection, snapshot: &Snapshot) -> Self {
        let mut this = Self {
            connection,
            given: None,
            now: 0,
        };
        if snapshot.time.is_some() {
            let ask = doc! { "getParameter": 1, WINDOW: 1 };
            let reply = connection.client().database("admin").run_command(ask).await;
            this.given = reply.ok().and_then(|reply| match reply.get(WINDOW) {
                Some(Bson::Int32(seconds)) => Some(i64::from(*seconds)),
                Some(Bson::Int64(seconds)) => Some(*seconds),
                _ => None,
            });
            this.now = this.given.unwrap_or(0);
        }
        this
    }

    /// Doubles it whenever half of it has gone by; ends never.
    pub(super) async fn keep(&mut self) -> Infallible {
        let began = tokio::time::Instant::now();
        while self.given.is_some() {
            let half = Duration::from_millis(self.now.max(1).unsigned_abs() * 500);
            tokio::time::sleep_until(began + half).await;
            if !self.set(self.now * 2).await {
                break;
            }
            self.now *= 2;
        }
        std::future::pending().await
    }

    /// Sets it back to what it was.
    pub(super) async fn give_back(self) {
        if let Some(given) = self.given.filter(|given| *given != self.now) {
            // The server may be gone; then there is nothing to give back.
            let _ = tokio::time::timeout(PATIENCE, self.set(given)).await;
        }
    }

    async fn set(&self, seconds: i64) -> bool {
        let command =
            doc! { "setParameter": 1, WINDOW: i32::try_from(seconds).unwrap_or(i32::MAX) };
        let admin = self.connection.client().database("admin");
        admin.run_command(command).await.is_ok()
    }
}
