//! Who tells whom what. Every arrow between shards is a tell; a command carries its span, its permit and the
//! handle its answer goes to.

mod market;
mod push;
mod shard;

pub use market::{
    DepthView, FlushDepth, MarketMoved, MarketQuery, MarketUpdate, MarketView, QueryMarket, Speed, TickerView,
};
pub use push::{
    Acknowledge, AttachUser, DetachUser, Encoder, Frame, Listening, NotListening, OpenSession, PublishMarket,
    PublishUser, Release, SessionEvent, SessionId, SessionLink, Shutdown, Subscribe, TimeUnit, Topic,
    Unsubscribe, UserForm,
};
pub use shard::{
    Acknowledgement, Admission, Admitted, Applied, Crash, Deliver, Drain, Listen, Query, ReplyHandle,
    StateHash, SymbolShardLost, Traced, Unwatch, Wire,
};
