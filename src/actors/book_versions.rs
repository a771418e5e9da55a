//! How often each book has moved: what was rendered of a book is valid for as long as its version stands.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::{
    instruments::{Instruments, by_symbol::BySymbol},
    matching::PublicEvent,
    types::id::SymbolId,
};

/// A counter for each symbol.
#[derive(Debug, Default)]
pub struct BookVersions(BySymbol<AtomicU64>);

impl BookVersions {
    /// Makes room for the symbols of the instruments.
    pub fn new(instruments: &Instruments) -> Self {
        Self(BySymbol::new(instruments, |_| AtomicU64::new(0)))
    }

    /// Returns the version of a book. What is asked of market data afterwards is of this version or a later one.
    pub fn get(&self, symbol: SymbolId) -> u64 {
        self.0.get(symbol).map_or(0, |counter| counter.load(Ordering::Acquire))
    }

    /// Raises the version of a book. To be called once its move has been sent to market data, and before anything
    /// leaves that states it: a client that has the answer to its order never sees a book without it.
    pub(super) fn raise(&self, symbol: SymbolId) {
        if let Some(counter) = self.0.get(symbol) {
            counter.fetch_add(1, Ordering::Release);
        }
    }
}

/// Returns the symbols whose books the facts moved, at least once each.
pub(super) fn moved_by(facts: &[PublicEvent]) -> Vec<SymbolId> {
    let mut moved = Vec::new();
    for fact in facts {
        if let PublicEvent::BookMoved { symbol, .. } = fact
            && moved.last() != Some(symbol)
        {
            moved.push(*symbol);
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::sample;

    #[test]
    fn a_version_rises_for_its_symbol_alone() {
        let versions = BookVersions::new(&sample::instruments().unwrap());
        let (first, second) = (SymbolId::new(1), SymbolId::new(2));
        versions.raise(first);
        versions.raise(first);
        versions.raise(SymbolId::new(999));
        assert_eq!((versions.get(first), versions.get(second)), (2, 0));
    }
}
