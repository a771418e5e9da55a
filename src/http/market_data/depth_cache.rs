//! Rendered order books, served again while the book stands still.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytestring::ByteString;

use crate::domain::{
    instruments::{Instruments, by_symbol::BySymbol},
    types::id::SymbolId,
};

/// The numbers of levels that are kept: those the venue's clients ask for. Larger ones would take too much memory.
const LEVELS: [usize; 5] = [5, 10, 20, 50, 100];

/// The last rendered book of each symbol, by number of levels.
#[derive(Debug, Default)]
pub(crate) struct DepthCache(BySymbol<[ArcSwapOption<Rendered>; LEVELS.len()]>);

#[derive(Debug)]
struct Rendered {
    version: u64,
    body: ByteString,
}

impl DepthCache {
    /// Makes room for the symbols of the instruments.
    pub(crate) fn new(instruments: &Instruments) -> Self {
        Self(BySymbol::new(instruments, |_| Default::default()))
    }

    /// Returns the book as rendered at this version.
    pub(crate) fn get(&self, symbol: SymbolId, levels: usize, version: u64) -> Option<ByteString> {
        let rendered = self.place(symbol, levels)?.load();
        let rendered = rendered.as_ref().filter(|rendered| rendered.version == version)?;
        Some(rendered.body.clone())
    }

    /// Keeps a book rendered from what market data answered after this version was read.
    pub(crate) fn keep(&self, symbol: SymbolId, levels: usize, version: u64, body: &ByteString) {
        if let Some(place) = self.place(symbol, levels) {
            place.store(Some(Arc::new(Rendered { version, body: body.clone() })));
        }
    }

    fn place(&self, symbol: SymbolId, levels: usize) -> Option<&ArcSwapOption<Rendered>> {
        let kept = LEVELS.iter().position(|kept| *kept == levels)?;
        self.0.get(symbol).map(|places| &places[kept])
    }
}
