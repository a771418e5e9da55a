//! `[operator]`: the credentials of the operator.

use serde::Deserialize;

use super::Secret;

/// The fewest characters an operator's token may have.
pub(super) const TOKEN_LEN_MIN: usize = 32;

/// The credentials of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Operator {
    /// The bearer token; empty takes the one stored in the data directory.
    pub token: Secret,
}
