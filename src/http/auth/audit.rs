//! Audit lines: who acted, on whose account, and the outcome. Each action has one line, under the target `audit`; no
//! line ever contains a key, password or token.

use std::net::IpAddr;

use tracing::{info, warn};

use crate::{
    auth::{Counted, MinuteCounts, network},
    domain::{
        instruments::{Instruments, asset::Asset},
        messages::{
            command::{AccountCommand, Answer, Permission},
            standing::SetAccountTier,
        },
        types::{id::AccountId, time::Timestamp},
    },
    http::wire::error::ApiError,
};

/// How many characters of a public key are logged: enough to distinguish an account's keys.
const KEY_SHOWN: usize = 8;

/// The origin of an action.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Who acts: `operator`, `session`, `visitor`, `key` or `local`.
    pub actor: &'static str,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The id of the request, as in `X-MBX-UUID`.
    pub request: Option<String>,
}

/// The asset and amount moved.
#[derive(Debug)]
struct Money {
    asset: Option<Asset>,
    amount: String,
    request_id: Option<String>,
}

/// An action in progress. Its line is written when it is concluded; if it is dropped earlier, the client left or the
/// deadline passed, and only the journal knows the outcome.
#[derive(Debug)]
pub struct Audited {
    source: Source,
    action: &'static str,
    account: Option<u64>,
    money: Option<Money>,
    detail: Option<String>,
    is_concluded: bool,
}

impl Audited {
    /// Returns the audited action of a command, if it is audited: external transfers, accounts, keys, logins. Trading
    /// is in the history.
    pub fn of(
        command: &AccountCommand,
        instruments: &Instruments,
        source: impl FnOnce() -> Source,
    ) -> Option<Self> {
        let (action, detail) = match command {
            AccountCommand::CreateAccount(create) => {
                let limits = if create.is_unlimited { ", unlimited" } else { "" };
                ("create-account", Some(format!("tier {}{limits}", create.tier)))
            }
            AccountCommand::CreateApiKey(create) => {
                let permissions: Vec<&str> = create.permissions.list().map(Permission::name).collect();
                let permissions = permissions.join(",");
                (
                    "create-key",
                    Some(format!("{} {} for {permissions}", shown(&create.key), create.material.kind())),
                )
            }
            AccountCommand::RevokeApiKey(revoke) => ("revoke-key", Some(shown(&revoke.key))),
            AccountCommand::Deposit(_) => ("deposit", None),
            AccountCommand::Withdraw(_) => ("withdraw", None),
            AccountCommand::SignUp(sign_up) => ("sign-up", Some(sign_up.name.as_str().to_owned())),
            AccountCommand::ChangePassword(change) => {
                ("change-password", Some(change.name.as_str().to_owned()))
            }
            AccountCommand::SetAccountStatus(set) => {
                let cancels = if set.cancels_orders { ", cancelling its orders" } else { "" };
                ("set-account-status", Some(format!("{}{cancels}: {}", set.status.name(), set.reason)))
            }
            AccountCommand::SetAccountTier(set) => ("set-account-tier", Some(tier_detail(set))),
            AccountCommand::Place(_)
            | AccountCommand::Cancel(_)
            | AccountCommand::CancelAll(_)
            | AccountCommand::Amend(_)
            | AccountCommand::Replace(_)
            | AccountCommand::PlaceList(_)
            | AccountCommand::CancelList(_)
            | AccountCommand::CancelAllAfter(_) => return None,
        };
        let money = match command {
            AccountCommand::Deposit(transfer) | AccountCommand::Withdraw(transfer) => {
                let asset = instruments.asset(transfer.asset);
                let amount = asset.map(|asset| asset.units(transfer.amount).to_string());
                let request_id = transfer.request_id.clone();
                Some(Money { asset, amount: amount.unwrap_or_default(), request_id })
            }
            _ => None,
        };
        let account = command.account().map(AccountId::get);
        Some(Self { source: source(), action, account, money, detail, is_concluded: false })
    }

    /// Returns the audited action of a change of a symbol's trading rules; `detail` is what changes.
    pub(crate) fn of_rules(symbol: &str, detail: &str, source: Source) -> Self {
        let detail = Some(format!("{symbol}: {detail}"));
        Self { source, action: "change-rules", account: None, money: None, detail, is_concluded: false }
    }

    /// Writes the line of an action that has no answer of its own.
    pub(crate) fn conclude_change(mut self, outcome: Result<(), &ApiError>) {
        self.is_concluded = true;
        match outcome {
            Ok(()) => self.write("done", None),
            Err(error) if error.is_unknown() => self.write("unknown", Some(error)),
            Err(error) => self.write("refused", Some(error)),
        }
    }

    /// Writes the line.
    pub fn conclude(mut self, outcome: Result<&Answer, &ApiError>) {
        if let Ok(Answer::AccountCreated(account)) = outcome {
            self.account = Some(account.get());
        }
        self.conclude_change(outcome.map(|_| ()));
    }

