//! Fixed tables of atomic cells, found by a hash: neither a lock nor the number of clients can hurt.

use std::{
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::domain::types::{hash, time::Timestamp};

/// How many neighbours of a cell are looked at.
const PROBES: usize = 8;

/// A table of words that begin at 0. Two that share a cell share what is counted in it; hashes have a secret seed, so that is
/// rare and cannot be brought about.
#[derive(Debug)]
pub struct Cells(Box<[AtomicU64]>);

impl Cells {
    /// Makes a table of so many cells, at least one.
    pub fn new(count: usize) -> Self {
        Self((0..count.max(1)).map(|_| AtomicU64::new(0)).collect())
    }

    /// Returns the cell of a hash.
    pub fn at(&self, hash: u64) -> &AtomicU64 {
        &self.0[hash as usize % self.0.len()]
    }

    /// Returns the cells that something with this hash may be in: its own, and those after it.
    pub fn near(&self, hash: u64) -> impl Iterator<Item = &AtomicU64> {
        (0..PROBES).map(move |probe| &self.0[(hash as usize).wrapping_add(probe) % self.0.len()])
    }
}

/// How many bits of a cell count; the others hold the minute.
const COUNT_BITS: u32 = 24;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
const MINUTE_MILLIS: u64 = 60_000;

/// Counts by the calendar's minute. What was counted is forgotten with the minute.
#[derive(Debug)]
pub struct MinuteCounts {
    cells: Cells,
    seed: u64,
}

/// What was counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How often: in this minute, or else in the last one anything was counted in.
    pub before: u64,
    /// Whether this is the first of its minute.
    pub is_first: bool,
}

impl MinuteCounts {
    /// Makes a table of so many cells; `seed` keeps the places unpredictable.
    pub fn new(cells: usize, seed: u64) -> Self {
        Self { cells: Cells::new(cells), seed }
    }

    /// Counts one more; `None`, and nothing is counted, when the minute has `limit` already. Beyond 16,777,215 in a minute counts stand
    /// still.
    pub fn add(&self, what: &impl Hash, limit: u64, now: Timestamp) -> Option<Counted> {
        let minute = now.millis() / MINUTE_MILLIS;
        let more = |seen: u64| {
            let count = if seen >> COUNT_BITS == minute { seen & COUNT_MAX } else { 0 };
            (count < limit).then_some(minute << COUNT_BITS | (count + 1).min(COUNT_MAX))
        };
        let cell = self.cells.at(hash::of(self.seed, what) as u64);
        let seen = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Counted { before: seen & COUNT_MAX, is_first: seen >> COUNT_BITS != minute })
    }

    /// Returns how many seconds of the minute are left, at least 1.
    pub const fn seconds_left(now: Timestamp) -> u32 {
        (MINUTE_MILLIS - now.millis() % MINUTE_MILLIS).div_ceil(1_000) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_its_limit_and_the_next_one_starts_anew() {
        let counts = MinuteCounts::new(64, 7);
        let at = |second: u64| Timestamp::from_millis(1_700_000_040_000 + second * 1_000);
        let add =
            |second| counts.add(&"one", 2, at(second)).map(|counted| (counted.before, counted.is_first));
        assert_eq!([add(0), add(1), add(59)], [Some((0, true)), Some((1, false)), None]);
        assert_eq!(add(60), Some((2, true)));
        assert_eq!(MinuteCounts::seconds_left(at(0)), 60);
        assert_eq!(MinuteCounts::seconds_left(Timestamp::from_millis(1_700_000_099_999)), 1);
    }

    #[test]
    fn neighbours_go_round_the_end_of_the_table() {
        let cells = Cells::new(8);
        cells.at(6).store(1, Ordering::Relaxed);
        cells.at(13).store(2, Ordering::Relaxed);
        let near: Vec<u64> = cells.near(6).map(|cell| cell.load(Ordering::Relaxed)).collect();
        assert_eq!(near, [1, 0, 0, 0, 0, 0, 0, 2]);
    }
}
