//! Pairs of orders of which only one may trade (one-cancels-the-other).
//!
//! The book's slot alone can decide which of the two was first, so it keeps who belongs to whom. The two arrive one after
//! the other; what ends the first before the second is here is kept for it.

use serde::{Deserialize, Serialize};

use crate::domain::{
    orders::{CloseReason, Handle},
    types::{hash, id::OrderId, table::Table},
};

/// One order of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum OcoLeg {
    /// It is here.
    Here {
        /// The other one.
        other_leg: OrderId,
        /// Where it is.
        place: LegState,
    },
    /// It is on its way, and has ended already.
    Ended(CloseReason),
}

/// Where an order of a pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum LegState {
    /// It waits for its trigger.
    Untriggered,
    /// It rests in the book.
    Rests(Handle),
}

/// The pairs of a symbol.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct OcoGroups {
    legs: Table<OrderId, OcoLeg>,
}

impl OcoGroups {
    /// Says whether an order that arrives has ended already, by what happened to its sibling.
    pub(crate) fn arrive(&mut self, order: OrderId) -> Option<CloseReason> {
        match self.legs.get(&order) {
            Some(&OcoLeg::Ended(reason)) => {
                self.legs.remove(&order);
                Some(reason)
            }
            _ => None,
        }
    }

    /// Takes note of an order of a pair that is here now.
    pub(crate) fn add(&mut self, order: OrderId, other_leg: OrderId, place: LegState) {
        self.legs.insert(order, OcoLeg::Here { other_leg, place });
    }

    /// Dissolves the pair of an order, because it begins to trade or ended; returns the sibling if it is here and must
    /// end. One that is still on its way ends when it arrives, for this reason.
    pub(crate) fn dissolve(&mut self, order: OrderId, reason: CloseReason) -> Option<(OrderId, LegState)> {
        if self.legs.is_empty() {
            return None;
        }
        match self.legs.remove(&order) {
            Some(OcoLeg::Here { other_leg, .. }) => self.end(other_leg, reason),
            _ => None,
        }
    }

    /// Ends an order whose sibling was never taken in; returns where it is if it is here.
    pub(crate) fn end(&mut self, order: OrderId, reason: CloseReason) -> Option<(OrderId, LegState)> {
        match self.legs.remove(&order) {
            Some(OcoLeg::Here { place, .. }) => Some((order, place)),
            _ => {
                self.legs.insert(order, OcoLeg::Ended(reason));
                None
            }
        }
    }

    /// Returns the state hash.
    pub(crate) fn hash(&self) -> u128 {
        self.legs.sum(|order, leg| hash::of(26, &(order, leg)))
    }
}
