//! The commands an account slot accepts from outside, and their outcomes.

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    credential::{ChangePassword, KeyMaterial, RevokeApiKey, SignUp},
    reject::Reject,
    standing::{AccountStatus, SetAccountStatus, SetAccountTier},
};
use crate::domain::{
    orders::{Fill, NewOrder, Order, OrderList, OrderListRef, PlaceList, limits::OrderCounts},
    types::{
        id::{AccountId, AssetId, ClientOrderId, OrderId, SlotId, SymbolId},
        money::{Amount, Lots},
        time::Timestamp,
    },
};

/// A command to one account slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AccountCommand {
    /// Opens an account.
    CreateAccount(CreateAccount),
    /// Creates an API key for an account.
    CreateApiKey(CreateApiKey),
    /// Credits an account from outside the exchange (`increase`).
    Deposit(Transfer),
    /// Debits an account to outside the exchange (`decrease`).
    Withdraw(Transfer),
    /// Places an order.
    Place(NewOrder),
    /// Cancels one order.
    Cancel(CancelOrder),
    /// Cancels all open orders of a symbol.
    CancelAll(CancelAll),
    /// Reduces an order's quantity, keeping its place in the queue.
    Amend(AmendOrder),
    /// Cancels one order and places another. Boxed: it is twice the size of the others.
    Replace(Box<ReplaceOrder>),
    /// Places a list of orders.
    PlaceList(Box<PlaceList>),
    /// Cancels a list of orders.
    CancelList(CancelList),
    /// Cancels all orders unless the countdown is restarted or switched off in time.
    CancelAllAfter(CancelAllAfter),
    /// Revokes an API key.
    RevokeApiKey(RevokeApiKey),
    /// Opens an account with a login by name.
    SignUp(SignUp),
    /// Sets another password.
    ChangePassword(ChangePassword),
    /// Sets an account's status.
    SetAccountStatus(SetAccountStatus),
    /// Sets an account's fee tier and its exemption from the limits of unfilled orders.
    SetAccountTier(SetAccountTier),
}

impl AccountCommand {
    /// Returns the account concerned; `None` for an account that is still to get an id.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::CreateAccount(command) => command.id,
            Self::CreateApiKey(command) => Some(command.account),
            Self::Deposit(command) | Self::Withdraw(command) => Some(command.account),
            Self::Place(command) => Some(command.account),
            Self::Cancel(command) => Some(command.account),
            Self::CancelAll(command) => Some(command.account),
            Self::Amend(command) => Some(command.account),
            Self::Replace(command) => Some(command.order.account),
            Self::PlaceList(command) => Some(command.account),
            Self::CancelList(command) => Some(command.account),
            Self::CancelAllAfter(command) => Some(command.account),
            Self::RevokeApiKey(command) => Some(command.account),
            Self::SignUp(_) => None,
            Self::ChangePassword(command) => Some(command.account),
            Self::SetAccountStatus(command) => Some(command.account),
            Self::SetAccountTier(command) => Some(command.account),
        }
    }

    /// Returns the account slot that must decide it; `None` when any slot may.
    pub fn slot(&self) -> Option<SlotId> {
        match self {
            Self::SignUp(command) => Some(command.name.slot()),
            _ => self.account().map(AccountId::slot),
        }
    }

    /// Returns the symbol concerned, if any.
    pub const fn symbol(&self) -> Option<SymbolId> {
        match self {
            Self::Place(command) => Some(command.symbol),
            Self::Cancel(command) => Some(command.symbol),
            Self::CancelAll(command) => Some(command.symbol),
            Self::Amend(command) => Some(command.symbol),
            Self::Replace(command) => Some(command.order.symbol),
            Self::PlaceList(command) => Some(command.symbol),
            Self::CancelList(command) => Some(command.symbol),
            Self::CancelAllAfter(_) => None,
            Self::CreateAccount(_) | Self::CreateApiKey(_) | Self::Deposit(_) | Self::Withdraw(_) => None,
            Self::RevokeApiKey(_) | Self::SignUp(_) | Self::ChangePassword(_) => None,
            Self::SetAccountStatus(_) | Self::SetAccountTier(_) => None,
        }
    }

    /// Returns whether it is accepted after an audit has found a broken invariant: orders can be cancelled and money
    /// can be deposited; nothing new is traded, and nothing is withdrawn.
    pub const fn is_safe_when_halted(&self) -> bool {
        match self {
            Self::Cancel(_) | Self::CancelAll(_) | Self::CancelList(_) | Self::CancelAllAfter(_) => true,
            Self::CreateAccount(_) | Self::CreateApiKey(_) | Self::Deposit(_) => true,
            Self::RevokeApiKey(_) | Self::ChangePassword(_) => true,
            Self::SetAccountStatus(_) | Self::SetAccountTier(_) => true,
            Self::Withdraw(_) | Self::Place(_) | Self::Amend(_) | Self::Replace(_) | Self::PlaceList(_) => {
                false
            }
            // Sign-up is open to anyone, so it is not accepted: strangers must not fill a nearly full disk.
            Self::SignUp(_) => false,
        }
    }

    /// Returns whether it places an order or a list.
    pub const fn places(&self) -> bool {
        matches!(self, Self::Place(_) | Self::Replace(_) | Self::PlaceList(_))
    }

    /// Returns whether it can only reduce risk: such commands have reserved capacity under load.
    pub const fn reduces_risk(&self) -> bool {
        matches!(
            self,
            Self::Cancel(_)
                | Self::CancelAll(_)
                | Self::Amend(_)
                | Self::CancelList(_)
                | Self::CancelAllAfter(_)
                | Self::SetAccountStatus(_)
        )
    }
}

