//! How fast the server answers. A thread of its own at full priority asks it, so that what is measured is the server's
//! slowness and not this process's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::doc;
use rustix::process::Pid;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::super::Connection;
use super::super::failure::code;

/// Pings while nothing is read yet.
const IDLE_PINGS: usize = 40;
/// Between two pings.
const INTERVAL: Duration = Duration::from_millis(20);
/// Slower than idle by less than this is not told from chance.
const NOISE: Duration = Duration::from_micros(200);
/// The longest pause, in thousandths of the time of the reply before it.
const MOST: u64 = 4000;

/// The thread that asks; it ends when this is dropped.
pub(super) struct Watch {
    thread: Option<Pid>,
    _stop: oneshot::Sender<()>,
}

impl Watch {
    /// Asks a few times while nothing is read, then goes on asking and sets `share` by the answers. `None` where that cannot be.
    pub(super) async fn start(connection: &Connection, share: Arc<AtomicU64>) -> Option<Self> {
        let connection = connection.clone();
        let (stop, stopped) = oneshot::channel();
        let (ready, begun) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok(client) = connection.another() else {
                    return;
                };
                let Some(idle) = idle(&client).await else {
                    return;
                };
                if ready.send(own_thread()).is_ok() {
                    tokio::select! {
                        _ = stopped => {}
                        () = adjust(&client, idle, &share) => {}
                    }
                }
            });
        };
        thread::Builder::new()
            .name("watch".to_owned())
            .spawn(run)
            .ok()?;
        let thread = begun.await.ok()?;
        Some(Self {
            thread,
            _stop: stop,
        })
    }

    pub(super) fn thread(&self) -> Option<Pid> {
        self.thread
    }
}

#[cfg(target_os = "linux")]
fn own_thread() -> Option<Pid> {
    Some(rustix::thread::gettid())
}

#[cfg(not(target_os = "linux"))]
fn own_thread() -> Option<Pid> {
    None
}

/// Slower answers lengthen the pauses at once, faster ones shorten them step by step; ends when the server is silent.
async fn adjust(client: &Client, idle: Duration, share: &AtomicU64) {
    let bound = idle * 3 / 2 + NOISE;
    while let Some(now) = ping(client).await {
        let old = share.load(Ordering::Relaxed);
        let new = if now > bound {
            (old + old / 4 + 50).min(MOST)
        } else {
            old - old.div_ceil(16)
        };
        share.store(new, Ordering::Relaxed);
        tokio::time::sleep(INTERVAL).await;
    }
    share.store(0, Ordering::Relaxed);
}

/// The slowest but a tenth of some answers while nothing is read.
async fn idle(client: &Client) -> Option<Duration> {
    let mut times = Vec::with_capacity(IDLE_PINGS);
    // The first one connects.
    ping(client).await?;
    for _ in 0..IDLE_PINGS {
        times.push(ping(client).await?);
    }
    times.sort();
    times.get(IDLE_PINGS * 9 / 10).copied()
}

/// Any answer tells how long the server takes, a refusal too; silence does not.
async fn ping(client: &Client) -> Option<Duration> {
    let began = Instant::now();
    let reply = client
        .database("admin")
        .run_command(doc! { "ping": 1 })
        .await;
    let answered = match &reply {
        Ok(_) => true,
        Err(error) => code(error).is_some(),
    };
    answered.then(|| began.elapsed())
}
