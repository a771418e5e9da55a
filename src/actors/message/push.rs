//! Messages around [`PushActor`](crate::actors::PushActor) and its WebSocket sessions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use actix::prelude::*;
use bytestring::ByteString;

use super::{
    market::{MarketUpdate, Speed},
    shard::SubscribeEvents,
};
use crate::domain::{
    account::{Backlog, Gap, UserEvent},
    market_data::{Interval, Zone},
    messages::reject::Reject,
    types::{
        id::{AccountId, SymbolId},
        time::Timestamp,
    },
};

/// A WebSocket session, numbered by the side that opened it; unique for the life of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A market stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `<symbol>@trade`
    Trade(SymbolId),
    /// `<symbol>@bookTicker`
    BookTicker(SymbolId),
    /// `<symbol>@depth[@100ms]`
    Depth(SymbolId, Speed),
    /// `<symbol>@depth{5,10,20}[@100ms]`
    PartialDepth(SymbolId, u8, Speed),
    /// `<symbol>@depthSnapshot[@100ms]`
    DepthSnapshot(SymbolId, Speed),
    /// `<symbol>@aggTrade`
    AggTrade(SymbolId),
    /// `<symbol>@kline_<interval>[@+08:00]`
    Kline(SymbolId, Interval, Zone),
    /// `<symbol>@miniTicker`
    MiniTicker(SymbolId),
    /// `!miniTicker@arr`
    AllMiniTickers,
    /// `<symbol>@ticker`
    Ticker(SymbolId),
    /// `!ticker@arr`
    AllTickers,
    /// `<symbol>@ticker_{1h,4h,1d}`
    WindowTicker(SymbolId, TickerWindow),
    /// `!ticker_{1h,4h,1d}@arr`
    AllWindowTickers(TickerWindow),
    /// `<symbol>@avgPrice`
    AveragePrice(SymbolId),
}

impl Topic {
    /// Returns the symbol it is about; `None` for those about all.
    pub const fn symbol(self) -> Option<SymbolId> {
        match self {
            Self::Trade(symbol)
            | Self::BookTicker(symbol)
            | Self::Depth(symbol, _)
            | Self::PartialDepth(symbol, ..)
            | Self::DepthSnapshot(symbol, _)
            | Self::AggTrade(symbol)
            | Self::Kline(symbol, ..)
            | Self::MiniTicker(symbol)
            | Self::Ticker(symbol)
            | Self::WindowTicker(symbol, _)
            | Self::AveragePrice(symbol) => Some(symbol),
            Self::AllMiniTickers | Self::AllTickers | Self::AllWindowTickers(_) => None,
        }
    }
}

/// How long the window of a ticker stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TickerWindow {
    /// An hour.
    Hour1,
    /// Four hours.
    Hour4,
    /// A day.
    Day1,
}

impl TickerWindow {
    /// Every window, shortest first.
    pub const ALL: [Self; 3] = [Self::Hour1, Self::Hour4, Self::Day1];

    /// Returns its length in minutes.
    pub const fn minutes(self) -> u64 {
        match self {
            Self::Hour1 => 60,
            Self::Hour4 => 4 * 60,
            Self::Day1 => 24 * 60,
        }
    }
}

/// A text ready for the wire; cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsText(pub ByteString);

/// An event for a session.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum SessionEvent {
    /// Send this text.
    Send(WsText),
    /// The session fell too far behind: close it with 1008.
    TooSlow,
    /// The exchange is stopping: send this notice, then close with 1001.
    Stopping(WsText),
    /// Send these, one after the other; they count as one.
    SendAll(Vec<WsText>),
    /// Private events will not come; report it.
    NotAttached(EventEnvelope, Option<WsText>),
    /// Send this, encoded in the session's own protocol. Boxed: it is the large case.
    Market(Box<MarketUpdate>),
    /// Send these, one after the other, encoded in the session's own protocol; they count as one.
    Users(Vec<UserEvent>),
}

/// The protocol a session speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionProtocol {
    /// Frames of the market streams.
    Streams,
    /// Frames of the WebSocket API.
    Api,
    /// Values: the session encodes them itself.
    Values,
}

/// How push reaches a session, and how far the session is behind.
///
/// A session that cannot write stops handling messages, so its mailbox would grow without bound: the sender counts up,
/// the session counts down, and above the limit it is dropped (`reliability`: slow consumers harm only themselves).
#[derive(Debug, Clone)]
pub struct SessionLink {
    recipient: Recipient<SessionEvent>,
    queued: Arc<AtomicUsize>,
    limit: usize,
}

impl SessionLink {
    /// Links to a session that may be `limit` frames behind.
    pub fn new(recipient: Recipient<SessionEvent>, limit: usize) -> Self {
        Self { recipient, queued: Arc::default(), limit }
    }

    /// Queues an event; `false` when the session is too far behind.
    pub fn enqueue(&self, event: SessionEvent) -> bool {
        if self.queued.fetch_add(1, Ordering::Relaxed) >= self.limit {
            return false;
        }
        self.recipient.do_send(event);
        true
    }

