//! What an address may ask for: request weight, connections, bans.

pub(super) mod bans;
pub(super) mod limiter;
pub(super) mod networks;
pub(super) mod rate;
pub(super) mod weight;
