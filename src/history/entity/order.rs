//! `orders`: every order there ever was, in its current state.

use std::num::NonZeroU64;

use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        change_log::{OrderUpdate, words::Word},
        instruments::{Instruments, symbol::SymbolSpec},
        orders::{
            Bips, CloseReason, ColdFields, Order, OrderStatus, OrderType, Side, StpMode, Strategy,
            TimeInForce, Trigger, Working,
        },
        types::{
            id::{AccountId, ClientOrderId, OrderId, OrderListId, SymbolId},
            money::Amount,
            time::Timestamp,
        },
    },
    history::{HistoryError, text},
};

/// An order. Numbers are exact decimals as text, times microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// Of which symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub symbol_id: i64,
    /// When it was accepted.
    #[sea_orm(primary_key, auto_increment = false)]
    pub created_at: i64,
    /// The order's id, which is unique.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The client's name for it.
    pub client_order_id: String,
    /// The list it belongs to.
    pub list_id: Option<i64>,
    /// `BUY` or `SELL`.
    pub side: String,
    /// The order type, as on the wire.
    pub kind: String,
    /// `GTC`, `IOC`, `FOK` or `GTD`.
    pub time_in_force: String,
    /// The self-trade prevention mode, as on the wire.
    pub stp: String,
    /// The limit; 0 for a market order.
    pub price: String,
    /// The ordered quantity.
    pub quantity: String,
    /// The ordered quote amount of a market order by amount.
    pub quote_quantity: String,
    /// How much has traded.
    pub executed: String,
    /// What it traded for.
    pub executed_quote: String,
    /// How much self-trade prevention took away.
    pub prevented: String,
    /// The last prevention it was part of.
    pub prevented_match: Option<i64>,
    /// Its state: codes 0 to 6 of the change log.
    pub status: i16,
    /// Which rule ended it.
    pub reason: Option<String>,
    /// The price that triggers it.
    pub stop_price: Option<String>,
    /// How far it follows the market, in hundredths of a percent.
    pub trailing_delta: Option<i64>,
    /// The most of it that shows.
    pub iceberg: Option<String>,
    /// `strategyId`
    pub strategy_id: Option<i64>,
    /// `strategyType`
    pub strategy_type: Option<i64>,
    /// Whether it waits for another order of its list.
    pub awaits_list: bool,
    /// Since when it is on its way to the book or in it.
    pub working_at: Option<i64>,
    /// When a GTD order ends.
    pub expires_at: Option<i64>,
    /// When it last changed.
    pub updated_at: i64,
    /// The frame that changed it last.
    pub sequence: i64,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Selects the orders that were accepted, as [`Order::was_accepted`] defines it.
pub(crate) fn accepted() -> Condition {
    Condition::any()
        .add(Column::Status.ne(OrderStatus::Rejected as i16))
        .add(Column::Reason.eq(CloseReason::PendingRefused.word()))
}

impl Model {
    /// Returns the row of an order.
    pub fn of(order: &Order, spec: &SymbolSpec, sequence: u64) -> Self {
        let number = |number: u64| number as i64;
        let trigger = order.trigger().unwrap_or(Trigger { stop: None, trailing: None });
        Self {
            account_id: number(order.account.get()),
            symbol_id: i64::from(order.symbol.get()),
            created_at: number(order.created_at.micros()),
            id: number(order.id.get()),
            client_order_id: order.client_id.as_str().to_owned(),
            list_id: order.list().map(|list| number(list.get())),
            side: order.side.word().to_owned(),
            kind: order.kind.word().to_owned(),
            time_in_force: order.time_in_force.word().to_owned(),
            stp: order.stp.word().to_owned(),
            price: text::price(spec, order.price),
            quantity: text::lots(spec, order.quantity),
            quote_quantity: text::quote(spec, order.quote_quantity()),
            executed: text::lots(spec, order.executed),
            executed_quote: text::quote(spec, order.executed_quote),
            prevented: text::lots(spec, order.prevented()),
            prevented_match: order.prevented_match().map(|id| number(id.get())),
            status: order.status as i16,
            reason: order.reason.map(|reason| reason.word().to_owned()),
            stop_price: trigger.stop.map(|price| text::price(spec, price)),
            trailing_delta: trigger.trailing.map(|bips| number(bips.get())),
            iceberg: order.iceberg().map(|lots| text::lots(spec, lots)),
            strategy_id: order.strategy().id.map(number),
            strategy_type: order.strategy().kind.map(number),
            awaits_list: order.awaits_list(),
            working_at: order.working_at().map(|time| number(time.micros())),
            expires_at: order.expires_at().map(|time| number(time.micros())),
            updated_at: number(order.updated_at.micros()),
            sequence: number(sequence),
        }
    }

    /// Returns whether no further change can happen to it.
    pub fn is_final(&self) -> bool {
        self.status().is_some_and(OrderStatus::is_final)
    }