    /// Returns how many events the session has not taken.
    pub fn backlog(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Returns whether the session is still there.
    pub fn is_connected(&self) -> bool {
        self.recipient.connected()
    }

    /// Notifies the session, over the limit, that it is too slow.
    pub fn evict(&self) {
        self.recipient.do_send(SessionEvent::TooSlow);
    }

    /// Records that the session has taken one event from its mailbox.
    pub fn taken(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The unit times are printed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds, unless asked otherwise.
    #[default]
    Millis,
    /// Microseconds.
    Micros,
}

/// How private events are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventEnvelope {
    /// `{"stream":"user","data":{"seq","event"}}`, for the page.
    Page,
    /// `{"subscriptionId","event","seq"}`, for this subscription of a WebSocket API connection; no number is used twice.
    Api(u16),
}

/// Why a session does not get private events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotListening {
    /// Not from the requested event on.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// Not at all.
    #[error(transparent)]
    Refused(#[from] Reject),
}

/// Encodes the frame that reports the outcome of a request for private events: the number of the last event before the
/// live ones, or why there are none.
pub type Acknowledge = Box<dyn FnOnce(&Result<u64, NotListening>) -> Option<WsText> + Send>;

/// Session to push: register this session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct OpenSession {
    /// The session.
    pub session: SessionId,
    /// How to reach it.
    pub link: SessionLink,
    /// The unit times are printed in; applies to all the session's streams.
    pub unit: TimeUnit,
    /// The protocol it speaks.
    pub protocol: SessionProtocol,
}

/// Session to push: send the frames of these streams from now on, wrapped in `{"stream","data"}` or not.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Subscribe {
    /// The session.
    pub session: SessionId,
    /// Which streams, each once; unknown names never get this far.
    pub topics: Vec<Topic>,
    /// Whether frames are wrapped; applies to all the session's streams.
    pub combined: bool,
    /// Sent first, so that the acknowledgement precedes the first event.
    pub acknowledgement: Option<WsText>,
}

/// Session to push: end these streams.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Unsubscribe {
    /// The session.
    pub session: SessionId,
    /// Which streams.
    pub topics: Vec<Topic>,
    /// Sent after the last event of those streams.
    pub acknowledgement: Option<WsText>,
}

/// Session to push: send this account's private events too. The acknowledgement comes first, then the missed events,
/// then the live ones.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AttachUser {
    /// The session.
    pub session: SessionId,
    /// Whose events; the session was authenticated for it.
    pub account: AccountId,
    /// How they are wrapped.
    pub envelope: EventEnvelope,
    /// The last event the client has: those after it are sent; by default the last there is.
    pub after: Option<u64>,
    /// Sent first.
    pub acknowledge: Acknowledge,
}

impl std::fmt::Debug for AttachUser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { session, account, envelope, after, .. } = self;
        let mut fields = formatter.debug_struct("AttachUser");
        fields.field("session", session).field("account", account).field("envelope", envelope);
        fields.field("after", after).finish_non_exhaustive()
    }
}

/// Session to push: end this account's private events.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct DetachUser {
    /// The session.
    pub session: SessionId,
    /// Whose events.
    pub account: AccountId,
    /// Sent after the last of them.
    pub farewell: Vec<WsText>,
}

/// Account to push: where a session's private events start. Sent before the first of them.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Listening {
    /// The request.
    pub listen: SubscribeEvents,
    /// The events it missed, and the number of the last event before the live ones.
    pub start: Result<Backlog, NotListening>,
}

/// Session to push: the session has ended.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct CloseSession(pub SessionId);

/// Market data to push: updates for all subscribers of these topics.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct PublishMarket {
    /// The updates of one turn, in order.
    pub updates: Vec<(Topic, MarketUpdate)>,
    /// When that turn ended.
    pub sent: Instant,
}

/// Market data to push: the snapshot this session's diffs start from; the session gets them from now on.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct JoinTopic {
    /// The session.
    pub session: SessionId,
    /// Which topic.
    pub topic: Topic,
    /// The snapshot.
    pub snapshot: MarketUpdate,
}

/// Account to push (`PushUser`): events for the sessions of these accounts.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct PublishUser {
    /// The events of one turn, in order.
    pub events: Vec<UserEvent>,
    /// When they were released.
    pub sent: Instant,
}

/// App to push: notify every session that the exchange is stopping. Answers when all have been notified.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Shutdown;

/// Turns updates into wire text. Lives with push, which calls it once per topic; the http layer, which knows
/// the wire, implements it.
pub trait Encoder: Send + 'static {
    /// Returns the whole frame of a market update: its payload alone, or `combined` with the stream's name around it.
    fn market(&self, topic: Topic, update: &MarketUpdate, unit: TimeUnit, combined: bool) -> String;
    /// Returns the whole frame of a private event.
    fn user(&self, event: &UserEvent, unit: TimeUnit, envelope: EventEnvelope) -> String;
    /// Returns the notice that the exchange is stopping.
    fn shutdown(&self, combined: bool, now: Timestamp) -> String;
    /// Returns the same notice as the WebSocket API has it.
    fn api_shutdown(&self, now: Timestamp) -> String;
}
