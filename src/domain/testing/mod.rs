//! The references for tests and the laboratory: a slow, obvious exchange, mutants, a small registry. A release contains
//! only the names of the mutants, and none is ever active.

pub mod mutants;
#[cfg(any(test, feature = "testing"))]
pub mod oracle;
#[cfg(any(test, feature = "testing"))]
pub mod sample;
