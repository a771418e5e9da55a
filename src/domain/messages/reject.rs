//! The reasons a command is rejected. A rejected command changes nothing.

use serde::{Deserialize, Serialize};

use crate::domain::orders::limits::OrderWindow;

/// A symbol filter of the Binance Spot API that a command may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Filter {
    /// Price outside `minPrice..=maxPrice` or off the tick.
    PriceFilter,
    /// Price too far from the reference price for its side.
    PercentPriceBySide,
    /// Quantity outside `minQty..=maxQty` or off the step.
    LotSize,
    /// The same for market orders.
    MarketLotSize,
    /// Price × quantity outside its bounds.
    Notional,
    /// Too many open orders of the account on the symbol.
    MaxNumOrders,
    /// An iceberg of too many parts.
    IcebergParts,
    /// A trailing distance outside its bounds.
    TrailingDelta,
    /// Too many open conditional orders of the account on the symbol.
    MaxNumAlgoOrders,
    /// Too many open icebergs of the account on the symbol.
    MaxNumIcebergOrders,
    /// Too many open lists of the account on the symbol.
    MaxNumOrderLists,
    /// The order was amended too often.
    MaxNumOrderAmends,
    /// The account would own too much of the base asset.
    MaxPosition,
}

impl Filter {
    /// Returns the name the wire uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PriceFilter => "PRICE_FILTER",
            Self::PercentPriceBySide => "PERCENT_PRICE_BY_SIDE",
            Self::LotSize => "LOT_SIZE",
            Self::MarketLotSize => "MARKET_LOT_SIZE",
            Self::Notional => "NOTIONAL",
            Self::MaxNumOrders => "MAX_NUM_ORDERS",
            Self::IcebergParts => "ICEBERG_PARTS",
            Self::TrailingDelta => "TRAILING_DELTA",
            Self::MaxNumAlgoOrders => "MAX_NUM_ALGO_ORDERS",
            Self::MaxNumIcebergOrders => "MAX_NUM_ICEBERG_ORDERS",
            Self::MaxNumOrderLists => "MAX_NUM_ORDER_LISTS",
            Self::MaxNumOrderAmends => "MAX_NUM_ORDER_AMENDS",
            Self::MaxPosition => "MAX_POSITION",
        }
    }
}

/// The parameter that carried a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Parameter {
    /// A limit price.
    Price,
    /// A quantity of the base asset.
    Quantity,
    /// An amount of the quote asset.
    QuoteOrderQty,
    /// The new quantity of an amended order.
    NewQty,
    /// An amount of a deposit or withdrawal.
    Amount,
    /// The price that triggers a conditional order.
    StopPrice,
    /// The displayed quantity of an iceberg.
    IcebergQty,
    /// How far the market must turn back, in hundredths of a percent.
    TrailingDelta,
}

impl Parameter {
    /// Returns the name the wire uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Quantity => "quantity",
            Self::QuoteOrderQty => "quoteOrderQty",
            Self::NewQty => "newQty",
            Self::Amount => "amount",
            Self::StopPrice => "stopPrice",
            Self::IcebergQty => "icebergQty",
            Self::TrailingDelta => "trailingDelta",
        }
    }
}

