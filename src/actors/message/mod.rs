//! The messages between actors. Every arrow between shards is an actix send without a reply; a command carries its
//! span, its permit and the handle its answer goes to.

mod market;
mod push;
mod rules;
mod shard;

pub use market::{
    CandleView, DepthView, FlushDepth, MarketMoved, MarketQuery, MarketUpdate, MarketView, QueryMarket,
    RequestSnapshot, Span, Speed, TickerView, WatchTopic, WindowView,
};
pub use push::{
    Acknowledge, AttachUser, CloseSession, DetachUser, Encoder, EventEnvelope, JoinTopic, Listening,
    NotListening, OpenSession, PublishMarket, PublishUser, SessionEvent, SessionId, SessionLink,
    SessionProtocol, Shutdown, Subscribe, TickerWindow, TimeUnit, Topic, Unsubscribe, WsText,
};
pub use rules::{ChangeRules, Pause, Resume, RulesChanged};
pub use shard::{
    Ack, Acknowledgement, Admitted, AdmittedCommand, Crash, Deliver, Drain, Query, ReplyHandle, SetTopology,
    StateHash, Step, StepSettled, SubscribeEvents, SymbolShardLost, Traced, UnsubscribeEvents,
};
