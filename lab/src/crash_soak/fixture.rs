//! The accounts of a soak: made once through the operator's API, and listed in a file for the clients.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use lightning_exchange::client::{Client, ClientError, Credentials};
use serde::{Deserialize, Serialize};

use super::{
    amount::{ONE, text},
    market::Asset,
    model::Model,
    record::Transfer,
    wire::{self, Outcome},
};

const FILE: &str = "accounts.json";
/// The parent's own account, for the first acknowledgement after a start.
pub(super) const PROBE: u64 = 99;
/// The first account of the clients; ids that follow each other are in slots of their own.
pub(super) const FIRST: u64 = 100;
/// The initial balances of an account.
const RICH: [i64; 3] = [100 * ONE, 5_000_000 * ONE, 2_000 * ONE];
/// The initial balances of every fourth account: low enough to run out, so that refusals occur.
const POOR: [i64; 3] = [ONE / 50, 2_000 * ONE, ONE / 2];

/// An account's key.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct AccountKey {
    pub(super) account: u64,
    /// Whose account it is; none for the probe.
    pub(super) client: Option<usize>,
    key: String,
    secret: String,
}

impl AccountKey {
    pub(super) fn credentials(&self) -> Credentials {
        Credentials { key: self.key.clone(), secret: self.secret.clone() }
    }
}

/// The accounts as the clients read them.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Fixture {
    pub(super) token: String,
    /// The account with a private stream.
    pub(super) demo: u64,
    pub(super) keys: Vec<AccountKey>,
}

impl Fixture {
    /// The keys of one client's accounts.
    pub(super) fn of_client(&self, client: usize) -> impl Iterator<Item = &AccountKey> {
        self.keys.iter().filter(move |key| key.client == Some(client))
    }
}

/// Reads the list.
pub(super) fn load(directory: &Path) -> Result<Fixture> {
    let path = directory.join(FILE);
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// Opens the accounts, gives each a key and its money, and writes the list. Every step may be repeated.
pub(super) async fn create(
    client: &Client,
    directory: &Path,
    token: &str,
    clients: usize,
    accounts_each: usize,
    model: &mut Model,
) -> Result<Fixture> {
    let mut keys = Vec::new();
    let probe = std::iter::once((PROBE, None));
    let owned = (0..clients * accounts_each).map(|at| (FIRST + at as u64, Some(at / accounts_each)));
    for (account, owner) in probe.chain(owned) {
        match client.create_account(Some(account), 0, true).await {
            Ok(_) | Err(ClientError::Refused { status: 409, .. }) => {}
            Err(error) => return Err(error).with_context(|| format!("account {account}")),
        }
        let Credentials { key, secret } = client.create_key(account, &["TRADE", "USER_DATA"]).await?;
        keys.push(AccountKey { account, client: owner, key, secret });
        model.add_account(account);
        let funds = if account % 4 == 3 { POOR } else { RICH };
        for asset in Asset::all() {
            let amount = funds[asset.0];
            let id = format!("initial-{}", asset.name());
            let transfer = Transfer { asset, amount, deposit: true, id };
            match wire::send_transfer(client, account, &transfer).await {
                Outcome::Done(_) => model.transferred(account, transfer, 0, 0),
                other => bail!("account {account} got no {} {}: {other:?}", text(amount), asset.name()),
            }
        }
    }
    // The initial transfers are not repeated.
    model.accounts.values_mut().for_each(|account| account.transfers.clear());
    let fixture = Fixture { token: token.to_owned(), demo: FIRST, keys };
    fs::write(directory.join(FILE), serde_json::to_vec(&fixture)?)?;
    Ok(fixture)
}
