//! Messages around [`PushActor`](crate::actors::PushActor) and its WebSocket sessions.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
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

/// A WebSocket session, numbered by who opened it; unique for the life of the process.
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

/// A frame ready for the wire; cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsText(pub ByteString);

/// What a session is told.
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
    /// Private events will not come; say so.
    NotAttached(EventEnvelope, Option<WsText>),
    /// Send this in the session's own words. Boxed: it is the large case.
    Market(Box<MarketUpdate>),
    /// Send these, one after the other, in the session's own words; they count as one.
    Users(Vec<UserEvent>),
}

/// What a session is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionProtocol {
    /// Frames of the streams.
    Streams,
    /// Frames of the WebSocket API.
    Api,
    /// Values: it has its own words for them.
    Values,
}

/// How push reaches a session, and how far the session is behind.
///
/// A session that cannot write stops handling messages, so its mailbox would grow without bound: whoever
/// sends counts up, the session counts down, and above the limit it is dropped (`reliability`: slow consumers
/// harm only themselves).
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

    /// Returns whether the session is still there.
    pub fn is_connected(&self) -> bool {
        self.recipient.connected()
    }

    /// Tells the session it is too slow, over the limit.
    pub fn evict(&self) {
        self.recipient.do_send(SessionEvent::TooSlow);
    }

    /// Notes that the session has taken one event from its mailbox.
    pub fn taken(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What times are printed in.
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
    /// Not from where it asked.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// Not at all.
    #[error(transparent)]
    Refused(#[from] Reject),
}

/// Makes the frame that says how asking for private events went: the number of the last event before the live ones, or why
/// there are none.
pub type Acknowledge = Box<dyn FnOnce(&Result<u64, NotListening>) -> Option<WsText> + Send>;

/// Session to push: remember me.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct OpenSession {
    /// Who.
    pub session: SessionId,
    /// How to reach it.
    pub link: SessionLink,
    /// What times are printed in; applies to all the session's streams.
    pub unit: TimeUnit,
    /// What it is told in.
    pub protocol: SessionProtocol,
}

/// Session to push: the frames of these streams from now on, wrapped in `{"stream","data"}` or not.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Subscribe {
    /// Who.
    pub session: SessionId,
    /// Which streams, each once; unknown names never get this far.
    pub topics: Vec<Topic>,
    /// Whether frames are wrapped; applies to all the session's streams.
    pub combined: bool,
    /// Sent first, so that the acknowledgement precedes the first event.
    pub acknowledgement: Option<WsText>,
}

/// Session to push: no more of these.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Unsubscribe {
    /// Who.
    pub session: SessionId,
    /// Which streams.
    pub topics: Vec<Topic>,
    /// Sent after the last event of those streams.
    pub acknowledgement: Option<WsText>,
}

/// Session to push: this account's private events too. First comes the acknowledgement, then what was missed, then what
/// happens.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AttachUser {
    /// Who.
    pub session: SessionId,
    /// Whose events; the session was authenticated for it.
    pub account: AccountId,
    /// How they are wrapped.
    pub envelope: EventEnvelope,
    /// The last event the client has, to be told those after it; by default the last there is.
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

/// Session to push: no more of this account's private events.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct DetachUser {
    /// Who.
    pub session: SessionId,
    /// Whose events.
    pub account: AccountId,
    /// Sent after the last of them.
    pub farewell: Vec<WsText>,
}

/// Account to push: where a session's private events begin. Told before the first of them.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Listening {
    /// What was asked.
    pub listen: SubscribeEvents,
    /// What it missed, and the number of the last event before the live ones.
    pub start: Result<Backlog, NotListening>,
}

/// Session to push: forget me.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct CloseSession(pub SessionId);

/// Market data to push: for everyone on these topics.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct PublishMarket {
    /// The updates of one turn, in order.
    pub updates: Vec<(Topic, MarketUpdate)>,
}

/// Market data to push: the snapshot this session's diffs start from; it gets them from now on.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct JoinTopic {
    /// Who.
    pub session: SessionId,
    /// Which topic.
    pub topic: Topic,
    /// The snapshot.
    pub snapshot: MarketUpdate,
}

/// Account to push (`PushUser`): for the sessions of these accounts.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct PublishUser {
    /// The events of one turn, in order.
    pub events: Vec<UserEvent>,
}

/// App to push: tell every session the exchange is stopping. Answers when all have been told.
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
