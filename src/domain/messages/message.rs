//! What account slots and symbol slots say to each other.
//!
//! A message carries `(from, seq)`: gapless and rising per pair of slots. The receiver drops what it has
//! applied already and stops on a gap; the sender keeps in its outbox what is not known to be applied.

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
    /// What is said.
    pub body: B,
}

/// An account slot to a symbol slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ToSymbol {
    /// Match this order; its funds are held.
    SubmitOrder(SubmitOrder),
    /// Take a resting order out.
    CancelOrder(CancelResting),
    /// Lower a resting order.
    AmendOrder(AmendResting),
    /// Take out an order that waits for its trigger.
    CancelStop(CancelStop),
}

/// A symbol slot to an account slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ToAccount {
    /// One side of a trade.
    TradeExecuted(TradeExecuted),
    /// Everything that is not a trade.
    OrderUpdated(OrderUpdated),
    /// A cancel or amend came too late.
    CancelRejected(CancelRejected),
}

/// Account to symbol: an order whose funds are held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SubmitOrder {
    /// Its id.
    pub order: OrderId,
    /// Whose order.
    pub account: AccountId,
    /// Which book.
    pub symbol: SymbolId,
    /// Which side.
    pub side: Side,
    /// The worst price it may trade at: its limit, or the collar of a market order.
    pub limit: Price,
    /// The most it may trade; never zero.
    pub lots: Lots,
    /// What becomes of the rest.
    pub policy: Policy,
    /// Self-trade prevention.
    pub stp: StpMode,
    /// What a plain limit order has nothing of. Out of line: most orders are plain, and a message is copied into several
    /// queues on its way.
    pub extras: Option<Box<OrderExtras>>,
}

impl SubmitOrder {
    /// Returns what is special about it; of a plain order nothing.
    pub fn extras(&self) -> &OrderExtras {
        self.extras.as_deref().unwrap_or(&OrderExtras::NONE)
    }

    /// Makes it special, `set` says how.
    #[must_use]
    pub fn with(self, set: impl FnOnce(&mut OrderExtras)) -> Self {
        let mut extras = *self.extras();
        set(&mut extras);
        Self { extras: extras.boxed(), ..self }
    }
}

/// What is special about an order; the default says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderExtras {
    /// The most its trades may come to, in ticks × lots: what a buy may spend, or what a sell by quote amount asks for.
    /// `None` when only the lots bound it.
    pub budget: Option<u128>,
    /// Whether the budget is what was ordered (a market order by quote amount): such an order counts as filled when the
    /// rest of the budget buys no whole lot at the next price.
    pub by_quote: bool,
    /// The most of it that shows at a time while it rests (an iceberg), never zero; `None` for all of it, as a peak of no
    /// less than what rests is.
    pub peak: Option<Lots>,
    /// What it waits for before it is matched; `None` for an order that is matched at once.
    pub condition: Option<Condition>,
    /// The other order of its pair: when one of the two begins to trade or is triggered, is cancelled or refused, the
    /// other ends.
    pub pair: Option<OrderId>,
}

impl OrderExtras {
    /// What a plain order has.
    pub const NONE: Self = Self { budget: None, by_quote: false, peak: None, condition: None, pair: None };

    /// Puts it where an order keeps it: nowhere when it says nothing.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// What a conditional order waits for, as its book must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Condition {
    /// The prices.
    pub trigger: Trigger,
    /// Which way the market reaches the stop price.
    pub direction: Direction,
    /// How far from the price that triggers it a market order may trade (ADR 0004); `None` for a limit order.
    pub collar: Option<Rate>,
}

/// Account to symbol: take out an order that waits for its trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelStop {
    /// Which book.
    pub symbol: SymbolId,
    /// Which order.
    pub order: OrderId,
    /// The command to name in the answer.
    pub command: CommandId,
}

/// Account to symbol: take a resting order out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelResting {
    /// Which book.
    pub symbol: SymbolId,
    /// Which order.
    pub order: OrderId,
    /// Where it rests.
    pub handle: Handle,
    /// The command to name in the answer.
    pub command: CommandId,
}

/// Account to symbol: lower a resting order, keeping its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AmendResting {
    /// Which book.
    pub symbol: SymbolId,
    /// Which order.
    pub order: OrderId,
    /// Where it rests.
    pub handle: Handle,
    /// By how many lots; so that fills on the way do not change the meaning.
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
    /// Which side that is.
    pub side: Side,
    /// The maker's price.
    pub price: Price,
    /// How much.
    pub lots: Lots,
    /// What of this side's order is left untraded.
    pub remaining: Lots,
    /// Whether that fills this side's order: nothing is left, or the rest of an amount buys no whole lot. Nothing
    /// follows for it.
    pub is_filled: bool,
    /// Whether this side rested.
    pub is_maker: bool,
    /// When, by the book's clock.
    pub time: Timestamp,
}

/// Symbol to account: what became of an order apart from trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderUpdated {
    /// Which order.
    pub order: OrderId,
    /// What happened.
    pub change: OrderChange,
    /// When, by the book's clock.
    pub time: Timestamp,
}

/// What became of an order apart from trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderChange {
    /// It rests, with what its trades left of it.
    Accepted {
        /// Where; comes back with cancels and amends.
        handle: Handle,
    },
    /// It is gone with `remaining` lots unfilled.
    Ended {
        /// What neither traded nor was prevented.
        remaining: Lots,
        /// Which rule; `WouldTake` means the book refused it.
        reason: CloseReason,
    },
    /// Its owner took it out.
    Cancelled {
        /// What was left of it.
        remaining: Lots,
        /// The command that asked.
        command: CommandId,
    },
    /// Self-trade prevention took lots from it.
    Prevented {
        /// How many.
        lots: Lots,
        /// Whether that ends it.
        ends: bool,
        /// The match that was prevented.
        by: PreventedMatch,
    },
    /// Its owner lowered it; it keeps its place.
    Reduced {
        /// By how many lots.
        lots: Lots,
        /// The command that asked.
        command: CommandId,
    },
    /// It waits for its trigger.
    Untriggered,
    /// Its trigger was met: it is matched now.
    Triggered,
}

/// A trade that did not happen because both orders are of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PreventedMatch {
    /// Its number: gapless from 1 per symbol.
    pub id: NonZeroU64,
    /// The order that arrived.
    pub taker: OrderId,
    /// The order that rested.
    pub maker: OrderId,
    /// The resting order's price.
    pub price: Price,
    /// What the order that arrived lost.
    pub taker_lots: Lots,
    /// What the resting order lost.
    pub maker_lots: Lots,
    /// The mode that decided: the taker's.
    pub mode: StpMode,
}

/// Symbol to account: the order was gone when the cancel or amend arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelRejected {
    /// Which order.
    pub order: OrderId,
    /// The command that asked.
    pub command: CommandId,
    /// Why.
    pub reject: Reject,
}
