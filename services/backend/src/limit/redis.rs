//! Token buckets in Redis, taken from by one script, so that concurrent gateways never count a token twice.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};
use tokio::sync::OnceCell;

use crate::secret::Secret;

/// A request waits no longer than this to learn whether it may pass.
const PATIENCE: Duration = Duration::from_millis(250);
/// After a failure Redis is left alone for so long; requests do not queue up behind a server that is away.
const LEFT_ALONE: Duration = Duration::from_secs(1);

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
    client: Client,
    manager: OnceCell<ConnectionManager>,
    take: Script,
    left_alone_until: Mutex<Option<Instant>>,
}

impl RedisBuckets {
    /// Buckets at `url`; nothing is contacted yet.
    pub(super) fn new(url: &Secret) -> Result<Self, String> {
        let client =
            Client::open(url.expose()).map_err(|_| "`REDIS_URL` cannot be used".to_owned())?;
        Ok(Self {
            client,
            manager: OnceCell::new(),
            take: Script::new(TAKE),
            left_alone_until: Mutex::default(),
        })
    }

    async fn connection(&self) -> redis::RedisResult<ConnectionManager> {
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(1)
                .set_connection_timeout(Some(Duration::from_millis(500)))
                .set_response_timeout(Some(Duration::from_millis(500)));
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        self.manager.get_or_try_init(connect).await.cloned()
    }

    /// Takes a token; what is left, minus what is missing for one, or `None` if Redis is away.
    pub(super) async fn take(&self, client: &str, per_minute: u32) -> Option<f64> {
        let lock = || {
            self.left_alone_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if lock().is_some_and(|until| until > Instant::now()) {
            return None;
        }
        let asked = async {
            let mut connection = self.connection().await.ok()?;
            let key = format!("atlas:rate:{client}");
            let left: String = self
                .take
                .key(key)
                .arg(per_minute)
                .invoke_async(&mut connection)
                .await
                .ok()?;
            left.parse().ok()
        };
        let left = tokio::time::timeout(PATIENCE, asked).await.ok().flatten();
        *lock() = left.is_none().then(|| Instant::now() + LEFT_ALONE);
        left
    }

    /// Looks whether Redis answers; the reason if not.
    pub(super) async fn check(&self) -> Result<(), String> {
        let asked = async {
            let mut connection = self.connection().await?;
            redis::cmd("PING")
                .query_async::<String>(&mut connection)
                .await
        };
        match asked.await {
            Ok(_) => Ok(()),
            Err(error) if is_about_credentials(&error) => {
                Err("Redis refused the credentials in `REDIS_URL`".to_owned())
            }
            Err(_) => Err("Redis cannot be reached".to_owned()),
        }
    }
}

fn is_about_credentials(error: &redis::RedisError) -> bool {
    error.kind() == redis::ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}