/// Why a command is rejected.
///
/// [`Reject::code`] is permanent: 1xxx malformed, 2xxx account and risk, 3xxx book, 9xxx internal. New codes are added,
/// none is ever reused. The http layer owns the wire's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// The text is not a plain decimal.
    #[error("{} is not a plain decimal", .0.name())]
    Malformed(Parameter),
    /// More digits after the point than the asset has.
    #[error("{} has too many digits after the point", .0.name())]
    Precision(Parameter),
    /// A value or product does not fit.
    #[error("value out of range")]
    Overflow,
    /// The combination of order type and parameters is not supported.
    #[error("unsupported order combination")]
    UnsupportedCombination,
    /// No such symbol.
    #[error("unknown symbol")]
    UnknownSymbol,
    /// No such asset.
    #[error("unknown asset")]
    UnknownAsset,
    /// The shard handled it after the latest time its sender allows (`recvWindow`).
    #[error("too late")]
    TooLate,

    /// No such account.
    #[error("unknown account")]
    UnknownAccount,
    /// An account with that id exists already.
    #[error("account exists already")]
    AccountExists,
    /// The available balance does not cover it.
    #[error("insufficient balance")]
    InsufficientBalance,
    /// A symbol filter rejects it.
    #[error("filter failure: {}", .0.name())]
    Filter(Filter),
    /// An open order of the account has this client order id.
    #[error("duplicate client order id")]
    DuplicateClientOrderId,
    /// The request id was used before for another request.
    #[error("request id was used for a different request")]
    RequestConflict,
    /// The account's request ids are used up.
    #[error("too many request ids")]
    TooManyRequestIds,
    /// The amount is zero.
    #[error("amount is zero")]
    ZeroAmount,
    /// The expiry is not in the future.
    #[error("expiry is not in the future")]
    ExpiryInPast,
    /// The slot has assigned every id it has.
    #[error("ids are used up")]
    IdsExhausted,
    /// The account tier has no fee schedule.
    #[error("unknown fee tier")]
    UnknownTier,
    /// An API key with that name exists already.
    #[error("api key exists already")]
    KeyExists,
    /// The account has no list with that name.
    #[error("unknown order list")]
    UnknownOrderList,
    /// The orders of a list do not fit together: sides, quantities, or which is above and which below.
    #[error("the orders of the list do not fit together")]
    ListMismatch,
    /// The account has its maximum number of API keys.
    #[error("too many api keys")]
    TooManyKeys,
    /// The account has no such API key.
    #[error("unknown api key")]
    UnknownKey,
    /// A login with that name exists already.
    #[error("name is taken")]
    NameTaken,
    /// The account has no such login.
    #[error("unknown login")]
    UnknownLogin,

    /// The symbol is not open for trading.
    #[error("market is closed")]
    MarketClosed,
    /// A post-only order would take.
    #[error("order would immediately match and take")]
    WouldTake,
    /// The account has no open order with that name.
    #[error("unknown order")]
    UnknownOrder,
    /// The order id and the client order id identify different orders.
    #[error("client order id does not match the order id")]
    ClientOrderIdMismatch,
    /// The order's state does not meet the cancel restrictions.
    #[error("order was not canceled due to cancel restrictions")]
    CancelRestricted,
    /// An amend may only reduce the quantity.
    #[error("order amend may not increase the quantity")]
    AmendIncrease,
    /// An amend must change something.
    #[error("the requested action would change no state")]
    AmendNoChange,
    /// The book holds its maximum number of orders.
    #[error("the book is full")]
    BookFull,
    /// The market is beyond the stop price already.
    #[error("order would trigger immediately")]
    WouldTrigger,
    /// The prices of an OCO and the market are not in the required order.
    #[error("the relationship of the prices for the orders is not correct")]
    PriceRelation,
    /// The displayed quantity of an iceberg exceeds the order.
    #[error("iceberg quantity exceeds quantity")]
    IcebergExceeds,
    /// An order that waits, or belongs to a list, cannot be amended.
    #[error("this order cannot be amended")]
    AmendUnsupported,

    /// The shard has as many commands in flight as it accepts.
    #[error("busy, try again")]
    Busy,
    /// The shard stopped after a fault; the outcome of what was in flight is unknown.
    #[error("this shard is out of service")]
    OutOfService,
    /// The exchange is stopping.
    #[error("the exchange is stopping")]
    Stopping,
    /// An audit found a broken invariant: nothing new is traded and nothing is withdrawn until an operator has looked.
    #[error("trading is halted: only cancels and deposits are taken")]
    Halted,
    /// The disk is nearly full: open orders can be cancelled, nothing new is accepted until there is space.
    #[error("the disk is nearly full: only cancels and deposits are taken")]
    DiskFull,
    /// The account has placed its maximum number of unfilled orders.
    #[error("too many new orders: the limit is {limit}, wait {wait_seconds} s")]
    TooManyOrders {
        /// The maximum number.
        limit: u32,
        /// The window.
        window: OrderWindow,
        /// The time until the window ends, in seconds.
        wait_seconds: u32,
    },
    /// An amend would leave nothing to trade: the order has executed that much already.
    #[error("order amend may not lower the quantity to what is executed")]
    AmendBelowExecuted,
    /// The market takes only orders that cannot trade at once: it is about to open again.
    #[error("market takes only LIMIT_MAKER orders")]
    MarketPostOnly,
    /// The account is `CANCEL_ONLY`.
    #[error(
        "this account may only cancel orders and withdraw, not place or amend orders; ask the operator to make it active \
         again"
    )]
    AccountCancelOnly,
    /// The account is `FROZEN`.
    #[error(
        "this account is frozen: it may only read, cancel orders and receive deposits; ask the operator why"
    )]
    AccountFrozen,
    /// The account is `CLOSED`.
    #[error(
        "this account is closed: it may only read; use another account, or ask the operator to reopen this one"
    )]
    AccountClosed,
    /// An account can be closed only without open orders and balances.
    #[error(
        "the account cannot be closed: it has {orders} open orders and {assets} assets with a balance; cancel the orders \
         and withdraw the balances first"
    )]
    AccountNotEmpty {
        /// The number of its open orders.
        orders: u32,
        /// The number of assets it has a balance of.
        assets: u32,
    },
}

