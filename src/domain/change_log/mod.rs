//! The change log: every durable output of the exchange as one stream of changes of entities.
//!
//! It is a function of the journal's frames alone, so a reader can stop, and resume later where it stopped. The entries
//! of one frame share its number and belong together: readers ingest all of them or none.
//!
//! ```text
//!  acquiring            match                settlement                          kline
//!  account slot's frame symbol slot's frame  account slot's frame                fold of the trades
//!  orders, balances     trades               fills, orders, balances             candles
//! ```
//!
//! `docs/change-log.md` describes every field of its public form.

mod market;
mod of_account;
mod of_symbol;
pub mod words;

use std::num::NonZeroU64;

pub use market::{MarketProjection, MarketProjections, TradeRecord};

use super::{
    market_data::{Candle, Interval},
    messages::reject::Fault,
    orders::{CloseReason, Fill, Order, OrderStatus},
    replica::Frame,
    types::{
        id::{AccountId, AssetId, ClientOrderId, OrderId, SymbolId, TradeId},
        money::{Amount, Lots},
        time::Timestamp,
    },
};

/// The version of the entries' fields. It rises when a field changes its meaning or is removed, not when one is added.
pub const CHANGE_LOG_VERSION: u32 = 1;

/// One change of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLogEntry {
    /// The entity, including its kind.
    pub entity_id: EntityId,
    /// The change.
    pub change_type: ChangeType,
    /// The time, by the clock of the slot that made the change.
    pub timestamp: Timestamp,
    /// The journal's number of the frame it follows from. Entries of one frame have one number.
    pub sequence: u64,
}

/// The kind of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityType {
    /// An order.
    Order,
    /// An account's side of a trade.
    Fill,
    /// A trade as published.
    Trade,
    /// An account's balance of an asset.
    Balance,
    /// A candle.
    Kline,
}

/// The key of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityId {
    /// An order, by its id.
    Order(OrderId),
    /// An account's side of a trade. A self-trade has two, one for each order.
    Fill {
        /// The symbol.
        symbol: SymbolId,
        /// The trade.
        trade: TradeId,
        /// The order.
        order: OrderId,
    },
    /// A trade; trades are numbered per symbol.
    Trade {
        /// The symbol.
        symbol: SymbolId,
        /// The trade.
        trade: TradeId,
    },
    /// An account's balance of an asset.
    Balance {
        /// The account.
        account: AccountId,
        /// The asset.
        asset: AssetId,
    },
    /// A candle, in UTC.
    Kline {
        /// The symbol.
        symbol: SymbolId,
        /// Its length.
        interval: Interval,
        /// Its open time.
        open_time: Timestamp,
    },
}

impl EntityId {
    /// Returns the kind of entity.
    pub const fn entity_type(&self) -> EntityType {
        match self {
            Self::Order(_) => EntityType::Order,
            Self::Fill { .. } => EntityType::Fill,
            Self::Trade { .. } => EntityType::Trade,
            Self::Balance { .. } => EntityType::Balance,
            Self::Kline { .. } => EntityType::Kline,
        }
    }
}

/// The change of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeType {
    /// It was created.
    Created {
        /// All its fields.
        fields: Fields,
    },
    /// It changed.
    Updated {
        /// The changed fields, with their new values.
        changed_fields: Fields,
    },
    /// It was deleted. Nothing the exchange does today deletes an entity; readers must know the word.
    Deleted,
}

/// The fields of an entity, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// All fields of an order.
    Order(Box<Order>),
    /// Some fields of an order.
    OrderUpdate(OrderUpdate),
    /// All fields of a fill.
    Fill(Fill),
    /// All fields of a trade.
    Trade(TradeRecord),
    /// The changed fields of a balance.
    Balance(BalanceUpdate),
    /// All fields of a candle.
    Kline(Candle),
}

/// The changed fields of an order; `None` for the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderUpdate {
    /// The symbol, where a quantity or an amount has to be interpreted.
    pub symbol: Option<SymbolId>,
    /// Its status.
    pub status: Option<OrderStatus>,
    /// The rule that ended it.
    pub reason: Option<CloseReason>,
    /// The ordered quantity.
    pub quantity: Option<Lots>,
    /// The executed quantity.
    pub executed: Option<Lots>,
    /// The executed quantity in the quote asset.
    pub executed_quote: Option<Amount>,
    /// The quantity removed by self-trade prevention.
    pub prevented: Option<Lots>,
    /// The last self-trade prevention it took part in.
    pub prevented_match: Option<NonZeroU64>,
    /// The client's name for it.
    pub client_id: Option<ClientOrderId>,
    /// Whether it waits for the working order of its list.
    pub awaits_list: Option<bool>,
    /// The time from which it is on its way to the book or in it.
    pub working_at: Option<Timestamp>,
    /// The time of the change. Clocks of two slots meet here: it never goes back, so the later of this and the previous
    /// one holds.
    pub updated_at: Timestamp,
}

/// The changed fields of a balance; `None` for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceUpdate {
    /// The available balance.
    pub available: Option<Amount>,
    /// The balance held for open orders.
    pub held: Option<Amount>,
    /// The change of the two together; zero when money was only held or released.
    pub delta: Amount,
    /// The cause.
    pub cause: BalanceCause,
}

/// The cause of a balance's change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceCause {
    /// A deposit.
    Deposit,
    /// A withdrawal.
    Withdrawal,
    /// A trade was settled.
    Trade {
        /// The symbol.
        symbol: SymbolId,
        /// The trade.
        trade: TradeId,
        /// The account's order.
        order: OrderId,
    },
    /// An order's money was held or released.
    Order,
}

/// Appends the entries derived from a frame, in the order of its effects.
///
/// # Errors
/// The frame is none an exchange produced: its postings overflow, or a trade has one side.
pub fn entries_of(sequence: u64, frame: &Frame, entries: &mut Vec<ChangeLogEntry>) -> Result<(), Fault> {
    match frame {
        Frame::Account(frame) => of_account::append(sequence, frame, entries),
        Frame::Symbol(frame) => of_symbol::append(sequence, frame, entries),
        Frame::Terms(_) | Frame::Rules(_) => Ok(()),
    }
}
