//! The terms under which frames are read: the matching logic, the precision of money, the bounds of books.
//!
//! Terms are journalled when they change, so an old frame is always replayed under its own terms. Precision never
//! changes for existing data: exchanges have credited a hundredth or the hundredfold because a price meant another
//! amount after an edit of a file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{
    book::BookLimits,
    instruments::{Instruments, asset::Asset, symbol::SymbolSpec},
    messages::reject::Fault,
    types::{
        decimal::Units,
        id::{AssetId, SymbolId},
    },
};

/// The version of the matching logic. It is raised with every change after which replaying an old symbol frame would
/// send other messages.
pub const LOGIC_VERSION: u32 = 2;

/// The terms under which frames are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The version of the matching logic.
    pub logic: u32,
    /// The limits of a book.
    pub limits: BookLimits,
    /// Assets and their scales, by id.
    pub assets: Vec<(AssetId, u8)>,
    /// Symbols and the meaning of their ticks and lots, by id.
    pub symbols: Vec<SymbolTerms>,
}

/// The meaning of a symbol's ticks and lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolTerms {
    /// The symbol.
    pub id: SymbolId,
    /// The base asset.
    pub base: AssetId,
    /// The quote asset.
    pub quote: AssetId,
    /// One lot, in units of the base asset.
    pub lot_units: u64,
    /// One tick, in units of the quote asset.
    pub tick_units: u64,
}

/// The reason an exchange may not continue under new terms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// An asset was removed.
    #[error(
        "the configuration has no asset {id}, which the data has amounts of with {scale} decimals: an asset cannot be \
         removed; put it back"
    )]
    AssetGone {
        /// Its id.
        id: AssetId,
        /// Its scale.
        scale: u8,
    },
    /// An asset has another scale.
    #[error(
        "asset {id} has scale {given} in the configuration and {scale} in the data: every amount would mean another; \
         put scale = {scale} back, or add another asset"
    )]
    AssetScale {
        /// Its id.
        id: AssetId,
        /// The scale in the data.
        scale: u8,
        /// The scale in the configuration.
        given: u8,
    },
    /// A symbol was removed.
    #[error(
        "the configuration has no symbol {0}, which the data has a book of: a symbol cannot be removed; put it back, with \
         status = \"CANCEL_ONLY\" if it is not to be traded"
    )]
    SymbolGone(SymbolId),
    /// A symbol counts in other units.
    #[error(
        "symbol {id} has {what} {given} in the configuration and {written} in the data: its prices and quantities would mean \
         others; put {written} back, or add another symbol"
    )]
    Symbol {
        /// Its id.
        id: SymbolId,
        /// The unit that differs.
        what: &'static str,
        /// The value in the configuration.
        given: String,
        /// The value in the data.
        written: String,
    },
    /// The matching logic changed in the middle of a journal.
    #[error(
        "the journal was written by matching logic {written} and was not stopped cleanly, this program has {own}: \
         start the program that wrote it once more and stop it cleanly (it then writes a snapshot), or run its \
         `lightning snapshot`"
    )]
    Logic {
        /// The version that wrote the journal.
        written: u32,
        /// This program's.
        own: u32,
    },
}

impl Terms {
    /// Returns the terms of a configuration.
    pub fn of(instruments: &Instruments, limits: BookLimits) -> Self {
        let symbol = |spec: &Arc<SymbolSpec>| SymbolTerms {
            id: spec.id,
            base: spec.base.id,
            quote: spec.quote.id,
            lot_units: spec.lot_units,
            tick_units: spec.tick_units,
        };
        let mut assets: Vec<_> = instruments.assets().map(|asset| (asset.id, asset.scale)).collect();
        assets.sort_unstable();
        let mut symbols: Vec<_> = instruments.symbols().map(symbol).collect();
        symbols.sort_unstable_by_key(|symbol| symbol.id);
        Self { logic: LOGIC_VERSION, limits, assets, symbols }
    }

    /// Verifies that existing data mean the same under `next` as under these terms.
    ///
    /// # Errors
    /// The first difference.
    pub fn check_precision(&self, next: &Self) -> Result<(), TermsError> {
        for &(id, scale) in &self.assets {
            match next.scale(id) {
                None => return Err(TermsError::AssetGone { id, scale }),
                Some(given) if given != scale => return Err(TermsError::AssetScale { id, scale, given }),
                Some(_) => {}
            }
        }
        for symbol in &self.symbols {
            let found = next.symbols.iter().find(|other| other.id == symbol.id);
            let given = found.ok_or(TermsError::SymbolGone(symbol.id))?;
            if let Some((what, given, written)) = self.difference(symbol, given) {
                return Err(TermsError::Symbol { id: symbol.id, what, given, written });
            }
        }
        Ok(())
    }

    fn scale(&self, id: AssetId) -> Option<u8> {
        self.assets.iter().find(|(asset, _)| *asset == id).map(|(_, scale)| *scale)
    }

