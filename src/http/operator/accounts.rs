//! The operator's routes: accounts, keys, deposits and withdrawals.

use serde::Deserialize;

use crate::{
    domain::{
        messages::{
            command::{AccountCommand, Answer, CreateAccount, Permission, Transfer},
            reject::Reject,
        },
        types::id::{AccountId, ID_LIMIT},
    },
    http::{
        gateway::no_account,
        routing::request_context::{Reply, RequestContext, mismatched},
        users::keys::{self, KeyType, NewKey},
        wire::{
            error::{ApiError, Operation},
            params::check_request_id,
        },
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
    account_id: Option<u64>,
    #[serde(default, rename = "type")]
    kind: KeyType,
    #[serde(default)]
    label: String,
    permissions: Vec<Permission>,
    public_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RevokeBody {
    account_id: Option<u64>,
    api_key: String,
}

/// Money is text here too: a JSON number is rejected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TransferBody {
    account_id: Option<u64>,
    asset: String,
    amount: String,
    request_id: Option<String>,
}

/// Reads an account's id. No account has number 0.
///
/// # Errors
/// -1130.
fn account_id(value: u64, name: &str) -> Result<AccountId, ApiError> {
    match value {
        1..ID_LIMIT => Ok(AccountId::new(value)),
        _ => Err(no_account(name)),
    }
}

/// Reads the account a request is about.
///
/// # Errors
/// -1102 when it is missing, -1130.
pub(super) fn owner(value: Option<u64>) -> Result<AccountId, ApiError> {
    let name = "accountId";
    account_id(value.ok_or_else(|| ApiError::missing_parameter(name))?, name)
}

/// Names the account in a refusal because it does not exist.
pub(super) fn naming(error: ApiError, account: AccountId) -> ApiError {
    match error.reject() {
        Some(Reject::UnknownAccount) => ApiError::unknown_account("accountId", account),
        _ => error,
    }
}

/// `POST /x/v1/operator/accounts`
pub(crate) async fn create_account(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let body: AccountBody = call.json()?;
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
pub(crate) async fn create_key(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let KeyBody { account_id: id, kind, label, permissions, public_key } = call.json()?;
    let account = owner(id)?;
    let made = keys::create_for(call, account, NewKey { kind, label, permissions, public_key }).await;
    made.map_err(|error| naming(error, account))
}

/// `DELETE /x/v1/operator/keys`
pub(crate) async fn revoke_key(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let RevokeBody { account_id: id, api_key } = call.json()?;
    let account = owner(id)?;
    keys::revoke_for(call, account, api_key).await.map_err(|error| naming(error, account))
}

/// `POST /x/v1/operator/deposit`
pub(crate) async fn deposit(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    transfer(call, AccountCommand::Deposit).await
}

/// `POST /x/v1/operator/withdraw`
pub(crate) async fn withdraw(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    transfer(call, AccountCommand::Withdraw).await
}

async fn transfer(
    call: &RequestContext<'_>,
    command: fn(Transfer) -> AccountCommand,
) -> Result<Reply, ApiError> {
    let body: TransferBody = call.json()?;
    let account = owner(body.account_id)?;
    let refused = |reject: Reject| ApiError::refused(reject, Operation::Operate);
    let instruments = &call.instruments;
    let asset = instruments.asset_named(&body.asset);
    let asset = asset.ok_or_else(|| ApiError::unknown_asset("asset", &body.asset, instruments))?;
    check_request_id(body.request_id.as_deref())?;
    let transfer = Transfer {
        account,
        asset: asset.id,
        amount: asset.parse_amount(&body.amount).map_err(refused)?,
        request_id: body.request_id,
    };
    match call.command(command(transfer), Operation::Operate).await.map_err(|error| naming(error, account))? {
        Answer::Transferred { free, held } => Ok(Reply::write(128, |json| {
            json.object(|json| {
                json.field("accountId").number(account.get());
                json.field("asset").text(asset.name());
                json.field("free").units(asset.units(free));
                json.field("locked").units(asset.units(held));
            });
        })),
        _ => Err(mismatched()),
    }
}
