//! The operator's part of the API: accounts, keys, deposits, withdrawals and trading rules.

use awc::http::Method;
use serde_json::{Value, json};

use super::{Client, ClientError, Credentials};

const ACCOUNTS: &str = "/x/v1/operator/accounts";
const STATUSES: &str = "/x/v1/operator/accounts/status";
const TIERS: &str = "/x/v1/operator/accounts/tier";
const KEYS: &str = "/x/v1/operator/keys";
const DEPOSITS: &str = "/x/v1/operator/deposit";
const WITHDRAWALS: &str = "/x/v1/operator/withdraw";
const SYMBOLS: &str = "/x/v1/operator/symbols";

/// A balance after a transfer, as decimal strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transferred {
    /// What is available.
    pub free: String,
    /// What is held for open orders.
    pub locked: String,
}

/// A change of an account's status.
#[derive(Debug, Clone, Copy)]
pub struct NewStatus<'a> {
    /// Whose status.
    pub account: u64,
    /// `ACTIVE`, `CANCEL_ONLY`, `FROZEN` or `CLOSED`.
    pub status: &'a str,
    /// Whether its open orders are cancelled in the same step.
    pub cancel_orders: bool,
    /// The operator's reason.
    pub reason: &'a str,
}

/// A change of an account's fee tier and its exemption from the limits of unfilled orders.
#[derive(Debug, Clone, Copy)]
pub struct NewTier<'a> {
    /// Whose tier.
    pub account: u64,
    /// The tier; `None` keeps it.
    pub tier: Option<u8>,
    /// Whether it is exempt; `None` keeps it.
    pub unlimited: Option<bool>,
    /// The operator's reason.
    pub reason: &'a str,
}

/// A deposit or withdrawal.
#[derive(Debug, Clone, Copy)]
pub struct Transfer<'a> {
    /// Whose balance.
    pub account: u64,
    /// Of which asset.
    pub asset: &'a str,
    /// How much, as a decimal string.
    pub amount: &'a str,
    /// Makes a retry safe.
    pub request_id: Option<&'a str>,
}

/// An API key to create.
#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    /// Whose key.
    pub account: u64,
    /// `HMAC`, `ED25519` or `RSA`.
    pub kind: &'a str,
    /// Its label.
    pub label: &'a str,
    /// `TRADE`, `USER_DATA` or both.
    pub permissions: &'a [&'a str],
    /// The public key of an Ed25519 or RSA key, in PEM.
    pub public_key: Option<&'a str>,
}

/// A created key.
pub struct MadeKey {
    /// The public part.
    pub key: String,
    /// The secret part of an HMAC key.
    pub secret: Option<String>,
}

