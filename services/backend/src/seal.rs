//! Sealing of secret settings at rest: ChaCha20-Poly1305 under a key derived from `ATLAS_SECRET_KEY`.
//!
//! The user's id is authenticated along, so that one user's sealed value is worthless in another's settings.

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
    /// A sealer under `secret`.
    pub fn new(secret: &Secret) -> Self {
        let extracted =
            Salt::new(HKDF_SHA256, b"atlas settings v1").extract(secret.expose().as_bytes());
        let derived = extracted
            .expand(&[b"chacha20-poly1305"], &CHACHA20_POLY1305)
            .expect("the cipher asks for a length HKDF gives");
        Self(LessSafeKey::new(UnboundKey::from(derived)))
    }

    /// The sealed form of `plain`, base64 of nonce and ciphertext; `None` if the system has no randomness to give.
    pub fn seal(&self, user: &str, plain: &str) -> Option<String> {
        let mut nonce = [0_u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut data = plain.as_bytes().to_vec();
        let bound = Aad::from(user.as_bytes());
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut data)
            .ok()?;
        Some(STANDARD.encode([nonce.as_slice(), &data].concat()))
    }

    /// What was sealed for `user`; `None` if it was not, or not with this key.
    pub fn open(&self, user: &str, sealed: &str) -> Option<Secret> {
        let mut bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, data) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(user.as_bytes()), data)
            .ok()?;
        Some(Secret::new(String::from_utf8(plain.to_vec()).ok()?))
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
