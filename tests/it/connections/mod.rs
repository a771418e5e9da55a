//! Unfinished connections: they end in time, and the exchange keeps working with its reserved descriptors.

mod deadlines;
mod early;
pub(crate) mod raw;
mod share;
mod siege;
mod start;
