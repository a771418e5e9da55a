//! `amendments`: every amend of every order, in the order they were made.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use super::order;
use crate::{
    domain::{
        account::Amendment,
        instruments::symbol::SymbolSpec,
        types::{
            id::{AccountId, ClientOrderId, OrderId},
            time::Timestamp,
        },
    },
    history::{HistoryError, text},
};

/// An amend. One frame amends an order once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "amendments")]
pub struct Model {
    /// Whose order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// Of which symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub symbol_id: i64,
    /// Which order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    /// The frame that made it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// The client's name for the order before the amend.
    pub old_client_order_id: String,
    /// The client's name for the order after it.
    pub client_order_id: String,
    /// The ordered quantity before the amend.
    pub old_quantity: String,
    /// The ordered quantity after it.
    pub quantity: String,
    /// When; on the wire it is the number of the amend.
    pub time: i64,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the row of an amend, given the order before and after it.
    pub fn of((old_name, old_quantity): (String, String), after: &order::Model) -> Self {
        Self {
            account_id: after.account_id,
            symbol_id: after.symbol_id,
            order_id: after.id,
            sequence: after.sequence,
            old_client_order_id: old_name,
            client_order_id: after.client_order_id.clone(),
            old_quantity,
            quantity: after.quantity.clone(),
            time: after.updated_at,
        }
    }

    /// Reads the amend.
    ///
    /// # Errors
    /// The row is not one this exchange wrote.
    pub fn amendment(&self, spec: &SymbolSpec) -> Result<Amendment, HistoryError> {
        let name = |text: &str| {
            let damaged = || HistoryError::Damaged(format!("an amend of order {}: client id", self.order_id));
            ClientOrderId::parse(text).ok_or_else(damaged)
        };
        let lots = |text: &str| text::read_lots(spec, text);
        Ok(Amendment {
            account: AccountId::new(self.account_id as u64),
            symbol: spec.id,
            order: OrderId::new(self.order_id as u64),
            names: (name(&self.old_client_order_id)?, name(&self.client_order_id)?),
            quantities: (lots(&self.old_quantity)?, lots(&self.quantity)?),
            time: Timestamp::from_micros(self.time as u64),
        })
    }
}
