//! Creates and revokes API keys, signs users up, and changes passwords.

use super::{
    change::Change,
    slot::{Refusable, Turn},
    state::AccountState,
};
use crate::domain::{
    messages::{
        command::{Answer, CreateAccount, CreateApiKey, Transfer},
        credential::{ChangePassword, KEYS_MAX, LABEL_LEN_MAX, Login, RevokeApiKey, SignUp},
        reject::Reject,
        standing::Action,
    },
    types::{
        id::{AccountId, AssetId},
        money::Amount,
    },
};

impl Turn<'_> {
    pub(super) fn create_api_key(&mut self, create: CreateApiKey) -> Refusable<Answer> {
        let Some(account) = self.state.accounts.get(&create.account) else {
            return Ok(Err(Reject::UnknownAccount));
        };
        if self.state.keys.contains_key(&create.key) {
            return Ok(Err(Reject::KeyExists));
        }
        if let Err(reject) = account.marks.status.check(Action::CreateKey) {
            return Ok(Err(reject));
        }
        if create.label.len() > LABEL_LEN_MAX {
            return Ok(Err(Reject::Overflow));
        }
        if self.state.keys_of(create.account).count() >= KEYS_MAX {
            return Ok(Err(Reject::TooManyKeys));
        }
        self.change(Change::ApiKeyCreated(Box::new(create)))?;
        Ok(Ok(Answer::ApiKeyCreated))
    }

    pub(super) fn revoke_api_key(&mut self, revoke: RevokeApiKey) -> Refusable<Answer> {
        // A key of another account is rejected like one that does not exist.
        let RevokeApiKey { account, key } = revoke;
        if self.state.keys.get(&key).is_none_or(|key| key.account != account || key.is_remnant()) {
            return Ok(Err(Reject::UnknownKey));
        }
        self.change(Change::ApiKeyRevoked(key))?;
        if !self.state.has_owner(account) {
            self.change(Change::ApiKeyCreated(Box::new(CreateApiKey::remnant(account, self.state.time))))?;
        }
        Ok(Ok(Answer::ApiKeyRevoked))
    }

    /// Opens the account, stores the login and credits the grant in one input: there is no account without a login, and
    /// no login without its grant.
    pub(super) fn sign_up(&mut self, sign_up: SignUp) -> Refusable<Answer> {
        let SignUp { name, password, grant } = sign_up;
        if self.state.logins.contains_key(&name) {
            return Ok(Err(Reject::NameTaken));
        }
        if let Some(reject) = grant.iter().find_map(|granted| self.ungrantable(*granted)) {
            return Ok(Err(reject));
        }
        let opened = match self.create_account(CreateAccount { id: None, tier: 0, is_unlimited: false })? {
            Ok(Answer::AccountCreated(account)) => account,
            other => return Ok(other),
        };
        let set_at = self.state.time;
        self.change(Change::LoginSet(Box::new(Login { name, account: opened, password, set_at })))?;
        for (asset, amount) in grant {
            // Checked above: from here on a reject is a fault.
            self.transfer(Transfer { account: opened, asset, amount, request_id: None }, true)??;
        }
        Ok(Ok(Answer::AccountCreated(opened)))
    }

    fn ungrantable(&self, (asset, amount): (AssetId, Amount)) -> Option<Reject> {
        if self.instruments.asset(asset).is_none() {
            return Some(Reject::UnknownAsset);
        }
        if amount <= Amount::ZERO {
            return Some(Reject::ZeroAmount);
        }
        self.state.external.get(asset).minus(amount).err()
    }

    pub(super) fn change_password(&mut self, change: ChangePassword) -> Refusable<Answer> {
        let ChangePassword { account, name, password } = change;
        if self.state.logins.get(&name).is_none_or(|login| login.account != account) {
            return Ok(Err(Reject::UnknownLogin));
        }
        let set_at = self.state.time;
        self.change(Change::LoginSet(Box::new(Login { name, account, password, set_at })))?;
        Ok(Ok(Answer::PasswordChanged))
    }
}

impl AccountState {
    fn keys_of(&self, account: AccountId) -> impl Iterator<Item = &CreateApiKey> {
        self.keys.values().filter(move |key| key.account == account && !key.is_remnant())
    }

