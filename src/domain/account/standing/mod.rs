//! An account's status, fee tier and exemption, as an operator changes them.
//!
//! A change counts from its place in the slot's sequence on: what was accepted before stays accepted. Resting orders
//! and conditional orders are accepted orders, and go on unless they are cancelled; an order that only waits for
//! another of its list is not placed yet, and expires when the status forbids it. A trade pays the fees of the tier at
//! its settlement.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    change::Change,
    slot::{Refusable, Turn},
    state::{Account, AccountState},
};
use crate::domain::{
    messages::{
        command::{Answer, Balance},
        reject::{Fault, Reject},
        standing::{AccountStatus, Action, REASON_LEN_MAX, SetAccountStatus, SetAccountTier},
    },
    testing::mutants::{Mutant, mutated},
    types::id::AccountId,
};

/// Two marks of an account in one byte of a snapshot: before there was a status, the byte was 0 or 1, and it still is
/// for an active account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Whether the private events of its owner are recorded.
    pub(super) recorded: bool,
    /// What it may do.
    pub(super) status: AccountStatus,
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(u8::from(self.recorded) | (self.status as u8) << 1)
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let byte = u8::deserialize(deserializer)?;
        let status = AccountStatus::ALL.get(usize::from(byte >> 1)).copied();
        let status = status.ok_or_else(|| de::Error::custom("an account has a status of a later release"))?;
        Ok(Self { recorded: byte & 1 == 1, status })
    }
}

impl Account {
    /// Checks whether it may place and amend orders.
    ///
    /// # Errors
    /// Its status forbids it.
    pub(super) fn check_may_trade(&self) -> Result<(), Reject> {
        if mutated(Mutant::RestrictedAccountTrades) {
            return Ok(());
        }
        self.marks.status.check(Action::Trade)
    }

    /// Checks whether it may be closed.
    ///
    /// # Errors
    /// It has open orders or balances.
    fn check_empty(&self) -> Result<(), Reject> {
        let has_balance = |(_, balance): &(_, Balance)| {
            *balance != Balance::default() && !mutated(Mutant::ClosedWithBalance)
        };
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (orders, assets) =
            (count(self.open.len()), count(self.balances.iter().filter(has_balance).count()));
        if (orders, assets) == (0, 0) { Ok(()) } else { Err(Reject::AccountNotEmpty { orders, assets }) }
    }
}

impl AccountState {
    /// Checks whether an account may place and amend orders.
    ///
    /// # Errors
    /// There is no such account, or its status forbids it.
    pub(super) fn check_may_trade(&self, account: AccountId) -> Result<(), Reject> {
        self.accounts.get(&account).ok_or(Reject::UnknownAccount)?.check_may_trade()
    }

    /// Applies a change of an account's standing.
    ///
    /// # Errors
    /// There is no such account, or the change is another one.
    pub(super) fn apply_standing(&mut self, change: &Change) -> Result<(), Fault> {
        match change {
            Change::AccountStatusSet { account, status, .. } => {
                self.account_mut(*account)?.marks.status = *status;
            }
            Change::AccountTierSet { account, tier, is_unlimited, .. } => {
                let account = self.account_mut(*account)?;
                account.quota.set_unlimited(*is_unlimited);
                if !mutated(Mutant::TierChangeIgnored) {
                    account.tier = *tier;
                }
            }
            other => return Err(Fault::new(format!("{other:?} is no change of an account's standing"))),
        }
        Ok(())
    }
}

impl Turn<'_> {
    /// Sets an account's status, and cancels its open orders when asked to. To set the status it has changes nothing,
    /// but orders that have come to be open since are cancelled all the same.
    pub(super) fn set_account_status(&mut self, set: &SetAccountStatus) -> Refusable<Answer> {
        let SetAccountStatus { account: id, status, cancels_orders, ref reason } = *set;
        let Some(account) = self.state.accounts.get(&id) else { return Ok(Err(Reject::UnknownAccount)) };
        if let Err(reject) = check_reason(reason) {
            return Ok(Err(reject));
        }
        if cancels_orders && !status.may_cancel_orders() {
            return Ok(Err(Reject::UnsupportedCombination));
        }
        if status == AccountStatus::Closed
            && let Err(reject) = account.check_empty()
        {
            return Ok(Err(reject));
        }
        if status != account.marks.status {
            self.change(Change::AccountStatusSet { account: id, status, reason: reason.clone() })?;
        }
        if status == AccountStatus::Closed && self.state.countdowns.contains_key(&id) {
            self.change(Change::Countdown { account: id, at: None })?;
        }
        let cancelling = if cancels_orders { self.cancel_everything(id)? } else { 0 };
        let cancelling = u32::try_from(cancelling).unwrap_or(u32::MAX);
        Ok(Ok(Answer::AccountStatusSet { status, cancelling }))
    }

    /// Sets an account's tier and exemption; to set those it has changes nothing.
    pub(super) fn set_account_tier(&mut self, set: &SetAccountTier) -> Refusable<Answer> {
        let SetAccountTier { account: id, tier, is_unlimited, ref reason } = *set;
        let Some(account) = self.state.accounts.get(&id) else { return Ok(Err(Reject::UnknownAccount)) };
        if let Err(reject) = check_reason(reason) {
            return Ok(Err(reject));
        }
        if tier.is_some_and(|tier| !self.has_fees(tier)) {
            return Ok(Err(Reject::UnknownTier));
        }
        let before = (account.tier, account.quota.is_unlimited());
        let (tier, is_unlimited) = (tier.unwrap_or(before.0), is_unlimited.unwrap_or(before.1));
        if (tier, is_unlimited) != before {
            let reason = reason.clone();
            self.change(Change::AccountTierSet { account: id, tier, is_unlimited, reason })?;
        }
        Ok(Ok(Answer::AccountTierSet { tier, is_unlimited }))
    }

    /// Returns whether every symbol has fees for a tier.
    pub(super) fn has_fees(&self, tier: u8) -> bool {
        self.instruments.symbols().all(|spec| usize::from(tier) < spec.fees.len())
    }
}

fn check_reason(reason: &str) -> Result<(), Reject> {
    if reason.is_empty() || reason.len() > REASON_LEN_MAX { Err(Reject::Overflow) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
