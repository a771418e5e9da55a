//! The spread between the best bid and the best ask.

use crate::domain::types::{decimal::Units, money::Price};

/// The number of basis points of the whole.
const BASIS_POINTS: u128 = 10_000;
/// Digits after the point.
const SCALE: u8 = 8;
const ONE: u128 = 100_000_000;

/// Returns the difference of two prices; zero when the ask is no higher than the bid.
pub const fn spread(bid: Price, ask: Price) -> Price {
    Price::from_ticks(ask.ticks().saturating_sub(bid.ticks()))
}

/// Returns the spread in basis points of the mid price, rounded half up to 8 digits; zero when both prices are.
pub fn spread_basis_points(bid: Price, ask: Price) -> Units {
    let twice_halfway = u128::from(bid.ticks()) + u128::from(ask.ticks());
    // Below 2^64 × 2 × 10^12: it fits.
    let twice_spread = u128::from(spread(bid, ask).ticks()) * 2 * BASIS_POINTS * ONE;
    let value = (twice_spread + twice_halfway / 2).checked_div(twice_halfway).unwrap_or_default();
    Units { value: i128::try_from(value).unwrap_or(i128::MAX), scale: SCALE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bid: u64, ask: u64) -> String {
        spread_basis_points(Price::from_ticks(bid), Price::from_ticks(ask)).to_string()
    }

    #[test]
    fn a_spread_is_relative_to_the_mid_price() {
        assert_eq!(text(9_999, 10_001), "2.00000000");
        assert_eq!(text(4_999_900, 5_000_100), "0.40000000");
        assert_eq!(text(1, 2), "6666.66666667");
        assert_eq!(text(5, 5), "0.00000000");
        assert_eq!(text(0, 0), "0.00000000");
        assert_eq!(text(0, u64::MAX), "20000.00000000");
        assert_eq!(spread(Price::from_ticks(7), Price::from_ticks(10)), Price::from_ticks(3));
    }
}
