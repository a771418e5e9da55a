//! `trades`: every trade, as the public sees it, with the orders of both sides.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::{
    domain::{
        change_log::TradeRecord,
        instruments::symbol::SymbolSpec,
        market_data::AggregateTrade,
        matching::PublicTrade,
        types::{
            id::{OrderId, TradeId},
            time::Timestamp,
        },
    },
    history::{HistoryError, text},
};

/// A trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "trades")]
pub struct Model {
    /// Of which symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub symbol_id: i64,
    /// Its number: without gaps, per symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The number of the aggregate it belongs to.
    pub aggregate_id: i64,
    /// The price.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// Whether the buyer rested.
    pub is_buyer_maker: bool,
    /// The order that rested.
    pub maker_order_id: i64,
    /// The order that took.
    pub taker_order_id: i64,
    /// When.
    pub time: i64,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the row of a trade.
    pub fn of(record: &TradeRecord, aggregate: u64, spec: &SymbolSpec) -> Self {
        let TradeRecord { trade, maker } = record;
        Self {
            symbol_id: i64::from(spec.id.get()),
            id: trade.id.get() as i64,
            aggregate_id: aggregate as i64,
            price: text::price(spec, trade.price),
            quantity: text::lots(spec, trade.lots),
            is_buyer_maker: trade.buyer_is_maker,
            maker_order_id: maker.get() as i64,
            taker_order_id: trade.taker.get() as i64,
            time: trade.time.micros() as i64,
        }
    }

    /// Reads the trade.
    ///
    /// # Errors
    /// The row is not one this exchange wrote.
    pub fn trade(&self, spec: &SymbolSpec) -> Result<PublicTrade, HistoryError> {
        Ok(PublicTrade {
            id: TradeId::new(self.id as u64),
            price: text::read_price(spec, &self.price)?,
            lots: text::read_lots(spec, &self.quantity)?,
            time: Timestamp::from_micros(self.time as u64),
            buyer_is_maker: self.is_buyer_maker,
            taker: OrderId::new(self.taker_order_id as u64),
        })
    }
}

/// Rebuilds whole aggregates from their trades, in order.
///
/// # Errors
/// A row is not one this exchange wrote.
pub fn aggregates(rows: &[Model], spec: &SymbolSpec) -> Result<Vec<AggregateTrade>, HistoryError> {
    let mut aggregates: Vec<AggregateTrade> = Vec::new();
    let mut last: Option<PublicTrade> = None;
    for row in rows {
        let trade = row.trade(spec)?;
        let id = row.aggregate_id as u64;
        let before = last.as_ref().zip(aggregates.last());
        let (aggregate, is_new) = AggregateTrade::after(before, &trade);
        match aggregates.last_mut().filter(|known| known.id == id && !is_new) {
            Some(known) => *known = aggregate,
            None => aggregates.push(AggregateTrade { id, ..aggregate }),
        }
        last = Some(trade);
    }
    Ok(aggregates)
}
