//! The balances. Every change is a set of postings that sum to zero per asset, with clearing accounts for the leg of a
//! trade that settles in another slot.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::change::Change;
use crate::domain::{
    messages::reject::Fault,
    types::{
        id::{AccountId, AssetId},
        money::Amount,
    },
};

/// The ledger account that has units of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LedgerAccount {
    /// Available to an account.
    Available(AccountId),
    /// Held for an account's open orders.
    Held(AccountId),
    /// Fees this slot has collected.
    Fees,
    /// Transferred to (positive) or from (negative) the other side of trades; over all slots it sums to zero when no
    /// message is on its way.
    Clearing,
    /// The world outside: negative by the net amount deposited.
    External,
}

/// One change of one balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The ledger account.
    pub place: LedgerAccount,
    /// The asset.
    pub asset: AssetId,
    /// The change.
    pub delta: Amount,
    /// The balance after it.
    pub after: Amount,
}

/// Values by key: few, so a sorted vector. Two are stored inline: most accounts trade one pair of assets, and values
/// elsewhere have to be fetched first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "K: Serialize, V: Serialize",
    deserialize = "K: Deserialize<'de>, V: Deserialize<'de>"
))]
pub(super) struct ByKey<K, V>(SmallVec<[(K, V); 2]>);

/// Values by asset.
pub(super) type ByAsset<V> = ByKey<AssetId, V>;

impl<K, V> Default for ByKey<K, V> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<K: Ord + Copy, V: Default + Copy> ByKey<K, V> {
    /// Returns the value of a key, the default if it was never touched.
    pub(super) fn get(&self, key: K) -> V {
        self.0.iter().find(|(other, _)| *other == key).map(|(_, value)| *value).unwrap_or_default()
    }

    /// Returns a mutable reference to the value of a key.
    pub(super) fn entry(&mut self, key: K) -> &mut V {
        let index = match self.0.binary_search_by_key(&key, |(other, _)| *other) {
            Ok(index) => index,
            Err(index) => {
                self.0.insert(index, (key, V::default()));
                index
            }
        };
        &mut self.0[index].1
    }

    /// Returns every key ever touched with its value, in key order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (K, V)> + '_ {
        self.0.iter().copied()
    }
}

/// Verifies that postings sum to zero per asset.
///
/// # Errors
/// Units were created or lost.
pub(super) fn check_zero_sum(changes: &[Change]) -> Result<(), Fault> {
    let posting = |change: &Change| match change {
        Change::Posted(posting) => Some(*posting),
        _ => None,
    };
    for (index, change) in changes.iter().enumerate() {
        let Some(Posting { asset, .. }) = posting(change) else { continue };
        if changes[..index].iter().filter_map(posting).any(|earlier| earlier.asset == asset) {
            continue;
        }
        let mut sum = Amount::ZERO;
        for other in changes[index..].iter().filter_map(posting).filter(|other| other.asset == asset) {
            sum = sum.plus(other.delta)?;
        }
        if !sum.is_zero() {
            return Err(Fault::new(format!("postings of asset {asset} sum to {}", sum.units())));
        }
    }
    Ok(())
}
