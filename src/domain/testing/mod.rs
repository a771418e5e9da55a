//! What tests and benches hold the rules against: a slow, obvious exchange, planted bugs, a small registry.

pub mod oracle;
pub mod planted;
pub mod sample;
