//! Something for each symbol, found by the symbol's id.

use super::{Instruments, symbol::SymbolSpec};
use crate::domain::types::id::SymbolId;

/// Values by symbol, made once for all symbols there are.
#[derive(Debug)]
pub struct BySymbol<T>(Vec<(SymbolId, T)>);

impl<T> BySymbol<T> {
    /// Makes a value for every symbol.
    pub fn new(instruments: &Instruments, make: impl Fn(&SymbolSpec) -> T) -> Self {
        Self(instruments.symbols().map(|spec| (spec.id, make(spec))).collect())
    }

    /// Returns the value of a symbol.
    pub fn get(&self, symbol: SymbolId) -> Option<&T> {
        let index = self.0.binary_search_by_key(&symbol, |(id, _)| *id).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }
}

impl<T> Default for BySymbol<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
