//! The metrics, how logs are written, and where traces are sent. Names and labels exist here only.

mod connections;
mod filter;
mod histogram;
mod labels;
mod list;
pub mod log;
mod log_queue;
mod metrics;
mod process;
mod stages;
mod storage;
mod tls;
pub mod traces;
mod trading;

pub use connections::{BrokenConnections, ConnectionGauges, SessionGauges, UnservedRequests};
pub use histogram::{Histogram, Scale, Tally, Writer};
pub use list::{Kind, METRICS, Metric, Subject};
pub use metrics::{ClockGauges, Measured, Metrics};
pub use stages::{Queue, ShardFigures, Stage, Stages, TurnRecord};
pub use storage::{CommitFigures, HistoryFigures, HistoryGauges, JournalGauges, SnapshotGauges};
pub use tls::TlsGauges;
pub use trading::{RejectClass, ShedReason, SymbolCounters, Trading};