/// Opens an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreateAccount {
    /// The id of the account; `None` lets the slot choose one.
    pub id: Option<AccountId>,
    /// Its fee tier.
    pub tier: u8,
    /// Whether the account is exempt from the limits of unfilled orders: a market maker's.
    pub is_unlimited: bool,
}

/// The permissions of an API key (Binance Spot security types).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permissions {
    /// `TRADE`: place, cancel and change orders.
    pub trade: bool,
    /// `USER_DATA`: read orders, trades and balances.
    pub user_data: bool,
}

/// One permission of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Read orders, trades and balances.
    UserData,
    /// Place, cancel and change orders.
    Trade,
}

impl Permission {
    /// Every permission, in the order they are shown.
    pub const ALL: [Self; 2] = [Self::UserData, Self::Trade];

    /// Returns the name, the same everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserData => "USER_DATA",
            Self::Trade => "TRADE",
        }
    }

    /// Parses a name, in capitals or not, with `_` or `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_uppercase().replace('-', "_");
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let names = const { &[Self::UserData.name(), Self::Trade.name()] };
        Self::parse(&text).ok_or_else(|| de::Error::unknown_variant(&text, names))
    }
}

impl Permissions {
    /// Combines permissions.
    pub fn of(list: &[Permission]) -> Self {
        Self { trade: list.contains(&Permission::Trade), user_data: list.contains(&Permission::UserData) }
    }

    /// Returns them one by one, in the order they are shown.
    pub fn list(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| match permission {
            Permission::UserData => self.user_data,
            Permission::Trade => self.trade,
        })
    }
}

/// An API key. The material that verifies its signatures is stored, and never logged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreateApiKey {
    /// The account of the key.
    pub account: AccountId,
    /// The public part, sent in `X-MBX-APIKEY`.
    pub key: String,
    /// The material that verifies its signatures.
    pub material: KeyMaterial,
    /// Its permissions.
    pub permissions: Permissions,
    /// The owner's label for it: at most [`LABEL_LEN_MAX`](super::credential::LABEL_LEN_MAX) bytes.
    pub label: String,
    /// The time of the request.
    pub created_at: Timestamp,
}

/// The maximum length of a request id, in bytes.
pub const REQUEST_ID_LEN_MAX: usize = 64;

/// A deposit or a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transfer {
    /// The account of the balance.
    pub account: AccountId,
    /// The asset.
    pub asset: AssetId,
    /// The amount; more than zero.
    pub amount: Amount,
    /// Makes a retry safe: the same id with the same transfer answers as the first time and changes nothing; with
    /// another transfer it is a conflict.
    pub request_id: Option<String>,
}

/// Makes a retry of an order safe: under the same key, within 24 hours, the same request answers as the first time and
/// changes nothing; another request is a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The client's key: 1 to [`REQUEST_ID_LEN_MAX`] bytes.
    pub id: String,
    /// Identifies the request: two requests with the same fingerprint are the same request.
    pub fingerprint: u128,
}

/// Identifies an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderRef {
    /// By the exchange's id.
    pub id: Option<OrderId>,
    /// By the client's name. When both are given, the id is looked up and the name must match.
    pub client_id: Option<ClientOrderId>,
}

/// Restricts a cancel to an order in this state (Binance Spot, `cancelRestrictions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CancelRestriction {
    /// Nothing of it has traded.
    OnlyNew,
    /// Part of it has traded.
    OnlyPartiallyFilled,
}

