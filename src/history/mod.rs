//! The history: every order, fill, trade, candle and credit there ever was, in an SQL database.
//!
//! It follows the journal, never the shards, so trading neither waits for it nor depends on it. The database holds the
//! projection of the change log up to the watermark, which is written in the transaction that moves it; so it can be
//! stopped anywhere, killed anywhere, and rebuilt from nothing.
//!
//! - [`Projector`]: ingests frames, batch by batch. [`entity`]: the tables.
//! - [`Reader`]: answers queries for what the shards no longer remember.
//! - [`HistoryService`]: both, beside a running exchange.
//! - [`connect()`]: SQLite, PostgreSQL or MariaDB, by URL.

mod batch;
mod bootstrap;
mod connect;
pub mod entity;
mod error;
mod export;
mod json;
mod open_orders;
mod prefetch;
mod projector;
mod reader;
mod retention;
mod rewind;
mod schema;
mod service;
mod text;
mod verify;
mod write;

pub use bootstrap::bootstrap;
pub use connect::{connect, connect_reader, sqlite_file};
pub use error::HistoryError;
pub use export::{TABLES, export};
pub use json::to_json;
pub use prefetch::Prefetch;
pub use projector::Projector;
pub use reader::{CandleRange, FillCursor, FillPage, LedgerLine, LedgerPage, OrderPage, Reader, Standing};
pub use retention::{Pruned, prune, reset};
pub use rewind::{Reached, reached, rewind};
pub use service::{
    FRAMES_PER_BATCH, History, HistoryService, HistorySettings, OpenSource, Progress, Source, SourceError,
};
pub use verify::{Compared, Expected, compare_remembered};
