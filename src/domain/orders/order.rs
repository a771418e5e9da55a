//! Orders: the request of a client, and the private state its account slot keeps.

use std::{
    hash::{Hash, Hasher},
    num::NonZeroU64,
};

use serde::{Deserialize, Serialize};

use super::{ColdFields, Direction, Trigger};
use crate::domain::{
    testing::mutants::{Mutant, mutated},
    types::{
        id::{AccountId, ClientOrderId, OrderId, SymbolId, TradeId},
        money::{Amount, Lots, Price, Rate},
        time::Timestamp,
    },
};

/// The side of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Buys the base asset.
    Buy,
    /// Sells the base asset.
    Sell,
}

impl Side {
    /// Both sides, buy first.
    pub const BOTH: [Self; 2] = [Self::Buy, Self::Sell];

    /// Returns the other side.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Returns 0 for buy, 1 for sell.
    pub const fn index(self) -> usize {
        match self {
            Self::Buy => 0,
            Self::Sell => 1,
        }
    }

    /// Returns whether an order of this side limited to `limit` may trade at `price`.
    pub const fn accepts(self, limit: Price, price: Price) -> bool {
        match self {
            Self::Buy => price.ticks() <= limit.ticks(),
            Self::Sell => price.ticks() >= limit.ticks(),
        }
    }
}

impl Side {
    /// Returns the worst price an order of this side may trade at, at this distance from a reference price: rounded
    /// towards it, and at least one tick.
    pub fn collar(self, rate: Rate, reference: Price) -> Price {
        let one = u128::from(Rate::ONE);
        let rate = u128::from(rate.units());
        let ticks = u128::from(reference.ticks());
        let bound = match self {
            Self::Buy => ticks * (one + rate) / one,
            Self::Sell => (ticks * one.saturating_sub(rate)).div_ceil(one),
        };
        Price::from_ticks(u64::try_from(bound).unwrap_or(u64::MAX).max(1))
    }
}

/// How an order is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderType {
    /// At its price or better.
    Limit,
    /// At its price, and only if it rests: rejected if it would take.
    LimitMaker,
    /// At the best available price.
    Market,
    /// A market order, placed once the price has moved against its owner.
    StopLoss,
    /// A limit order, placed once the price has moved against its owner.
    StopLossLimit,
    /// A market order, placed once the price has moved in its owner's favour.
    TakeProfit,
    /// A limit order, placed once the price has moved in its owner's favour.
    TakeProfitLimit,
}

impl OrderType {
    /// Returns whether it trades at the best available price: at once, or when it is triggered.
    pub const fn is_market(self) -> bool {
        matches!(self, Self::Market | Self::StopLoss | Self::TakeProfit)
    }

    /// Returns whether it waits for the market to reach a price.
    pub const fn is_conditional(self) -> bool {
        matches!(self, Self::StopLoss | Self::StopLossLimit | Self::TakeProfit | Self::TakeProfitLimit)
    }

    /// Returns whether its book may reject it: a post-only order because it would take, a conditional one because the
    /// market is beyond its price already.
    pub const fn may_be_refused(self) -> bool {
        matches!(self, Self::LimitMaker) || self.is_conditional()
    }

    /// Returns the direction in which the market must move to reach the stop price of a conditional order (Binance
    /// Spot, new order): up for a stop-loss buy and a take-profit sell, down for the others.
    pub fn direction(self, side: Side) -> Direction {
        let side = if mutated(Mutant::TriggerDirectionSwapped) { side.opposite() } else { side };
        match (self, side) {
            (Self::StopLoss | Self::StopLossLimit, Side::Buy)
            | (Self::TakeProfit | Self::TakeProfitLimit, Side::Sell) => Direction::Up,
            _ => Direction::Down,
        }
    }
}

/// How long an order stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimeInForce {
    /// Until cancelled.
    Gtc,
    /// The part that cannot trade at once expires.
    Ioc,
    /// Trades completely at once, or expires completely.
    Fok,
    /// Until the given time.
    Gtd,
}

/// The rule for the part of an order that does not trade at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Policy {
    /// It rests (GTC).
    Rest,
    /// It rests until this time (GTD).
    RestUntil(Timestamp),
    /// It rests; the order is rejected if any of it would trade.
    PostOnly,
    /// It expires (IOC, and market orders).
    Immediate,
    /// The order is rejected unless all of it trades at once (FOK).
    FillOrKill,
}

