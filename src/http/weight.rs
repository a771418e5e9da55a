//! Counts request weight per address and minute: a fixed table of atomic cells, so that neither a lock nor the
//! number of addresses can hurt. Counted, not enforced yet.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::domain::{hash::mix64, time::Timestamp};

const CELL_COUNT: usize = 1 << 14;
const PROBES: usize = 8;
/// A cell: 18 bits of the address's hash, 26 bits of the minute, 20 bits of weight.
const WEIGHT_BITS: u32 = 20;
const MINUTE_BITS: u32 = 26;
const WEIGHT_MAX: u64 = (1 << WEIGHT_BITS) - 1;

/// The weight every address has used in the current minute.
pub(super) struct Weights {
    cells: Box<[AtomicU64]>,
    seed: u64,
}

impl Weights {
    /// Opens the table; `seed` keeps the places of addresses unpredictable.
    pub(super) fn new(seed: u64) -> Self {
        Self { cells: (0..CELL_COUNT).map(|_| AtomicU64::new(0)).collect(), seed }
    }

    /// Adds to what an address has used and returns the sum of the calendar minute.
    pub(super) fn add(&self, address: IpAddr, weight: u32, now: Timestamp) -> u32 {
        let hash = match address {
            IpAddr::V4(v4) => mix64(self.seed ^ u64::from(u32::from(v4))),
            IpAddr::V6(v6) => {
                let bits = u128::from(v6);
                mix64(mix64(self.seed ^ (bits >> 64) as u64) ^ bits as u64)
            }
        };
        let minute = (now.millis() / 60_000) & ((1 << MINUTE_BITS) - 1);
        let tag = (hash >> (WEIGHT_BITS + MINUTE_BITS)) << (WEIGHT_BITS + MINUTE_BITS);
        let mine = tag | minute << WEIGHT_BITS;
        for probe in 0..PROBES {
            let cell = &self.cells[(hash as usize).wrapping_add(probe) % CELL_COUNT];
            let mut seen = cell.load(Ordering::Relaxed);
            loop {
                let seen_minute = (seen >> WEIGHT_BITS) & ((1 << MINUTE_BITS) - 1);
                let used = match seen & !WEIGHT_MAX {
                    key if key == mine => seen & WEIGHT_MAX,
                    _ if seen_minute != minute => 0,
                    _ => break, // another address's
                };
                let sum = (used + u64::from(weight)).min(WEIGHT_MAX);
                match cell.compare_exchange_weak(seen, mine | sum, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return sum as u32,
                    Err(changed) => seen = changed,
                }
            }
        }
        weight // all places taken by others this minute
    }
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Weights").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_sum_and_a_new_minute_starts_at_zero() {
        let weights = Weights::new(7);
        let now = Timestamp::from_millis(1_700_000_000_000);
        let addresses: Vec<IpAddr> = (0..500_u32).map(|index| IpAddr::from(index.to_be_bytes())).collect();
        for round in 1..=3 {
            for &address in &addresses {
                assert_eq!(weights.add(address, 20, now), 20 * round);
            }
        }
        let next = Timestamp::from_millis(now.millis() + 60_000);
        assert_eq!(weights.add(addresses[0], 2, next), 2);
        assert_eq!(weights.add("::1".parse().unwrap(), 5, next), 5);
        assert_eq!(weights.add("::1".parse().unwrap(), 0, next), 5);
    }
}
