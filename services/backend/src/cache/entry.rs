//! What is kept of an answer: when it was given and what it said, deflated and sealed.
//!
//! Sealed, because a Redis and its backups have other readers than the account whose results these are; and what does not
//! open (damaged, another's, from another version of us) is simply not there.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use crate::seal::Sealer;
use crate::search::Hit;

/// Largest text that is inflated.
const TEXT_MAX: u64 = 16 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    /// In Unix milliseconds.
    pub(super) at_ms: i64,
    pub(super) hits: Vec<Hit>,
}

impl Entry {
    /// As bytes for `key`; `None` if it cannot be sealed.
    pub(super) fn encode(&self, key: &str, sealer: &Sealer) -> Option<Vec<u8>> {
        // Writing to memory cannot fail.
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(&serde_json::to_vec(self).ok()?).ok()?;
        sealer.seal_bytes(key, deflate.finish().ok()?)
    }

    /// What was encoded for `key`, or `None`.
    pub(super) fn decode(bytes: Vec<u8>, key: &str, sealer: &Sealer) -> Option<Self> {
        let deflated = sealer.open_bytes(key, bytes)?;
        let mut text = Vec::new();
        let inflate = ZlibDecoder::new(deflated.as_slice());
        inflate.take(TEXT_MAX).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}
