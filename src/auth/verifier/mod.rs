//! Verifies signatures of the three kinds of API keys, and reads public keys.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use pkcs1::RsaPublicKeyRef;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::HmacKey;
use crate::domain::messages::credential::KeyMaterial;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const PEM_HEAD: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_TAIL: &str = "-----END PUBLIC KEY-----";
/// Below it a modulus can be factored; above it every check of a signature costs too much.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// Why a public key is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not a PEM block of a `SubjectPublicKeyInfo`.
    #[error("not a public key in PEM (BEGIN PUBLIC KEY)")]
    Malformed,
    /// Neither Ed25519 nor RSA, or not of the stated type.
    #[error("the public key is of another type")]
    OtherType,
    /// An Ed25519 key that is no point of the curve, or one of low order.
    #[error("not a usable Ed25519 key")]
    Ed25519,
    /// An RSA key of a size or exponent that is not accepted.
    #[error("an RSA key has 2048 to 4096 bits and an odd exponent of 3 to 33 bits")]
    Rsa,
}

/// Reads an Ed25519 public key in PEM.
///
/// # Errors
/// Why it is malformed, or unsafe to use.
pub fn read_ed25519(pem: &str) -> Result<KeyMaterial, PublicKeyError> {
    let document = read_pem(pem)?;
    let key = bits(&document, ED25519)?;
    let key = key.try_into().map_err(|_| PublicKeyError::Ed25519)?;
    ed25519(&key).map(|_| KeyMaterial::Ed25519(key)).ok_or(PublicKeyError::Ed25519)
}

/// Reads an RSA public key in PEM.
///
/// # Errors
/// Why it is malformed, or unsafe to use.
pub fn read_rsa(pem: &str) -> Result<KeyMaterial, PublicKeyError> {
    let document = read_pem(pem)?;
    let key = bits(&document, RSA)?;
    if is_usable_rsa(key) { Ok(KeyMaterial::Rsa(key.to_vec())) } else { Err(PublicKeyError::Rsa) }
}

/// Returns the bytes of a PEM block, however its lines are broken.
fn read_pem(pem: &str) -> Result<Vec<u8>, PublicKeyError> {
    let body = pem.trim().strip_prefix(PEM_HEAD).and_then(|rest| rest.strip_suffix(PEM_TAIL));
    let text: String = body.ok_or(PublicKeyError::Malformed)?.split_ascii_whitespace().collect();
    STANDARD.decode(text).map_err(|_| PublicKeyError::Malformed)
}

fn bits(document: &[u8], algorithm: ObjectIdentifier) -> Result<&[u8], PublicKeyError> {
    let key = SubjectPublicKeyInfoRef::try_from(document).map_err(|_| PublicKeyError::Malformed)?;
    if key.algorithm.oid != algorithm {
        return Err(PublicKeyError::OtherType);
    }
    key.subject_public_key.as_bytes().ok_or(PublicKeyError::Malformed)
}

fn ed25519(key: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(key).ok().filter(|key| !key.is_weak())
}

fn is_usable_rsa(key: &[u8]) -> bool {
    let Ok(RsaPublicKeyRef { modulus, public_exponent }) = RsaPublicKeyRef::try_from(key) else {
        return false;
    };
    let is_odd = |bytes: &[u8]| bytes.last().is_some_and(|byte| byte % 2 == 1);
    let (modulus, exponent) = (modulus.as_bytes(), public_exponent.as_bytes());
    RSA_BITS.contains(&bit_len(modulus))
        && is_odd(modulus)
        && is_odd(exponent)
        && (2..=33).contains(&bit_len(exponent))
}

/// How many bits a number has, given without leading zeros and with its highest byte first.
fn bit_len(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// Key material, ready to verify with.
#[derive(Debug)]
pub(super) enum Verifier {
    Hmac(HmacKey),
    Ed25519(Box<VerifyingKey>),
    Rsa(UnparsedPublicKey<Vec<u8>>),
}

impl Verifier {
    /// Prepares a verifier; `None` when the material is no key.
    pub(super) fn new(material: &KeyMaterial) -> Option<Self> {
        Some(match material {
            KeyMaterial::Hmac(secret) => Self::Hmac(HmacKey::new(secret.as_bytes())),
            KeyMaterial::Ed25519(key) => Self::Ed25519(Box::new(ed25519(key)?)),
            KeyMaterial::Rsa(key) if is_usable_rsa(key) => {
                Self::Rsa(UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.clone()))
            }
            KeyMaterial::Rsa(_) => return None,
        })
    }

    pub(super) fn verifies(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        match self {
            Self::Hmac(key) => key.verifies(parts, signature),
            Self::Ed25519(key) => {
                let signature = STANDARD.decode(signature).ok();
                let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
                signature.is_some_and(|signature| key.verify_strict(&parts.concat(), &signature).is_ok())
            }
            Self::Rsa(key) => {
                let signature = STANDARD.decode(signature);
                signature.is_ok_and(|signature| key.verify(&parts.concat(), &signature).is_ok())
            }
        }
    }
}

#[cfg(test)]
mod tests;
