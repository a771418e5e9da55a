//! `[history]`: the database of everything that happened.

use serde::Deserialize;

use super::{Secret, Switch};

/// The database of everything that happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct History {
    /// Whether there is one; `auto` is yes, unless nothing is stored at all.
    pub enabled: Switch,
    /// Where: `sqlite:`, `postgres:` or `mysql:`; empty for an SQLite file in the data directory. It may hold a password.
    pub url: Secret,
    /// A replica of it, to read from; empty to read from the same.
    pub reader_url: Secret,
}