impl std::fmt::Debug for MadeKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MadeKey").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Client {
    /// Opens an account and returns its id; the server chooses one when `id` is none. The limits of unfilled orders do
    /// not hold for an `unlimited` one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_account(
        &self,
        id: Option<u64>,
        tier: u8,
        unlimited: bool,
    ) -> Result<u64, ClientError> {
        let mut body = json!({ "tier": tier, "unlimited": unlimited });
        if let Some(id) = id {
            body["id"] = id.into();
        }
        let answer = self.operate(Method::POST, ACCOUNTS, &body).await?;
        answer["accountId"].as_u64().ok_or_else(|| unexpected(ACCOUNTS, "no accountId"))
    }

    /// Sets an account's status, and returns how many of its open orders are being cancelled.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_account_status(&self, new: NewStatus<'_>) -> Result<u64, ClientError> {
        let NewStatus { account, status, cancel_orders, reason } = new;
        let body = json!({
            "accountId": account,
            "status": status,
            "cancelOrders": cancel_orders,
            "reason": reason,
        });
        let answer = self.operate(Method::POST, STATUSES, &body).await?;
        answer["cancelling"].as_u64().ok_or_else(|| unexpected(STATUSES, "no cancelling"))
    }

    /// Sets an account's fee tier and its exemption, and returns both as they are now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_account_tier(&self, new: NewTier<'_>) -> Result<(u64, bool), ClientError> {
        let NewTier { account, tier, unlimited, reason } = new;
        let body = json!({ "accountId": account, "tier": tier, "unlimited": unlimited, "reason": reason });
        let answer = self.operate(Method::POST, TIERS, &body).await?;
        let both = answer["tier"].as_u64().zip(answer["unlimited"].as_bool());
        both.ok_or_else(|| unexpected(TIERS, "no tier and unlimited"))
    }

    /// Creates an HMAC key with permissions such as `TRADE` and `USER_DATA`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_key(&self, account: u64, permissions: &[&str]) -> Result<Credentials, ClientError> {
        let wanted = NewKey { account, kind: "HMAC", label: "", permissions, public_key: None };
        let MadeKey { key, secret } = self.make_key(wanted).await?;
        let secret = secret.ok_or_else(|| unexpected(KEYS, "no secretKey"))?;
        Ok(Credentials { key, secret })
    }

    /// Creates an API key of any kind.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn make_key(&self, wanted: NewKey<'_>) -> Result<MadeKey, ClientError> {
        let NewKey { account, kind, label, permissions, public_key } = wanted;
        let mut body =
            json!({ "accountId": account, "type": kind, "label": label, "permissions": permissions });
        if let Some(pem) = public_key {
            body["publicKey"] = pem.into();
        }
        let answer = self.operate(Method::POST, KEYS, &body).await?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let key = text("apiKey").ok_or_else(|| unexpected(KEYS, "no apiKey"))?;
        Ok(MadeKey { key, secret: text("secretKey") })
    }

    /// Revokes an API key.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_key(&self, account: u64, key: &str) -> Result<(), ClientError> {
        let body = json!({ "accountId": account, "apiKey": key });
        self.operate(Method::DELETE, KEYS, &body).await.map(|_| ())
    }

    /// Credits an account.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn deposit(&self, transfer: Transfer<'_>) -> Result<Transferred, ClientError> {
        self.transfer(DEPOSITS, transfer).await
    }

    /// Debits an account.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn withdraw(&self, transfer: Transfer<'_>) -> Result<Transferred, ClientError> {
        self.transfer(WITHDRAWALS, transfer).await
    }

    /// Returns the symbols with their trading rules, as the server describes them.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn trading_rules(&self) -> Result<Vec<Value>, ClientError> {
        match self.operate(Method::GET, SYMBOLS, &Value::Null).await? {
            Value::Array(symbols) => Ok(symbols),
            _ => Err(unexpected(SYMBOLS, "no list")),
        }
    }

    /// Changes trading rules of a symbol: `change` has the new ones by name, and the symbol. Returns its rules now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change_rules(&self, change: &Value) -> Result<Value, ClientError> {
        self.operate(Method::PUT, SYMBOLS, change).await
    }

    async fn transfer(&self, path: &str, transfer: Transfer<'_>) -> Result<Transferred, ClientError> {
        let mut body = json!({
            "accountId": transfer.account,
            "asset": transfer.asset,
            "amount": transfer.amount,
        });
        if let Some(id) = transfer.request_id {
            body["requestId"] = id.into();
        }
        let answer = self.operate(Method::POST, path, &body).await?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let balance = text("free").zip(text("locked"));
        let (free, locked) = balance.ok_or_else(|| unexpected(path, "no free and locked"))?;
        Ok(Transferred { free, locked })
    }
}

/// Returns the error for an answer that is not as documented: of which path, and why.
pub fn unexpected(path: &str, reason: &str) -> ClientError {
    ClientError::Unexpected { url: path.to_owned(), reason: reason.to_owned() }
}

/// Returns a member of an answer.
///
/// # Errors
/// It is not there; the error names it.
pub fn member<'a>(answer: &'a Value, name: &str) -> Result<&'a Value, ClientError> {
    answer.get(name).ok_or_else(|| unexpected("answer", &format!("no {name}")))
}
