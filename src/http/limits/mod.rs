//! What an address may ask for: request weight, connections, bans.

pub(super) mod bans;
pub(super) mod limiter;
pub(super) mod weight;
