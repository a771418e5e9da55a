//! What goes into the book and what comes out.

use serde::{Deserialize, Serialize};

use crate::domain::{
    orders::{EndReason, Handle, Side, StpMode},
    types::{
        id::{AccountId, OrderId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// What becomes of the part of an order that does not trade at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Policy {
    /// It rests (GTC).
    Rest,
    /// It rests until this time (GTD).
    RestUntil(Timestamp),
    /// It rests; the whole order is refused if any of it would trade.
    PostOnly,
    /// It ends (IOC, and market orders).
    Immediate,
    /// The whole order is refused unless all of it trades at once (FOK).
    AllOrNone,
}

/// An order entering the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Incoming {
    /// Its id.
    pub order: OrderId,
    /// Whose order; self-trade prevention compares it.
    pub account: AccountId,
    /// Which side.
    pub side: Side,
    /// The worst price it may trade at: a limit, or the collar of a market order.
    pub limit: Price,
    /// The most it may trade; never zero.
    pub lots: Lots,
    /// The most its trades may come to, in ticks × lots: what a buy may spend, or what a sell by quote amount
    /// asks for. `None` when only `lots` bounds it.
    pub budget: Option<u128>,
    /// Whether the budget is what was ordered (a market order by quote amount): such an order counts as filled
    /// when the rest of the budget buys no whole lot at the next price.
    pub by_quote: bool,
    /// What becomes of the rest.
    pub policy: Policy,
    /// Self-trade prevention.
    pub stp: StpMode,
    /// The most of it that shows at a time while it rests (an iceberg), never zero; `None` for all of it, as a
    /// peak of no less than what rests is.
    pub peak: Option<Lots>,
}

/// What became of an order that entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// `remaining` lots, shown and hidden, rest at `handle`.
    Rested {
        /// Where it rests.
        handle: Handle,
        /// What rests.
        remaining: Lots,
    },
    /// All of it traded, or its budget is spent to the last whole lot.
    Filled,
    /// What did not trade is gone; trades before that stand.
    Ended {
        /// What neither traded nor was prevented.
        remaining: Lots,
        /// Which rule ended it.
        reason: EndReason,
    },
    /// Nothing happened: the book is exactly as before. `WouldTake`, `Killed`, or `BookFull` for a post-only
    /// order.
    Refused(EndReason),
}

/// What happened in the book, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BookEvent {
    /// The entering order traded with a resting one, at the resting one's price.
    Traded {
        /// The resting order.
        maker: OrderId,
        /// Whose it is.
        maker_account: AccountId,
        /// The resting order's price.
        price: Price,
        /// How much; never zero.
        lots: Lots,
        /// What of the resting order is left, shown and hidden; zero means it is gone.
        maker_remaining: Lots,
    },
    /// The entering order met a resting one of its own account, and its mode of self-trade prevention kept them
    /// from trading. What that does to either comes after this: the resting order's `Ended` (EXPIRE_MAKER,
    /// EXPIRE_BOTH), the entering order's [`Outcome`].
    Prevented {
        /// The resting order.
        maker: OrderId,
        /// Whose it is (and the taker's).
        maker_account: AccountId,
        /// The resting order's price, at which they would have traded.
        price: Price,
        /// How much each lost: not zero for DECREMENT, zero for every other mode.
        lots: Lots,
        /// What of the resting order is left, shown and hidden; zero means it is gone and an `Ended` does not
        /// follow.
        maker_remaining: Lots,
    },
    /// A resting order left the book whole, by a rule (`SelfTrade`, `GoodTillDate`).
    Ended {
        /// The order.
        order: OrderId,
        /// Whose it is.
        account: AccountId,
        /// What was left of it, shown and hidden.
        remaining: Lots,
        /// Which rule.
        reason: EndReason,
    },
    /// A level's total is now this: once per level and command, when the command is done with the level.
    LevelChanged {
        /// Which side.
        side: Side,
        /// Which level.
        price: Price,
        /// All the lots that show there; zero means the level is gone.
        total: Lots,
    },
}
