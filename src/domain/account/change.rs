//! The changes of a slot's state: every change there is.
//!
//! Nothing else changes a slot. The live slot makes its changes through [`State::apply`](super::state::State) and
//! records them; the journal keeps them, and replay applies them again through the same function. So a forgotten case
//! cannot make replay differ from the live slot.

use serde::{Deserialize, Serialize};

use super::{
    event::UserEventKind,
    ledger::Posting,
    state::{Deferred, Kept, Pending, Placing},
};
use crate::domain::{
    messages::{
        command::{Answer, CreateApiKey},
        credential::Login,
        message::{Envelope, PreventedMatch, ToSymbol},
        reject::Reject,
        standing::AccountStatus,
    },
    orders::{CloseReason, Fill, Handle, ListStatus, Order, OrderList, OrderStatus},
    types::{
        id::{AccountId, ClientOrderId, CommandId, OrderId, OrderListId, SlotId, SymbolId},
        money::{Amount, Lots},
        time::Timestamp,
    },
};

/// One change of a slot's state. New variants are added at the end: the position is the journal's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A balance changed.
    Posted(Posting),
    /// An account was opened.
    AccountOpened {
        /// Its id.
        id: AccountId,
        /// Its fee tier.
        tier: u8,
        /// Whether it is exempt from the limits of unfilled orders.
        is_unlimited: bool,
    },
    /// The counter from which account ids are generated.
    NextAccount(u64),
    /// An API key was created.
    ApiKeyCreated(Box<CreateApiKey>),
    /// An order id was used up.
    OrderNumbered,
    /// An order is open and on its way to its book. Uses up an order id.
    OrderOpened {
        /// The order.
        order: Box<Order>,
        /// The command that awaits it; `None` for an order that waits for another of its list to be filled.
        placing: Option<Placing>,
    },
    /// The order rests in its book; no command awaits the book's first report any more.
    OrderRested {
        /// The order.
        order: OrderId,
        /// The location in the book.
        handle: Handle,
        /// The time by the book's clock.
        time: Timestamp,
    },
    /// An order traded.
    OrderFilled {
        /// This side's fill.
        fill: Fill,
        /// The amount that left its hold: what it paid, and the saving of a better price.
        spent: Amount,
        /// Its status now.
        status: OrderStatus,
        /// Its executed quantity, including this fill.
        executed: Lots,
        /// Its executed quantity in the quote asset.
        executed_quote: Amount,
    },
    /// An open order was reduced.
    OrderReduced {
        /// The order.
        order: OrderId,
        /// The symbol.
        symbol: SymbolId,
        /// The reduction.
        lots: Lots,
        /// The quantity removed by self-trade prevention, including this reduction; or the ordered quantity now, when
        /// its owner reduced it.
        after: Lots,
        /// The amount that left its hold.
        released: Amount,
        /// The cause.
        cause: ReductionCause,
        /// The time by the book's clock.
        time: Timestamp,
    },
    /// An order that never rested ended at once.
    OrderRefused {
        /// The order, with its final status.
        order: Box<Order>,
    },
    /// An order ended; its remaining hold is released.
    OrderClosed {
        /// The order.
        order: OrderId,
        /// Its final status.
        status: OrderStatus,
        /// The rule that ended it.
        reason: Option<CloseReason>,
        /// The time by the book's clock.
        time: Timestamp,
    },
    /// A client order id is taken.
    NameReserved {
        /// The account.
        account: AccountId,
        /// The client order id.
        name: ClientOrderId,
        /// The order.
        order: OrderId,
    },
    /// A client order id is free again.
    NameFreed {
        /// The account.
        account: AccountId,
        /// The client order id.
        name: ClientOrderId,
    },
    /// A command waits for the book.
    BookRequested {
        /// The command.
        command: CommandId,
        /// Its request.
        pending: Pending,
    },
    /// The book has decided a command.
    Decided(CommandId),
    /// The requests for an order that cannot be sent to its book yet, as a whole list; an empty list clears it. Now
    /// only written to clear it: a request that is added or resumed is a
    /// [`BookRequestDeferred`](Self::BookRequestDeferred) or [`BookRequestResumed`](Self::BookRequestResumed).
    DeferredTo {
        /// The order.
        order: OrderId,
        /// The requests, in order.
        requests: Vec<Deferred>,
    },
    /// The amend of an order that is at its book, if any.
    Amending {
        /// The order.
        order: OrderId,
        /// The amend.
        command: Option<CommandId>,
    },
    /// A message to a symbol slot.
    Sent(Envelope<ToSymbol>),
    /// A private event was sent to the account's owner.
    EventEmitted {
        /// The account.
        account: AccountId,
        /// The event, when the account is recorded.
        event: Option<Box<UserEventKind>>,
    },
    /// A transfer's id, or an order's idempotency key, is stored with its request.
    RequestKept {
        /// The account.
        account: AccountId,
        /// The id.
        id: String,
        /// The request, and its answer if there is one already.
        kept: Box<Kept>,
    },
    /// The command of an idempotency key was answered.
    RequestAnswered {
        /// The command.
        command: CommandId,
        /// The answer.
        answer: Box<Answer>,
    },
    /// An idempotency key is free again: its command was rejected, or its time has passed.
    RequestForgotten {
        /// The account.
        account: AccountId,
        /// The key.
        id: String,
    },
    /// An order waits for its trigger; no command awaits its book's first report any more.
    OrderUntriggered {
        /// The order.
        order: OrderId,
        /// The time by the book's clock.
        time: Timestamp,
    },
    /// An order's trigger was met.
    OrderTriggered {
        /// The order.
        order: OrderId,
        /// The time by the book's clock.
        time: Timestamp,
    },
    /// An order is on its way to its book because the working order of its list was filled.
    OrderReleased {
        /// The order.
        order: OrderId,
        /// Whether it goes to the book now; a conditional order still waits for its trigger.
        works: bool,
    },
    /// An order's hold changed, because the hold of its OCO moved to it or from it.
    HoldSet {
        /// The order.
        order: OrderId,
        /// The hold now.
        hold: Amount,
    },
    /// A list of orders is open.
    ListOpened {
        /// The list.
        list: OrderList,
        /// The command that awaits its books' first reports.
        command: CommandId,
        /// The number of reports to come.
        unanswered: u8,
    },
    /// The amount an order of an OCO will have to hold when it is the only one left.
    NeedSet {
        /// The list.
        list: OrderListId,
        /// The order.
        order: OrderId,
        /// The amount.
        need: Amount,
    },
    /// A book sent its first report on an order of a list.
    ListOrderDecided {
        /// The list.
        list: OrderListId,
        /// The reason the order was rejected, if it was.
        refused: Option<Reject>,
    },
    /// All orders of a list are done.
    ListClosed {
        /// The list.
        list: OrderListId,
        /// Its final status.
        status: ListStatus,
    },
    /// The countdown after which all orders of an account are cancelled was set or switched off.
    Countdown {
        /// The account of the orders.
        account: AccountId,
        /// The time.
        at: Option<Timestamp>,
    },
    /// An API key was revoked.
    ApiKeyRevoked(String),
    /// A login is new, or has another password.
    LoginSet(Box<Login>),
    /// The private events of an account are recorded from now on, or no longer.
    Recorded {
        /// The account.
        account: AccountId,
        /// Whether they are recorded.
        is_on: bool,
    },
    /// The clock was behind the slot's time: timers in the rest of the frame used this time ([`Timestamp::timer`]).
    ClockBehind(Timestamp),
    /// An order is open and on its way to a book that may reject it or another order of its list: it is announced once
    /// that is decided (ADR 0017). Uses up an order id.
    OrderSubmitted {
        /// The order.
        order: Box<Order>,
        /// The command that awaits it; `None` for an order that waits for another of its list to be filled.
        placing: Option<Placing>,
    },
    /// The book accepted an order of a list whose other order it may still reject: it stays unannounced.
    OrderAcceptedUnannounced {
        /// The order.
        order: OrderId,
        /// The location in the book; `None` when it waits for its trigger.
        handle: Option<Handle>,
        /// The time by the book's clock.
        time: Timestamp,
    },
    /// A submitted order is announced: it cannot be rejected any more.
    OrderAnnounced {
        /// The order in its current state.
        order: Box<Order>,
    },
    /// The book rejected an order that was never announced. It ends; its hold is released.
    OrderRejectedUnannounced {
        /// The order, with its final status.
        order: Box<Order>,
    },
    /// The book has answered for one of the orders that are cancelled together, and not for the last: the difference,
    /// because a list stored whole at every answer grows with the square of its length.
    CancelAllProgressed {
        /// The command.
        command: CommandId,
        /// The order that ended, closed by the same input; `None` when the book no longer held it.
        ended: Option<OrderId>,
    },
    /// Another request was deferred for an order whose book cannot be asked yet.
    BookRequestDeferred {
        /// The order.
        order: OrderId,
        /// The request.
        deferred: Deferred,
    },
    /// The first deferred request for an order is resumed.
    BookRequestResumed(OrderId),
    /// An operator set an account's status.
    AccountStatusSet {
        /// The account.
        account: AccountId,
        /// The status from now on.
        status: AccountStatus,
        /// The operator's reason.
        reason: String,
    },
    /// An operator set an account's fee tier and its exemption from the limits of unfilled orders.
    AccountTierSet {
        /// The account.
        account: AccountId,
        /// The fee tier from now on.
        tier: u8,
        /// Whether it is exempt from now on.
        is_unlimited: bool,
        /// The operator's reason.
        reason: String,
    },
}

/// The cause of a reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReductionCause {
    /// Self-trade prevention.
    Prevented(PreventedMatch),
    /// Its owner reduced it, and gave it this name.
    Amended(ClientOrderId),
}

/// The cause of a slot's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A client's or operator's command.
    Command(CommandId),
    /// A message from another slot.
    Message {
        /// The sending slot.
        from: SlotId,
        /// Its sequence number.
        seq: u64,
    },
    /// Time passed.
    Tick,
    /// A client subscribes to an account's private events.
    Listener,
}

/// The head of an account slot's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameHead {
    /// The slot.
    pub slot: SlotId,
    /// Its frames are numbered from 1 without gaps.
    pub seq: u64,
    /// The slot's time.
    pub time: Timestamp,
    /// The input.
    pub cause: Cause,
    /// The state hash after it, every so many frames.
    pub hash: Option<u128>,
}

/// One frame of an account slot: everything one input did. Its bytes are those of its parts, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFrame {
    /// The slot, the time and the cause.
    pub head: FrameHead,
    /// The changes, in order.
    pub changes: Vec<Change>,
}
