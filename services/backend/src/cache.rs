//! Results that were found a short while ago. Kept in Redis, so that all containers of a service share them; in memory where
//! there is no Redis, or while it is away.
//!
//! It knows keys and bytes; what they mean is the business of [`Shelf`].

mod entry;
mod memory;
mod shelf;

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::RedisResult;

pub use self::shelf::{Answer, Shelf};
use crate::redis_server::RedisServer;
use memory::MemoryEntries;

/// Larger entries are not kept.
const ENTRY_MAX: usize = 1024 * 1024;

/// Bytes by key, each for the same time.
pub struct Cache {
    life: Duration,
    redis: Option<Arc<RedisServer>>,
    memory: MemoryEntries,
}

impl Cache {
    /// A cache that keeps what it is given for `life`; `None` if that is no time at all.
    pub fn new(life: Duration, redis: Option<Arc<RedisServer>>) -> Option<Arc<Self>> {
        let cache = Self {
            life,
            redis,
            memory: MemoryEntries::default(),
        };
        (!life.is_zero()).then(|| Arc::new(cache))
    }

    /// The bytes at `key`.
    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        if let Some(redis) = &self.redis {
            let asked = redis.ask(|mut connection| async move {
                let answer = redis::cmd("GET")
                    .arg(key)
                    .query_async::<Option<Vec<u8>>>(&mut connection)
                    .await;
                answered(answer)
            });
            if let Some(kept) = asked.await {
                return kept.flatten();
            }
        }
        self.memory.get(key, Instant::now())
    }

    /// Keeps bytes at `key`.
    async fn put(&self, key: &str, bytes: Vec<u8>) {
        if bytes.len() > ENTRY_MAX {
            return;
        }
        if let Some(redis) = &self.redis {
            let (bytes, seconds) = (bytes.as_slice(), self.life.as_secs());
            let asked = redis.ask(|mut connection| async move {
                let mut set = redis::cmd("SET");
                set.arg(key).arg(bytes).arg("EX").arg(seconds);
                answered(set.query_async::<()>(&mut connection).await)
            });
            if let Some(Some(())) = asked.await {
                return;
            }
        }
        self.memory
            .put(key, bytes, Instant::now(), Instant::now() + self.life);
    }
}

/// A Redis that refuses (its memory is full, somebody else's value stands at the key) is not away.
fn answered<T>(answer: RedisResult<T>) -> RedisResult<Option<T>> {
    match answer {
        Err(error) if matches!(error.code(), Some("OOM" | "WRONGTYPE")) => Ok(None),
        answer => answer.map(Some),
    }
}
