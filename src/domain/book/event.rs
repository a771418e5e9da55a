//! What comes out of the book.

use serde::{Deserialize, Serialize};

use crate::domain::{
    orders::{CloseReason, Handle, Side},
    types::{
        id::{AccountId, OrderId},
        money::{Lots, Price},
    },
};

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
        reason: CloseReason,
    },
    /// Nothing happened: the book is exactly as before. `WouldTake`, `Killed`, or `BookFull` for a post-only
    /// order.
    Refused(CloseReason),
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
        reason: CloseReason,
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
