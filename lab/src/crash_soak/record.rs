//! What a client writes down: what it is about to ask, what came back, what it was told unasked.

use serde::{Deserialize, Serialize};

use super::market::{Asset, Symbol};

/// One line of a client's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Record {
    /// About to be sent.
    Invoke { op: u64, at: u64, account: u64, request: Request },
    /// Done, and this is what it came to.
    Ok { op: u64, at: u64, answer: Answer },
    /// Definitely not done.
    Refused { op: u64, at: u64, status: u16, code: i64, message: String },
    /// Nobody knows.
    Info { op: u64, at: u64, reason: String },
    /// The account's private stream said so.
    Event { at: u64, account: u64, order: OrderState, fill: Option<SeenFill> },
    /// A public stream said so.
    Trade { symbol: Symbol, trade: u64, price: i64, qty: i64 },
    /// A stream is not what it must be.
    Broken { at: u64, what: String },
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Request {
    /// A new order.
    Place(PlaceOrder),
    /// A cancel, by id or by the client's name of the order.
    Cancel { symbol: Symbol, order: Option<u64>, name: String },
    /// A lower quantity and a new name.
    Amend { symbol: Symbol, order: u64, qty: i64, name: String },
    /// A cancel, and a new order if it succeeds.
    Replace { order: u64, place: PlaceOrder },
    /// Money in or out.
    Transfer(Transfer),
}

/// A new order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PlaceOrder {
    pub(super) symbol: Symbol,
    pub(super) name: String,
    pub(super) buy: bool,
    pub(super) kind: Kind,
    pub(super) price: i64,
    pub(super) qty: i64,
    pub(super) stp: String,
    /// ACK, RESULT or FULL.
    pub(super) response_type: String,
    /// Whether it carries an idempotency key: its name.
    pub(super) keyed: bool,
}

/// The kinds of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Gtc,
    Ioc,
    Fok,
    Maker,
    Market,
    /// A market order by quote amount: the amount is the quantity.
    MarketQuote,
}

/// Money in or out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Transfer {
    pub(super) asset: Asset,
    pub(super) amount: i64,
    pub(super) deposit: bool,
    pub(super) id: String,
}

/// What a success said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    Placed {
        order: OrderState,
        fills: Vec<SeenFill>,
    },
    Cancelled(OrderState),
    Amended(OrderState),
    /// The half that failed is none.
    Replaced {
        cancelled: Option<OrderState>,
        placed: Option<(OrderState, Vec<SeenFill>)>,
    },
    Transferred {
        free: i64,
        locked: i64,
    },
}

/// An order as the exchange tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OrderState {
    pub(super) id: u64,
    pub(super) symbol: Symbol,
    pub(super) name: String,
    /// Empty when an answer does not say.
    pub(super) status: String,
    pub(super) buy: bool,
    pub(super) price: i64,
    /// 0 when an answer does not say.
    pub(super) qty: i64,
    pub(super) executed: i64,
    pub(super) prevented: i64,
    pub(super) quote: i64,
}

impl OrderState {
    /// Whether nothing can happen to it any more.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self.status.as_str(), "" | "NEW" | "PARTIALLY_FILLED")
    }

    /// What can still trade.
    pub(super) fn remaining(&self) -> i64 {
        self.qty - self.executed - self.prevented
    }
}

/// A fill as a reply or a stream tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenFill {
    pub(super) trade: u64,
    pub(super) price: i64,
    pub(super) qty: i64,
    pub(super) fee: i64,
    pub(super) fee_asset: Asset,
}
