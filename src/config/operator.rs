//! `[operator]`: who may operate the exchange.

use serde::Deserialize;

use super::Secret;

/// The fewest characters an operator's token may have.
pub(super) const TOKEN_LEN_MIN: usize = 32;

/// Who may operate the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Operator {
    /// The bearer token; empty takes the one kept in the data directory.
    pub token: Secret,
}
