//! A long run over the wire: subscribers keep books and private records while orders flow fast and the server is
//! restarted; in the end everything they received is compared with the server's state.
//!
//! The seed drives the requests and the stalls. It cannot drive how real processes are scheduled.

mod accounts;
mod book;
mod depth;
mod history;
mod load;
mod memory;
mod private;
mod report;
mod run;
pub(crate) mod setup;
mod shared;
mod socket;

pub use database::{Database, Kind};
pub use history::{HistoryOptions, HistoryReport, run as run_history};
pub use memory::{MemoryOptions, MemoryReport, run as run_memory};
pub use report::Report;
pub use run::{Options, run};
