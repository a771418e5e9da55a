//! Bans of addresses that keep exceeding limits: each ban lasts twice as long as the one before.
//!
//! Their table is fixed: when the cells an address may be in are full, the ban that ends first makes room.

use std::sync::atomic::Ordering;

use crate::{auth::Cells, domain::types::time::Timestamp};

const CELL_COUNT: usize = 1 << 12;
/// A cell: 28 bits of the address's hash, 4 bits of how often, 32 bits of the second it ends.
const UNTIL_BITS: u32 = 32;
const LEVEL_BITS: u32 = 4;
const LEVEL_MAX: u64 = (1 << LEVEL_BITS) - 1;
const UNTIL_MASK: u64 = (1 << UNTIL_BITS) - 1;

/// How long bans last, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BanTerms {
    /// The first.
    pub first: u32,
    /// The longest; after that time without another one a ban is forgotten.
    pub longest: u32,
}

pub(crate) struct Bans {
    cells: Cells,
    terms: BanTerms,
}

impl Bans {
    pub(crate) fn new(terms: BanTerms) -> Self {
        Self { cells: Cells::new(CELL_COUNT), terms }
    }

    /// Returns the end of an address's ban (by its hash), if it is banned.
    pub(crate) fn until(&self, address: u64, now: Timestamp) -> Option<Timestamp> {
        let until = self.cells.near(address).find_map(|cell| {
            let seen = cell.load(Ordering::Relaxed);
            (tag_of(seen) == tag_of(address)).then_some(seen & UNTIL_MASK)
        })?;
        let until = Timestamp::from_millis(until * 1_000);
        (until > now).then_some(until)
    }

    /// Bans an address and returns the end of the ban.
    pub(crate) fn ban(&self, address: u64, now: Timestamp) -> Timestamp {
        let second = now.millis().div_ceil(1_000);
        let longest = u64::from(self.terms.longest);
        let is_remembered = |seen: u64| seen != 0 && (seen & UNTIL_MASK) + longest > second;
        let mine =
            self.cells.near(address).find(|cell| tag_of(cell.load(Ordering::Relaxed)) == tag_of(address));
        let ends_first =
            || self.cells.near(address).min_by_key(|cell| cell.load(Ordering::Relaxed) & UNTIL_MASK);
        let Some(cell) = mine.or_else(ends_first) else { return now };
        let seen = cell.load(Ordering::Relaxed);
        let level = match tag_of(seen) == tag_of(address) && is_remembered(seen) {
            true => ((seen >> UNTIL_BITS) & LEVEL_MAX).saturating_add(1).min(LEVEL_MAX),
            false => 0,
        };
        let seconds = (u64::from(self.terms.first) << level).min(longest);
        let until = (second + seconds) & UNTIL_MASK;
        // Two simultaneous bans of one address are one: the loser of the race returns the winner's.
        let next = tag_of(address) | level << UNTIL_BITS | until;
        let _ = cell.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Relaxed);
        Timestamp::from_millis(until * 1_000)
    }
}

const fn tag_of(word: u64) -> u64 {
    let shift = UNTIL_BITS + LEVEL_BITS;
    (word >> shift) << shift
}

impl std::fmt::Debug for Bans {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bans").field("terms", &self.terms).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::hash::mix64;

    const DAY: u64 = 86_400;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn bans_double_up_to_three_days_and_are_forgotten_in_time() {
        let bans = Bans::new(BanTerms { first: 120, longest: 3 * DAY as u32 });
        let address = mix64(1);
        let mut now = 1_700_000_000;
        assert_eq!(bans.until(address, at(now)), None);
        let mut lengths = Vec::new();
        for _ in 0..14 {
            let until = bans.ban(address, at(now)).millis() / 1_000;
            assert_eq!(bans.until(address, at(until - 1)), Some(at(until)));
            assert_eq!(bans.until(address, at(until)), None, "it is over");
            lengths.push(until - now);
            now = until;
        }
        assert_eq!(lengths[..3], [120, 240, 480]);
        assert_eq!(lengths[13], 3 * DAY);
        now += 3 * DAY;
        assert_eq!(bans.ban(address, at(now)), at(now + 120), "long ago");
        assert_eq!(bans.until(mix64(2), at(now)), None, "another address");
    }

    #[test]
    fn a_full_table_forgets_the_ban_that_ends_first() {
        let bans = Bans::new(BanTerms { first: 120, longest: 240 });
        let same_place = |index: u64| index << 40 | 5;
        for index in 1..=9 {
            bans.ban(same_place(index), at(1_000 + index));
        }
        assert_eq!(bans.until(same_place(1), at(1_010)), None);
        for index in 2..=9 {
            assert!(bans.until(same_place(index), at(1_010)).is_some(), "{index}");
        }
    }
}
