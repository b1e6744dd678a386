//! Which sealed values are known to be the ones at hand. Sealing twice gives two texts, so without a record every rendering
//! would change every file. It holds digests under a key of its own, which tell nothing to whoever has not that key, and
//! stays on this machine.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Certificate, SealingError};
use crate::model::Secret;

/// The digests of what was sealed here, by `namespace/name/key`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Of the digests; hexadecimal.
    key: String,
    sealed: BTreeMap<String, String>,
}

impl Record {
    /// Of a file's text; a new one when there is none, or none that can be read: then everything is sealed anew.
    ///
    /// # Errors
    /// There are no random numbers to be had.
    pub fn parse(text: Option<&str>) -> Result<Self, SealingError> {
        let kept = text.and_then(|text| serde_json::from_str::<Self>(text).ok());
        if let Some(kept) = kept.filter(|kept| kept.key.len() == 64) {
            return Ok(kept);
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| SealingError::Failed)?;
        Ok(Self {
            key: hex(&key),
            sealed: BTreeMap::new(),
        })
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("texts are always JSON");
        text + "\n"
    }

    /// Whether this machine ever sealed something for that place.
    pub fn knows(&self, place: &str) -> bool {
        self.sealed.contains_key(place)
    }

    /// Whether `sealed` is the sealing of just this value for just this certificate.
    pub fn holds(&self, place: &str, to: &Certificate, value: &Secret, sealed: &str) -> bool {
        let digest = self.digest(place, to, value, sealed);
        self.sealed.get(place) == Some(&digest)
    }

    /// Notes that it is.
    pub fn note(&mut self, place: &str, to: &Certificate, value: &Secret, sealed: &str) {
        let digest = self.digest(place, to, value, sealed);
        self.sealed.insert(place.to_owned(), digest);
    }

    fn digest(&self, place: &str, to: &Certificate, value: &Secret, sealed: &str) -> String {
        let mut digest = Hmac::<Sha256>::new_from_slice(self.key.as_bytes())
            .expect("a key of any length is one");
        for part in [
            place.as_bytes(),
            &to.fingerprint,
            value.expose().as_bytes(),
            sealed.as_bytes(),
        ] {
            // With its length, no part runs into the next.
            digest.update(&part.len().to_be_bytes());
            digest.update(part);
        }
        hex(&digest.finalize().into_bytes())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
