//! `ledger`: every credit and debit of an account, in the order of time: its statement.
//!
//! Money that is only held for an order, or released, does not change what the account has and is not in it.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use super::balance;
use crate::{
    domain::{
        change_log::{BalanceCause, BalanceUpdate},
        instruments::asset::Asset,
        types::time::Timestamp,
    },
    history::text,
};

/// A line of an account's statement. One frame changes a balance once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "ledger")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// When; rises with `sequence`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub time: i64,
    /// The frame that made it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Of what.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: i64,
    /// By how much; negative for a debit. Fees are subtracted already.
    pub delta: String,
    /// What is free after it.
    pub available: String,
    /// What is held after it.
    #[sea_orm(column_name = "frozen")]
    #[serde(rename = "frozen")]
    pub held: String,
    /// `DEPOSIT`, `WITHDRAWAL` or `TRADE`.
    pub cause: String,
    /// The symbol of the trade.
    pub symbol_id: Option<i64>,
    /// The trade.
    pub trade_id: Option<i64>,
    /// The account's order in it.
    pub order_id: Option<i64>,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the row of a credit or debit, given the balance after it; `None` when there was neither.
    pub fn of(
        update: &BalanceUpdate,
        after: &balance::Model,
        asset: Asset,
        time: Timestamp,
        sequence: u64,
    ) -> Option<Self> {
        let (cause, trade) = match update.cause {
            BalanceCause::Deposit => ("DEPOSIT", None),
            BalanceCause::Withdrawal => ("WITHDRAWAL", None),
            BalanceCause::Trade { symbol, trade, order } => ("TRADE", Some((symbol, trade, order))),
            BalanceCause::Order => return None,
        };
        (!update.delta.is_zero()).then(|| Self {
            account_id: after.account_id,
            time: time.micros() as i64,
            sequence: sequence as i64,
            asset_id: after.asset_id,
            delta: text::write(asset.units(update.delta)),
            available: after.available.clone(),
            held: after.held.clone(),
            cause: cause.to_owned(),
            symbol_id: trade.map(|(symbol, ..)| i64::from(symbol.get())),
            trade_id: trade.map(|(_, trade, _)| trade.get() as i64),
            order_id: trade.map(|(.., order)| order.get() as i64),
        })
    }
}
