//! How much of the server a dump may take. Owns the pauses between replies, not what is read.

mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Connection;
use crate::priority;
use watch::Watch;

/// How much of the server a dump may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Throttle {
    /// As much as it gives.
    Off,
    /// As much as it gives while it answers others about as fast as when nothing is dumped. The process yields its cores to
    /// others, from then on for as long as it lives.
    #[default]
    Adaptive,
    /// So many bytes of BSON in a second.
    Rate(u64),
}

/// Bytes that a reply should have: large enough that asking for it does not count.
const REPLY: u64 = 1 << 20;

/// The same where others are not to wait: while the server makes a reply, it has one core less for them.
const SHORT_REPLY: u64 = 256 << 10;

/// Pauses after each reply.
pub(super) struct Pace {
    throttle: Throttle,
    began: Instant,
    bytes: AtomicU64,
    /// Thousandths of the time of a reply to pause after it.
    share: Arc<AtomicU64>,
    /// Ends when dropped.
    _watch: Option<Watch>,
}

impl Pace {
    /// Begins to watch how fast the server answers, where pauses hang on it.
    pub(super) async fn new(throttle: Throttle, connection: &Connection) -> Self {
        let share = Arc::new(AtomicU64::new(0));
        let watch = match throttle {
            Throttle::Adaptive => Watch::start(connection, Arc::clone(&share)).await,
            Throttle::Off | Throttle::Rate(_) => None,
        };
        if let Some(watch) = &watch {
            priority::lower(watch.thread());
        }
        Self {
            throttle,
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            share,
            _watch: watch,
        }
    }

    /// Bytes that a reply should have.
    pub(super) fn reply(&self) -> u64 {
        match self.throttle {
            Throttle::Adaptive => SHORT_REPLY,
            Throttle::Off | Throttle::Rate(_) => REPLY,
        }
    }

    /// Pauses after a reply of so many bytes that took so long.
    pub(super) async fn after(&self, bytes: u64, took: Duration) {
        match self.throttle {
            Throttle::Off => {}
            Throttle::Rate(rate) => {
                let all = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
                let due = Duration::from_secs_f64(all as f64 / rate.max(1) as f64);
                tokio::time::sleep_until(self.began + due).await;
            }
            Throttle::Adaptive => {
                let share = self.share.load(Ordering::Relaxed);
                if share > 0 {
                    tokio::time::sleep(took * u32::try_from(share).unwrap_or(0) / 1000).await;
                }
            }
        }
    }
}
