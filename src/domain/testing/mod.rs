//! What tests and the laboratory hold the rules against: a slow, obvious exchange, planted bugs, a small registry.
//! Of these a release has the names of the planted bugs alone, and none is ever planted.

#[cfg(any(test, feature = "testing"))]
pub mod oracle;
pub mod planted;
#[cfg(any(test, feature = "testing"))]
pub mod sample;