/// The rule for an order that would trade with another of the same account; the taker's mode decides (Binance Spot,
/// self-trade prevention FAQ).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StpMode {
    /// They trade.
    #[default]
    None,
    /// The taker's remaining quantity expires.
    ExpireTaker,
    /// The resting order expires.
    ExpireMaker,
    /// Both expire.
    ExpireBoth,
    /// Both are reduced by the smaller of the two; the one with no quantity left expires.
    Decrement,
}

/// The status of an order. The last four are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum OrderStatus {
    /// A conditional order waits for its trigger (code 0).
    ConditionalPending = 0,
    /// Accepted, nothing traded yet (code 1, wire `NEW`).
    Pending = 1,
    /// Partially filled (code 2).
    PartiallyFilled = 2,
    /// Filled (code 3).
    Filled = 3,
    /// Cancelled by its owner (code 4).
    Cancelled = 4,
    /// Rejected by the book (code 5).
    Rejected = 5,
    /// Ended by a rule (code 6); [`CloseReason`] says which.
    Expired = 6,
}

impl OrderStatus {
    /// Returns whether the order cannot change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired)
    }
}

/// The rule that ended an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CloseReason {
    /// Its owner cancelled it.
    Cancelled,
    /// Its time in force or an exhausted book left the rest unfilled.
    Unfilled,
    /// A fill-or-kill order could not be filled completely.
    Killed,
    /// Its good-till date passed.
    GoodTillDate,
    /// Self-trade prevention (wire `EXPIRED_IN_MATCH`).
    SelfTrade,
    /// A market order reached its price collar or its budget.
    Collar,
    /// It reached the maximum number of fills of one command.
    FillLimit,
    /// A market order had neither a last trade nor a quote as its reference price.
    NoReference,
    /// A post-only order would have taken.
    WouldTake,
    /// The book holds its maximum number of orders.
    BookFull,
    /// The market is beyond the stop price of the conditional order already.
    WouldTrigger,
    /// The other leg of its OCO was rejected.
    ListRefused,
    /// The other leg of its OCO started to trade or was triggered.
    OtherLeg,
    /// The other leg of its OCO, or its working order, was cancelled.
    ListCancelled,
    /// Its working order ended without being filled.
    WorkingEnded,
    /// It could not be placed when its working order was filled.
    PendingRefused,
    /// The market was closed, or open to resting orders only, when it arrived at its book.
    MarketClosed,
    /// Its symbol was delisted.
    Delisted,
}

/// The client's numbers for its strategies: stored and reported, and otherwise unused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Strategy {
    /// `strategyId`
    pub id: Option<u64>,
    /// `strategyType`, at least 1,000,000.
    pub kind: Option<u64>,
}

/// An order as its account requests it, in ticks, lots and units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NewOrder {
    /// The account of the order.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The side of the book.
    pub side: Side,
    /// The order type.
    pub kind: OrderType,
    /// How long it stays open; a market order is `Ioc`.
    pub time_in_force: TimeInForce,
    /// The limit; `None` for a market order.
    pub price: Option<Price>,
    /// The quantity in lots; or
    pub quantity: Option<Lots>,
    /// the quantity in units of the quote asset (market orders only).
    pub quote_quantity: Option<Amount>,
    /// The client's name for it; the exchange generates one when absent.
    pub client_id: Option<ClientOrderId>,
    /// The mode of self-trade prevention.
    pub stp: StpMode,
    /// The expiry of a `Gtd` order.
    pub expires_at: Option<Timestamp>,
    /// The trigger of a conditional order; `None` for the others.
    pub trigger: Option<Trigger>,
    /// The maximum quantity displayed in the book at a time (`icebergQty`); `None` displays all.
    pub iceberg: Option<Lots>,
    /// The client's strategy.
    pub strategy: Strategy,
    /// The last durable trade price of the symbol, else the best price of the other side. It enters with the command so
    /// that replay sees the same one.
    pub reference: Option<Price>,
}

impl NewOrder {
    /// Builds a plain limit order, good till cancelled; callers set other fields with `..`.
    pub fn limit(account: AccountId, symbol: SymbolId, side: Side, price: Price, lots: Lots) -> Self {
        Self {
            account,
            symbol,
            side,
            kind: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            price: Some(price),
            quantity: Some(lots),
            quote_quantity: None,
            client_id: None,
            stp: StpMode::None,
            expires_at: None,
            trigger: None,
            iceberg: None,
            strategy: Strategy::default(),
            reference: None,
        }
    }
}

