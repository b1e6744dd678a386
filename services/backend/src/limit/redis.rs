//! Token buckets in Redis, taken from by one script, so that concurrent gateways never count a token twice.

use std::sync::Arc;

use redis::Script;

use crate::redis_server::RedisServer;

/// The clock is the server's, so that gateways need not agree on the time.
const TAKE: &str = r"
local capacity = tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or capacity
local at = tonumber(bucket[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * capacity / 60)
local left = tokens - 1
if left >= 0 then tokens = left end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], 61)
return tostring(left)
";

/// Buckets in Redis.
pub(super) struct RedisBuckets {
    server: Arc<RedisServer>,
    take: Script,
}

impl RedisBuckets {
    pub(super) fn new(server: Arc<RedisServer>) -> Self {
        Self {
            server,
            take: Script::new(TAKE),
        }
    }

    /// Takes a token; what is left, minus what is missing for one, or `None` if Redis is away.
    pub(super) async fn take(&self, client: &str, per_minute: u32) -> Option<f64> {
        let mut taking = self.take.key(format!("atlas:rate:{client}"));
        taking.arg(per_minute);
        let taking = &taking;
        let left: String = self
            .server
            .ask(|mut connection| async move { taking.invoke_async(&mut connection).await })
            .await?;
        left.parse().ok()
    }

    /// Looks whether Redis answers; the reason if not.
    pub(super) async fn check(&self) -> Result<(), String> {
        self.server.check().await
    }
}
