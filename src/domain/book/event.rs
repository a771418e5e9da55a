//! The events and outcomes of the book.

use serde::{Deserialize, Serialize};

use crate::domain::{
    orders::{CloseReason, Handle, Side},
    types::{
        id::{AccountId, OrderId},
        money::{Lots, Price},
    },
};

/// The outcome of an order that entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// `remaining` lots, displayed and hidden, rest at `handle`.
    Rested {
        /// Its location in the book.
        handle: Handle,
        /// The resting quantity.
        remaining: Lots,
    },
    /// All of it traded, or its budget is spent to the last whole lot.
    Filled,
    /// The part that did not trade is gone; trades before that stand.
    Ended {
        /// The lots that neither traded nor were prevented.
        remaining: Lots,
        /// The rule that ended it.
        reason: CloseReason,
    },
    /// Nothing changed: the book is exactly as before. `WouldTake`, `Killed`, or `BookFull` for a post-only order.
    Refused(CloseReason),
}

/// The events in the book, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BookEvent {
    /// The entering order traded with a resting one, at the resting one's price.
    Traded {
        /// The resting order.
        maker: OrderId,
        /// The account of the resting order.
        maker_account: AccountId,
        /// The resting order's price.
        price: Price,
        /// The quantity; never zero.
        lots: Lots,
        /// The remaining quantity of the resting order, displayed and hidden; zero means it is gone.
        maker_remaining: Lots,
    },
    /// The entering order met a resting one of its own account, and its mode of self-trade prevention kept them from
    /// trading. The effects on either come after this: the resting order's `Ended` (EXPIRE_MAKER, EXPIRE_BOTH), the
    /// entering order's [`Outcome`].
    Prevented {
        /// The resting order.
        maker: OrderId,
        /// The account of the resting order (and the taker's).
        maker_account: AccountId,
        /// The resting order's price, at which they would have traded.
        price: Price,
        /// The lots each lost: not zero for DECREMENT, zero for every other mode.
        lots: Lots,
        /// The remaining quantity of the resting order, displayed and hidden; zero means it is gone and an `Ended` does
        /// not follow.
        maker_remaining: Lots,
    },
    /// A resting order left the book completely, by a rule (`SelfTrade`, `GoodTillDate`).
    Ended {
        /// The order.
        order: OrderId,
        /// The account of the order.
        account: AccountId,
        /// The quantity that remained, displayed and hidden.
        remaining: Lots,
        /// The rule.
        reason: CloseReason,
    },
    /// A level's new total: once per level and command, when the command is done with the level.
    LevelChanged {
        /// The side.
        side: Side,
        /// The price of the level.
        price: Price,
        /// All the lots displayed there; zero means the level is gone.
        total: Lots,
    },
}
