//! Limits of an address: request weight, connections, bans.

pub(super) mod bans;
pub(super) mod limiter;
pub(super) mod networks;
pub(super) mod rate;
pub(super) mod weight;
