//! `fills`: every account's side of every trade.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::{
    domain::{
        change_log::words::Word,
        instruments::symbol::SymbolSpec,
        orders::{Fill, Side},
        types::{
            id::{AccountId, OrderId, TradeId},
            money::Amount,
            time::Timestamp,
        },
    },
    history::{HistoryError, text},
};

/// A fill. In the order an account pages through them; a trade with oneself has two, one an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "fills")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// Of which symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub symbol_id: i64,
    /// Of which trade.
    #[sea_orm(primary_key, auto_increment = false)]
    pub trade_id: i64,
    /// Of which order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    /// `BUY` or `SELL`.
    pub side: String,
    /// The price.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// What it came to.
    pub quote_quantity: String,
    /// The fee, in the asset received.
    pub fee: String,
    /// The asset received.
    pub fee_asset_id: i64,
    /// Whether this side rested.
    pub is_maker: bool,
    /// When.
    pub time: i64,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the row of a fill.
    pub fn of(fill: &Fill, spec: &SymbolSpec) -> Self {
        let received = spec.received(fill.side);
        Self {
            account_id: fill.account.get() as i64,
            symbol_id: i64::from(fill.symbol.get()),
            trade_id: fill.trade.get() as i64,
            order_id: fill.order.get() as i64,
            side: fill.side.word().to_owned(),
            price: text::price(spec, fill.price),
            quantity: text::lots(spec, fill.lots),
            quote_quantity: text::quote(spec, fill.quote),
            fee: text::write(received.units(fill.fee)),
            fee_asset_id: i64::from(received.id.get()),
            is_maker: fill.is_maker,
            time: fill.time.micros() as i64,
        }
    }

    /// Reads the fill.
    ///
    /// # Errors
    /// The row is not one this exchange wrote.
    pub fn fill(&self, spec: &SymbolSpec) -> Result<Fill, HistoryError> {
        let side = Side::of_word(&self.side)
            .ok_or_else(|| HistoryError::Damaged(format!("fill of trade {}: side", self.trade_id)))?;
        Ok(Fill {
            trade: TradeId::new(self.trade_id as u64),
            order: OrderId::new(self.order_id as u64),
            account: AccountId::new(self.account_id as u64),
            symbol: spec.id,
            side,
            price: text::read_price(spec, &self.price)?,
            lots: text::read_lots(spec, &self.quantity)?,
            quote: text::read_quote(spec, &self.quote_quantity)?,
            fee: Amount::new(text::read(&self.fee, spec.received(side).scale)?),
            is_maker: self.is_maker,
            time: Timestamp::from_micros(self.time as u64),
        })
    }
}
