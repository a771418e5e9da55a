//! The triggers of conditional orders.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use super::Side;
use crate::domain::types::money::Price;

/// The direction in which the market has to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// To the price or above it.
    Up,
    /// To the price or below it.
    Down,
}

impl Direction {
    /// Returns whether a market that trades at `price` has reached `stop`.
    pub fn reaches(self, stop: Price, price: Price) -> bool {
        match self {
            Self::Up => price >= stop,
            Self::Down => price <= stop,
        }
    }
}

/// A distance in hundredths of a percent of a price (`trailingDelta`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bips(NonZeroU16);

impl Bips {
    /// The whole: 100 %.
    pub const ONE: u64 = 10_000;

    /// The smallest distance.
    pub const SMALLEST: Self = Self(NonZeroU16::MIN);

    /// Wraps a number from 1 to 10,000; `None` for others.
    pub fn new(value: u64) -> Option<Self> {
        u16::try_from(value)
            .ok()
            .filter(|value| u64::from(*value) <= Self::ONE)
            .and_then(NonZeroU16::new)
            .map(Self)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0.get() as u64
    }

    /// Returns whether a market at `price` has moved this far from the best price an order of `side` has seen: up from
    /// the lowest for a buy, down from the highest for a sell (Binance Spot, trailing stop FAQ). Exact.
    pub fn is_beyond(self, side: Side, extreme: Price, price: Price) -> bool {
        let scaled = u128::from(price.ticks()) * u128::from(Self::ONE);
        let times = |bips: u64| u128::from(extreme.ticks()) * u128::from(bips);
        match side {
            Side::Buy => scaled >= times(Self::ONE + self.get()),
            Side::Sell => scaled <= times(Self::ONE - self.get()),
        }
    }

    /// Returns the price this far above `price`, rounded up.
    pub fn above(self, price: Price) -> Price {
        let ticks = u128::from(price.ticks()) * u128::from(Self::ONE + self.get());
        Price::from_ticks(u64::try_from(ticks.div_ceil(u128::from(Self::ONE))).unwrap_or(u64::MAX))
    }
}

/// The trigger of a conditional order: one of the two, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trigger {
    /// The price the market must reach (`stopPrice`): then the order is triggered or, with a distance, starts to follow
    /// the market.
    pub stop: Option<Price>,
    /// How far the market must turn back from the best price seen (`trailingDelta`).
    pub trailing: Option<Bips>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_reached_exactly_at_the_documented_prices() {
        let price = Price::from_ticks;
        let bips = |value| Bips::new(value).unwrap();
        // The scenarios of the venue's FAQ, in tenths.
        assert!(bips(500).is_beyond(Side::Buy, price(420_000), price(441_000)));
        assert!(!bips(500).is_beyond(Side::Buy, price(420_000), price(440_999)));
        assert!(bips(1_000).is_beyond(Side::Sell, price(410_000), price(369_000)));
        assert!(!bips(1_000).is_beyond(Side::Sell, price(410_000), price(369_001)));
        assert!(bips(750).is_beyond(Side::Sell, price(465_000), price(430_125)));
        assert_eq!(bips(500).above(price(420_000)), price(441_000));
        assert_eq!(bips(1).above(price(1)), price(2));
        assert!(Bips::new(0).is_none() && Bips::new(10_001).is_none());
        assert!(bips(10_000).is_beyond(Side::Sell, price(5), price(0)));
    }
}
