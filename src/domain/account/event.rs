//! The private events of an account's owner.

use serde::{Deserialize, Serialize};

use crate::domain::{
    messages::{command::Balance, message::PreventedMatch},
    orders::{Fill, Order, OrderList},
    types::{
        id::{AccountId, AssetId, ClientOrderId},
        money::{Amount, Lots},
        time::Timestamp,
    },
};

/// One event of an account's private stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserEvent {
    /// The account.
    pub account: AccountId,
    /// From 1, rising by 1 per account.
    pub seq: u64,
    /// The time.
    pub time: Timestamp,
    /// The change.
    pub kind: UserEventKind,
}

/// A change of an account. New variants are added at the end: the position is the journal's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserEventKind {
    /// An order changed (wire `executionReport`). Boxed: it is the large case, and only built with a subscriber.
    Execution(Box<Execution>),
    /// Balances changed through trading (wire `outboundAccountPosition`): every asset concerned.
    Balances(Vec<(AssetId, Balance)>),
    /// A deposit or withdrawal (wire `balanceUpdate`).
    Transfer {
        /// The asset.
        asset: AssetId,
        /// The change; negative for a withdrawal.
        delta: Amount,
    },
    /// A list of orders started or ended (wire `listStatus`).
    List(Box<OrderList>),
}

/// An order's change, with the order as it is after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The order after the change.
    pub order: Order,
    /// The kind of change.
    pub kind: ExecutionKind,
    /// The client's name of the cancelled or replaced order, where there is one (wire `C`).
    pub original_client_id: Option<ClientOrderId>,
    /// The name of the cancel that ended it, if it was given one.
    pub cancel_client_id: Option<ClientOrderId>,
}

/// The kind of change (wire `x`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionKind {
    /// Accepted.
    New,
    /// Traded.
    Trade(Fill),
    /// Cancelled by its owner.
    Cancelled,
    /// Reduced by its owner (wire `REPLACED`).
    Replaced,
    /// Rejected by the book.
    Rejected,
    /// Ended by a rule.
    Expired,
    /// Self-trade prevention removed lots from it; with the match, where the book reports it.
    Prevented(Lots, Option<PreventedMatch>),
    /// Its trigger was met: it is matched from now on (wire `NEW`, working).
    Triggered,
}
