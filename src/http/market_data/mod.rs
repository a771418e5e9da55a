//! Public market data.

pub(super) mod depth_cache;
pub(super) mod diff;
pub(super) mod exchange_info;
pub(super) mod figures;
pub(super) mod klines;
pub(super) mod quotes;
pub(super) mod selection;
pub(super) mod tickers;
pub(super) mod trades;
