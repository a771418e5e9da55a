//! Everything an account slot can be asked to do from outside, and what it answers.

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    credential::{ChangePassword, KeyMaterial, RevokeApiKey, SignUp},
    reject::Reject,
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
    /// Open an account.
    CreateAccount(CreateAccount),
    /// Give an account an API key.
    CreateApiKey(CreateApiKey),
    /// Credit an account from outside the exchange (`increase`).
    Deposit(Transfer),
    /// Debit an account to outside the exchange (`decrease`).
    Withdraw(Transfer),
    /// Place an order.
    Place(NewOrder),
    /// Cancel one order.
    Cancel(CancelOrder),
    /// Cancel every open order of a symbol.
    CancelAll(CancelAll),
    /// Lower an order's quantity, keeping its place in the queue.
    Amend(AmendOrder),
    /// Cancel one order and place another. Boxed: it is twice the size of the others.
    Replace(Box<ReplaceOrder>),
    /// Place a list of orders.
    PlaceList(Box<PlaceList>),
    /// Cancel a list of orders.
    CancelList(CancelList),
    /// Cancel everything unless told otherwise in time.
    CancelAllAfter(CancelAllAfter),
    /// Take an API key away.
    RevokeApiKey(RevokeApiKey),
    /// Open an account somebody signs in to by name.
    SignUp(SignUp),
    /// Set another password.
    ChangePassword(ChangePassword),
}

impl AccountCommand {
    /// Returns the account concerned; `None` for an account that is to be given an id.
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
        }
    }

    /// Returns the account slot that must decide it; `None` when any may.
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
        }
    }

    /// Returns whether it is let in when an audit has found the books wrong: orders can be cancelled and money can
    /// come in; nothing new is traded, and nothing leaves.
    pub const fn is_safe_when_halted(&self) -> bool {
        match self {
            Self::Cancel(_) | Self::CancelAll(_) | Self::CancelList(_) | Self::CancelAllAfter(_) => true,
            Self::CreateAccount(_) | Self::CreateApiKey(_) | Self::Deposit(_) => true,
            Self::RevokeApiKey(_) | Self::ChangePassword(_) => true,
            Self::Withdraw(_) | Self::Place(_) | Self::Amend(_) | Self::Replace(_) | Self::PlaceList(_) => {
                false
            }
            // Anybody may sign up: strangers do not fill a full disk.
            Self::SignUp(_) => false,
        }
    }

    /// Returns whether it can only lower risk: such commands have places reserved for them under load.
    pub const fn reduces_risk(&self) -> bool {
        matches!(
            self,
            Self::Cancel(_)
                | Self::CancelAll(_)
                | Self::Amend(_)
                | Self::CancelList(_)
                | Self::CancelAllAfter(_)
        )
    }
}

/// Open an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreateAccount {
    /// The id it shall have; `None` lets the slot choose one.
    pub id: Option<AccountId>,
    /// Its fee tier.
    pub tier: u8,
    /// Whether the limits of unfilled orders do not hold for it: a market maker's.
    pub is_unlimited: bool,
}

/// What an API key may do (Binance Spot security types).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permissions {
    /// `TRADE`: place, cancel and change orders.
    pub trade: bool,
    /// `USER_DATA`: read orders, trades and balances.
    pub user_data: bool,
}

/// One thing an API key may do.
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

    /// Returns the name: the same wherever it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserData => "USER_DATA",
            Self::Trade => "TRADE",
        }
    }

    /// Reads a name, in capitals or not, with `_` or `-`.
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
    /// Brings permissions together.
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

/// An API key. What its signatures are checked with is kept, and never logged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreateApiKey {
    /// Whose key.
    pub account: AccountId,
    /// The public part, sent in `X-MBX-APIKEY`.
    pub key: String,
    /// What its signatures are checked with.
    pub material: KeyMaterial,
    /// What it may do.
    pub permissions: Permissions,
    /// What its owner calls it: at most [`LABEL_LEN_MAX`](super::credential::LABEL_LEN_MAX) bytes.
    pub label: String,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// The most bytes a request id may have.
pub const REQUEST_ID_LEN_MAX: usize = 64;

/// A deposit or a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transfer {
    /// Whose balance.
    pub account: AccountId,
    /// Of which asset.
    pub asset: AssetId,
    /// How much; more than zero.
    pub amount: Amount,
    /// Makes a retry safe: the same id with the same transfer answers as the first time and changes nothing;
    /// with another transfer it is a conflict.
    pub request_id: Option<String>,
}

/// Makes sending an order again safe: under the same key, within 24 hours, the same request answers as the first
/// time and changes nothing; another request is a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The client's key: 1 to [`REQUEST_ID_LEN_MAX`] bytes.
    pub id: String,
    /// Identifies the request: two requests with the same fingerprint ask for the same.
    pub fingerprint: u128,
}

