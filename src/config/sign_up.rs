//! `[sign-up]`: whether people may open accounts by themselves.

use serde::Deserialize;

use super::{Balance, Switch};

/// Whether people may open accounts by themselves, and what a new one starts with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignUp {
    /// Whether anybody may sign up; `auto` means: who is on this machine, on a loopback address without proxies.
    pub enabled: Switch,
    /// What a new account starts with; left out: what the demo account does when the demo is on, else nothing.
    #[serde(default)]
    pub grant: Option<Vec<Balance>>,
}
