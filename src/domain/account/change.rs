//! What an input does to a slot: every change of state there is.
//!
//! Nothing else changes a slot. The live slot makes its changes through [`State::apply`](super::state::State) and
//! notes them; they are what the journal keeps, and replay applies them again through the same function. So what
//! comes out of the journal cannot differ from what went in by a forgotten case.

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
    /// An account exists.
    AccountOpened {
        /// Its id.
        id: AccountId,
        /// Its fee tier.
        tier: u8,
        /// Whether the limits of unfilled orders do not hold for it.
        is_unlimited: bool,
    },
    /// The counter account ids are made of.
    NextAccount(u64),
    /// An API key works.
    ApiKeyCreated(Box<CreateApiKey>),
    /// An order id was used up.
    OrderNumbered,
    /// An order is open and on its way to its book. Uses up an order id.
    OrderOpened {
        /// The order.
        order: Box<Order>,
        /// Who waits for it; `None` for one that waits for another order of its list to be filled.
        placing: Option<Placing>,
    },
    /// The book took the order in; nobody waits for its first word any more.
    OrderRested {
        /// Which.
        order: OrderId,
        /// Where it rests.
        handle: Handle,
        /// When, by the book's clock.
        time: Timestamp,
    },
    /// An order traded.
    OrderFilled {
        /// What this side did.
        fill: Fill,
        /// What left its hold: what it paid, and what a better price saved.
        spent: Amount,
        /// Where it stands now.
        status: OrderStatus,
        /// How much of it has traded, with this.
        executed: Lots,
        /// What that came to, in the quote asset.
        executed_quote: Amount,
    },
    /// An open order became smaller.
    OrderReduced {
        /// Which.
        order: OrderId,
        /// Of which symbol.
        symbol: SymbolId,
        /// By how much.
        lots: Lots,
        /// How much of it was lost to self-trade prevention, with this; or what is ordered now, when its owner lowered
        /// it.
        after: Lots,
        /// What left its hold.
        released: Amount,
        /// Why.
        cause: ReductionCause,
        /// When, by the book's clock.
        time: Timestamp,
    },
    /// An order that rested nowhere ended at once.
    OrderRefused {
        /// The order, with its final status.
        order: Box<Order>,
    },
    /// An order ended; what it still held goes back.
    OrderClosed {
        /// Which.
        order: OrderId,
        /// How.
        status: OrderStatus,
        /// Which rule ended it.
        reason: Option<CloseReason>,
        /// When, by the book's clock.
        time: Timestamp,
    },
    /// A client's name is spoken for.
    NameReserved {
        /// Whose.
        account: AccountId,
        /// Which name.
        name: ClientOrderId,
        /// For which order.
        order: OrderId,
    },
    /// A client's name is free again.
    NameFreed {
        /// Whose.
        account: AccountId,
        /// Which name.
        name: ClientOrderId,
    },
    /// A command waits for the book.
    BookRequested {
        /// Which.
        command: CommandId,
        /// What it wants.
        pending: Pending,
    },
    /// The book has decided a command.
    Decided(CommandId),
    /// What was asked of an order that cannot be told to its book yet, whole; nothing empties it. Written only to empty
    /// it: what is added or taken up is an [`BookRequestDeferred`](Self::BookRequestDeferred) or [`BookRequestResumed`](Self::BookRequestResumed).
    DeferredTo {
        /// Which order.
        order: OrderId,
        /// In this order.
        requests: Vec<Deferred>,
    },
    /// Which amend of an order is at its book, if any.
    Amending {
        /// Which order.
        order: OrderId,
        /// The amend.
        command: Option<CommandId>,
    },
    /// A message to a symbol slot.
    Sent(Envelope<ToSymbol>),
    /// The account's owner was told something.
    EventEmitted {
        /// Whose.
        account: AccountId,
        /// What, when the account is recorded.
        event: Option<Box<UserEventKind>>,
    },
    /// A transfer's id, or an order's idempotency key, is remembered with its request.
    RequestKept {
        /// Whose.
        account: AccountId,
        /// The id.
        id: String,
        /// The request, and its answer if there is one already.
        kept: Box<Kept>,
    },
    /// The command an idempotency key stands for was answered.
    RequestAnswered {
        /// Which command.
        command: CommandId,
        /// How.
        answer: Box<Answer>,
    },
    /// An idempotency key means nothing any more: its command was refused, or its time has passed.
    RequestForgotten {
        /// Whose.
        account: AccountId,
        /// Which.
        id: String,
    },
    /// An order waits for its trigger; nobody waits for its book's first word any more.
    OrderUntriggered {
        /// Which.
        order: OrderId,
        /// When, by the book's clock.
        time: Timestamp,
    },
    /// An order's trigger was met.
    OrderTriggered {
        /// Which.
        order: OrderId,
        /// When, by the book's clock.
        time: Timestamp,
    },
    /// An order whose list's working order was filled is on its way to its book.
    OrderReleased {
        /// Which.
        order: OrderId,
        /// Whether it goes to the book now; a conditional order waits on, for its trigger.
        works: bool,
    },
    /// What an order holds now, because the hold of its pair moved to it or from it.
    HoldSet {
        /// Which.
        order: OrderId,
        /// How much.
        hold: Amount,
    },
    /// A list of orders is open.
    ListOpened {
        /// The list.
        list: OrderList,
        /// Who waits for its books' first words.
        command: CommandId,
        /// How many of them are to come.
        unanswered: u8,
    },
    /// What an order of a pair will have to hold when it is the only one left.
    NeedSet {
        /// Which list.
        list: OrderListId,
        /// Which order.
        order: OrderId,
        /// How much.
        need: Amount,
    },
    /// A book has said its first word on an order of a list.
    ListOrderDecided {
        /// Which list.
        list: OrderListId,
        /// Why the order was refused, if it was.
        refused: Option<Reject>,
    },
    /// All orders of a list are done.
    ListClosed {
        /// Which list.
        list: OrderListId,
        /// How it ended.
        status: ListStatus,
    },
    /// When everything of an account is cancelled, if it is.
    Countdown {
        /// Whose orders.
        account: AccountId,
        /// When.
        at: Option<Timestamp>,
    },
    /// An API key works no more.
    ApiKeyRevoked(String),
    /// A login is new, or has another password.
    LoginSet(Box<Login>),
    /// What an account's owner is told is kept from now on, or is kept no more.
    Recorded {
        /// Whose.
        account: AccountId,
        /// Whether it is kept.
        is_on: bool,
    },
    /// The clock stood behind the slot's time: what the rest of the frame did by timers, it did by this time
    /// ([`Timestamp::timer`]).
    ClockBehind(Timestamp),
    /// An order is open and on its way to a book that may refuse it or another order of its list: it is announced once
    /// that is decided (ADR 0017). Uses up an order id.
    OrderSubmitted {
        /// The order.
        order: Box<Order>,
        /// Who waits for it; `None` for one that waits for another order of its list to be filled.
        placing: Option<Placing>,
    },
    /// The book accepted an order of a list whose other order it may still refuse: it stays unannounced.
    OrderAcceptedUnannounced {
        /// Which.
        order: OrderId,
        /// Where it rests; `None` when it waits for its trigger.
        handle: Option<Handle>,
        /// When, by the book's clock.
        time: Timestamp,
    },
    /// A submitted order is announced: no refusal is possible any more.
    OrderAnnounced {
        /// The order as it stands.
        order: Box<Order>,
    },
    /// The book refused an order that was never announced. It ends; what it held goes back.
    OrderRejectedUnannounced {
        /// The order, with its final status.
        order: Box<Order>,
    },
    /// The book has answered for one of the orders that are cancelled together, and not for the last: the difference,
    /// because a list written down whole at every answer grows with the square of its length.
    CancelAllProgressed {
        /// The command.
        command: CommandId,
        /// The order that ended, closed by the same input; `None` when the book knew it no more.
        ended: Option<OrderId>,
    },
    /// One more thing was asked of an order that cannot be told to its book yet.
    BookRequestDeferred {
        /// Which order.
        order: OrderId,
        /// What was asked.
        deferred: Deferred,
    },
    /// The first thing that was deferred of an order is taken up.
    BookRequestResumed(OrderId),
}

/// Why an order became smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReductionCause {
    /// Self-trade prevention.
    Prevented(PreventedMatch),
    /// Its owner lowered it, and named it this.
    Amended(ClientOrderId),
}

/// What made a slot change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A client's or operator's command.
    Command(CommandId),
    /// A message of another slot.
    Message {
        /// Which slot.
        from: SlotId,
        /// Its number.
        seq: u64,
    },
    /// Time passed.
    Tick,
    /// Somebody listens to an account.
    Listener,
}

/// What a frame of an account slot begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameHead {
    /// Which slot.
    pub slot: SlotId,
    /// Its frames are numbered from 1 without gaps.
    pub seq: u64,
    /// The slot's time.
    pub time: Timestamp,
    /// What the input was.
    pub cause: Cause,
    /// The state hash after it, every so many frames.
    pub hash: Option<u128>,
}

/// One frame of an account slot: everything one input did. Its bytes are those of its parts, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFrame {
    /// Which, when and why.
    pub head: FrameHead,
    /// What it did, in order.
    pub changes: Vec<Change>,
}