    fn write(&self, outcome: &'static str, error: Option<&ApiError>) {
        let Self { source, action, account, money, detail, .. } = self;
        let Source { actor, address, request } = source;
        let money = money.as_ref();
        info!(
            target: "audit",
            action,
            actor,
            client.address = address.map(tracing::field::display),
            request.id = request,
            account.id = account,
            asset = money.and_then(|money| money.asset.as_ref()).map(Asset::name),
            amount = money.map(|money| money.amount.as_str()),
            transfer.id = money.and_then(|money| money.request_id.as_deref()),
            detail,
            outcome,
            code = error.map(ApiError::code),
            reason = error.map(ApiError::message),
            "audit"
        );
    }
}

impl Drop for Audited {
    fn drop(&mut self) {
        if !self.is_concluded {
            self.write("unknown", None);
        }
    }
}

/// Returns what is changed of an account's tier and exemption, and the reason.
fn tier_detail(set: &SetAccountTier) -> String {
    let tier = set.tier.map(|tier| format!("tier {tier}"));
    let limits = set.is_unlimited.map(|is_unlimited| if is_unlimited { "unlimited" } else { "limited" });
    let changed: Vec<String> = tier.into_iter().chain(limits.map(str::to_owned)).collect();
    format!("{}: {}", changed.join(", "), set.reason)
}

/// Returns the first characters of a public key.
pub(crate) fn shown(key: &str) -> String {
    key.chars().take(KEY_SHOWN).chain(['…']).collect()
}

/// Writes the line of a completed sign-in or of a connection that has logged on.
pub(crate) fn signed_in(source: &Source, action: &'static str, account: AccountId, detail: &str) {
    let Source { actor, address, request } = source;
    info!(
        target: "audit",
        action,
        actor,
        client.address = address.map(tracing::field::display),
        request.id = request,
        account.id = account.get(),
        detail,
        outcome = "done",
        "audit"
    );
}

/// A claim that could not be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Claim {
    /// To be the operator.
    OperatorToken,
    /// To know a password.
    Password,
    /// To have a key, when a connection logs on.
    Logon,
}

impl Claim {
    const fn action(self) -> &'static str {
        match self {
            Self::OperatorToken => "operator-token",
            Self::Password => "sign-in",
            Self::Logon => "logon",
        }
    }
}

/// How many cells refusals are counted in.
const CELL_COUNT: usize = 1 << 10;

/// Warnings of claims that could not be proved: one a minute for each address and claim, so that repeated attempts do not
/// decide how long the log gets. Addresses that share a cell of the fixed table share its minute.
pub(crate) struct Alarms(MinuteCounts);

impl Alarms {
    /// Opens the table; `seed` keeps the cells unpredictable.
    pub(crate) fn new(seed: u64) -> Self {
        Self(MinuteCounts::new(CELL_COUNT, seed))
    }

    /// Warns, unless it has within the minute.
    pub(crate) fn refused(
        &self,
        claim: Claim,
        address: Option<IpAddr>,
        request: Option<&str>,
        now: Timestamp,
    ) {
        if let Some(unreported) = self.counted(claim, address, now) {
            warn!(
                target: "audit",
                action = claim.action(),
                client.address = address.map(tracing::field::display),
                request.id = request,
                outcome = "refused",
                unreported,
                "credentials were refused"
            );
        }
    }

    /// Counts a refusal; returns how many before it were not reported, if this one is to be.
    fn counted(&self, claim: Claim, address: Option<IpAddr>, now: Timestamp) -> Option<u64> {
        let Counted { before, is_first } = self.0.add(&(claim, address.map(network)), u64::MAX, now)?;
        is_first.then(|| before.saturating_sub(1))
    }
}

impl std::fmt::Debug for Alarms {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Alarms").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_reported_once_a_minute_with_what_came_between() {
        let alarms = Alarms::new(7);
        let at = |second: u64| Timestamp::from_millis(1_700_000_040_000 + second * 1_000);
        let one: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        let other: Option<IpAddr> = Some("192.0.2.2".parse().unwrap());
        let token = Claim::OperatorToken;
        assert_eq!(alarms.counted(token, one, at(0)), Some(0));
        for second in 1..30 {
            assert_eq!(alarms.counted(token, one, at(second)), None);
        }
        assert_eq!(alarms.counted(token, other, at(30)), Some(0));
        assert_eq!(alarms.counted(Claim::Password, one, at(30)), Some(0));
        assert_eq!(alarms.counted(token, one, at(60)), Some(29));
        assert_eq!(alarms.counted(token, one, at(61)), None);
        assert_eq!(alarms.counted(token, one, at(180)), Some(1));
    }

    #[test]
    fn a_key_is_not_shown_whole() {
        assert_eq!(shown("0123456789abcdef"), "01234567…");
    }
}
