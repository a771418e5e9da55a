//! `lightning deposit` and `lightning withdraw`.

use anyhow::{Context, Result};
use clap::Args;

use super::{output::Output, remote::RemoteArgs};
use crate::client::operator::Transfer;

/// The direction of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Into the exchange.
    In,
    /// Out of it.
    Out,
}

/// The transfer: amount, asset and account.
#[derive(Debug, Args)]
pub(super) struct TransferArgs {
    /// Account whose balance is changed
    #[arg(long, value_parser = super::account_id())]
    account: u64,
    /// Asset, such as BTC
    #[arg(long)]
    asset: String,
    /// Amount, such as 1.5
    #[arg(long)]
    amount: String,
    /// Name that makes a retry safe: the same transfer under the same name is made once
    #[arg(long)]
    request_id: Option<String>,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(arguments: TransferArgs, direction: Direction, out: &mut Output) -> Result<()> {
    let TransferArgs { account, asset, amount, request_id, remote } = arguments;
    let balance = remote.with_client(|client| {
        let (asset, amount) = (&asset, &amount);
        let request_id = request_id.as_deref();
        async move {
            let transfer = Transfer { account, asset, amount, request_id };
            let done = match direction {
                Direction::In => client.deposit(transfer).await,
                Direction::Out => client.withdraw(transfer).await,
            };
            done.context("the transfer was not made")
        }
    })?;
    out.line(format_args!("{asset} free {} locked {}", balance.free, balance.locked));
    Ok(())
}
