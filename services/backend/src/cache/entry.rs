//! What is kept of an answer: when it was given and what it said, sealed.
//!
//! Sealed, because a Redis and its backups have other readers than the account whose results these are; and what does not
//! open (damaged, another's, from another version of us) is simply not there.

use serde::{Deserialize, Serialize};

use crate::seal::Sealer;
use crate::search::Hit;

#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    /// In Unix milliseconds.
    pub(super) at_ms: i64,
    pub(super) hits: Vec<Hit>,
}

impl Entry {
    /// As bytes for `key`; `None` if it cannot be sealed.
    pub(super) fn encode(&self, key: &str, sealer: &Sealer) -> Option<Vec<u8>> {
        sealer.seal_bytes(key, serde_json::to_vec(self).ok()?)
    }

    /// What was encoded for `key`, or `None`.
    pub(super) fn decode(bytes: Vec<u8>, key: &str, sealer: &Sealer) -> Option<Self> {
        serde_json::from_slice(&sealer.open_bytes(key, bytes)?).ok()
    }
}
