//! Sealing at rest: ChaCha20-Poly1305 under a derived key. Secret settings are sealed under `ATLAS_SECRET_KEY`, cached results
//! under the credentials with which they were found.
//!
//! Where a value belongs (the user's id, the key in the cache) is authenticated along, so that it is worthless elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::Secret;

/// Shortest secret worth deriving a key from.
pub const SECRET_MIN: usize = 16;

/// Seals and opens values.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// The sealer of settings under `secret`.
    pub fn new(secret: &Secret) -> Self {
        Self::of(b"atlas settings v1", secret.expose().as_bytes())
    }

    /// A sealer under a key that is derived from `secret` for one purpose.
    pub fn of(purpose: &[u8], secret: &[u8]) -> Self {
        let extracted = Salt::new(HKDF_SHA256, purpose).extract(secret);
        let derived = extracted
            .expand(&[b"chacha20-poly1305"], &CHACHA20_POLY1305)
            .expect("the cipher asks for a length HKDF gives");
        Self(LessSafeKey::new(UnboundKey::from(derived)))
    }

    /// The sealed form of `plain`, base64 of nonce and ciphertext; `None` if the system has no randomness to give.
    pub fn seal(&self, user: &str, plain: &str) -> Option<String> {
        let sealed = self.seal_bytes(user, plain.as_bytes().to_vec())?;
        Some(STANDARD.encode(sealed))
    }

    /// What was sealed for `user`; `None` if it was not, or not with this key.
    pub fn open(&self, user: &str, sealed: &str) -> Option<Secret> {
        let plain = self.open_bytes(user, STANDARD.decode(sealed).ok()?)?;
        Some(Secret::new(String::from_utf8(plain).ok()?))
    }

    /// Nonce and ciphertext of `plain` for `place`; `None` if the system has no randomness to give.
    pub fn seal_bytes(&self, place: &str, mut plain: Vec<u8>) -> Option<Vec<u8>> {
        let mut nonce = [0_u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let bound = Aad::from(place.as_bytes());
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut plain)
            .ok()?;
        Some([nonce.as_slice(), &plain].concat())
    }

    /// What was sealed for `place`; `None` if it was not, or not with this key.
    pub fn open_bytes(&self, place: &str, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let (nonce, data) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let bound = Aad::from(place.as_bytes());
        let plain = self.0.open_in_place(nonce, bound, data).ok()?;
        Some(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_for_the_same_user_and_key() {
        let sealer = Sealer::new(&Secret::new("correct horse battery"));
        let sealed = sealer.seal("ann", "xoxb-1").unwrap();
        assert!(!sealed.contains("xoxb"));
        assert_eq!(sealer.open("ann", &sealed).unwrap().expose(), "xoxb-1");
        assert!(sealer.open("bob", &sealed).is_none());
        assert!(
            Sealer::new(&Secret::new("another key entirely"))
                .open("ann", &sealed)
                .is_none()
        );
        assert!(sealer.open("ann", "AAAA").is_none());
    }
}
