//! Exact numbers as text: how a database stores them, the same in all of them.
//!
//! They have the form of the wire, so that a query of the database shows what clients see. SQLite has no exact decimal
//! type, and the widest of the others' is too narrow for 18 fraction digits behind 20 others.

use super::HistoryError;
use crate::domain::{
    instruments::symbol::SymbolSpec,
    market_data::{base_volume, quote_volume},
    types::{
        decimal::{Units, power_of_ten},
        money::{Amount, Lots, Price},
    },
};

/// The longest such text: sign, 20 digits, point, 18 digits.
pub(super) const NUMBER_LEN_MAX: u32 = 40;

pub(super) fn write(units: Units) -> String {
    let mut buffer = [0; 64];
    units.write_into(&mut buffer).to_owned()
}

/// Reads what [`write`] wrote, in units of `10^-scale`.
pub(super) fn read(text: &str, scale: u8) -> Result<i128, HistoryError> {
    let damaged = || HistoryError::Damaged(format!("{text:?} is no number of {scale} fraction digits"));
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::from(scale).checked_sub(fraction.len()).ok_or_else(damaged)?;
    let all = [whole, fraction].concat();
    if whole.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(damaged());
    }
    let mantissa: i128 = all.parse().map_err(|_| damaged())?;
    let shift = power_of_ten(u8::try_from(missing).map_err(|_| damaged())?);
    mantissa.checked_mul(shift).map(|units| sign * units).ok_or_else(damaged)
}

pub(super) fn price(spec: &SymbolSpec, price: Price) -> String {
    write(spec.price_units(price))
}

pub(super) fn read_price(spec: &SymbolSpec, text: &str) -> Result<Price, HistoryError> {
    whole(text, spec.quote.scale, spec.tick_units).map(Price::from_ticks)
}

pub(super) fn lots(spec: &SymbolSpec, lots: Lots) -> String {
    write(spec.lots_units(lots))
}

pub(super) fn read_lots(spec: &SymbolSpec, text: &str) -> Result<Lots, HistoryError> {
    whole(text, spec.base.scale, spec.lot_units).map(Lots::new)
}

pub(super) fn quote(spec: &SymbolSpec, amount: Amount) -> String {
    write(spec.quote_units(amount))
}

pub(super) fn read_quote(spec: &SymbolSpec, text: &str) -> Result<Amount, HistoryError> {
    read(text, spec.quote.scale).map(Amount::new)
}

pub(super) fn volume(spec: &SymbolSpec, lots: u128) -> String {
    write(base_volume(spec, lots))
}

pub(super) fn read_volume(spec: &SymbolSpec, text: &str) -> Result<u128, HistoryError> {
    count(text, spec.base.scale, spec.lot_units)
}

pub(super) fn turnover(spec: &SymbolSpec, tick_lots: u128) -> String {
    write(quote_volume(spec, tick_lots))
}

pub(super) fn read_turnover(spec: &SymbolSpec, text: &str) -> Result<u128, HistoryError> {
    count(text, spec.quote.scale, spec.notional_unit)
}

/// Reads a whole number of steps of `unit`.
fn count(text: &str, scale: u8, unit: u64) -> Result<u128, HistoryError> {
    let damaged = || HistoryError::Damaged(format!("{text:?} is no whole number of steps"));
    let units = u128::try_from(read(text, scale)?).map_err(|_| damaged())?;
    let unit = u128::from(unit);
    if units.is_multiple_of(unit) { Ok(units / unit) } else { Err(damaged()) }
}

fn whole(text: &str, scale: u8, unit: u64) -> Result<u64, HistoryError> {
    let count = count(text, scale, unit)?;
    u64::try_from(count).map_err(|_| HistoryError::Damaged(format!("{text:?} is too large")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(value in any::<i128>(), scale in 0_u8..=18) {
            let value = value / 1_000_000_000_000_000_000_000;
            prop_assert_eq!(read(&write(Units { value, scale }), scale).unwrap(), value);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", scale in 0_u8..=18) {
            let _ = read(&text, scale);
        }
    }

    #[test]
    fn what_is_no_number_is_damage() {
        for bad in ["", ".", "-", "1e5", "0x1", "1.2.3", "1 ", "--1", "1.001"] {
            assert!(read(bad, 2).is_err(), "{bad}");
        }
        assert_eq!(read("-1.50000000", 2).unwrap(), -150);
    }
}
