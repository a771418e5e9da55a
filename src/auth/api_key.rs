//! API keys: found without a lock, their secrets ready to verify with.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;

use super::{HmacKey, RandomError};
use crate::domain::{
    command::{CreateApiKey, Permissions},
    hash::mix64,
    id::AccountId,
};

const KEY_LEN: usize = 64;
const SHELF_COUNT: usize = 1024;

/// A key as signed requests need it.
#[derive(Debug)]
pub struct ApiKey {
    /// Whose key.
    pub account: AccountId,
    /// What it may do.
    pub permissions: Permissions,
    /// What its signatures are checked with.
    pub hmac: HmacKey,
}

type Shelf = HashMap<Box<str>, Arc<ApiKey>>;

/// Every key of the exchange, on shelves so that adding one copies a thousandth of them. Reads take no lock.
pub struct KeyDirectory {
    shelves: Box<[ArcSwap<Shelf>]>,
}

impl KeyDirectory {
    /// Opens an empty directory.
    pub fn new() -> Self {
        Self { shelves: (0..SHELF_COUNT).map(|_| ArcSwap::default()).collect() }
    }

    /// Adds a key, or replaces the one of that name.
    pub fn insert(&self, created: &CreateApiKey) {
        let entry = Arc::new(ApiKey {
            account: created.account,
            permissions: created.permissions,
            hmac: HmacKey::new(created.secret.as_bytes()),
        });
        self.shelf(&created.key).rcu(|shelf| {
            let mut shelf = Shelf::clone(shelf);
            shelf.insert(created.key.as_str().into(), Arc::clone(&entry));
            shelf
        });
    }

    /// Returns the key of that name.
    pub fn get(&self, key: &str) -> Option<Arc<ApiKey>> {
        self.shelf(key).load().get(key).cloned()
    }

    /// Returns whether the text could be a key at all: 64 letters and digits.
    pub fn is_well_formed(key: &str) -> bool {
        key.len() == KEY_LEN && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }

    fn shelf(&self, key: &str) -> &ArcSwap<Shelf> {
        let word = |chunk: &[u8]| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        };
        let hash = key.as_bytes().chunks(8).fold(0, |hash, chunk| mix64(hash ^ word(chunk)));
        &self.shelves[hash as usize % SHELF_COUNT]
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
    /// The secret part.
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

    fn created(account: u64, pair: &KeyPair) -> CreateApiKey {
        CreateApiKey {
            account: AccountId::new(account),
            key: pair.key.clone(),
            secret: pair.secret.clone(),
            permissions: Permissions { trade: true, user_data: false },
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
    fn a_key_is_found_once_it_is_inserted() {
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
            assert!(found.hmac.verifies(&[b"a=1"], hex::encode(signature).as_bytes()));
        }
        assert!(!KeyDirectory::is_well_formed("short"));
        assert!(!KeyDirectory::is_well_formed(&"-".repeat(64)));
    }
}
