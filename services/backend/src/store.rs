//! Where settings and history are kept: the contract, and what is kept. It knows nothing of secrets or of HTTP;
//! what arrives here is already sealed.

pub mod embedded;
pub mod mongo;
pub mod snapshot;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::source::Health;

/// Most searches one answer lists, and most the embedded store keeps per user; MongoDB forgets by age alone.
pub const HISTORY_MAX: usize = 1000;

/// Settings of one user: a JSON object.
pub type Settings = Map<String, Value>;

/// A search that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// The words searched for.
    pub query: String,
    /// Who was asked.
    pub sources: Vec<String>,
    /// How many results came.
    pub results: u64,
    /// How long it took.
    pub took_ms: u64,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// The store is away or refuses; the sentence is for a person.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self {
            retry_after: Some(2),
            ..Self::unavailable("store_unavailable", error.0)
        }
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A store of settings and history.
pub trait Store: Send + Sync {
    /// The name it has in health reports.
    fn name(&self) -> &'static str;
    /// The settings of `user`, if there are any.
    fn settings<'a>(&'a self, user: &'a str) -> Answer<'a, Option<Settings>>;
    /// Replaces the settings of `user`.
    fn put_settings<'a>(&'a self, user: &'a str, settings: Settings) -> Answer<'a, ()>;
    /// Remembers a search of `user`.
    fn remember<'a>(&'a self, user: &'a str, search: Remembered) -> Answer<'a, ()>;
    /// The latest searches of `user`, newest first.
    fn history<'a>(&'a self, user: &'a str, limit: usize) -> Answer<'a, Vec<Remembered>>;
    /// Forgets all searches of `user`; says how many there were.
    fn forget<'a>(&'a self, user: &'a str) -> Answer<'a, u64>;
    /// Looks whether it can do its work.
    fn check(&self) -> BoxFuture<'_, Health>;
}
