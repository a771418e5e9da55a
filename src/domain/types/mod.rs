//! The basic value types: checked integers, identities, time as an input.

pub mod decimal;
pub mod hash;
pub mod id;
pub mod index;
pub mod money;
pub(crate) mod pages;
pub mod pool;
pub mod random;
pub mod table;
pub mod time;
