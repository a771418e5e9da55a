//! Benchmarks of the parts, driven by `lightning bench`.

pub mod book;
pub mod quiet;
pub mod trip;
pub mod yardstick;
