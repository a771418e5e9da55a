//! What an operator changes about an account while the exchange runs: its status, fee tier and exemption from the
//! limits of unfilled orders.

use serde::{Deserialize, Serialize};

use super::reject::Reject;
use crate::domain::types::id::AccountId;

/// The maximum length of an operator's reason, in bytes.
pub const REASON_LEN_MAX: usize = 200;

/// What an account may do. New variants are added at the end: the position is the journal's number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AccountStatus {
    /// Everything.
    #[default]
    Active,
    /// Everything but place and amend orders.
    CancelOnly,
    /// Read, cancel, and receive deposits.
    Frozen,
    /// Read.
    Closed,
}

/// An action that a status may forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Place or amend an order.
    Trade,
    /// Withdraw.
    Withdraw,
    /// Create an API key.
    CreateKey,
    /// Receive a deposit.
    Deposit,
    /// Arrange for orders to be cancelled later. A plain cancel is never forbidden: a closed account has no orders.
    ArrangeCancel,
}

impl AccountStatus {
    /// Every status, the least restrictive first.
    pub const ALL: [Self; 4] = [Self::Active, Self::CancelOnly, Self::Frozen, Self::Closed];

    /// Returns the name, the same everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::CancelOnly => "CANCEL_ONLY",
            Self::Frozen => "FROZEN",
            Self::Closed => "CLOSED",
        }
    }

    /// Parses a name, in capitals or not, with `_` or `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_uppercase().replace('-', "_");
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Returns whether an account's open orders may be cancelled when it gets this status. An active account keeps
    /// them, and one that is closed has none.
    pub const fn may_cancel_orders(self) -> bool {
        matches!(self, Self::CancelOnly | Self::Frozen)
    }

    /// Returns whether it permits an action.
    pub const fn permits(self, action: Action) -> bool {
        match self {
            Self::Active => true,
            Self::CancelOnly => !matches!(action, Action::Trade),
            Self::Frozen => matches!(action, Action::Deposit | Action::ArrangeCancel),
            Self::Closed => false,
        }
    }

    /// Checks whether it permits an action.
    ///
    /// # Errors
    /// The reject of this status.
    pub const fn check(self, action: Action) -> Result<(), Reject> {
        match self {
            _ if self.permits(action) => Ok(()),
            Self::Closed => Err(Reject::AccountClosed),
            Self::Frozen => Err(Reject::AccountFrozen),
            Self::Active | Self::CancelOnly => Err(Reject::AccountCancelOnly),
        }
    }
}

/// Sets an account's status.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetAccountStatus {
    /// The account.
    pub account: AccountId,
    /// Its status from now on.
    pub status: AccountStatus,
    /// Whether its open orders are cancelled in the same step, where [`AccountStatus::may_cancel_orders`].
    pub cancels_orders: bool,
    /// The operator's reason: 1 to [`REASON_LEN_MAX`] bytes.
    pub reason: String,
}

/// Sets an account's fee tier, its exemption from the limits of unfilled orders, or both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetAccountTier {
    /// The account.
    pub account: AccountId,
    /// Its fee tier from now on; `None` keeps it.
    pub tier: Option<u8>,
    /// Whether it is exempt from now on; `None` keeps it.
    pub is_unlimited: Option<bool>,
    /// The operator's reason: 1 to [`REASON_LEN_MAX`] bytes.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_permits_what_its_name_promises() {
        use Action::{ArrangeCancel, CreateKey, Deposit, Trade, Withdraw};
        let all = [Trade, Withdraw, CreateKey, Deposit, ArrangeCancel];
        let permitted = |status: AccountStatus| all.map(|action| status.permits(action));
        assert_eq!(permitted(AccountStatus::Active), [true; 5]);
        assert_eq!(permitted(AccountStatus::CancelOnly), [false, true, true, true, true]);
        assert_eq!(permitted(AccountStatus::Frozen), [false, false, false, true, true]);
        assert_eq!(permitted(AccountStatus::Closed), [false; 5]);
    }

    #[test]
    fn a_refusal_names_the_status() {
        let refused = |status: AccountStatus| status.check(Action::Trade);
        assert_eq!(refused(AccountStatus::Active), Ok(()));
        assert_eq!(refused(AccountStatus::CancelOnly), Err(Reject::AccountCancelOnly));
        assert_eq!(refused(AccountStatus::Frozen), Err(Reject::AccountFrozen));
        assert_eq!(refused(AccountStatus::Closed), Err(Reject::AccountClosed));
    }

    #[test]
    fn names_are_read_as_they_are_written_and_with_small_letters_and_hyphens() {
        for status in AccountStatus::ALL {
            assert_eq!(AccountStatus::parse(status.name()), Some(status));
        }
        assert_eq!(AccountStatus::parse("cancel-only"), Some(AccountStatus::CancelOnly));
        assert_eq!(AccountStatus::parse("HALTED"), None);
    }
}
