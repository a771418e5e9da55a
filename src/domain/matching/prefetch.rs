//! Loads what messages to come will touch into the cache, in two steps, each for all messages of a turn.

use super::slot::SymbolSlot;
use crate::domain::{
    book::Book,
    messages::message::{Envelope, ToSymbol},
    types::id::SymbolId,
};

impl SymbolSlot {
    /// Returns whether it is worth loading what messages will touch ahead of them, for any of its books.
    pub fn exceeds_cache(&self) -> bool {
        self.markets.values().any(|market| market.book.exceeds_near_cache())
    }

    /// Loads what a message names: the order or the price.
    pub fn prefetch_named(&self, envelope: &Envelope<ToSymbol>) {
        match &envelope.body {
            ToSymbol::SubmitOrder(submit) => {
                self.large(submit.symbol).inspect(|book| book.prefetch_level(submit.limit));
            }
            ToSymbol::CancelOrder(cancel) => {
                self.middling(cancel.symbol).inspect(|book| book.prefetch_order(cancel.handle));
            }
            ToSymbol::AmendOrder(amend) => {
                self.middling(amend.symbol).inspect(|book| book.prefetch_order(amend.handle));
            }
            ToSymbol::CancelStop(_) => {}
        }
    }

    /// Loads what those lead to: the end of the queue, the neighbours of the order.
    pub fn prefetch_further(&self, envelope: &Envelope<ToSymbol>) {
        match &envelope.body {
            ToSymbol::SubmitOrder(submit) => {
                self.large(submit.symbol).inspect(|book| book.prefetch_queue(submit.limit));
            }
            ToSymbol::CancelOrder(cancel) => {
                self.large(cancel.symbol).inspect(|book| book.prefetch_neighbours(cancel.handle));
            }
            ToSymbol::AmendOrder(_) | ToSymbol::CancelStop(_) => {}
        }
    }

    fn middling(&self, symbol: SymbolId) -> Option<&Book> {
        self.book(symbol).filter(|book| book.exceeds_near_cache())
    }

    fn large(&self, symbol: SymbolId) -> Option<&Book> {
        self.book(symbol).filter(|book| book.exceeds_cache())
    }
}
