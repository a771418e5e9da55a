//! Binance endpoints for features this exchange does not have: they answer as an exchange without them.

pub(super) mod unsupported;
pub(super) mod wallet;
