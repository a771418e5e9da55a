//! An asset and its scale.

use super::symbol;
use crate::domain::{
    messages::reject::{Parameter, Reject},
    types::{decimal::Units, id::AssetId, money::Amount},
};

/// The maximum length of an asset's name, in bytes.
pub const ASSET_NAME_LEN_MAX: usize = 12;

/// An asset: the unit of balances.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub id: AssetId,
    /// The number of decimal digits of one whole, at most 18.
    pub scale: u8,
    name_len: u8,
    name: [u8; ASSET_NAME_LEN_MAX],
}

impl Asset {
    /// Builds an asset; `None` unless the name is 1 to 12 ASCII capitals or digits.
    pub fn new(id: AssetId, name: &str, scale: u8) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if name.is_empty() || name.len() > ASSET_NAME_LEN_MAX || !name.bytes().all(legal) {
            return None;
        }
        let mut bytes = [0; ASSET_NAME_LEN_MAX];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Some(Self { id, scale, name_len: name.len() as u8, name: bytes })
    }

    /// Returns the name, e.g. `BTC`.
    pub fn name(&self) -> &str {
        std::str::from_utf8(&self.name[..usize::from(self.name_len)]).unwrap_or_default()
    }

    /// Reads an amount of this asset.
    ///
    /// # Errors
    /// [`Reject::Malformed`] or [`Reject::Precision`].
    pub fn parse_amount(&self, text: &str) -> Result<Amount, Reject> {
        symbol::parse(text, self.scale, Parameter::Amount).map(Amount::new)
    }

    /// Returns the amount for printing.
    pub const fn units(&self, amount: Amount) -> Units {
        Units { value: amount.units(), scale: self.scale }
    }
}

impl std::fmt::Debug for Asset {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}#{}", self.name(), self.id)
    }
}
