//! `[engine]`: how many shards there are and what bounds them.

use serde::Deserialize;

/// How many shards there are and what bounds them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Engine {
    /// Account shards.
    pub account_shards: usize,
    /// Symbol shards.
    pub symbol_shards: usize,
    /// Threads the actors run on; 0 takes one for every two cores.
    pub arbiters: usize,
    /// Commands a shard handles before it yields its thread.
    pub batch: usize,
    /// Commands in flight at one account shard.
    pub account_commands_in_flight: usize,
    /// Cancels in flight at one account shard on top of that.
    pub account_cancels_in_flight: usize,
    /// Commands in flight at one symbol shard.
    pub symbol_commands_in_flight: usize,
    /// Cancels in flight at one symbol shard on top of that.
    pub symbol_cancels_in_flight: usize,
    /// Fills one command may make.
    pub fills_max: u32,
    /// Orders one book may hold.
    pub book_orders_max: u32,
}

impl Engine {
    /// Returns the number of threads the actors run on, at least 1.
    pub fn arbiter_count(&self) -> usize {
        if self.arbiters > 0 { self.arbiters } else { (super::server::cores() / 2).max(1) }
    }
}
