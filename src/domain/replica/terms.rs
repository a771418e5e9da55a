//! What frames are to be read under: the matching logic, the precision of money, the bounds of books.
//!
//! Terms are journalled when they change, so an old frame is always replayed under the terms it was written
//! under. Precision never changes for what exists: that a price means another amount after an edit of a file is
//! how exchanges have credited a hundredth or the hundredfold.

use serde::{Deserialize, Serialize};

use crate::domain::{
    book::BookLimits,
    catalogue::Catalogue,
    id::{AssetId, SymbolId},
};

/// The version of the matching logic. It is raised with every change after which replaying an old symbol frame
/// would say something else.
pub const LOGIC_VERSION: u32 = 2;

/// What frames are to be read under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The version of the matching logic.
    pub logic: u32,
    /// What bounds a book.
    pub limits: BookLimits,
    /// Assets and their scales, by id.
    pub assets: Vec<(AssetId, u8)>,
    /// Symbols and what their ticks and lots mean, by id.
    pub symbols: Vec<SymbolTerms>,
}

/// What a symbol's ticks and lots mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolTerms {
    /// The symbol.
    pub id: SymbolId,
    /// What is bought and sold.
    pub base: AssetId,
    /// What it is paid in.
    pub quote: AssetId,
    /// One lot, in units of the base asset.
    pub lot_units: u64,
    /// One tick, in units of the quote asset.
    pub tick_units: u64,
}

/// Why an exchange may not go on under new terms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// An asset is gone or has another scale.
    #[error(
        "asset {0} had scale {1} when the data was written: assets keep their scale and cannot be removed"
    )]
    Asset(AssetId, u8),
    /// A symbol is gone or counts in other units.
    #[error(
        "symbol {0} was traded with other assets, tick or step size: a symbol's precision cannot change, and a \
         symbol cannot be removed; add a new symbol instead"
    )]
    Symbol(SymbolId),
    /// The matching logic changed in the middle of a journal.
    #[error(
        "the journal was written by matching logic {written} and was not stopped cleanly, this program has {own}: \
         start the program that wrote it once more and stop it cleanly (it then writes a snapshot), or run its \
         `lightning snapshot`"
    )]
    Logic {
        /// The version that wrote it.
        written: u32,
        /// This program's.
        own: u32,
    },
}

impl Terms {
    /// Returns the terms of a configuration.
    pub fn of(catalogue: &Catalogue, limits: BookLimits) -> Self {
        let symbol = |spec: &std::sync::Arc<crate::domain::symbol::SymbolSpec>| SymbolTerms {
            id: spec.id,
            base: spec.base.id,
            quote: spec.quote.id,
            lot_units: spec.lot_units,
            tick_units: spec.tick_units,
        };
        let mut assets: Vec<_> = catalogue.assets().map(|asset| (asset.id, asset.scale)).collect();
        assets.sort_unstable();
        let mut symbols: Vec<_> = catalogue.symbols().map(symbol).collect();
        symbols.sort_unstable_by_key(|symbol| symbol.id);
        Self { logic: LOGIC_VERSION, limits, assets, symbols }
    }

    /// Verifies that what exists under these terms means the same under `next`.
    ///
    /// # Errors
    /// The first that would not.
    pub fn check_precision(&self, next: &Self) -> Result<(), TermsError> {
        if let Some((id, scale)) = self.assets.iter().find(|asset| !next.assets.contains(asset)) {
            return Err(TermsError::Asset(*id, *scale));
        }
        match self.symbols.iter().find(|symbol| !next.symbols.contains(symbol)) {
            Some(symbol) => Err(TermsError::Symbol(symbol.id)),
            None => Ok(()),
        }
    }
}
