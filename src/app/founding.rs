//! Creates the accounts, balances and keys of the configuration, with ordinary commands.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tracing::{info_span, warn};

use crate::{
    actors::Exchange,
    config::{Balance, Config, Key},
    domain::{
        messages::{
            command::{AccountCommand, Answer, CreateAccount, CreateApiKey, Transfer},
            credential::{KeyMaterial, RevokeApiKey},
            reject::Reject,
        },
        types::id::AccountId,
    },
};

/// Creates what is missing. Repeating it changes nothing.
pub(super) async fn found(exchange: &Exchange, config: &Config) -> Result<()> {
    if config.is_demo_on() {
        let demo =
            CreateAccount { id: Some(AccountId::new(config.demo.account)), tier: 0, is_unlimited: false };
        account(exchange, demo, &config.demo.balances, &[]).await?;
    }
    for configured in &config.accounts {
        let create = CreateAccount {
            id: Some(AccountId::new(configured.id)),
            tier: configured.tier,
            is_unlimited: configured.unlimited,
        };
        account(exchange, create, &configured.balances, &configured.keys).await?;
    }
    Ok(())
}

async fn account(
    exchange: &Exchange,
    create: CreateAccount,
    balances: &[Balance],
    keys: &[Key],
) -> Result<()> {
    let account = create.id.context("an account of the configuration has an id")?;
    let id = account;
    command(exchange, AccountCommand::CreateAccount(create))
        .await
        .with_context(|| format!("account {id}"))?;
    for balance in balances {
        deposit(exchange, account, balance).await.with_context(|| format!("account {id}"))?;
    }
    for key in keys {
        let create = AccountCommand::CreateApiKey(CreateApiKey {
            account,
            key: key.key.clone(),
            material: KeyMaterial::Hmac(key.secret.expose().to_owned()),
            permissions: key.permissions(),
            label: String::new(),
            created_at: exchange.now(),
        });
        command(exchange, create).await.with_context(|| format!("a key of account {id}"))?;
    }
    Ok(())
}

async fn deposit(exchange: &Exchange, account: AccountId, balance: &Balance) -> Result<()> {
    let Balance { asset: name, amount } = balance;
    let asset = exchange.instruments().asset_named(name).ok_or_else(|| anyhow!("unknown asset {name}"))?;
    let amount = asset.parse_amount(amount).map_err(|reject| anyhow!("{amount} {name}: {reject}"))?;
    // The same id at every start: the balance is credited once.
    let request_id = Some(format!("founding-{name}"));
    command(exchange, AccountCommand::Deposit(Transfer { account, asset: asset.id, amount, request_id }))
        .await
}

/// Revokes keys that are unused. A failure does not prevent the start.
pub(super) async fn revoke(exchange: &Exchange, keys: Vec<RevokeApiKey>) {
    for key in keys {
        let account = key.account.get();
        if let Err(error) = command(exchange, AccountCommand::RevokeApiKey(key)).await {
            warn!(account, %error, "an old API key of the synthetic market could not be revoked");
        }
    }
}

/// How long to wait before a command without a permit is sent again: the command before may still hold the only one.
const NEXT_PLACE: Duration = Duration::from_millis(5);

async fn command(exchange: &Exchange, command: AccountCommand) -> Result<()> {
    match admitted(exchange, command).await {
        Ok(_) | Err(Reject::AccountExists | Reject::KeyExists) => Ok(()),
        Err(Reject::TooManyKeys) => {
            warn!("a key of the configuration was not created: its account has as many as it may have");
            Ok(())
        }
        Err(reject @ (Reject::AccountFrozen | Reject::AccountClosed)) => {
            warn!(%reject, "a key or balance of the configuration was not created");
            Ok(())
        }
        Err(Reject::RequestConflict) => {
            warn!("a starting balance has changed in the configuration; the first one stands");
            Ok(())
        }
        Err(reject) => Err(anyhow!("{reject}")),
    }
}

/// Sends a command, again and again while the exchange has no permit for it, and returns the answer.
pub(super) async fn admitted(exchange: &Exchange, command: AccountCommand) -> Result<Answer, Reject> {
    loop {
        match exchange.command(command.clone(), None, info_span!("founding")).await {
            Err(Reject::Busy) => tokio::time::sleep(NEXT_PLACE).await,
            answered => return answered,
        }
    }
}
