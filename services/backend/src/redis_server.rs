//! The Redis that services share: one connection that mends itself, and the rule that nobody queues up behind a server that is away.
//! What is kept there is the business of `limit` and `cache`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult};
use tokio::sync::OnceCell;

use crate::secret::Secret;

/// A request waits no longer than this for Redis.
const PATIENCE: Duration = Duration::from_millis(250);
/// After a failure Redis is left alone for so long.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// A Redis server; nothing is contacted before the first question.
pub struct RedisServer {
    client: Client,
    manager: OnceCell<ConnectionManager>,
    left_alone_until: Mutex<Option<Instant>>,
}

impl RedisServer {
    /// The server at `url`.
    ///
    /// # Errors
    /// A sentence naming `REDIS_URL` if it cannot be used.
    pub fn new(url: &Secret) -> Result<Self, String> {
        let client =
            Client::open(url.expose()).map_err(|_| "`REDIS_URL` cannot be used".to_owned())?;
        Ok(Self {
            client,
            manager: OnceCell::new(),
            left_alone_until: Mutex::default(),
        })
    }

    async fn connection(&self) -> RedisResult<ConnectionManager> {
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(1)
                .set_connection_timeout(Some(Duration::from_millis(500)))
                .set_response_timeout(Some(Duration::from_millis(500)));
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        self.manager.get_or_try_init(connect).await.cloned()
    }

    /// What Redis answers to `question`, or `None` if it is away.
    pub async fn ask<T, F: Future<Output = RedisResult<T>>>(
        &self,
        question: impl FnOnce(ConnectionManager) -> F,
    ) -> Option<T> {
        let lock = || {
            self.left_alone_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if lock().is_some_and(|until| until > Instant::now()) {
            return None;
        }
        let asked = async { question(self.connection().await?).await };
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        let answer = answer.ok().and_then(Result::ok);
        *lock() = answer.is_none().then(|| Instant::now() + LEFT_ALONE);
        answer
    }

    /// Looks whether Redis answers; the reason if not.
    ///
    /// # Errors
    /// Why it does not, in a person's words.
    pub async fn check(&self) -> Result<(), String> {
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
