//! Connections nobody finishes: they end in time, and the exchange goes on with the descriptors it kept back.

mod deadlines;
mod early;
mod raw;
mod share;
mod siege;
mod start;
