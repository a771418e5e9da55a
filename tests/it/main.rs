//! Tests across modules, in one crate.

mod corner_cases;