    fn status(&self) -> Option<OrderStatus> {
        let mut statuses = OrderStatus::WORDS.iter().map(|(status, _)| *status);
        statuses.find(|status| *status as i16 == self.status)
    }

    /// Returns name and quantity as they are before a change that amends the order; `None` when it does not.
    pub fn before_amend(&self, update: &OrderUpdate) -> Option<(String, String)> {
        update.quantity.and(update.client_id)?;
        Some((self.client_order_id.clone(), self.quantity.clone()))
    }

    /// Applies a change.
    pub fn update(&mut self, update: &OrderUpdate, spec: &SymbolSpec, sequence: u64) {
        let set = |field: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *field = value;
            }
        };
        set(&mut self.quantity, update.quantity.map(|lots| text::lots(spec, lots)));
        set(&mut self.executed, update.executed.map(|lots| text::lots(spec, lots)));
        set(&mut self.executed_quote, update.executed_quote.map(|amount| text::quote(spec, amount)));
        set(&mut self.prevented, update.prevented.map(|lots| text::lots(spec, lots)));
        set(&mut self.client_order_id, update.client_id.map(|name| name.as_str().to_owned()));
        self.status = update.status.map_or(self.status, |status| status as i16);
        self.awaits_list = update.awaits_list.unwrap_or(self.awaits_list);
        if let Some(reason) = update.reason {
            self.reason = Some(reason.word().to_owned());
        }
        if let Some(number) = update.prevented_match {
            self.prevented_match = Some(number.get() as i64);
        }
        if let Some(time) = update.working_at {
            self.working_at = Some(time.micros() as i64);
        }
        self.updated_at = self.updated_at.max(update.updated_at.micros() as i64);
        self.sequence = sequence as i64;
    }

    /// Reads the order. Data that only matters while it is open, its hold and its place in the book, is not stored.
    ///
    /// # Errors
    /// The row is not one this exchange wrote.
    pub fn order(&self, instruments: &Instruments) -> Result<Order, HistoryError> {
        let damaged = |what: &str| HistoryError::Damaged(format!("order {}: {what}", self.id));
        let symbol = u32::try_from(self.symbol_id).map(SymbolId::new).map_err(|_| damaged("symbol"))?;
        let spec = instruments.symbol(symbol).ok_or_else(|| damaged("symbol"))?;
        let time = |micros: i64| Timestamp::from_micros(micros as u64);
        let stop = self.stop_price.as_deref().map(|price| text::read_price(spec, price)).transpose()?;
        let trailing = self.trailing_delta.and_then(|bips| Bips::new(bips as u64));
        let reason = self.reason.as_deref();
        let reason = reason.map(|word| CloseReason::of_word(word).ok_or_else(|| damaged("reason")));
        let cold = ColdFields {
            quote_quantity: text::read_quote(spec, &self.quote_quantity)?,
            prevented: text::read_lots(spec, &self.prevented)?,
            expires_at: self.expires_at.map(time),
            trigger: (stop.is_some() || trailing.is_some()).then_some(Trigger { stop, trailing }),
            iceberg: self.iceberg.as_deref().map(|lots| text::read_lots(spec, lots)).transpose()?,
            list: self.list_id.and_then(|list| OrderListId::new(list as u64)),
            awaits_list: self.awaits_list,
            prevented_match: self.prevented_match.and_then(|id| NonZeroU64::new(id as u64)),
            strategy: Strategy {
                id: self.strategy_id.map(|id| id as u64),
                kind: self.strategy_type.map(|kind| kind as u64),
            },
            amends: 0,
            working: Working::FromTheStart,
        };
        let order = Order {
            id: OrderId::new(self.id as u64),
            account: AccountId::new(self.account_id as u64),
            symbol,
            client_id: ClientOrderId::parse(&self.client_order_id).ok_or_else(|| damaged("client id"))?,
            side: Side::of_word(&self.side).ok_or_else(|| damaged("side"))?,
            kind: OrderType::of_word(&self.kind).ok_or_else(|| damaged("kind"))?,
            time_in_force: TimeInForce::of_word(&self.time_in_force)
                .ok_or_else(|| damaged("time in force"))?,
            stp: StpMode::of_word(&self.stp).ok_or_else(|| damaged("stp"))?,
            price: text::read_price(spec, &self.price)?,
            quantity: text::read_lots(spec, &self.quantity)?,
            executed: text::read_lots(spec, &self.executed)?,
            executed_quote: text::read_quote(spec, &self.executed_quote)?,
            hold: Amount::ZERO,
            status: self.status().ok_or_else(|| damaged("status"))?,
            reason: reason.transpose()?,
            handle: None,
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
            cold: None,
        };
        Ok(order.with(cold).working_from(self.working_at.map(time)))
    }
}
