//! `[feed]`: the synthetic market.

use serde::Deserialize;

use super::Switch;

/// The synthetic market.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Feed {
    /// Whether it trades; `auto` means: when the demo is on.
    pub synthetic: Switch,
    /// The seed of its decisions.
    pub seed: u64,
    /// How many actions it takes per second and symbol, on average.
    pub actions_per_second: u32,
    /// How many hours of its trading a new data directory starts with; 0 for none.
    pub history_hours: u8,
}
