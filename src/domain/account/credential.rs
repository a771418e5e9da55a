//! Giving and taking API keys, signing up, changing passwords.

use super::{admin::Refusable, change::Change, slot::Turn, state::AccountState};
use crate::domain::{
    command::{Answer, CreateAccount, CreateApiKey, Transfer},
    credential::{ChangePassword, KEYS_MAX, LABEL_LEN_MAX, Login, RevokeApiKey, SignUp},
    id::{AccountId, AssetId},
    money::Amount,
    reject::Reject,
};

impl Turn<'_> {
    pub(super) fn create_api_key(&mut self, create: CreateApiKey) -> Refusable {
        if !self.state.accounts.contains(&create.account) {
            return Ok(Err(Reject::UnknownAccount));
        }
        if self.state.keys.contains_key(&create.key) {
            return Ok(Err(Reject::KeyExists));
        }
        if create.label.len() > LABEL_LEN_MAX {
            return Ok(Err(Reject::Overflow));
        }
        if self.state.keys_of(create.account).count() >= KEYS_MAX {
            return Ok(Err(Reject::TooManyKeys));
        }
        self.change(Change::KeyGiven(create))?;
        Ok(Ok(Answer::ApiKeyCreated))
    }

    pub(super) fn revoke_api_key(&mut self, revoke: RevokeApiKey) -> Refusable {
        // Somebody else's key is refused like one that does not exist.
        if self.state.keys.get(&revoke.key).is_none_or(|key| key.account != revoke.account) {
            return Ok(Err(Reject::UnknownKey));
        }
        self.change(Change::KeyTaken(revoke.key))?;
        Ok(Ok(Answer::ApiKeyRevoked))
    }

    /// Opens the account, keeps the login and credits the grant in one input: there is no account without a login, and
    /// no login without its grant.
    pub(super) fn sign_up(&mut self, sign_up: SignUp) -> Refusable {
        let SignUp { name, password, grant } = sign_up;
        if self.state.logins.contains_key(&name) {
            return Ok(Err(Reject::NameTaken));
        }
        if let Some(reject) = grant.iter().find_map(|granted| self.ungrantable(*granted)) {
            return Ok(Err(reject));
        }
        let opened = match self.create_account(CreateAccount { id: None, tier: 0 })? {
            Ok(Answer::AccountCreated(account)) => account,
            other => return Ok(other),
        };
        let set_at = self.state.time;
        self.change(Change::LoginSet(Login { name, account: opened, password, set_at }))?;
        for (asset, amount) in grant {
            // Checked above: from here on a refusal is a fault.
            self.transfer(Transfer { account: opened, asset, amount, request_id: None }, true)??;
        }
        Ok(Ok(Answer::AccountCreated(opened)))
    }

    fn ungrantable(&self, (asset, amount): (AssetId, Amount)) -> Option<Reject> {
        if self.catalogue.asset(asset).is_none() {
            return Some(Reject::UnknownAsset);
        }
        if amount <= Amount::ZERO {
            return Some(Reject::ZeroAmount);
        }
        self.state.external.get(asset).minus(amount).err()
    }

    pub(super) fn change_password(&mut self, change: ChangePassword) -> Refusable {
        let ChangePassword { account, name, password } = change;
        if self.state.logins.get(&name).is_none_or(|login| login.account != account) {
            return Ok(Err(Reject::UnknownLogin));
        }
        let set_at = self.state.time;
        self.change(Change::LoginSet(Login { name, account, password, set_at }))?;
        Ok(Ok(Answer::PasswordChanged))
    }
}

impl AccountState {
    fn keys_of(&self, account: AccountId) -> impl Iterator<Item = &CreateApiKey> {
        self.keys.values().filter(move |key| key.account == account)
    }

    /// Returns an account's API keys, the oldest first.
    pub(super) fn api_keys(&self, account: AccountId) -> Vec<CreateApiKey> {
        let mut keys: Vec<_> = self.keys_of(account).cloned().collect();
        keys.sort_by_key(|key| key.created_at); // stable: keys of one instant stay in the order of their names
        keys
    }
}
