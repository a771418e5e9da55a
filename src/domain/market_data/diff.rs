//! The changes of a book between two publications, and the diffs of the last minutes for clients that missed some.

use std::{collections::VecDeque, sync::Arc};

use crate::domain::{
    orders::Side,
    types::{
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// The number of diffs kept: five minutes of one every 100 ms.
const DIFFS_LEN_MAX: usize = 3_000;

/// The maximum number of changed levels of the kept diffs together; at 32 bytes each it bounds the memory of a wild
/// market.
const LEVELS_LEN_MAX: usize = 200_000;

/// Every level that changed since the diff before, with its total at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthDiff {
    /// The first update it covers: the previous diff's last + 1.
    pub first_update_id: u64,
    /// The last update it covers.
    pub last_update_id: u64,
    /// The levels; zero lots stand for a level that is gone.
    pub changes: Vec<(Side, Price, Lots)>,
    /// The time of the diff.
    pub time: Timestamp,
    /// The checksum of the book after it; `None` without a subscriber.
    pub checksum: Option<u32>,
}

/// The latest diffs of one stream, each following the one before.
#[derive(Debug)]
pub struct DiffLog {
    /// The last update the next diff does not cover.
    last_update_id: u64,
    diffs: VecDeque<Arc<DepthDiff>>,
    levels: usize,
}

/// The requested diffs are no longer kept, or were never made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfReach {
    /// The first update of the oldest diff kept, or of the next one if there is none yet.
    pub oldest: u64,
}

impl DiffLog {
    /// Creates a log whose first diff follows this update.
    pub const fn after(last_update_id: u64) -> Self {
        Self { last_update_id, diffs: VecDeque::new(), levels: 0 }
    }

    /// Adds the next diff and drops the oldest ones beyond the bounds.
    pub fn push(&mut self, diff: Arc<DepthDiff>) {
        self.levels += diff.changes.len();
        self.last_update_id = diff.last_update_id;
        self.diffs.push_back(diff);
        while self.diffs.len() > DIFFS_LEN_MAX || (self.levels > LEVELS_LEN_MAX && self.diffs.len() > 1) {
            self.levels -= self.diffs.pop_front().map_or(0, |diff| diff.changes.len());
        }
    }

    /// Returns the diffs that cover the updates from `from` to `to`, oldest first and at most `limit`. Updates after
    /// the last diff are not covered yet.
    ///
    /// # Errors
    /// The diff that covers `from` is not kept.
    pub fn covering(
        &self,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<impl Iterator<Item = &Arc<DepthDiff>>, OutOfReach> {
        let oldest = self.diffs.front().map_or(self.last_update_id + 1, |diff| diff.first_update_id);
        if from < oldest {
            return Err(OutOfReach { oldest });
        }
        let first = self.diffs.partition_point(|diff| diff.last_update_id < from);
        Ok(self.diffs.range(first..).take_while(move |diff| diff.first_update_id <= to).take(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(first: u64, last: u64, levels: usize) -> Arc<DepthDiff> {
        Arc::new(DepthDiff {
            first_update_id: first,
            last_update_id: last,
            changes: vec![(Side::Buy, Price::from_ticks(1), Lots::new(1)); levels],
            time: Timestamp::default(),
            checksum: None,
        })
    }

    fn covering(log: &DiffLog, from: u64, to: u64) -> Result<Vec<u64>, OutOfReach> {
        Ok(log.covering(from, to, 100)?.map(|diff| diff.first_update_id).collect())
    }

    #[test]
    fn a_gap_is_filled_with_every_diff_that_touches_it() {
        let mut log = DiffLog::after(4);
        assert_eq!(covering(&log, 4, 9), Err(OutOfReach { oldest: 5 }));
        assert_eq!(covering(&log, 5, 9), Ok(vec![]), "nothing has happened since");
        for (first, last) in [(5, 6), (7, 7), (8, 12)] {
            log.push(diff(first, last, 1));
        }
        assert_eq!(covering(&log, 6, 7), Ok(vec![5, 7]));
        assert_eq!(covering(&log, 7, 8), Ok(vec![7, 8]));
        assert_eq!(covering(&log, 13, 20), Ok(vec![]));
        assert_eq!(covering(&log, 4, 20), Err(OutOfReach { oldest: 5 }));
        assert_eq!(log.covering(5, 99, 2).unwrap().count(), 2);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_diffs_or_levels() {
        let mut log = DiffLog::after(0);
        (1..=DIFFS_LEN_MAX as u64 + 1).for_each(|id| log.push(diff(id, id, 1)));
        assert_eq!(covering(&log, 1, 1), Err(OutOfReach { oldest: 2 }));
        let last = DIFFS_LEN_MAX as u64 + 2;
        log.push(diff(last, last, LEVELS_LEN_MAX));
        assert_eq!(covering(&log, last - 1, last), Err(OutOfReach { oldest: last }));
    }
}
