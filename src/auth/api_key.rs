//! API keys: found without a lock, ready to verify with.

use std::sync::Arc;

use super::{RandomError, directory::Directory, verifier::Verifier};
use crate::domain::{
    messages::command::{CreateApiKey, Permissions},
    types::id::AccountId,
};

const KEY_LEN: usize = 64;

/// A key as signed requests need it.
#[derive(Debug)]
pub struct ApiKey {
    /// Whose key.
    pub account: AccountId,
    /// What it may do.
    pub permissions: Permissions,
    verifier: Verifier,
}

impl ApiKey {
    /// Returns whether `signature` signs the concatenated parts: 64 hexadecimal digits of either case for an HMAC key,
    /// base64 for an Ed25519 or RSA key, in both cases percent-decoded.
    pub fn verifies(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.verifier.verifies(parts, signature)
    }
}

/// Every key of the exchange. Reads take no lock.
pub struct KeyDirectory(Directory<ApiKey>);

impl KeyDirectory {
    /// Opens an empty directory.
    pub fn new() -> Self {
        Self(Directory::new())
    }

    /// Adds a key, or replaces the one of that name. A key whose material is no key is not added: nothing it signs
    /// could verify.
    pub fn insert(&self, created: &CreateApiKey) {
        if let Some(verifier) = Verifier::new(&created.material) {
            let CreateApiKey { account, permissions, .. } = *created;
            self.0.insert(&created.key, ApiKey { account, permissions, verifier });
        }
    }

    /// Removes a key: from now on nothing it signs is accepted.
    pub fn remove(&self, key: &str) {
        self.0.remove(key);
    }

    /// Returns the key of that name.
    pub fn get(&self, key: &str) -> Option<Arc<ApiKey>> {
        self.0.get(key)
    }

    /// Returns whether the text could be a key at all: 64 letters and digits.
    pub fn is_well_formed(key: &str) -> bool {
        key.len() == KEY_LEN && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

impl Default for KeyDirectory {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for KeyDirectory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyDirectory").finish_non_exhaustive()
    }
}

/// A new key and its secret.
pub struct KeyPair {
    /// The public part.
    pub key: String,
    /// The secret part; unused by a key with a public key of its own.
    pub secret: String,
}

impl KeyPair {
    /// Draws 64 letters and digits each from the operating system's generator: 381 bits.
    ///
    /// # Errors
    /// [`RandomError`] when the operating system has no random bytes.
    pub fn generate() -> Result<Self, RandomError> {
        Ok(Self { key: alphanumeric()?, secret: alphanumeric()? })
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyPair").field("key", &self.key).finish_non_exhaustive()
    }
}

fn alphanumeric() -> Result<String, RandomError> {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // Bytes from 248 on would favour the first digits.
    const FAIR_LIMIT: u8 = 248;
    let mut text = String::with_capacity(KEY_LEN);
    while text.len() < KEY_LEN {
        let mut bytes = [0; KEY_LEN];
        getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
        let fair = bytes.into_iter().filter(|&byte| byte < FAIR_LIMIT);
        text.extend(fair.take(KEY_LEN - text.len()).map(|byte| char::from(DIGITS[usize::from(byte % 62)])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::HmacKey,
        domain::{messages::credential::KeyMaterial, types::time::Timestamp},
    };

    fn created(account: u64, pair: &KeyPair) -> CreateApiKey {
        CreateApiKey {
            account: AccountId::new(account),
            key: pair.key.clone(),
            material: KeyMaterial::Hmac(pair.secret.clone()),
            permissions: Permissions { trade: true, user_data: false },
            label: String::new(),
            created_at: Timestamp::default(),
        }
    }

    #[test]
    fn keys_are_64_letters_and_digits_and_never_the_same() {
        let pairs: Vec<_> = (0..100).map(|_| KeyPair::generate().unwrap()).collect();
        let texts: std::collections::BTreeSet<_> =
            pairs.iter().flat_map(|pair| [&pair.key, &pair.secret]).collect();
        assert_eq!(texts.len(), 200);
        assert!(texts.iter().all(|text| KeyDirectory::is_well_formed(text)));
        assert!(!format!("{:?}", pairs[0]).contains(&pairs[0].secret));
    }

    #[test]
    fn a_key_is_found_once_it_is_inserted_and_until_it_is_removed() {
        let directory = KeyDirectory::new();
        let pairs: Vec<_> = (0..2_000).map(|_| KeyPair::generate().unwrap()).collect();
        for (account, pair) in pairs.iter().enumerate() {
            assert!(directory.get(&pair.key).is_none());
            directory.insert(&created(account as u64, pair));
        }
        for (account, pair) in pairs.iter().enumerate() {
            let found = directory.get(&pair.key).unwrap();
            assert_eq!(found.account, AccountId::new(account as u64));
            let signature = HmacKey::new(pair.secret.as_bytes()).sign(&[b"a=1"]);
            assert!(found.verifies(&[b"a=1"], hex::encode(signature).as_bytes()));
        }
        directory.remove(&pairs[0].key);
        assert!(directory.get(&pairs[0].key).is_none());
        assert!(directory.get(&pairs[1].key).is_some());
        assert!(!KeyDirectory::is_well_formed("short"));
        assert!(!KeyDirectory::is_well_formed(&"-".repeat(64)));
    }

    #[test]
    fn what_is_no_key_verifies_nothing() {
        let directory = KeyDirectory::new();
        let pair = KeyPair::generate().unwrap();
        directory.insert(&CreateApiKey { material: KeyMaterial::Ed25519([2; 32]), ..created(1, &pair) });
        assert!(directory.get(&pair.key).is_none());
    }
}
