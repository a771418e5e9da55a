//! `[sign-up]`: whether users may open accounts by themselves.

use serde::Deserialize;

use super::{Balance, Switch};

/// Whether users may open accounts by themselves, and what a new one starts with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignUp {
    /// Whether any client may sign up; `auto` means: clients on this machine, on a loopback address without proxies.
    pub enabled: Switch,
    /// What a new account starts with; left out: the demo account's balances when the demo is on, else nothing.
    #[serde(default)]
    pub grant: Option<Vec<Balance>>,
}
