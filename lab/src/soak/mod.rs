//! A long watch over the wire: subscribers keep books and private records while orders flow fast and the server is
//! restarted, and everything they were told is compared with what the server says in the end.
//!
//! The seed drives what is asked and who is stalled when. How real processes take turns it cannot drive.

mod accounts;
mod book;
mod database;
mod depth;
mod history;
mod load;
mod memory;
mod private;
mod report;
mod run;
mod shared;
mod socket;

pub use database::{Database, Kind};
pub use history::{HistoryOptions, HistoryReport, run as run_history};
pub use memory::{MemoryOptions, MemoryReport, run as run_memory};
pub use report::Report;
pub use run::{Options, run};
