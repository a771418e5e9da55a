//! `lightning account`: accounts.

use anyhow::{Context, Result};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::{output::Output, remote::RemoteArgs};
use crate::{
    client::operator::{NewStatus, NewTier},
    domain::messages::standing::AccountStatus,
};

/// Operations on accounts.
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Open an account and print its id
    Create(CreateArgs),
    /// Set what an account may do
    Status(StatusArgs),
    /// Set the fee tier of an account, or exempt it from the limits on unfilled orders
    Tier(TierArgs),
}

/// The account to open.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// The account's id; chosen by the server by default
    #[arg(long, value_parser = super::account_id())]
    id: Option<u64>,
    /// Fee tier of the account
    #[arg(long, default_value_t = 0)]
    tier: u8,
    /// Exempt the account from the limits on unfilled orders, as for a market maker
    #[arg(long)]
    unlimited: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// The status to set.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Account to change
    #[arg(long, value_parser = super::account_id())]
    account: u64,
    /// What the account may do from now on
    #[arg(value_name = "STATUS", value_parser = status(), ignore_case = true)]
    status: AccountStatus,
    /// Cancel its open orders in the same step, when the status restricts it
    #[arg(long)]
    cancel_orders: bool,
    /// Why, for the journal and the audit lines; 1 to 200 bytes
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// The tier to set.
#[derive(Debug, Args)]
pub(super) struct TierArgs {
    /// Account to change
    #[arg(long, value_parser = super::account_id())]
    account: u64,
    /// Fee tier of the account from now on; unchanged by default
    #[arg(value_name = "TIER", required_unless_present = "unlimited")]
    tier: Option<u8>,
    /// Whether the account is exempt from the limits on unfilled orders from now on; unchanged by default
    #[arg(long, value_name = "BOOL")]
    unlimited: Option<bool>,
    /// Why, for the journal and the audit lines; 1 to 200 bytes
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Reads a status, in capitals or not.
fn status() -> impl TypedValueParser<Value = AccountStatus> {
    let names = PossibleValuesParser::new(AccountStatus::ALL.map(AccountStatus::name));
    names.try_map(|name| AccountStatus::parse(&name).ok_or("unknown status"))
}

pub(super) fn run(command: AccountCommand, out: &mut Output) -> Result<()> {
    match command {
        AccountCommand::Create(arguments) => create(arguments, out),
        AccountCommand::Status(arguments) => set_status(arguments, out),
        AccountCommand::Tier(arguments) => set_tier(arguments, out),
    }
}

fn create(arguments: CreateArgs, out: &mut Output) -> Result<()> {
    let CreateArgs { id, tier, unlimited, remote } = arguments;
    let account = remote.with_client(|client| async move {
        client.create_account(id, tier, unlimited).await.context("the account was not opened")
    })?;
    out.line(account);
    Ok(())
}

fn set_status(arguments: StatusArgs, out: &mut Output) -> Result<()> {
    let StatusArgs { account, status, cancel_orders, reason, remote } = arguments;
    let status = status.name();
    let cancelling = remote.with_client(|client| async move {
        let new = NewStatus { account, status, cancel_orders, reason: &reason };
        client.set_account_status(new).await.context("the status was not set")
    })?;
    out.line(format_args!("status     {status}"));
    if cancel_orders {
        out.line(format_args!("cancelling {cancelling} orders"));
    }
    Ok(())
}

fn set_tier(arguments: TierArgs, out: &mut Output) -> Result<()> {
    let TierArgs { account, tier, unlimited, reason, remote } = arguments;
    let (tier, unlimited) = remote.with_client(|client| async move {
        let new = NewTier { account, tier, unlimited, reason: &reason };
        client.set_account_tier(new).await.context("the tier was not set")
    })?;
    out.line(format_args!("tier      {tier}"));
    out.line(format_args!("unlimited {unlimited}"));
    Ok(())
}
