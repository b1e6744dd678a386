//! Rate limits: a token bucket per client. Counted in Redis so that all gateways share one count; in memory when there is
//! no Redis, or while it is away, because a limit that is a little too generous beats no service.

mod memory;
mod redis;

use std::sync::Arc;
use std::time::Instant;

use self::memory::MemoryBuckets;
use self::redis::RedisBuckets;
use crate::redis_server::RedisServer;
use crate::source::{Health, Status};

/// The limiter of one gateway.
pub struct Limiter {
    per_minute: u32,
    redis: Option<RedisBuckets>,
    memory: MemoryBuckets,
}

/// The verdict over one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it may pass.
    pub allowed: bool,
    /// Requests a full bucket holds.
    pub limit: u32,
    /// Requests left now.
    pub remaining: u32,
    /// Seconds until the bucket is full again.
    pub reset: u64,
    /// Seconds until one more request may pass; 0 if one may now.
    pub retry_after: u64,
}

impl Limiter {
    /// A limiter of `per_minute` requests per client; 0 means none.
    pub fn new(per_minute: u32, redis: Option<Arc<RedisServer>>) -> Self {
        Self {
            per_minute,
            redis: redis.map(RedisBuckets::new),
            memory: MemoryBuckets::default(),
        }
    }

    /// Takes a token of `client`; `None` where there is no limit.
    pub async fn take(&self, client: &str) -> Option<Verdict> {
        if self.per_minute == 0 {
            return None;
        }
        if let Some(redis) = &self.redis
            && let Some(tokens) = redis.take(client, self.per_minute).await
        {
            return Some(verdict(tokens, self.per_minute));
        }
        Some(verdict(
            self.memory.take(client, self.per_minute, Instant::now()),
            self.per_minute,
        ))
    }

    /// How Redis is, if it is used at all. Its absence degrades, it does not stop.
    pub async fn check(&self) -> Option<Health> {
        let reason = match self.redis.as_ref()?.check().await {
            Ok(()) => return Some(Health::good()),
            Err(reason) => format!("{reason}; rate limits are counted in memory until it is back"),
        };
        Some(Health {
            status: Status::Degraded,
            ..Health::bad(reason)
        })
    }
}

/// From the tokens left after the taking; negative means there was none to take.
fn verdict(tokens: f64, per_minute: u32) -> Verdict {
    let per_second = f64::from(per_minute) / 60.0;
    let allowed = tokens >= 0.0;
    let missing = if allowed {
        (1.0 - tokens).max(0.0)
    } else {
        -tokens
    };
    let left = tokens.max(0.0);
    Verdict {
        allowed,
        limit: per_minute,
        remaining: left as u32,
        reset: ((f64::from(per_minute) - left) / per_second).ceil() as u64,
        retry_after: if allowed {
            0
        } else {
            ((missing / per_second).ceil() as u64).max(1)
        },
    }
}
