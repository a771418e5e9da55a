//! Tests across modules, in one crate.

mod conservation;
mod corner_cases;
#[cfg(feature = "planted")]
mod planted;
