//! OCOs: two orders of which only one may trade (one-cancels-the-other).
//!
//! The symbol slot alone knows which of the two was first, so it keeps their relation. The two arrive one after the
//! other; when the first ends before the second has arrived, the reason is kept for the second.

use serde::{Deserialize, Serialize};

use crate::domain::{
    orders::{CloseReason, Handle},
    types::{hash, id::OrderId, table::Table},
};

/// One leg of an OCO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum OcoLeg {
    /// It has arrived.
    Here {
        /// The other leg.
        other_leg: OrderId,
        /// Its state.
        place: LegState,
    },
    /// It is on its way, and has ended already.
    Ended(CloseReason),
}

/// The state of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum LegState {
    /// It waits for its trigger.
    Untriggered,
    /// It rests in the book.
    Rests(Handle),
}

/// The OCOs of a symbol.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct OcoGroups {
    legs: Table<OrderId, OcoLeg>,
}

impl OcoGroups {
    /// Returns whether an order that arrives has ended already, by the end of its other leg.
    pub(crate) fn arrive(&mut self, order: OrderId) -> Option<CloseReason> {
        match self.legs.get(&order) {
            Some(&OcoLeg::Ended(reason)) => {
                self.legs.remove(&order);
                Some(reason)
            }
            _ => None,
        }
    }

    /// Adds a leg that has arrived.
    pub(crate) fn add(&mut self, order: OrderId, other_leg: OrderId, place: LegState) {
        self.legs.insert(order, OcoLeg::Here { other_leg, place });
    }

    /// Dissolves the OCO of an order, because it started to trade or ended; returns the other leg if it has arrived and
    /// must end. A leg that is still on its way ends when it arrives, for this reason.
    pub(crate) fn dissolve(&mut self, order: OrderId, reason: CloseReason) -> Option<(OrderId, LegState)> {
        if self.legs.is_empty() {
            return None;
        }
        match self.legs.remove(&order) {
            Some(OcoLeg::Here { other_leg, .. }) => self.end(other_leg, reason),
            _ => None,
        }
    }

    /// Ends an order whose other leg was never accepted; returns its state if it has arrived.
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
