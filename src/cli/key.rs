//! `lightning key`: API keys.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};

use super::{output::Output, remote::RemoteArgs};
use crate::client::operator::NewKey;

/// Operations on keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Create an API key and print it; the secret of an HMAC key is not shown again
    Create(CreateArgs),
    /// Revoke an API key
    Revoke(RevokeArgs),
}

/// The key to create.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Account the key belongs to
    #[arg(long, value_parser = super::account_id())]
    account: u64,
    /// Type of the signature
    #[arg(long = "type", value_name = "TYPE", default_value = "hmac")]
    kind: Kind,
    /// Public key of an Ed25519 or RSA key, as a PEM file
    #[arg(long, value_name = "FILE", required_if_eq_any = [("kind", "ed25519"), ("kind", "rsa")])]
    public_key: Option<PathBuf>,
    /// Label of the key
    #[arg(long, default_value = "")]
    label: String,
    /// Permissions of the key
    #[arg(long, value_delimiter = ',', default_value = "TRADE,USER_DATA", ignore_case = true)]
    permissions: Vec<Permission>,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// The key to revoke.
#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Account the key belongs to
    #[arg(long, value_parser = super::account_id())]
    account: u64,
    /// The public part of the key
    #[arg(long)]
    key: String,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A shared secret
    Hmac,
    /// A key pair of the client
    Ed25519,
    /// A key pair of the client, 2048 to 4096 bits
    Rsa,
}

impl Kind {
    const fn wire_name(self) -> &'static str {
        match self {
            Self::Hmac => "HMAC",
            Self::Ed25519 => "ED25519",
            Self::Rsa => "RSA",
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Permission {
    /// Place, cancel and change orders
    #[value(name = "TRADE")]
    Trade,
    /// Read orders, trades and balances
    #[value(name = "USER_DATA", alias = "USER-DATA")]
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

pub(super) fn run(command: KeyCommand, out: &mut Output) -> Result<()> {
    match command {
        KeyCommand::Create(arguments) => create(arguments, out),
        KeyCommand::Revoke(RevokeArgs { account, key, remote }) => remote.with_client(|client| async move {
            client.revoke_key(account, &key).await.context("the key was not revoked")
        }),
    }
}

fn create(arguments: CreateArgs, out: &mut Output) -> Result<()> {
    let CreateArgs { account, kind, public_key, label, permissions, remote } = arguments;
    let permissions: Vec<&str> = permissions.into_iter().map(Permission::wire_name).collect();
    let read = |file: PathBuf| std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()));
    let public_key = public_key.map(read).transpose()?;
    let made = remote.with_client(|client| async move {
        let (kind, public_key) = (kind.wire_name(), public_key.as_deref());
        let wanted = NewKey { account, kind, label: &label, permissions: &permissions, public_key };
        client.make_key(wanted).await.context("the key was not made")
    })?;
    out.line(format_args!("key    {}", made.key));
    if let Some(secret) = made.secret {
        out.line(format_args!("secret {secret}"));
    }
    Ok(())
}