/// Which order is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderRef {
    /// By the exchange's id.
    pub id: Option<OrderId>,
    /// By the client's name. With both given the id is looked up and the name must match.
    pub client_id: Option<ClientOrderId>,
}

/// Cancel only an order in this state (Binance Spot, `cancelRestrictions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CancelRestriction {
    /// Nothing of it has traded.
    OnlyNew,
    /// Part of it has traded.
    OnlyPartiallyFilled,
}

/// Cancel one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Whose order.
    pub account: AccountId,
    /// Which book.
    pub symbol: SymbolId,
    /// Which order.
    pub order: OrderRef,
    /// Only in this state.
    pub restriction: Option<CancelRestriction>,
    /// What the cancel itself is called (`newClientOrderId`); the exchange makes a name when absent.
    pub name: Option<ClientOrderId>,
}

/// Cancel a list of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelList {
    /// Whose list.
    pub account: AccountId,
    /// Which book.
    pub symbol: SymbolId,
    /// Which list.
    pub list: OrderListRef,
    /// What the cancel itself is called.
    pub name: Option<ClientOrderId>,
}

/// Cancel every open order of the account when this time comes, unless another such command came before: a client that
/// loses its connection leaves nothing behind it (dead-man's switch).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelAllAfter {
    /// Whose orders.
    pub account: AccountId,
    /// How long from now, in microseconds, at most [`COUNTDOWN_MAX_MICROS`]; `None` switches it off.
    pub after_micros: Option<u64>,
}

/// The longest countdown: a day.
pub const COUNTDOWN_MAX_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// Cancel every open order of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CancelAll {
    /// Whose orders.
    pub account: AccountId,
    /// Which book.
    pub symbol: SymbolId,
}

/// Lower an order's quantity, keeping its place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AmendOrder {
    /// Whose order.
    pub account: AccountId,
    /// Which book.
    pub symbol: SymbolId,
    /// Which order.
    pub order: OrderRef,
    /// The new total quantity.
    pub quantity: Lots,
    /// A new name for the order; the exchange makes one when absent (Binance Spot, amend keep priority).
    pub client_id: Option<ClientOrderId>,
}

/// What to do with the new order when the cancel fails (Binance Spot, `cancelReplaceMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReplaceMode {
    /// Do not place it.
    StopOnFailure,
    /// Place it all the same.
    AllowFailure,
}

/// Cancel one order and place another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplaceOrder {
    /// The order to cancel.
    pub cancel: OrderRef,
    /// Only in this state.
    pub restriction: Option<CancelRestriction>,
    /// What to do when the cancel fails.
    pub mode: ReplaceMode,
    /// The order to place, of the same account and symbol.
    pub order: NewOrder,
    /// Whether to cancel even when the account has placed too many orders to place another (Binance Spot,
    /// `orderRateLimitExceededMode`).
    pub cancels_when_limited: bool,
}

/// What a command came to. Orders are boxed: an answer passes several queues.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// The account exists.
    AccountCreated(AccountId),
    /// The key works.
    ApiKeyCreated,
    /// The balance after the transfer.
    Transferred {
        /// What is free now (on a repeat: was free then).
        free: Amount,
        /// What is frozen now.
        held: Amount,
    },
    /// The order as the book left it, and its fills so far.
    Placed {
        /// The order.
        order: Box<Order>,
        /// Its fills, in order.
        fills: Vec<Fill>,
        /// The account's unfilled orders, this one included.
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
        /// Its name before.
        previous_client_id: ClientOrderId,
    },
    /// Both halves of a cancel-replace. Boxed: it is twice the size of the others.
    Replaced(Box<Replaced>),
    /// The list, placed.
    ListPlaced(Box<ListReport>),
    /// The list, cancelled.
    ListCancelled(Box<ListReport>),
    /// When everything will be cancelled, if it will.
    CountdownSet(Option<Timestamp>),
    /// The key works no more.
    ApiKeyRevoked,
    /// The new password is the one that counts.
    PasswordChanged,
}

/// A list with its orders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListReport {
    /// The list.
    pub list: OrderList,
    /// Its orders as they are now.
    pub orders: Vec<Order>,
    /// What its working order has traded so far.
    pub fills: Vec<Fill>,
    /// The account's unfilled orders.
    pub counts: OrderCounts,
}

/// Both halves of a cancel-replace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Replaced {
    /// The cancelled order, or why it was not.
    pub cancelled: Result<Order, Reject>,
    /// The new order with its fills, or why it was refused; `None` when it was not attempted.
    pub placed: Option<Result<(Order, Vec<Fill>), Reject>>,
    /// The account's unfilled orders.
    pub counts: OrderCounts,
}

/// Frozen and free units of one asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Balance {
    /// Free to use.
    pub available: Amount,
    /// Held for open orders.
    pub held: Amount,
}
