//! Who tells whom what. Every arrow between shards is a tell; a command carries its span, its permit and the
//! handle its answer goes to.

mod market;
mod push;
mod shard;

pub use market::{
    AskSnapshot, CandleView, DepthView, FlushDepth, MarketMoved, MarketQuery, MarketUpdate, MarketView,
    QueryMarket, Span, Speed, TickerView, WatchTopic, WindowView,
};
pub use push::{
    Acknowledge, AttachUser, DetachUser, Encoder, Frame, JoinTopic, Listening, NotListening, OpenSession,
    PublishMarket, PublishUser, Release, SessionEvent, SessionId, SessionLink, Shutdown, Speech, Subscribe,
    TickerWindow, TimeUnit, Topic, Unsubscribe, UserForm,
};
pub use shard::{
    Acknowledgement, Admission, Admitted, Applied, Crash, Deliver, Drain, Listen, Query, ReplyHandle,
    StateHash, Step, StepTaken, SymbolShardLost, Traced, Unwatch, Wire,
};
