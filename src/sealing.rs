//! Values that the Sealed Secrets controller of one cluster alone can read. Owns its certificate and the format of what is
//! sealed for it; which values there are belongs to `targets`, where they stand to `commands`.
//!
//! As the controller documents it (bitnami-labs/sealed-secrets, docs/developer/crypto.md), and as `kubeseal` does it: a
//! fresh key for each value, AES-256-GCM with a nonce of zeros, since no key is used twice; that key by RSA-OAEP with
//! SHA-256, labelled `namespace/name` (the strict scope), so that a value opens nowhere else. Then base64 of the length of
//! the sealed key in two bytes, that key, and the value with its tag.
//!
//! The arithmetic is the crate `rsa`'s, from 0.10 on: nothing here ever holds a private key, so that what was once said of
//! its timing (RUSTSEC-2023-0071) cannot concern us. Calling `kubeseal` instead would make a program of the cluster's
//! administrators a need of everybody who renders, and nobody could test it without one.

mod record;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rsa::BoxedUint;
use rsa::oaep::EncryptingKey;
use rsa::sha2::{Digest as _, Sha256};
use rsa::traits::{PublicKeyParts as _, RandomizedEncryptor as _};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};

use crate::model::Secret;

pub use record::Record;

/// Bits of the shortest key of RSA that is taken; the controller makes longer ones.
const SHORTEST: usize = 2048;
/// Bytes of a key, and of the tag behind a value.
const KEY: usize = 32;
const TAG: usize = 16;
/// `rsaEncryption` (RFC 8017, appendix C).
const RSA: &str = "1.2.840.113549.1.1.1";

/// Why nothing can be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// It is not PEM with a certificate in it.
    #[error("it holds no certificate")]
    NoCertificate,
    /// The key in it is of another kind, or of a length that nobody should use.
    #[error("its key is not one of RSA of 2048 bits or more")]
    NoRsa,
    /// The system gives no random numbers, or the key cannot hold a session's.
    #[error("the value could not be encrypted")]
    Failed,
}

/// The public half of a controller's key.
#[derive(Debug, Clone)]
pub struct Certificate {
    key: rsa::PublicKey,
    fingerprint: [u8; 32],
    /// Seconds since 1970 from which `kubeseal` would take it no more.
    pub expires: u64,
}

impl Certificate {
    /// Of what `kubeseal --fetch-cert` prints.
    ///
    /// # Errors
    /// It is no certificate with a key of RSA.
    pub fn parse(pem: &[u8]) -> Result<Self, SealingError> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|_| SealingError::NoCertificate)?;
        let parsed = x509_cert::Certificate::from_der(&der);
        let parsed = parsed
            .map_err(|_| SealingError::NoCertificate)?
            .tbs_certificate;
        let public = &parsed.subject_public_key_info;
        if public.algorithm.oid.to_string() != RSA {
            return Err(SealingError::NoRsa);
        }
        let key = key(public.subject_public_key.raw_bytes()).ok_or(SealingError::NoRsa)?;
        Ok(Self {
            key,
            fingerprint: Sha256::digest(&der).into(),
            expires: parsed.validity.not_after.to_unix_duration().as_secs(),
        })
    }

    /// Seals a value for one Secret; `label` is `namespace/name`.
    ///
    /// # Errors
    /// There are no random numbers to be had.
    pub fn seal(&self, label: &str, value: &Secret) -> Result<String, SealingError> {
        let mut session = [0; KEY];
        getrandom::fill(&mut session).map_err(|_| SealingError::Failed)?;
        let label: Box<[u8]> = label.as_bytes().into();
        let encrypting = EncryptingKey::<Sha256>::new_with_label(self.key.clone(), label);
        let sealed_key = encrypting.encrypt_with_rng(&mut getrandom::SysRng, &session);
        let sealed_key = sealed_key.map_err(|_| SealingError::Failed)?;
        let cipher = UnboundKey::new(&AES_256_GCM, &session).map_err(|_| SealingError::Failed)?;
        let mut body = value.expose().as_bytes().to_vec();
        LessSafeKey::new(cipher)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key([0; 12]),
                Aad::empty(),
                &mut body,
            )
            .map_err(|_| SealingError::Failed)?;
        let length = u16::try_from(sealed_key.len()).map_err(|_| SealingError::Failed)?;
        let sealed = [&length.to_be_bytes()[..], &sealed_key, &body].concat();
        Ok(BASE64.encode(sealed))
    }

    /// Whether text has the form of what this certificate seals, and the length that the value's sealing has. Whether it is
    /// that very value can only the controller say.
    pub fn may_hold(&self, text: &str, value: &Secret) -> bool {
        let size = self.key.size();
        let length = 2 + size + value.expose().len() + TAG;
        let sealed = BASE64.decode(text).unwrap_or_default();
        sealed.len() == length && usize::from(u16::from_be_bytes([sealed[0], sealed[1]])) == size
    }
}

/// A key of PKCS#1 (RFC 8017, appendix A.1.1): modulus, then exponent.
fn key(der: &[u8]) -> Option<rsa::PublicKey> {
    let mut reader = SliceReader::new(der).ok()?;
    let parts = reader.sequence(|inner| {
        let modulus = inner.decode::<UintRef<'_>>()?;
        Ok((modulus, inner.decode::<UintRef<'_>>()?))
    });
    let (modulus, exponent) = parts.ok()?;
    let number = |part: UintRef<'_>| BoxedUint::from_be_slice_vartime(part.as_bytes());
    let sizes = SHORTEST..=rsa::PublicKey::MAX_SIZE;
    rsa::PublicKey::new_with_size_limits(number(modulus), number(exponent), sizes).ok()
}
