//! `[journal]`: how acknowledged work is stored.

use std::time::Duration;

use serde::Deserialize;

/// When an acknowledgement leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// When the acknowledged data is on disk: a power cut loses nothing acknowledged.
    Fsync,
    /// When the operating system has it: a crash of the process loses nothing, a power cut the latest writes.
    Async,
    /// At once, and nothing is stored: for experiments.
    None,
}

/// How acknowledged work is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Journal {
    /// When an acknowledgement leaves.
    pub durability: Durability,
    /// The size of one file of the journal, in MiB.
    pub segment_mib: u64,
    /// How often the operating system writes its data to disk, when durability is "async".
    pub sync_interval_ms: u64,
}

impl Journal {
    /// Returns how often the disk is synced when durability is "async".
    pub const fn sync_interval(&self) -> Duration {
        Duration::from_millis(self.sync_interval_ms)
    }
}
