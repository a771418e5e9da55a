//! `[snapshot]`: how often a snapshot is taken.

use std::time::Duration;

use serde::Deserialize;

/// How often the journal is replayed into a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Snapshot {
    /// After so many frames.
    pub every_frames: u64,
    /// And after so long, if anything happened.
    pub every_seconds: u64,
}

impl Snapshot {
    /// Returns the longest time between two, when anything happens.
    pub const fn interval(&self) -> Duration {
        Duration::from_secs(self.every_seconds)
    }
}
