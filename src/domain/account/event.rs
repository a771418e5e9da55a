//! What an account's owner is told: the private stream.

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
    /// Whose.
    pub account: AccountId,
    /// From 1, rising by 1 per account.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// What happened.
    pub kind: UserEventKind,
}

/// What happened to an account. New variants are added at the end: the position is the journal's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserEventKind {
    /// An order changed (wire `executionReport`). Boxed: it is the large case, and only made when watched.
    Execution(Box<Execution>),
    /// Balances changed through trading (wire `outboundAccountPosition`): every asset concerned.
    Balances(Vec<(AssetId, Balance)>),
    /// A deposit or withdrawal (wire `balanceUpdate`).
    Transfer {
        /// Of which asset.
        asset: AssetId,
        /// By how much; negative for a withdrawal.
        delta: Amount,
    },
    /// A list of orders began or ended (wire `listStatus`).
    List(Box<OrderList>),
}

/// An order's change, with the order as it is after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The order after the change.
    pub order: Order,
    /// What kind of change.
    pub kind: ExecutionKind,
    /// The client's name of the cancel or replaced order, where there is one (wire `C`).
    pub original_client_id: Option<ClientOrderId>,
    /// What the cancel that ended it is called, if it was given a name.
    pub cancel_client_id: Option<ClientOrderId>,
}

/// What kind of change (wire `x`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionKind {
    /// Accepted.
    New,
    /// Traded.
    Trade(Fill),
    /// Cancelled by its owner.
    Cancelled,
    /// Lowered by its owner (wire `REPLACED`).
    Replaced,
    /// Refused by the book.
    Rejected,
    /// Ended by a rule.
    Expired,
    /// Self-trade prevention took lots from it; which, where the book says it.
    Prevented(Lots, Option<PreventedMatch>),
    /// Its trigger was met: it is matched from now on (wire `NEW`, working).
    Triggered,
}
