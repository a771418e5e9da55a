//! The journal's frames of a symbol slot, and rebuilding the slot from them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    oco_groups::OcoGroups,
    slot::{Market, SymbolInput, SymbolOutput, SymbolSlot, no_book},
    trigger_book::TriggerBook,
};
use crate::domain::{
    book::{Book, BookImage, BookLimits},
    instruments::Instruments,
    messages::{
        link::Links,
        message::{Envelope, ToAccount},
        reject::Fault,
    },
    testing::mutants::{Mutant, mutated},
    types::{
        id::{SlotId, SymbolId},
        money::Price,
        time::Timestamp,
    },
};

/// The head of a symbol slot's frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolHead {
    /// The slot.
    pub slot: SlotId,
    /// Its frames are numbered from 1 without gaps.
    pub seq: u64,
    /// The slot's time.
    pub time: Timestamp,
    /// The complete input; never an acknowledgement.
    pub input: SymbolInput,
    /// The state hash after it, every so many frames.
    pub hash: Option<u128>,
}

/// One frame of a symbol slot: its input and the messages it sent. Its bytes are those of its parts, one after the
/// other. Replay matches again, in the order of the frames, and compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolFrame {
    /// The slot, the time and the input.
    pub head: SymbolHead,
    /// The messages to account slots.
    pub messages: Vec<Envelope<ToAccount>>,
}

/// The stored state of a symbol slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SymbolState {
    slot: SlotId,
    time: Timestamp,
    seq: u64,
    markets: Vec<MarketState>,
    links: Links<ToAccount>,
}

/// The stored book and counters of one symbol.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MarketState {
    symbol: SymbolId,
    book: BookImage,
    last_trade: u64,
    last_update: u64,
    last_price: Option<Price>,
    last_prevented: u64,
    trigger_book: TriggerBook,
    oco_groups: OcoGroups,
}

impl SymbolSlot {
    /// Replays a frame. `out` must be empty; it receives the output of the live slot.
    ///
    /// # Errors
    /// The frame does not follow the state, matching again sends other messages, or the state hash differs from the one
    /// the live slot stored.
    pub fn replay(&mut self, frame: &SymbolFrame, out: &mut SymbolOutput) -> Result<(), Fault> {
        let SymbolFrame { head, messages } = frame;
        let slot = self.slot.get();
        let SymbolHead { seq, input, time, hash, .. } = head;
        if head.slot != self.slot || *seq != self.seq + 1 {
            return Err(Fault::new(format!("symbol slot {slot}: frame {seq} follows {}", self.seq)));
        }
        self.handle(input.clone(), *time, out)?;
        if out.messages != *messages {
            return Err(Fault::new(format!(
                "symbol slot {slot}: matching frame {seq} again sends other messages"
            )));
        }
        match &out.frame {
            Some(now) if now == head => Ok(()),
            Some(now) => Err(Fault::new(format!(
                "symbol slot {slot}: replay reached {now:?} at frame {seq}, the frame has hash {hash:?}"
            ))),
            None => Err(Fault::new(format!("symbol slot {slot}: frame {seq} repeats a message"))),
        }
    }

    /// Returns the state of the slot, for storing it.
    pub fn state(&self) -> SymbolState {
        let market = |(symbol, market): (&SymbolId, &Market)| MarketState {
            symbol: *symbol,
            book: market.book.image(),
            last_trade: market.last_trade,
            last_update: market.last_update,
            last_price: market.last_price,
            last_prevented: market.last_prevented,
            trigger_book: market.trigger_book.clone(),
            oco_groups: market.oco_groups.clone(),
        };
        SymbolState {
            slot: self.slot,
            time: self.time,
            seq: self.seq,
            markets: self.markets.iter().map(market).collect(),
            links: self.links.clone(),
        }
    }

    /// Rebuilds the slot; symbols it did not have yet get an empty book.
    ///
    /// # Errors
    /// A symbol that is not in the instruments any more, or an invalid book.
    pub fn restore(
        state: SymbolState,
        instruments: &Arc<Instruments>,
        limits: BookLimits,
    ) -> Result<Self, Fault> {
        let mut slot = Self::new(state.slot, instruments, limits);
        for written in state.markets {
            let symbol = written.symbol;
            let market = slot.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
            *market = Market {
                book: Book::restore(&written.book, limits)?,
                last_trade: written.last_trade,
                last_update: written.last_update,
                last_price: written.last_price,
                last_prevented: written.last_prevented,
                trigger_book: if mutated(Mutant::StopOrdersForgottenBySnapshot) {
                    TriggerBook::default()
                } else {
                    written.trigger_book
                },
                oco_groups: written.oco_groups,
                status: market.status,
            };
        }
        (slot.time, slot.seq, slot.links) = (state.time, state.seq, state.links);
        Ok(slot)
    }
}