impl Reject {
    /// Returns the permanent numeric code.
    pub const fn code(self) -> u16 {
        match self {
            Self::Malformed(_) => 1001,
            Self::Precision(_) => 1002,
            Self::Overflow => 1003,
            Self::UnsupportedCombination => 1004,
            Self::UnknownSymbol => 1005,
            Self::UnknownAsset => 1006,
            Self::TooLate => 1007,
            Self::UnknownAccount => 2001,
            Self::AccountExists => 2002,
            Self::InsufficientBalance => 2003,
            Self::Filter(_) => 2004,
            Self::DuplicateClientOrderId => 2005,
            Self::RequestConflict => 2006,
            Self::TooManyRequestIds => 2007,
            Self::ZeroAmount => 2008,
            Self::ExpiryInPast => 2009,
            Self::IdsExhausted => 2010,
            Self::UnknownTier => 2011,
            Self::KeyExists => 2012,
            Self::UnknownOrderList => 2020,
            Self::ListMismatch => 2021,
            Self::TooManyKeys => 2101,
            Self::UnknownKey => 2102,
            Self::NameTaken => 2103,
            Self::UnknownLogin => 2104,
            Self::TooManyOrders { .. } => 2013,
            Self::AccountCancelOnly => 2201,
            Self::AccountFrozen => 2202,
            Self::AccountClosed => 2203,
            Self::AccountNotEmpty { .. } => 2204,
            Self::MarketClosed => 3001,
            Self::WouldTake => 3002,
            Self::UnknownOrder => 3003,
            Self::ClientOrderIdMismatch => 3004,
            Self::CancelRestricted => 3005,
            Self::AmendIncrease => 3006,
            Self::AmendNoChange => 3007,
            Self::BookFull => 3008,
            Self::WouldTrigger => 3009,
            Self::PriceRelation => 3010,
            Self::IcebergExceeds => 3011,
            Self::AmendUnsupported => 3012,
            Self::AmendBelowExecuted => 3013,
            Self::MarketPostOnly => 3014,
            Self::Busy => 9001,
            Self::OutOfService => 9002,
            Self::Stopping => 9003,
            Self::Halted => 9004,
            Self::DiskFull => 9005,
        }
    }
}

/// A broken invariant: a bug, not a reject. The shard that finds one stops at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invariant broken: {0}")]
pub struct Fault(pub String);

impl Fault {
    /// Builds a fault from a description.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A reject while applying what was already decided can only be a bug.
impl From<Reject> for Fault {
    fn from(reject: Reject) -> Self {
        Self(format!("refused after preflight: {reject}"))
    }
}
