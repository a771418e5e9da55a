//! `[demo]`: the account visitors of the page are signed in to.

use serde::Deserialize;

use super::{Balance, Switch};

/// The account visitors of the page are signed in to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Demo {
    /// Whether there is one; `auto` means: on a loopback address without proxies. It is for requests of this machine alone.
    pub enabled: Switch,
    /// Its id.
    pub account: u64,
    /// What it starts with.
    pub balances: Vec<Balance>,
}
