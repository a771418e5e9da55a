//! The edge's data about callers: keys and logins, as shards accept them, and which accounts have an owner.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};

use crate::{
    actors::KeyListener,
    auth::{KeyDirectory, LoginDirectory, OwnerDirectory},
    config::Config,
    domain::{
        messages::{command::CreateApiKey, credential::Login},
        types::id::AccountId,
    },
    http::{SignUpOffer, Users},
};

/// The keys and logins of the exchange, and the accounts that have an owner.
#[derive(Debug, Clone)]
pub(super) struct Directories {
    pub(super) keys: Arc<KeyDirectory>,
    logins: Arc<LoginDirectory>,
    pub(super) owners: Arc<OwnerDirectory>,
}

impl Directories {
    /// Starts with those that were recovered.
    pub(super) fn new(config: &Config, keys: &[CreateApiKey], logins: &[Login]) -> Self {
        let directories = Self { keys: Arc::default(), logins: Arc::default(), owners: Arc::default() };
        // The author of the configuration owns its accounts, and the clients on this machine share the demo's.
        let configured = config.accounts.iter().map(|account| account.id).chain([config.demo.account]);
        configured.for_each(|account| directories.owners.insert(AccountId::new(account)));
        keys.iter().for_each(|key| directories.api_key_created(key));
        logins.iter().for_each(|login| directories.login_set(login));
        directories
    }

    /// Lets users sign in, and sign up if the configuration allows it.
    pub(super) fn users(&self, config: &Config) -> Result<Users> {
        let grant = config.grant().iter().map(|balance| {
            let asset = config.instruments.asset_named(&balance.asset);
            let asset = asset.with_context(|| format!("unknown asset {}", balance.asset))?;
            let amount = asset.parse_amount(&balance.amount).map_err(|reject| anyhow!("{reject}"))?;
            Ok((asset.id, amount))
        });
        let grant = grant.collect::<Result<Vec<_>>>().context("[sign-up] grant")?;
        // Half of the cores at most: hashing must not slow down trading.
        let at_once = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        let is_local_only = config.is_sign_up_local_only();
        let offer = config.is_sign_up_on().then_some(SignUpOffer { grant, is_local_only });
        Ok(Users::new(Arc::clone(&self.logins), at_once, offer))
    }
}

impl KeyListener for Directories {
    fn api_key_created(&self, key: &CreateApiKey) {
        self.owners.insert(key.account);
        self.keys.insert(key);
    }

    fn api_key_revoked(&self, key: &str) {
        self.keys.remove(key);
    }

    fn login_set(&self, login: &Login) {
        self.owners.insert(login.account);
        self.logins.set(login);
    }
}
