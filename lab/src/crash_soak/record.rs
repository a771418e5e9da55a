//! A client's log: requests about to be sent, their answers, and events from streams.

use serde::{Deserialize, Serialize};

use super::market::{Asset, Symbol};

/// One line of a client's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Record {
    /// About to be sent.
    Invoke { op: u64, at: u64, account: u64, request: Request },
    /// Done, with its answer.
    Ok { op: u64, at: u64, answer: Answer },
    /// Definitely not done.
    Refused { op: u64, at: u64, status: u16, code: i64, message: String },
    /// The outcome is unknown.
    Info { op: u64, at: u64, reason: String },
    /// An event of the account's private stream.
    Event { at: u64, account: u64, order: OrderState, fill: Option<SeenFill> },
    /// A trade of a public stream.
    Trade { symbol: Symbol, trade: u64, price: i64, qty: i64 },
    /// A stream broke its contract.
    Broken { at: u64, what: String },
}

/// A request.
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

/// The answer to a successful request.
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

/// An order as the exchange reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OrderState {
    pub(super) id: u64,
    pub(super) symbol: Symbol,
    pub(super) name: String,
    /// Empty if the answer does not contain it.
    pub(super) status: String,
    pub(super) buy: bool,
    pub(super) price: i64,
    /// 0 if the answer does not contain it.
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

/// A fill as a reply or a stream reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenFill {
    pub(super) trade: u64,
    pub(super) price: i64,
    pub(super) qty: i64,
    pub(super) fee: i64,
    pub(super) fee_asset: Asset,
}
