//! `[[accounts]]`: accounts that exist from the start.

use serde::Deserialize;

use super::Secret;
use crate::domain::messages::command::{Permission, Permissions};

/// An account that exists from the start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// Its id, from 1.
    pub id: u64,
    /// Its fee tier.
    #[serde(default)]
    pub tier: u8,
    /// Whether it is exempt from the limits of unfilled orders, as a market maker is.
    #[serde(default)]
    pub unlimited: bool,
    /// What it starts with.
    #[serde(default)]
    pub balances: Vec<Balance>,
    /// Its API keys.
    #[serde(default)]
    pub keys: Vec<Key>,
}

/// An amount of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Balance {
    /// The asset's name.
    pub asset: String,
    /// How much, as a decimal string.
    pub amount: String,
}

/// An API key as configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// The public part.
    pub key: String,
    /// The secret part.
    pub secret: Secret,
    /// What it may do.
    pub permissions: Vec<Permission>,
}

impl Key {
    /// Returns what the key may do.
    pub fn permissions(&self) -> Permissions {
        Permissions::of(&self.permissions)
    }
}
