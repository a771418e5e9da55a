//! `lightning account`: accounts.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::{output::Output, remote::RemoteArgs};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Open an account and print its id
    Create(CreateArgs),
}

/// The account to open.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// The id it shall have; the server chooses one otherwise
    #[arg(long, value_parser = super::account_id())]
    id: Option<u64>,
    /// Its fee tier
    #[arg(long, default_value_t = 0)]
    tier: u8,
    /// Whether the limits of unfilled orders do not hold for it: a market maker's
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
