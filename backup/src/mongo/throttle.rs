//! How much of the server a dump may take. Owns the pauses between replies, not what is read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mongodb::bson::doc;
use tokio::time::Instant;

use super::Connection;

/// How much of the server a dump may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Throttle {
    /// As much as it gives.
    Off,
    /// As much as it gives while it answers others about as fast as when nothing is dumped.
    #[default]
    Adaptive,
    /// So many bytes of BSON in a second.
    Rate(u64),
}

/// Pings while nothing is read yet.
const IDLE_PINGS: usize = 20;
/// Between two pings.
const INTERVAL: Duration = Duration::from_millis(25);
/// Slower than idle by less than this is not told from chance.
const NOISE: Duration = Duration::from_micros(200);
/// The longest pause, in thousandths of the time of the reply before it.
const MOST: u64 = 8000;

/// Pauses after each reply.
#[derive(Debug)]
pub(super) struct Pace {
    throttle: Throttle,
    began: Instant,
    bytes: AtomicU64,
    /// Thousandths of the time of a reply to pause after it.
    share: AtomicU64,
}

impl Pace {
    pub(super) fn new(throttle: Throttle) -> Self {
        Self {
            throttle,
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            share: AtomicU64::new(0),
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

    /// Watches how fast the server answers and sets the pauses by it; ends never.
    pub(super) async fn watch(&self, connection: &Connection) {
        if self.throttle == Throttle::Adaptive
            && let Some(idle) = idle(connection).await
        {
            let bound = idle * 2 + NOISE;
            while let Some(now) = ping(connection).await {
                let share = self.share.load(Ordering::Relaxed);
                let next = if now > bound {
                    (share + share / 4 + 50).min(MOST)
                } else {
                    share - share / 16
                };
                self.share.store(next, Ordering::Relaxed);
                tokio::time::sleep(INTERVAL).await;
            }
        }
        std::future::pending::<()>().await;
    }
}

/// The median of some pings while nothing is read.
async fn idle(connection: &Connection) -> Option<Duration> {
    let mut times = Vec::with_capacity(IDLE_PINGS);
    for _ in 0..IDLE_PINGS {
        times.push(ping(connection).await?);
    }
    times.sort();
    times.get(IDLE_PINGS / 2).copied()
}

/// Any answer tells how long the server takes, a refusal too; silence does not.
async fn ping(connection: &Connection) -> Option<Duration> {
    let began = Instant::now();
    let reply = connection
        .client()
        .database("admin")
        .run_command(doc! { "ping": 1 })
        .await;
    let answered = match &reply {
        Ok(_) => true,
        Err(error) => super::failure::code(error).is_some(),
    };
    answered.then(|| began.elapsed())
}
