//! Benchmarks of the parts, driven by `lightning bench`.

pub mod book;
pub mod yardstick;
pub mod quiet;
pub mod trip;
