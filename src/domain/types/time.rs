//! Time as an input: the domain never reads a clock.

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Wraps microseconds since the Unix epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Wraps milliseconds since the Unix epoch; saturates.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Returns microseconds since the Unix epoch.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Returns the time for the timers of a slot whose own time is this, when the clock says `now`.
    ///
    /// A slot's time never goes back. When it is ahead of the clock, because the clock was wrong once, timers must not
    /// wait until the slot's time is reached again: they use the clock. Up to a second ahead the slot's time counts:
    /// two shards may read the clock a moment apart.
    pub const fn timer(self, now: Self) -> Self {
        const APART_MICROS: u64 = 1_000_000;
        if self.0 > now.0.saturating_add(APART_MICROS) { now } else { self }
    }

    /// Returns milliseconds since the Unix epoch, rounded down.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_go_by_the_clock_only_when_the_slot_is_ahead_of_it() {
        let slot = Timestamp::from_millis(10_000);
        let timer = |clock| slot.timer(Timestamp::from_millis(clock)).millis();
        assert_eq!((timer(10_000), timer(9_000), timer(12_000)), (10_000, 10_000, 10_000));
        assert_eq!((timer(8_999), timer(0)), (8_999, 0));
    }
}