    /// Returns whether an account has a login, or has or had an API key.
    pub(super) fn has_owner(&self, account: AccountId) -> bool {
        self.keys.values().any(|key| key.account == account)
            || self.logins.values().any(|login| login.account == account)
    }

    /// Returns an account's API keys, the oldest first.
    pub(super) fn api_keys(&self, account: AccountId) -> Vec<CreateApiKey> {
        let mut keys: Vec<_> = self.keys_of(account).cloned().collect();
        keys.sort_by_key(|key| key.created_at); // stable: keys of one instant stay in the order of their names
        keys
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        account::{AccountFrame, AccountInput, AccountOutput, AccountQuery, AccountSlot, AccountView},
        messages::{
            command::{AccountCommand, Permissions},
            credential::{KeyMaterial, LoginName, PasswordHash},
        },
        testing::sample,
        types::{id::CommandId, time::Timestamp},
    };

    const USDT: AssetId = AssetId::new(2);

    /// A slot, and another one replayed from its frames.
    struct Bench {
        live: AccountSlot,
        replayed: AccountSlot,
        next: u64,
    }

    impl Bench {
        fn new() -> Self {
            let instruments = Arc::new(sample::instruments().unwrap());
            let slot = || AccountSlot::new(name("ada").slot(), Arc::clone(&instruments));
            Self { live: slot(), replayed: slot(), next: 0 }
        }

        /// Handles a command; a reject must change nothing, and replay must reach the same state.
        fn command(&mut self, command: AccountCommand) -> Result<Answer, Reject> {
            self.next += 1;
            let (mut out, before) = (AccountOutput::default(), self.live.hash());
            let input = AccountInput::Command { id: CommandId::new(self.next), command, key: None };
            self.live.handle(input, Timestamp::from_micros(self.next), &mut out).unwrap();
            let (_, answer) = out.answers.remove(0);
            assert_eq!(answer.is_err(), self.live.hash() == before, "{answer:?}");
            if let Some(head) = out.frame {
                self.replayed.replay(&AccountFrame { head, changes: out.changes }).unwrap();
            }
            assert_eq!(self.replayed.hash(), self.live.hash());
            self.live.check().unwrap();
            answer
        }

        fn sign_up(&mut self, who: &str, grant: &[(AssetId, i128)]) -> Result<AccountId, Reject> {
            let grant = grant.iter().map(|(asset, units)| (*asset, Amount::new(*units))).collect();
            let sign_up = SignUp { name: name(who), password: hash("one"), grant };
            self.command(AccountCommand::SignUp(sign_up)).map(|answer| match answer {
                Answer::AccountCreated(account) => account,
                other => panic!("{other:?}"),
            })
        }

        fn create_key(&mut self, account: AccountId, key: &str) -> Result<Answer, Reject> {
            self.command(AccountCommand::CreateApiKey(CreateApiKey {
                account,
                key: key.to_owned(),
                material: KeyMaterial::Hmac("secret".to_owned()),
                permissions: Permissions::default(),
                label: String::new(),
                created_at: Timestamp::from_micros(self.next),
            }))
        }

        fn revoke(&mut self, account: AccountId, key: &str) -> Result<Answer, Reject> {
            self.command(AccountCommand::RevokeApiKey(RevokeApiKey { account, key: key.to_owned() }))
        }

        fn keys(&self, account: AccountId) -> Vec<String> {
            match self.live.query(account, &AccountQuery::ApiKeys, Timestamp::default()) {
                Ok(AccountView::ApiKeys(keys)) => keys.into_iter().map(|key| key.key).collect(),
                other => panic!("{other:?}"),
            }
        }
    }

    fn name(text: &str) -> LoginName {
        LoginName::parse(text).unwrap()
    }

    fn hash(text: &str) -> PasswordHash {
        PasswordHash::new(text.to_owned())
    }

    #[test]
    fn who_signs_up_gets_account_login_and_grant_in_one_input() {
        let mut bench = Bench::new();
        let ada = bench.sign_up("ada", &[(USDT, 500), (AssetId::new(1), 3)]).unwrap();
        assert_eq!(ada.slot(), name("ada").slot());
        assert_eq!(bench.live.seq(), 1);
        let logins: Vec<_> = bench.live.logins().map(|login| (login.name.as_str(), login.account)).collect();
        assert_eq!(logins, [("ada", ada)]);
        assert_eq!(bench.live.totals(USDT).unwrap().accounts, Amount::new(500));
        assert_eq!(bench.sign_up("ada", &[]), Err(Reject::NameTaken));
        assert_ne!(bench.sign_up("another", &[]), Ok(ada));
    }

