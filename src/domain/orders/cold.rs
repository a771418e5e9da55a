//! What few orders have, apart from what all have: an order is copied and looked up all the time, and most are plain.

use std::num::NonZeroU64;

use super::{Order, Strategy, Trigger};
use crate::domain::types::{
    id::OrderListId,
    money::{Amount, Lots},
    time::Timestamp,
};

/// What a plain limit order does not have; the default has none of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColdFields {
    /// The ordered quote amount of a market order by quote amount, else zero.
    pub quote_quantity: Amount,
    /// The quantity removed by self-trade prevention.
    pub prevented: Lots,
    /// The expiry of a `Gtd` order.
    pub expires_at: Option<Timestamp>,
    /// The trigger of a conditional order, met or not.
    pub trigger: Option<Trigger>,
    /// The maximum quantity displayed in the book at a time.
    pub iceberg: Option<Lots>,
    /// The client's strategy.
    pub strategy: Strategy,
    /// The list it belongs to.
    pub list: Option<OrderListId>,
    /// Whether it still waits for the working order of its list to be filled (wire `PENDING_NEW`).
    pub awaits_list: bool,
    /// The number of times it was amended.
    pub amends: u32,
    /// The last self-trade prevention it took part in, numbered per symbol from 1.
    pub prevented_match: Option<NonZeroU64>,
    /// Since when it works in its book.
    pub working: Working,
}

/// Since when an order is, or was, on its way to its book or in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Working {
    /// Since it was created.
    #[default]
    FromTheStart,
    /// It waits.
    NotYet,
    /// Since a later time.
    Since(Timestamp),
}

impl ColdFields {
    const NONE: Self = Self {
        quote_quantity: Amount::ZERO,
        prevented: Lots::ZERO,
        expires_at: None,
        trigger: None,
        iceberg: None,
        strategy: Strategy { id: None, kind: None },
        list: None,
        awaits_list: false,
        amends: 0,
        prevented_match: None,
        working: Working::FromTheStart,
    };
}

impl Order {
    /// Returns what a plain order does not have.
    pub fn cold(&self) -> &ColdFields {
        self.cold.as_deref().unwrap_or(&ColdFields::NONE)
    }

    /// Returns the same for a change.
    pub fn cold_mut(&mut self) -> &mut ColdFields {
        self.cold.get_or_insert_default()
    }

    /// Returns the order with this in addition.
    #[must_use]
    pub fn with(self, cold: ColdFields) -> Self {
        Self { cold: (cold != ColdFields::NONE).then(|| Box::new(cold)), ..self }
    }

    /// Returns the ordered quote amount of a market order by quote amount, else zero.
    pub fn quote_quantity(&self) -> Amount {
        self.cold().quote_quantity
    }

    /// Returns the quantity removed by self-trade prevention.
    pub fn prevented(&self) -> Lots {
        self.cold().prevented
    }

    /// Returns the expiry of a `Gtd` order.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.cold().expires_at
    }

    /// Returns the trigger of a conditional order, met or not.
    pub fn trigger(&self) -> Option<Trigger> {
        self.cold().trigger
    }

    /// Returns the maximum quantity displayed in the book at a time.
    pub fn iceberg(&self) -> Option<Lots> {
        self.cold().iceberg
    }

    /// Returns the client's strategy.
    pub fn strategy(&self) -> Strategy {
        self.cold().strategy
    }

    /// Returns the list it belongs to.
    pub fn list(&self) -> Option<OrderListId> {
        self.cold().list
    }

    /// Returns whether it still waits for the working order of its list to be filled.
    pub fn awaits_list(&self) -> bool {
        self.cold().awaits_list
    }

    /// Returns the number of times it was amended.
    pub fn amends(&self) -> u32 {
        self.cold().amends
    }

    /// Returns the last self-trade prevention it took part in.
    pub fn prevented_match(&self) -> Option<NonZeroU64> {
        self.cold().prevented_match
    }

    /// Returns the time from which it is, or was, on its way to the book or in it; `None` while it waits.
    pub fn working_at(&self) -> Option<Timestamp> {
        match self.cold().working {
            Working::FromTheStart => Some(self.created_at),
            Working::NotYet => None,
            Working::Since(time) => Some(time),
        }
    }

    /// Returns the order with another time from which it works.
    #[must_use]
    pub fn working_from(mut self, time: Option<Timestamp>) -> Self {
        self.set_working(time);
        self
    }

    /// Sets the time from which it works.
    pub fn set_working(&mut self, time: Option<Timestamp>) {
        let working = match time {
            Some(time) if time == self.created_at => Working::FromTheStart,
            Some(time) => Working::Since(time),
            None => Working::NotYet,
        };
        if working != self.cold().working {
            self.cold_mut().working = working;
        }
    }
}
