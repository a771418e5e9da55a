//! The operator: accounts, keys, deposits and withdrawals, and the health of the process.

pub(super) mod accounts;
pub(super) mod health;