    #[test]
    fn a_grant_that_cannot_be_credited_opens_no_account() {
        let mut bench = Bench::new();
        for (asset, units, reject) in [
            (USDT, 0, Reject::ZeroAmount),
            (USDT, -1, Reject::ZeroAmount),
            (AssetId::new(9), 1, Reject::UnknownAsset),
        ] {
            assert_eq!(bench.sign_up("ada", &[(AssetId::new(1), 1), (asset, units)]), Err(reject));
        }
        assert_eq!((bench.live.account_count(), bench.live.logins().count()), (0, 0));
    }

    #[test]
    fn a_password_is_changed_by_its_own_account_alone() {
        let mut bench = Bench::new();
        let ada = bench.sign_up("ada", &[]).unwrap();
        let other = bench.sign_up("another", &[]).unwrap();
        let mut change = |account, who: &str| {
            let change = ChangePassword { account, name: name(who), password: hash("two") };
            bench.command(AccountCommand::ChangePassword(change))
        };
        assert_eq!(change(other, "ada"), Err(Reject::UnknownLogin));
        assert_eq!(change(ada, "nobody"), Err(Reject::UnknownLogin));
        assert_eq!(change(ada, "ada"), Ok(Answer::PasswordChanged));
        let passwords: Vec<_> = bench.live.logins().map(|login| login.password.expose()).collect();
        assert_eq!(passwords, ["two", "one"]);
    }

    #[test]
    fn keys_are_counted_per_account_and_revoked_by_their_owner() {
        let mut bench = Bench::new();
        let (ada, other) = (bench.sign_up("ada", &[]).unwrap(), bench.sign_up("another", &[]).unwrap());
        for index in 0..KEYS_MAX {
            assert_eq!(bench.create_key(ada, &format!("key{}", KEYS_MAX - index)), Ok(Answer::ApiKeyCreated));
        }
        assert_eq!(bench.keys(ada)[..2], ["key30", "key29"], "the oldest first");
        assert_eq!(bench.create_key(ada, "one too many"), Err(Reject::TooManyKeys));
        assert_eq!(bench.create_key(other, "key1"), Err(Reject::KeyExists));
        assert_eq!(bench.create_key(other, "of another"), Ok(Answer::ApiKeyCreated));
        assert_eq!(bench.revoke(other, "key1"), Err(Reject::UnknownKey));
        assert_eq!(bench.revoke(ada, "of another"), Err(Reject::UnknownKey));
        assert_eq!(bench.revoke(ada, "key1"), Ok(Answer::ApiKeyRevoked));
        assert_eq!(bench.revoke(ada, "key1"), Err(Reject::UnknownKey));
        assert_eq!(bench.create_key(ada, "in its place"), Ok(Answer::ApiKeyCreated));
        let unknown = AccountId::new(5);
        assert_eq!(bench.create_key(unknown, "x"), Err(Reject::UnknownAccount));
    }

    #[test]
    fn an_account_that_had_a_key_or_has_a_login_has_an_owner_for_good() {
        let mut bench = Bench::new();
        let ada = bench.sign_up("ada", &[]).unwrap();
        let create = CreateAccount { id: None, tier: 0, is_unlimited: false };
        let Ok(Answer::AccountCreated(program)) = bench.command(AccountCommand::CreateAccount(create)) else {
            panic!("no account");
        };
        assert!(bench.live.has_owner(ada) && !bench.live.has_owner(program));
        for key in ["one", "two"] {
            bench.create_key(program, key).unwrap();
        }
        for key in ["one", "two"] {
            bench.revoke(program, key).unwrap();
            assert!(bench.live.has_owner(program) && bench.replayed.has_owner(program));
        }
        assert!(bench.keys(program).is_empty(), "the remnant is no key");
        let remnant = format!("revoked-of-{program}");
        assert_eq!(bench.revoke(program, &remnant), Err(Reject::UnknownKey));
        for index in 0..KEYS_MAX {
            assert_eq!(
                bench.create_key(program, &index.to_string()),
                Ok(Answer::ApiKeyCreated),
                "it does not count"
            );
        }
        assert_eq!(bench.keys(program).len(), KEYS_MAX);
    }
}
