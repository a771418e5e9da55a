//! The operator: accounts and their standing, keys, deposits and withdrawals, trading rules, and the health of the process.

pub(super) mod accounts;
pub(super) mod health;
pub(super) mod standing;
pub(super) mod symbols;
