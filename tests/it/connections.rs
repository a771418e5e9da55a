//! Connections nobody finishes: they end in time, and the exchange goes on with the descriptors it kept back.

mod deadlines;
mod raw;
mod siege;
mod start;
