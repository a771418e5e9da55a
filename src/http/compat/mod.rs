//! Endpoints of Binance about things this exchange does not have: they answer what is true of an exchange without them.

pub(super) mod unsupported;
pub(super) mod wallet;
