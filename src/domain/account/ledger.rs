//! Who has how much. Every change is a set of postings that sum to zero per asset, with clearing accounts for
//! the leg of a trade that settles in another slot.

use crate::domain::{
    command::Balance,
    id::{AccountId, AssetId},
    money::Amount,
    reject::Fault,
};

/// Where units of an asset are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Free to use by an account.
    Available(AccountId),
    /// Held for an account's open orders.
    Frozen(AccountId),
    /// Fees this slot has taken.
    Fees,
    /// Handed to (positive) or from (negative) the other side of trades; over all slots it sums to zero when
    /// no message is on its way.
    Clearing,
    /// The world outside: negative by what came in, net.
    External,
}

/// One change of one balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub place: Place,
    /// Of which asset.
    pub asset: AssetId,
    /// By how much.
    pub delta: Amount,
    /// What is there after it.
    pub after: Amount,
}

/// Values by key: few, so a sorted vector, which keeps its memory when values come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByKey<K, V>(Vec<(K, V)>);

/// Values by asset.
pub(super) type ByAsset<V> = ByKey<AssetId, V>;

impl<K, V> Default for ByKey<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord + Copy, V: Default + Copy> ByKey<K, V> {
    /// Returns the value of a key, the default if it was never touched.
    pub(super) fn get(&self, key: K) -> V {
        self.0.iter().find(|(other, _)| *other == key).map(|(_, value)| *value).unwrap_or_default()
    }

    /// Returns the value of a key for changing.
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

/// Changes one balance and notes the posting.
///
/// # Errors
/// The balance would be negative or overflow: a bug, because every command is checked before it changes
/// anything.
pub(super) fn post(
    balance: &mut Amount,
    place: Place,
    asset: AssetId,
    delta: Amount,
    postings: &mut Vec<Posting>,
) -> Result<(), Fault> {
    if delta.is_zero() {
        return Ok(());
    }
    let after = balance.plus(delta)?;
    if after.is_negative() && !matches!(place, Place::Clearing | Place::External) {
        return Err(Fault::new(format!("{place:?} of asset {asset} would be {}", after.units())));
    }
    *balance = after;
    postings.push(Posting { place, asset, delta, after });
    Ok(())
}

/// Moves units of one account between free and frozen: positive freezes.
///
/// # Errors
/// As [`post`].
pub(super) fn freeze(
    balance: &mut Balance,
    account: AccountId,
    asset: AssetId,
    amount: Amount,
    postings: &mut Vec<Posting>,
) -> Result<(), Fault> {
    post(&mut balance.available, Place::Available(account), asset, amount.negated()?, postings)?;
    post(&mut balance.frozen, Place::Frozen(account), asset, amount, postings)
}

/// Verifies that postings sum to zero per asset.
///
/// # Errors
/// Units were made or lost.
pub(super) fn check_zero_sum(postings: &[Posting]) -> Result<(), Fault> {
    for (index, posting) in postings.iter().enumerate() {
        if postings[..index].iter().any(|earlier| earlier.asset == posting.asset) {
            continue;
        }
        let mut sum = Amount::ZERO;
        for other in postings[index..].iter().filter(|other| other.asset == posting.asset) {
            sum = sum.plus(other.delta)?;
        }
        if !sum.is_zero() {
            return Err(Fault::new(format!("postings of asset {} sum to {}", posting.asset, sum.units())));
        }
    }
    Ok(())
}
