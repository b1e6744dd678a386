//! How a vendor knows who calls, and how nobody else comes to know it: a vendor may repeat in its words what it was sent.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Grant;
use crate::secret::Secret;

/// How a vendor knows who calls.
#[derive(Clone, Debug)]
pub enum Login {
    /// HTTP Basic with user and token.
    Basic(Secret, Secret),
    /// A bearer token.
    Bearer(Secret),
    /// A header of the vendor's own.
    Header(&'static str, Secret),
    /// Tokens that are fetched when needed.
    Grant(Arc<Grant>),
    /// Nobody asks.
    Nobody,
}

impl Login {
    /// A vendor's words without the secrets of this login.
    pub(super) fn hidden(&self, words: String) -> String {
        match self {
            Self::Basic(user, token) => {
                let sent = STANDARD.encode(format!("{}:{}", user.expose(), token.expose()));
                [token, &Secret::new(sent)].into_iter().fold(words, without)
            }
            Self::Bearer(token) | Self::Header(_, token) => without(words, token),
            Self::Grant(grant) => grant.secrets().iter().fold(words, without),
            Self::Nobody => words,
        }
    }
}

fn without(words: String, secret: &Secret) -> String {
    match secret.expose() {
        "" => words,
        secret => words.replace(secret, "***"),
    }
}
