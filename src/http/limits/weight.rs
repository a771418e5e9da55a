//! Counts what addresses use in calendar windows.

use std::{net::IpAddr, sync::atomic::Ordering};

use crate::{
    auth::{Cells, network},
    domain::types::{hash::mix64, time::Timestamp},
};

const CELL_COUNT: usize = 1 << 14;
/// A cell: 18 bits of the address's hash, 26 bits of the window's number, 20 bits of what was used.
const SUM_BITS: u32 = 20;
const WINDOW_BITS: u32 = 26;
/// The most a cell can count; a limit cannot be higher.
pub(crate) const SUM_MAX: u32 = (1 << SUM_BITS) - 1;

/// The use of every address in the current window.
pub(crate) struct Counter {
    cells: Cells,
    window_millis: u64,
}

impl Counter {
    /// Opens a table for windows of this many milliseconds.
    pub(crate) fn new(window_millis: u64) -> Self {
        Self { cells: Cells::new(CELL_COUNT), window_millis }
    }

    /// Adds to the use of an address (by its [`address_hash`]) and returns the sum of the calendar window. When other
    /// addresses occupy all its cells in this window, returns `amount` alone.
    pub(crate) fn add(&self, address: u64, amount: u32, now: Timestamp) -> u32 {
        self.change(address, now, |used| used.saturating_add(amount))
    }

    /// Refunds an overcount and returns the sum.
    pub(crate) fn refund(&self, address: u64, amount: u32, now: Timestamp) -> u32 {
        self.change(address, now, |used| used.saturating_sub(amount))
    }

    /// Returns how many seconds of the window are left, at least 1.
    pub(crate) const fn seconds_left(&self, now: Timestamp) -> u32 {
        let left = self.window_millis - now.millis() % self.window_millis;
        left.div_ceil(1_000) as u32
    }

    fn change(&self, address: u64, now: Timestamp, change: impl Fn(u32) -> u32) -> u32 {
        const SUM_MASK: u64 = SUM_MAX as u64;
        const WINDOW_MASK: u64 = (1 << WINDOW_BITS) - 1;
        let window = (now.millis() / self.window_millis) & WINDOW_MASK;
        let tag = (address >> (SUM_BITS + WINDOW_BITS)) << (SUM_BITS + WINDOW_BITS);
        let mine = tag | window << SUM_BITS;
        for cell in self.cells.near(address) {
            let mut seen = cell.load(Ordering::Relaxed);
            loop {
                let seen_window = (seen >> SUM_BITS) & WINDOW_MASK;
                let used = match seen & !SUM_MASK {
                    key if key == mine => (seen & SUM_MASK) as u32,
                    _ if seen_window != window => 0,
                    _ => break, // another address's
                };
                let sum = change(used).min(SUM_MAX);
                let next = mine | u64::from(sum);
                if next == seen {
                    return sum;
                }
                match cell.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return sum,
                    Err(changed) => seen = changed,
                }
            }
        }
        change(0)
    }
}

/// Hashes an address for the tables; `seed` keeps its cells unpredictable. All addresses of one subscriber hash alike.
pub(crate) fn address_hash(seed: u64, address: IpAddr) -> u64 {
    let network = network(address);
    mix64(mix64(seed ^ (network >> 64) as u64) ^ network as u64)
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Counter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> u64 {
        address_hash(7, text.parse().unwrap())
    }

    #[test]
    fn each_address_has_its_own_sum_and_a_new_window_starts_at_zero() {
        let counter = Counter::new(60_000);
        let now = Timestamp::from_millis(1_700_000_000_000);
        let addresses: Vec<u64> =
            (0..500_u32).map(|index| address_hash(7, IpAddr::from(index.to_be_bytes()))).collect();
        for round in 1..=3 {
            for &address in &addresses {
                assert_eq!(counter.add(address, 20, now), 20 * round);
            }
        }
        let next = Timestamp::from_millis(now.millis() + 60_000);
        assert_eq!(counter.add(addresses[0], 2, next), 2);
        assert_eq!(counter.refund(addresses[0], 1, next), 1);
        assert_eq!(counter.refund(addresses[0], 5, next), 0);
        assert_eq!(counter.add(hash("::1"), 0, next), 0);
    }

    #[test]
    fn a_window_ends_with_the_calendars_minute() {
        let counter = Counter::new(60_000);
        assert_eq!(counter.seconds_left(Timestamp::from_millis(120_000)), 60);
        assert_eq!(counter.seconds_left(Timestamp::from_millis(179_999)), 1);
    }

    #[test]
    fn one_customer_of_ipv6_is_one_address() {
        assert_eq!(hash("2001:db8:1:2::1"), hash("2001:db8:1:2:ffff::9"));
        assert_ne!(hash("2001:db8:1:2::1"), hash("2001:db8:1:3::1"));
        assert_eq!(hash("::ffff:10.0.0.1"), hash("10.0.0.1"));
        assert_ne!(hash("10.0.0.1"), hash("10.0.0.2"));
    }
}
