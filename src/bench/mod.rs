//! Benchmarks of the parts, driven by `lightning bench`.

pub mod book;
pub mod yardstick;
