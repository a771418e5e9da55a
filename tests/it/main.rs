//! The integration tests: one crate, one promise a file.

mod architecture;
mod support;
