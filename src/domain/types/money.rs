//! Money as integers behind newtypes. Every sum and product is checked.
//!
//! The book counts in ticks ([`Price`]) and lots ([`Lots`]); the ledger counts in the asset's smallest unit
//! ([`Amount`]). The symbol's specification converts between them, exactly.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::messages::reject::Reject;

/// A price in ticks of its symbol. 0 stands for "no price" only where a doc comment says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Price(u64);

impl Price {
    /// Wraps a number of ticks.
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// Returns the number of ticks.
    pub const fn ticks(self) -> u64 {
        self.0
    }
}

/// A quantity in lots of its symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lots(u64);

impl Lots {
    /// Zero lots.
    pub const ZERO: Self = Self(0);

    /// Wraps a number of lots.
    pub const fn new(lots: u64) -> Self {
        Self(lots)
    }

    /// Returns the number of lots.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns whether the quantity is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the sum, or `None` on overflow.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Returns the difference, or `None` when `other` is larger.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Returns the smaller of the two.
    pub const fn min(self, other: Self) -> Self {
        if self.0 < other.0 { self } else { other }
    }
}

/// A signed amount in the smallest units of its asset.
///
/// It is aligned like a word: an order holds two of them, and would be rounded up to the next 16 bytes.
#[repr(Rust, packed(8))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i128);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.units().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i128::deserialize(deserializer).map(Self)
    }
}

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Wraps a number of smallest units.
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// Returns the number of smallest units.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Returns whether the amount is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the amount is negative.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Returns the sum.
    ///
    /// # Errors
    /// [`Reject::Overflow`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Reject> {
        self.0.checked_add(other.0).map(Self).ok_or(Reject::Overflow)
    }

    /// Returns the difference.
    ///
    /// # Errors
    /// [`Reject::Overflow`] when it does not fit.
    pub fn minus(self, other: Self) -> Result<Self, Reject> {
        self.0.checked_sub(other.0).map(Self).ok_or(Reject::Overflow)
    }

    /// Returns the amount with the other sign.
    ///
    /// # Errors
    /// [`Reject::Overflow`] for the one value that has no opposite.
    pub fn negated(self) -> Result<Self, Reject> {
        self.0.checked_neg().map(Self).ok_or(Reject::Overflow)
    }
}

/// A proportion in units of 10^-8: 100 000 is 0.1 %, 100 000 000 is the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(u64);

impl Rate {
    /// The number of units that make the whole.
    pub const ONE: u64 = 100_000_000;
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Wraps a number of 10^-8 units.
    pub const fn from_units(units: u64) -> Self {
        Self(units)
    }

    /// Returns the number of 10^-8 units.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Returns this proportion of `amount`, rounded up to the asset's smallest unit: against the payer, and
    /// never more than `amount` for a rate of at most one. The only rounding in the exchange (ADR 0003).
    ///
    /// # Errors
    /// [`Reject::Overflow`] when the product does not fit.
    pub fn of_rounded_up(self, amount: Amount) -> Result<Amount, Reject> {
        let one = i128::from(Self::ONE);
        let product = amount.units().checked_mul(i128::from(self.0)).ok_or(Reject::Overflow)?;
        let rounded = product.checked_add(one - 1).ok_or(Reject::Overflow)? / one;
        Ok(Amount::new(rounded))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fee_rounds_up_against_the_payer() {
        let tenth_percent = Rate::from_units(100_000);
        assert_eq!(tenth_percent.of_rounded_up(Amount::new(1)), Ok(Amount::new(1)));
        assert_eq!(tenth_percent.of_rounded_up(Amount::new(1_000)), Ok(Amount::new(1)));
        assert_eq!(tenth_percent.of_rounded_up(Amount::new(1_001)), Ok(Amount::new(2)));
        assert_eq!(Rate::ZERO.of_rounded_up(Amount::new(5)), Ok(Amount::ZERO));
        assert_eq!(tenth_percent.of_rounded_up(Amount::new(i128::MAX)), Err(Reject::Overflow));
    }

    proptest! {
        #[test]
        fn a_fee_never_exceeds_what_it_is_taken_from(amount in 0..10_i128.pow(29), rate in 0..=Rate::ONE) {
            let fee = Rate::from_units(rate).of_rounded_up(Amount::new(amount)).unwrap();
            prop_assert!(fee.units() >= 0 && fee.units() <= amount);
            prop_assert!(fee.units() * i128::from(Rate::ONE) >= amount * i128::from(rate));
        }
    }
}
