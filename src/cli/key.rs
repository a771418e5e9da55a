//! `lightning key`: API keys.

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};

use super::remote::RemoteArgs;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make an API key and print it with its secret, which is not shown again
    Create(CreateArgs),
}

/// The key to make.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Whose key
    #[arg(long)]
    account: u64,
    /// What it may do
    #[arg(long, value_delimiter = ',', default_value = "trade,user-data")]
    permissions: Vec<Permission>,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Permission {
    /// Place, cancel and change orders
    Trade,
    /// Read orders, trades and balances
    UserData,
}

impl Permission {
    const fn wire_name(self) -> &'static str {
        match self {
            Self::Trade => "TRADE",
            Self::UserData => "USER_DATA",
        }
    }
}

pub(super) fn run(KeyCommand::Create(arguments): KeyCommand) -> Result<()> {
    let CreateArgs { account, permissions, remote } = arguments;
    let permissions: Vec<&str> = permissions.into_iter().map(Permission::wire_name).collect();
    let pair = remote.with_client(|client| async move {
        client.create_key(account, &permissions).await.context("the key was not made")
    })?;
    println!("key    {}\nsecret {}", pair.key, pair.secret);
    Ok(())
}
