//! Counts an account's unfilled orders in calendar windows (Binance Spot, unfilled order count rules).
//!
//! Placing an order counts one. Its first fill takes one off the current windows whenever it was placed, and more when
//! it rested first, so that an account that trades can continue. Counting is state and is replayed; the check against
//! the limits is not, so limits may change between two runs.

use serde::{Deserialize, Serialize};

use super::state::AccountState;
use crate::domain::{
    messages::reject::Reject,
    orders::limits::{OrderCounts, OrderLimits, OrderWindow},
    types::{id::AccountId, time::Timestamp},
};

/// The number the first fill of a taker order takes off.
const TAKER_RELIEF: u32 = 1;
/// The number the first fill of a maker order takes off.
const MAKER_RELIEF: u32 = 5;

/// The unfilled orders of one account.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OrderQuota {
    windows: [Window; 2],
    /// Whether this account is exempt from the limits: a market maker's.
    is_unlimited: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    number: u64,
    count: u32,
}

impl Window {
    const fn count_in(self, number: u64) -> u32 {
        if self.number == number { self.count } else { 0 }
    }
}

impl OrderQuota {
    pub(super) fn new(is_unlimited: bool) -> Self {
        Self { is_unlimited, ..Self::default() }
    }

    /// Sets whether the account is exempt from the limits; the counts stay.
    pub(super) fn set_unlimited(&mut self, is_unlimited: bool) {
        self.is_unlimited = is_unlimited;
    }

    /// Returns whether the account is exempt from the limits.
    pub(super) const fn is_unlimited(&self) -> bool {
        self.is_unlimited
    }

    /// Counts a new order.
    pub(super) fn placed(&mut self, now: Timestamp) {
        self.count(now, |count| count.saturating_add(1));
    }

    /// Counts an order's first fill.
    pub(super) fn first_filled(&mut self, is_maker: bool, now: Timestamp) {
        let relief = if is_maker { MAKER_RELIEF } else { TAKER_RELIEF };
        self.count(now, |count| count.saturating_sub(relief));
    }

    fn count(&mut self, now: Timestamp, change: impl Fn(u32) -> u32) {
        for (window, kind) in self.windows.iter_mut().zip(OrderWindow::ALL) {
            let number = kind.number(now);
            *window = Window { number, count: change(window.count_in(number)) };
        }
    }

    /// Returns the counts of the current windows.
    pub(super) fn counts(&self, now: Timestamp) -> OrderCounts {
        let [ten_seconds, day] = self.windows;
        OrderCounts {
            ten_seconds: ten_seconds.count_in(OrderWindow::TenSeconds.number(now)),
            day: day.count_in(OrderWindow::Day.number(now)),
        }
    }

    /// Checks whether so many more orders may be placed.
    ///
    /// # Errors
    /// [`Reject::TooManyOrders`], for the window that ends last.
    pub(super) fn check(&self, limits: OrderLimits, more: u32, now: Timestamp) -> Result<(), Reject> {
        if self.is_unlimited {
            return Ok(());
        }
        let counts = self.counts(now);
        let is_full = |window: &OrderWindow| {
            let limit = limits.of(*window);
            limit > 0 && counts.of(*window).saturating_add(more) > limit
        };
        match OrderWindow::ALL.into_iter().rev().find(is_full) {
            None => Ok(()),
            Some(window) => Err(Reject::TooManyOrders {
                limit: limits.of(window),
                window,
                wait_seconds: window.seconds_left(now),
            }),
        }
    }

    /// Returns the counts as words, for the state hash.
    pub(super) fn words(&self) -> [u64; 5] {
        let [ten_seconds, day] = self.windows;
        let unlimited = u64::from(self.is_unlimited);
        [ten_seconds.number, ten_seconds.count.into(), day.number, day.count.into(), unlimited]
    }
}

impl AccountState {
    /// Returns an account's counts; zero for an account that does not exist.
    pub(super) fn counts(&self, account: AccountId) -> OrderCounts {
        self.accounts.get(&account).map(|account| account.quota.counts(self.clock)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: OrderLimits = OrderLimits { ten_seconds: 3, day: 5 };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn counts(quota: &OrderQuota, seconds: u64) -> (u32, u32) {
        let counts = quota.counts(at(seconds));
        (counts.ten_seconds, counts.day)
    }

    #[test]
    fn windows_are_those_of_the_calendar() {
        let mut quota = OrderQuota::default();
        for _ in 0..3 {
            assert_eq!(quota.check(LIMITS, 1, at(19)), Ok(()));
            quota.placed(at(19));
        }
        let refused = Reject::TooManyOrders { limit: 3, window: OrderWindow::TenSeconds, wait_seconds: 1 };
        assert_eq!(quota.check(LIMITS, 1, at(19)), Err(refused));
        assert_eq!(counts(&quota, 20), (0, 3), "a new ten seconds, the same day");
        quota.placed(at(20));
        quota.placed(at(21));
        let refused = Reject::TooManyOrders { limit: 5, window: OrderWindow::Day, wait_seconds: 86_370 };
        assert_eq!(quota.check(LIMITS, 1, at(30)), Err(refused));
        assert_eq!(quota.check(LIMITS, 1, at(86_400)), Ok(()));
        assert_eq!(counts(&quota, 86_400), (0, 0));
    }

    #[test]
    fn the_first_fill_takes_off_and_never_below_zero() {
        let mut quota = OrderQuota::default();
        (0..7).for_each(|_| quota.placed(at(0)));
        quota.first_filled(false, at(1));
        assert_eq!(counts(&quota, 1), (6, 6));
        quota.first_filled(true, at(2));
        assert_eq!(counts(&quota, 2), (1, 1));
        quota.first_filled(true, at(12));
        assert_eq!(counts(&quota, 12), (0, 0), "fills of an earlier window count in this one");
    }

    #[test]
    fn no_limit_and_no_limits_for_an_account_let_everything_pass() {
        let mut quota = OrderQuota::default();
        (0..1_000).for_each(|_| quota.placed(at(0)));
        assert_eq!(quota.check(OrderLimits::default(), 1, at(0)), Ok(()));
        assert!(quota.check(LIMITS, 1, at(0)).is_err());
        quota.is_unlimited = true;
        assert_eq!(quota.check(LIMITS, 1, at(0)), Ok(()));
        assert_eq!(counts(&quota, 0), (1_000, 1_000), "it is counted all the same");
    }
}
