//! The messages between account slots and symbol slots.
//!
//! A message carries `(from, seq)`: gapless and rising per pair of slots. The receiver drops messages it has applied
//! already and stops on a gap; the sender keeps those not known to be applied in its outbox.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::reject::Reject;
use crate::domain::{
    orders::{CloseReason, Direction, Handle, Policy, Side, StpMode, Trigger},
    types::{
        id::{AccountId, CommandId, OrderId, SlotId, SymbolId, TradeId},
        money::{Lots, Price, Rate},
        time::Timestamp,
    },
};

/// A message between two slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope<B> {
    /// The sending slot.
    pub from: SlotId,
    /// The receiving slot.
    pub to: SlotId,
    /// From 1, rising by 1 per pair.
    pub seq: u64,
    /// The content of the message.
    pub body: B,
}

/// From an account slot to a symbol slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ToSymbol {
    /// Match this order; its funds are held.
    SubmitOrder(SubmitOrder),
    /// Cancel a resting order.
    CancelOrder(CancelResting),
    /// Reduce a resting order.
    AmendOrder(AmendResting),
    /// Cancel an order that waits for its trigger.
    CancelStop(CancelStop),
}

/// From a symbol slot to an account slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ToAccount {
    /// One side of a trade.
    TradeExecuted(TradeExecuted),
    /// Any change of an order that is not a trade.
    OrderUpdated(OrderUpdated),
    /// A cancel or amend came too late.
    CancelRejected(CancelRejected),
}

/// Account to symbol: an order whose funds are held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SubmitOrder {
    /// Its id.
    pub order: OrderId,
    /// The account of the order.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The side of the book.
    pub side: Side,
    /// The worst price it may trade at: its limit, or the collar of a market order.
    pub limit: Price,
    /// The maximum quantity it may trade; never zero.
    pub lots: Lots,
    /// The rule for the part that does not trade at once.
    pub policy: Policy,
    /// The mode of self-trade prevention.
    pub stp: StpMode,
    /// The parts that a plain limit order does not have. Out of line: most orders are plain, and a message is copied
    /// into several queues on its way.
    pub extras: Option<Box<OrderExtras>>,
}

impl SubmitOrder {
    /// Returns the extras; the default for a plain order.
    pub fn extras(&self) -> &OrderExtras {
        self.extras.as_deref().unwrap_or(&OrderExtras::NONE)
    }

    /// Changes the extras with `set`.
    #[must_use]
    pub fn with(self, set: impl FnOnce(&mut OrderExtras)) -> Self {
        let mut extras = *self.extras();
        set(&mut extras);
        Self { extras: extras.boxed(), ..self }
    }
}

/// The parts of an order that a plain one does not have; the default has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderExtras {
    /// The maximum of its trades, in ticks × lots: the amount a buy may spend, or the amount a sell by quote amount
    /// requests. `None` when only the lots bound it.
    pub budget: Option<u128>,
    /// Whether the budget is the ordered quantity (a market order by quote amount): such an order counts as filled when
    /// the rest of the budget buys no whole lot at the next price.
    pub by_quote: bool,
    /// The maximum displayed at a time while it rests (an iceberg), never zero; `None` for all of it, which includes a
    /// peak of no less than the resting quantity.
    pub peak: Option<Lots>,
    /// Its trigger; `None` for an order that is matched at once.
    pub condition: Option<Condition>,
    /// The other leg of its OCO: when one of the two starts to trade, is triggered, cancelled or rejected, the other
    /// ends.
    pub pair: Option<OrderId>,
}

impl OrderExtras {
    /// The extras of a plain order.
    pub const NONE: Self = Self { budget: None, by_quote: false, peak: None, condition: None, pair: None };

    /// Boxes the extras for an order; `None` for the default.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// The trigger of a conditional order, as its book must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Condition {
    /// The prices.
    pub trigger: Trigger,
    /// The direction in which the market reaches the stop price.
    pub direction: Direction,
    /// How far from the price that triggers it a market order may trade (ADR 0004); `None` for a limit order.
    pub collar: Option<Rate>,
}

/// Account to symbol: cancel an order that waits for its trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelStop {
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The order.
    pub order: OrderId,
    /// The command to name in the answer.
    pub command: CommandId,
}

/// Account to symbol: cancel a resting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelResting {
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The order.
    pub order: OrderId,
    /// The location in the book.
    pub handle: Handle,
    /// The command to name in the answer.
    pub command: CommandId,
}

/// Account to symbol: reduce a resting order, keeping its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AmendResting {
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The order.
    pub order: OrderId,
    /// The location in the book.
    pub handle: Handle,
    /// The reduction in lots; relative, so that fills on the way do not change the meaning.
    pub reduce_by: Lots,
    /// The command to name in the answer.
    pub command: CommandId,
}

/// Symbol to the maker's and the taker's account: settle this side of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TradeExecuted {
    /// The symbol.
    pub symbol: SymbolId,
    /// The trade.
    pub trade: TradeId,
    /// This side's order.
    pub order: OrderId,
    /// The side of this order.
    pub side: Side,
    /// The maker's price.
    pub price: Price,
    /// The quantity.
    pub lots: Lots,
    /// The untraded quantity of this side's order.
    pub remaining: Lots,
    /// Whether the trade fills this side's order: nothing is left, or the rest of an amount buys no whole lot. No
    /// further message follows for the order.
    pub is_filled: bool,
    /// Whether this side was the maker.
    pub is_maker: bool,
    /// The time by the book's clock.
    pub time: Timestamp,
}

/// Symbol to account: a change of an order other than a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderUpdated {
    /// The order.
    pub order: OrderId,
    /// The change.
    pub change: OrderChange,
    /// The time by the book's clock.
    pub time: Timestamp,
}

/// A change of an order other than a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderChange {
    /// It rests, with the quantity its trades left.
    Accepted {
        /// The location; the account sends it back with cancels and amends.
        handle: Handle,
    },
    /// It ended with `remaining` lots unfilled.
    Ended {
        /// The lots that neither traded nor were prevented.
        remaining: Lots,
        /// The rule that ended it; `WouldTake` means the book rejected it.
        reason: CloseReason,
    },
    /// Its owner cancelled it.
    Cancelled {
        /// The remaining lots.
        remaining: Lots,
        /// The command of the cancel.
        command: CommandId,
    },
    /// Self-trade prevention removed lots from it.
    Prevented {
        /// The removed lots.
        lots: Lots,
        /// Whether that ends it.
        ends: bool,
        /// The prevented match.
        by: PreventedMatch,
    },
    /// Its owner reduced it; it keeps its place.
    Reduced {
        /// The reduction in lots.
        lots: Lots,
        /// The command of the amend.
        command: CommandId,
    },
    /// It waits for its trigger.
    Untriggered,
    /// Its trigger is met: it is matched now.
    Triggered,
}

/// A trade that did not happen because both orders are of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PreventedMatch {
    /// Its number: gapless from 1 per symbol.
    pub id: NonZeroU64,
    /// The taker order.
    pub taker: OrderId,
    /// The maker order.
    pub maker: OrderId,
    /// The maker order's price.
    pub price: Price,
    /// The quantity the taker order lost.
    pub taker_lots: Lots,
    /// The quantity the maker order lost.
    pub maker_lots: Lots,
    /// The mode that decided: the taker's.
    pub mode: StpMode,
}

/// Symbol to account: the order no longer rested when the cancel or amend arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelRejected {
    /// The order.
    pub order: OrderId,
    /// The command of the cancel or amend.
    pub command: CommandId,
    /// The reason.
    pub reject: Reject,
}