/// The location of a resting order in its book: slab index and generation. Opaque outside the book.
///
/// An order may have none, and there are many orders: an `Option` of it takes no more than itself.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Location", into = "Location")]
pub struct Handle(NonZeroU64);

/// What a handle consists of, as it is stored, hashed and printed.
#[derive(Debug, Hash, Serialize, Deserialize)]
#[serde(rename = "Handle")]
struct Location {
    index: u32,
    generation: u32,
}

impl Handle {
    /// Creates a handle. No slab is so large, and no index so worn, that both numbers are the highest.
    pub const fn new(index: u32, generation: u32) -> Self {
        let bits = ((index as u64) << u32::BITS) | generation as u64;
        match NonZeroU64::new(!bits) {
            Some(bits) => Self(bits),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Returns the slab index.
    pub const fn index(self) -> u32 {
        (!self.0.get() >> u32::BITS) as u32
    }

    /// Returns the number of times the index had been reused when the order was stored.
    pub const fn generation(self) -> u32 {
        !self.0.get() as u32
    }
}

impl From<Location> for Handle {
    fn from(Location { index, generation }: Location) -> Self {
        Self::new(index, generation)
    }
}

impl From<Handle> for Location {
    fn from(handle: Handle) -> Self {
        Self { index: handle.index(), generation: handle.generation() }
    }
}

impl Hash for Handle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Location::from(*self).hash(state);
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Location { index, generation } = Location::from(*self);
        formatter.debug_struct("Handle").field("index", &index).field("generation", &generation).finish()
    }
}

/// An order as its account slot keeps it.
///
/// It is copied and looked up all the time, so what few orders have stands apart ([`ColdFields`]).
#[derive(Debug, Clone)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The account of the order.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The client's name for it.
    pub client_id: ClientOrderId,
    /// The side of the book.
    pub side: Side,
    /// The order type.
    pub kind: OrderType,
    /// How long it stays open.
    pub time_in_force: TimeInForce,
    /// The mode of self-trade prevention.
    pub stp: StpMode,
    /// The limit; 0 for a market order.
    pub price: Price,
    /// The ordered quantity; for a market order by quote amount the maximum number of lots it may trade.
    pub quantity: Lots,
    /// The executed quantity.
    pub executed: Lots,
    /// The executed quantity in the quote asset.
    pub executed_quote: Amount,
    /// The amount held for it now: quote asset for a buy, base asset for a sell.
    pub hold: Amount,
    /// Its status.
    pub status: OrderStatus,
    /// The rule that ended it.
    pub reason: Option<CloseReason>,
    /// The location in the book; `None` until the book reports it, and when the order does not rest.
    pub handle: Option<Handle>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What it has that a plain one has not; `None` for nothing.
    pub cold: Option<Box<ColdFields>>,
}

impl Order {
    /// Returns the quantity that can still trade.
    pub fn remaining(&self) -> Lots {
        let gone = self.executed.get().saturating_add(self.prevented().get());
        Lots::new(self.quantity.get().saturating_sub(gone))
    }

    /// Returns whether it waits for the market to trigger it, as far as its account knows.
    pub fn is_untriggered(&self) -> bool {
        self.status == OrderStatus::ConditionalPending && !self.awaits_list()
    }

    /// Returns whether it was a conditional order and is triggered.
    pub fn was_triggered(&self) -> bool {
        self.kind.is_conditional() && self.status != OrderStatus::ConditionalPending
    }

    /// Returns whether its acceptance was ever reported to the sender. It was not for a rejected order outside a list;
    /// it was for an order of an accepted list that is rejected when its turn comes.
    pub fn was_accepted(&self) -> bool {
        self.status != OrderStatus::Rejected || self.reason == Some(CloseReason::PendingRefused)
    }

    /// Returns whether this is a market order by quote amount.
    pub fn is_by_quote(&self) -> bool {
        !self.quote_quantity().is_zero()
    }
}

/// One account's side of one trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fill {
    /// The trade.
    pub trade: TradeId,
    /// The order of this account.
    pub order: OrderId,
    /// The account of the order.
    pub account: AccountId,
    /// The symbol.
    pub symbol: SymbolId,
    /// This account's side.
    pub side: Side,
    /// The maker's price.
    pub price: Price,
    /// The quantity.
    pub lots: Lots,
    /// Price × quantity in the quote asset.
    pub quote: Amount,
    /// The fee, in the asset received: base for a buy, quote for a sell.
    pub fee: Amount,
    /// Whether this side was the maker.
    pub is_maker: bool,
    /// The time of the trade.
    pub time: Timestamp,
}
