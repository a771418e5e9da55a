//! The shells around the domain: unpack a message, make one domain call, send the results.
//!
//! No shard awaits another actor; the one that changes trading rules awaits a pause of all shards. State is owned by
//! exactly one actor, so there is no lock; shared state (health, last prices, metrics) is atomics. `do_send` behind a
//! permit is the rule: mailbox capacity protects nothing and a dropped `send` future silently cancels its message.

mod account;
mod book_versions;
mod clock;
mod deliver;
mod durable_watermark;
mod exchange;
mod figures;
mod gate;
mod market_data;
pub mod message;
mod outbox;
mod outcomes;
mod push;
mod rules;
mod shard;
mod symbol;
mod system;
mod topology;
mod trace;

pub use account::{AccountActor, KeyListener};
pub use clock::{Clock, ClockEvent, Hands, wall_micros};
pub use durable_watermark::DurableWatermark;
pub use exchange::Exchange;
pub use gate::{Admission, Gate, GateLimits, Permit};
pub use market_data::{MarketDataActor, PARTIAL_DEPTHS};
pub use outbox::TurnOutbox;
pub use push::PushActor;
pub use rules::RulesActor;
pub use symbol::SymbolActor;
pub use system::{Opening, Running, Settings, TICK, start, start_with};
pub use topology::{Health, References, Topology};