    /// Returns the first difference between a configured symbol and the stored one, and both values.
    fn difference(
        &self,
        written: &SymbolTerms,
        given: &SymbolTerms,
    ) -> Option<(&'static str, String, String)> {
        let asset = |id: AssetId| format!("asset {id}");
        let step = |units: u64, scale| Units { value: i128::from(units), scale }.to_string();
        let (base, quote) = (self.scale(written.base)?, self.scale(written.quote)?);
        if given.base != written.base {
            Some(("base", asset(given.base), asset(written.base)))
        } else if given.quote != written.quote {
            Some(("quote", asset(given.quote), asset(written.quote)))
        } else if given.tick_units != written.tick_units {
            Some(("tick-size", step(given.tick_units, quote), step(written.tick_units, quote)))
        } else if given.lot_units != written.lot_units {
            Some(("step-size", step(given.lot_units, base), step(written.lot_units, base)))
        } else {
            None
        }
    }

    /// Returns the assets and symbols of these terms, for reading data stored under them. Names, and everything else
    /// that does not affect stored data, are those of `known` where it has the same id.
    ///
    /// # Errors
    /// Terms that contradict themselves.
    pub fn instruments(&self, known: &Instruments) -> Result<Instruments, Fault> {
        let contradiction =
            |what: String| Fault::new(format!("the terms of the data contradict themselves: {what}"));
        let asset = |&(id, scale): &(AssetId, u8)| {
            // The longer name is the clearer one, where a name may be so long.
            let made_up = || {
                Asset::new(id, &format!("ASSET{id}"), scale)
                    .or_else(|| Asset::new(id, &format!("A{id}"), scale))
            };
            known
                .asset(id)
                .map_or_else(made_up, |known| Asset::new(id, known.name(), scale))
                .ok_or_else(|| contradiction(format!("asset {id}")))
        };
        let assets = self.assets.iter().map(asset).collect::<Result<Vec<_>, _>>()?;
        let symbol = |terms: &SymbolTerms| {
            let of = |id: AssetId| assets.iter().find(|asset| asset.id == id).copied();
            let (base, quote) = of(terms.base)
                .zip(of(terms.quote))
                .ok_or_else(|| contradiction(format!("symbol {}", terms.id)))?;
            terms
                .spec(known.symbol(terms.id), base, quote)
                .ok_or_else(|| contradiction(format!("symbol {}", terms.id)))
        };
        let symbols = self.symbols.iter().map(symbol).collect::<Result<Vec<_>, _>>()?;
        Ok(Instruments::of(assets, symbols))
    }
}

impl SymbolTerms {
    /// Returns the symbol with the units of these terms; everything else is as known, or unbounded.
    fn spec(&self, known: Option<&Arc<SymbolSpec>>, base: Asset, quote: Asset) -> Option<SymbolSpec> {
        let product = u128::from(self.tick_units).checked_mul(u128::from(self.lot_units))?;
        let notional_unit = u64::try_from(product / 10_u128.checked_pow(u32::from(base.scale))?).ok()?;
        let known =
            known.map_or_else(|| SymbolSpec::open(self.id, base, quote), |spec| SymbolSpec::clone(spec));
        let (tick_units, lot_units) = (self.tick_units, self.lot_units);
        Some(SymbolSpec { base, quote, tick_units, lot_units, notional_unit, ..known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::sample;

    fn terms() -> Terms {
        Terms::of(&sample::instruments().unwrap(), BookLimits::default())
    }

    fn refusal(change: impl FnOnce(&mut Terms)) -> String {
        let mut next = terms();
        change(&mut next);
        terms().check_precision(&next).unwrap_err().to_string()
    }

    #[test]
    fn the_cause_is_named_with_both_values_and_what_to_do() {
        let gone = refusal(|next| next.symbols.clear());
        assert!(
            gone.starts_with("the configuration has no symbol ") && gone.contains("put it back"),
            "{gone}"
        );
        let gone = refusal(|next| next.assets.clear());
        assert!(gone.starts_with("the configuration has no asset "), "{gone}");
        let scale = refusal(|next| next.assets[0].1 = 3);
        assert!(scale.contains("has scale 3 in the configuration and 8 in the data"), "{scale}");
        let tick = refusal(|next| next.symbols[0].tick_units *= 10);
        assert!(
            tick.contains("tick-size 0.10000000 in the configuration and 0.01000000 in the data"),
            "{tick}"
        );
        let step = refusal(|next| next.symbols[0].lot_units *= 10);
        assert!(step.contains("step-size ") && !step.contains("tick"), "{step}");
        let mut more = terms();
        more.assets.push((AssetId::new(99), 2));
        assert_eq!(terms().check_precision(&more), Ok(()));
    }

    #[test]
    fn instruments_of_terms_have_the_terms() {
        let sample = sample::instruments().unwrap();
        for known in [&Instruments::default(), &sample] {
            let made = terms().instruments(known).unwrap();
            assert_eq!(Terms::of(&made, BookLimits::default()), terms());
            for (own, spec) in made.symbols().zip(sample.symbols()) {
                assert_eq!(own.notional_unit, spec.notional_unit);
            }
        }
        assert_eq!(terms().instruments(&sample).unwrap().assets().next(), sample.assets().next());
    }
}
