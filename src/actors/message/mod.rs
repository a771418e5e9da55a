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
    AttachUser, Encoder, Frame, JoinTopic, OpenSession, PublishMarket, PublishUser, Release, SessionEvent,
    SessionId, SessionLink, Shutdown, Subscribe, TickerWindow, TimeUnit, Topic, Unsubscribe,
};
pub use shard::{
    Admission, Admitted, Applied, Crash, Deliver, Drain, Query, ReplyHandle, StateHash, SymbolShardLost,
    Traced, Watch, Wire,
};