/// Cancels one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelOrder {
    /// The account of the order.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The order.
    pub order: OrderRef,
    /// The state the order must be in.
    pub restriction: Option<CancelRestriction>,
    /// The name of the cancel itself (`newClientOrderId`); the exchange generates one when absent.
    pub name: Option<ClientOrderId>,
}

/// Cancels a list of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelList {
    /// The account of the list.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The list.
    pub list: OrderListRef,
    /// The name of the cancel itself.
    pub name: Option<ClientOrderId>,
}

/// Cancels all open orders of the account when the countdown ends, unless another such command came before: a client
/// that loses its connection leaves no orders behind (dead man's switch).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelAllAfter {
    /// The account of the orders.
    pub account: AccountId,
    /// The time from now, in microseconds, at most [`COUNTDOWN_MAX_MICROS`]; `None` switches it off.
    pub after_micros: Option<u64>,
}

/// The longest countdown: a day.
pub const COUNTDOWN_MAX_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// Cancels all open orders of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelAll {
    /// The account of the orders.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
}

/// Reduces an order's quantity, keeping its place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AmendOrder {
    /// The account of the order.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The order.
    pub order: OrderRef,
    /// The new total quantity.
    pub quantity: Lots,
    /// A new name for the order; the exchange generates one when absent (Binance Spot, amend keep priority).
    pub client_id: Option<ClientOrderId>,
}

/// Whether the new order is placed when the cancel fails (Binance Spot, `cancelReplaceMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReplaceMode {
    /// It is not placed.
    StopOnFailure,
    /// It is placed all the same.
    AllowFailure,
}

/// Cancels one order and places another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplaceOrder {
    /// The order to cancel.
    pub cancel: OrderRef,
    /// The state the order must be in.
    pub restriction: Option<CancelRestriction>,
    /// Whether the new order is placed when the cancel fails.
    pub mode: ReplaceMode,
    /// The order to place, of the same account and symbol.
    pub order: NewOrder,
    /// Whether to cancel even when the account has placed too many orders to place another (Binance Spot,
    /// `orderRateLimitExceededMode`).
    pub cancels_when_limited: bool,
}

/// The outcome of a command. Orders are boxed: an answer passes several queues.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// The account exists.
    AccountCreated(AccountId),
    /// The key is valid.
    ApiKeyCreated,
    /// The balance after the transfer.
    Transferred {
        /// The available balance now (on a repeat: at that time).
        free: Amount,
        /// The held balance now.
        held: Amount,
    },
    /// The order as the book left it, and its fills so far.
    Placed {
        /// The order.
        order: Box<Order>,
        /// Its fills, in order.
        fills: Vec<Fill>,
        /// The number of the account's unfilled orders, this one included.
        counts: OrderCounts,
    },
    /// The order, cancelled.
    Cancelled(Box<Order>),
    /// The orders, cancelled.
    AllCancelled(Vec<Order>),
    /// The order, amended.
    Amended {
        /// The order as it is now.
        order: Box<Order>,
        /// Its previous name.
        previous_client_id: ClientOrderId,
    },
    /// Both halves of a cancel-replace. Boxed: it is twice the size of the others.
    Replaced(Box<Replaced>),
    /// The list, placed.
    ListPlaced(Box<ListReport>),
    /// The list, cancelled.
    ListCancelled(Box<ListReport>),
    /// The time at which all orders will be cancelled, if any.
    CountdownSet(Option<Timestamp>),
    /// The key is revoked.
    ApiKeyRevoked,
    /// The new password is in force.
    PasswordChanged,
    /// The status is in force.
    AccountStatusSet {
        /// The status.
        status: AccountStatus,
        /// The number of open orders whose books were asked to cancel them.
        cancelling: u32,
    },
    /// The tier and the exemption are in force.
    AccountTierSet {
        /// The fee tier.
        tier: u8,
        /// Whether the account is exempt from the limits of unfilled orders.
        is_unlimited: bool,
    },
}

/// A list with its orders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListReport {
    /// The list.
    pub list: OrderList,
    /// Its orders as they are now.
    pub orders: Vec<Order>,
    /// The fills of its working order so far.
    pub fills: Vec<Fill>,
    /// The number of the account's unfilled orders.
    pub counts: OrderCounts,
}

/// Both halves of a cancel-replace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Replaced {
    /// The cancelled order, or why it was not cancelled.
    pub cancelled: Result<Order, Reject>,
    /// The new order with its fills, or why it was rejected; `None` when it was not attempted.
    pub placed: Option<Result<(Order, Vec<Fill>), Reject>>,
    /// The number of the account's unfilled orders.
    pub counts: OrderCounts,
}

/// Available and held units of one asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Balance {
    /// Available for use.
    pub available: Amount,
    /// Held for open orders.
    pub held: Amount,
}
