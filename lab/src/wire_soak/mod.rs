//! A long run over the wire: subscribers keep books and private records while orders flow fast and the server is
//! restarted; in the end everything they received is compared with the server's state.
//!
//! The seed drives the requests and the stalls. It cannot drive how real processes are scheduled.

pub(crate) mod accounts;
mod book;
mod depth;
pub(crate) mod load;
mod private;
pub(crate) mod report;
mod run;
pub(crate) mod setup;
pub(crate) mod shared;
mod socket;

pub use report::Report;
pub use run::{Options, run};
