//! A long watch over the wire: subscribers keep books and private records while orders flow fast and the server is
//! restarted, and everything they were told is compared with what the server says in the end.
//!
//! The seed drives what is asked and who is stalled when. How real processes take turns it cannot drive.

pub(crate) mod accounts;
mod book;
mod depth;
pub(crate) mod load;
mod private;
pub(crate) mod report;
mod run;
pub(crate) mod shared;
mod socket;

pub use report::Report;
pub use run::{Options, run};
