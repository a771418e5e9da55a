//! An account's balances, history and fees.

pub(super) mod account_history;
pub(super) mod commission;
pub(super) mod events;
pub(super) mod info;
pub(super) mod ledger;
pub(super) mod rate_limits;
