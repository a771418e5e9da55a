//! What tests and the laboratory hold the rules against: a slow, obvious exchange, mutants, a small registry.
//! Of these a release has the names of the mutants alone, and none is ever active.

pub mod mutants;
#[cfg(any(test, feature = "testing"))]
pub mod oracle;
#[cfg(any(test, feature = "testing"))]
pub mod sample;
