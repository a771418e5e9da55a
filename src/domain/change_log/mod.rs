//! The change log: every durable output of the exchange as one stream of changes of entities.
//!
//! It is a function of the journal's frames and of nothing else, so whoever reads it can stop, and go on later where it
//! stopped. The entries of one frame share its number and belong together: they are taken in whole or not at all.
//!
//! ```text
//!  acquiring            match                settlement                          kline
//!  account slot's frame symbol slot's frame  account slot's frame                fold of the trades
//!  orders, balances     trades               fills, orders, balances             candles
//! ```
//!
//! `docs/change-log.md` has every field as the outside sees it.

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

/// The version of the entries' fields. It rises when a field changes its meaning or goes, not when one is added.
pub const CHANGE_LOG_VERSION: u32 = 1;

/// One change of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLogEntry {
    /// Which entity; its kind with it.
    pub entity_id: EntityId,
    /// What happened to it.
    pub change_type: ChangeType,
    /// When, by the clock of the slot that did it.
    pub timestamp: Timestamp,
    /// The journal's number of the frame it follows from. Entries of one frame have one number.
    pub sequence: u64,
}

/// What kind of entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityType {
    /// An order.
    Order,
    /// An account's side of a trade.
    Fill,
    /// A trade, as the public sees it.
    Trade,
    /// What an account has of an asset.
    Balance,
    /// A candle.
    Kline,
}

/// Which entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityId {
    /// An order, by its id.
    Order(OrderId),
    /// An account's side of a trade. Of a trade with oneself there are two, one an order.
    Fill {
        /// Of which symbol.
        symbol: SymbolId,
        /// Which trade.
        trade: TradeId,
        /// Whose order.
        order: OrderId,
    },
    /// A trade; trades are numbered per symbol.
    Trade {
        /// Of which symbol.
        symbol: SymbolId,
        /// Which.
        trade: TradeId,
    },
    /// What an account has of an asset.
    Balance {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
    },
    /// A candle, in UTC.
    Kline {
        /// Of which symbol.
        symbol: SymbolId,
        /// How long it is.
        interval: Interval,
        /// When it begins.
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

/// What happened to an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeType {
    /// It is new.
    Created {
        /// All its fields.
        fields: Fields,
    },
    /// It changed.
    Updated {
        /// The fields that changed, as they are now.
        changed_fields: Fields,
    },
    /// It is gone. Nothing the exchange does today deletes an entity; readers must know the word.
    Deleted,
}

/// The fields of an entity, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// All of an order.
    Order(Box<Order>),
    /// Some of an order.
    OrderUpdate(OrderUpdate),
    /// All of a fill.
    Fill(Fill),
    /// All of a trade.
    Trade(TradeRecord),
    /// What changed of a balance.
    Balance(BalanceUpdate),
    /// All of a candle.
    Kline(Candle),
}

/// What changed of an order; `None` for what did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderUpdate {
    /// The symbol, where a quantity or an amount is to be read.
    pub symbol: Option<SymbolId>,
    /// Where it stands.
    pub status: Option<OrderStatus>,
    /// Which rule ended it.
    pub reason: Option<CloseReason>,
    /// What is ordered.
    pub quantity: Option<Lots>,
    /// How much has traded.
    pub executed: Option<Lots>,
    /// What that came to, in the quote asset.
    pub executed_quote: Option<Amount>,
    /// How much self-trade prevention took away.
    pub prevented: Option<Lots>,
    /// The last self-trade prevention it was part of.
    pub prevented_match: Option<NonZeroU64>,
    /// The client's name for it.
    pub client_id: Option<ClientOrderId>,
    /// Whether it waits for the working order of its list.
    pub awaits_list: Option<bool>,
    /// Since when it is on its way to the book or in it.
    pub working_at: Option<Timestamp>,
    /// When it changed. Clocks of two slots meet here: it never goes back, so the later of this and the one before holds.
    pub updated_at: Timestamp,
}

/// What changed of a balance; `None` for what did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceUpdate {
    /// What is free.
    pub available: Option<Amount>,
    /// What is held for open orders.
    pub held: Option<Amount>,
    /// By how much the two together changed; zero when money was only held or released.
    pub delta: Amount,
    /// Why.
    pub cause: BalanceCause,
}

/// Why a balance changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceCause {
    /// Money came from outside.
    Deposit,
    /// Money went outside.
    Withdrawal,
    /// A trade was settled.
    Trade {
        /// Of which symbol.
        symbol: SymbolId,
        /// Which.
        trade: TradeId,
        /// By which order of the account.
        order: OrderId,
    },
    /// An order's money was held or released.
    Order,
}

/// Appends the entries a frame comes to, in the order of its effects.
///
/// # Errors
/// The frame is none an exchange wrote: its postings overflow, or a trade has one side.
pub fn entries_of(sequence: u64, frame: &Frame, entries: &mut Vec<ChangeLogEntry>) -> Result<(), Fault> {
    match frame {
        Frame::Account(frame) => of_account::append(sequence, frame, entries),
        Frame::Symbol(frame) => of_symbol::append(sequence, frame, entries),
        Frame::Terms(_) => Ok(()),
    }
}
