//! `lightning account`: accounts.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::{output::Output, remote::RemoteArgs};

/// Operations on accounts.
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Open an account and print its id
    Create(CreateArgs),
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

pub(super) fn run(AccountCommand::Create(arguments): AccountCommand, out: &mut Output) -> Result<()> {
    let CreateArgs { id, tier, unlimited, remote } = arguments;
    let account = remote.with_client(|client| async move {
        client.create_account(id, tier, unlimited).await.context("the account was not opened")
    })?;
    out.line(account);
    Ok(())
}
