//! What the edge knows of those who call: keys and logins, as shards accept them.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};

use crate::{
    actors::KeyListener,
    auth::{KeyDirectory, LoginDirectory},
    config::Config,
    domain::{command::CreateApiKey, credential::Login},
    http::People,
};

/// The keys and logins of the exchange.
#[derive(Debug, Clone)]
pub(super) struct Directories {
    pub(super) keys: Arc<KeyDirectory>,
    logins: Arc<LoginDirectory>,
}

impl Directories {
    /// Begins with those that were recovered.
    pub(super) fn new(keys: &[CreateApiKey], logins: &[Login]) -> Self {
        let directories = Self { keys: Arc::default(), logins: Arc::default() };
        keys.iter().for_each(|key| directories.keys.insert(key));
        logins.iter().for_each(|login| directories.logins.set(login));
        directories
    }

    /// Lets people sign in, and up if the configuration says so.
    pub(super) fn people(&self, config: &Config) -> Result<People> {
        let grant = config.grant().iter().map(|balance| {
            let asset = config.catalogue.asset_named(&balance.asset);
            let asset = asset.with_context(|| format!("unknown asset {}", balance.asset))?;
            let amount = asset.parse_amount(&balance.amount).map_err(|reject| anyhow!("{reject}"))?;
            Ok((asset.id, amount))
        });
        let grant = grant.collect::<Result<Vec<_>>>().context("[sign-up] grant")?;
        // Half of the cores at most: hashing must not take them from trading.
        let at_once = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Ok(People::new(Arc::clone(&self.logins), at_once, config.is_sign_up_on().then_some(grant)))
    }
}

impl KeyListener for Directories {
    fn api_key_created(&self, key: &CreateApiKey) {
        self.keys.insert(key);
    }

    fn api_key_revoked(&self, key: &str) {
        self.keys.remove(key);
    }

    fn login_set(&self, login: &Login) {
        self.logins.set(login);
    }
}
