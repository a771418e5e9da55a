//! The operator's routes: accounts, keys, deposits and withdrawals.

use serde::Deserialize;

use super::{
    call::{Call, Reply, mismatched},
    error::{ApiError, Operation},
};
use crate::{
    auth::KeyPair,
    domain::{
        command::{
            AccountCommand, Answer, CreateAccount, CreateApiKey, Permissions, REQUEST_ID_LEN_MAX, Transfer,
        },
        id::{AccountId, ID_LIMIT},
        reject::Reject,
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountBody {
    id: Option<u64>,
    #[serde(default)]
    tier: u8,
    #[serde(default)]
    unlimited: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct KeyBody {
    account_id: u64,
    permissions: Vec<Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Permission {
    Trade,
    UserData,
}

/// Money is text here too: a JSON number is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TransferBody {
    account_id: u64,
    asset: String,
    amount: String,
    request_id: Option<String>,
}

fn read<'a, T: Deserialize<'a>>(call: &Call<'a>) -> Result<T, ApiError> {
    serde_json::from_slice(call.body).map_err(|_| ApiError::json())
}

fn account_id(value: u64, name: &str) -> Result<AccountId, ApiError> {
    if value < ID_LIMIT { Ok(AccountId::new(value)) } else { Err(ApiError::invalid(name)) }
}

/// `POST /x/v1/operator/accounts`
pub(super) async fn create_account(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body: AccountBody = read(call)?;
    let id = body.id.map(|id| account_id(id, "id")).transpose()?;
    let create = CreateAccount { id, tier: body.tier, is_unlimited: body.unlimited };
    let command = AccountCommand::CreateAccount(create);
    match call.command(command, Operation::Operate).await? {
        Answer::AccountCreated(account) => Ok(Reply::write(32, |json| {
            json.object(|json| json.field("accountId").number(account.get()));
        })),
        _ => Err(mismatched()),
    }
}

/// `POST /x/v1/operator/keys`
pub(super) async fn create_key(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body: KeyBody = read(call)?;
    let mut permissions = Permissions::default();
    for permission in body.permissions {
        match permission {
            Permission::Trade => permissions.trade = true,
            Permission::UserData => permissions.user_data = true,
        }
    }
    let pair = KeyPair::generate().map_err(|error| {
        tracing::error!(%error, "no key could be made");
        ApiError::internal()
    })?;
    let command = AccountCommand::CreateApiKey(CreateApiKey {
        account: account_id(body.account_id, "accountId")?,
        key: pair.key.clone(),
        secret: pair.secret.clone(),
        permissions,
    });
    match call.command(command, Operation::Operate).await? {
        Answer::ApiKeyCreated => Ok(Reply::write(192, |json| {
            json.object(|json| {
                json.field("apiKey").text(&pair.key);
                json.field("secretKey").text(&pair.secret);
            });
        })),
        _ => Err(mismatched()),
    }
}

/// `POST /x/v1/operator/deposit`
pub(super) async fn deposit(call: &Call<'_>) -> Result<Reply, ApiError> {
    transfer(call, AccountCommand::Deposit).await
}

/// `POST /x/v1/operator/withdraw`
pub(super) async fn withdraw(call: &Call<'_>) -> Result<Reply, ApiError> {
    transfer(call, AccountCommand::Withdraw).await
}

async fn transfer(call: &Call<'_>, command: fn(Transfer) -> AccountCommand) -> Result<Reply, ApiError> {
    let body: TransferBody = read(call)?;
    let refused = |reject: Reject| ApiError::refused(reject, Operation::Operate);
    let asset = call.state.exchange().catalogue().asset_named(&body.asset);
    let asset = asset.ok_or_else(|| refused(Reject::UnknownAsset))?;
    if body.request_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > REQUEST_ID_LEN_MAX) {
        return Err(ApiError::invalid("requestId"));
    }
    let account = account_id(body.account_id, "accountId")?;
    let transfer = Transfer {
        account,
        asset: asset.id,
        amount: asset.parse_amount(&body.amount).map_err(refused)?,
        request_id: body.request_id,
    };
    match call.command(command(transfer), Operation::Operate).await? {
        Answer::Transferred { free, frozen } => Ok(Reply::write(128, |json| {
            json.object(|json| {
                json.field("accountId").number(account.get());
                json.field("asset").text(asset.name());
                json.field("free").units(asset.units(free));
                json.field("locked").units(asset.units(frozen));
            });
        })),
        _ => Err(mismatched()),
    }
}
