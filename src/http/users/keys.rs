//! API keys: those an account creates and those an operator issues.

use serde::Deserialize;

use crate::{
    auth::{self, KeyPair, PublicKeyError},
    domain::{
        account::{AccountQuery, AccountView},
        messages::{
            command::{AccountCommand, Answer, CreateApiKey, Permission, Permissions},
            credential::{KeyMaterial, LABEL_LEN_MAX, RevokeApiKey},
        },
        types::id::AccountId,
    },
    http::{
        auth::authenticate::{require_csrf, session},
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::{
            error::{ApiError, Operation},
            json::Json,
        },
    },
};

/// The type of a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum KeyType {
    #[default]
    Hmac,
    Ed25519,
    Rsa,
}

/// The requested key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewKey {
    #[serde(rename = "type")]
    pub(crate) kind: KeyType,
    #[serde(default)]
    pub(crate) label: String,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) public_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RevokeBody {
    api_key: String,
}

/// `GET /x/v1/keys`
pub(crate) async fn list(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let account = session(call.state, call.http()?)?.account;
    match call.query_account(account, AccountQuery::ApiKeys, Operation::Query).await? {
        AccountView::ApiKeys(keys) => Ok(Reply::write(256 * keys.len() + 2, |json| {
            json.array(|json| {
                for key in &keys {
                    json.item();
                    write(json, key, None);
                }
            });
        })),
        _ => Err(mismatched()),
    }
}

/// `POST /x/v1/keys`
pub(crate) async fn create(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    require_csrf(call.http()?, &session)?;
    let key = call.json()?;
    create_for(call, session.account, key).await
}

/// `DELETE /x/v1/keys`
pub(crate) async fn revoke(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    require_csrf(call.http()?, &session)?;
    let RevokeBody { api_key } = call.json()?;
    revoke_for(call, session.account, api_key).await
}

/// Creates a key for an account.
///
/// # Errors
/// -1130 for an invalid label, permissions or public key, or the refusal.
pub(crate) async fn create_for(
    call: &RequestContext<'_>,
    account: AccountId,
    wanted: NewKey,
) -> Result<Reply, ApiError> {
    let NewKey { kind, label, permissions, public_key } = wanted;
    if label.len() > LABEL_LEN_MAX || label.chars().any(char::is_control) {
        let why = format!("at most {LABEL_LEN_MAX} bytes, without control characters");
        return Err(ApiError::unacceptable("label", &why));
    }
    if permissions.is_empty() {
        return Err(ApiError::unacceptable("permissions", "at least one of TRADE and USER_DATA"));
    }
    let permissions = Permissions::of(&permissions);
    let pair = KeyPair::generate().map_err(|error| {
        tracing::error!(%error, "no key could be made");
        ApiError::internal()
    })?;
    let refused = |error: PublicKeyError| ApiError::unacceptable("publicKey", &error.to_string());
    let material = match (kind, public_key) {
        (KeyType::Hmac, None) => KeyMaterial::Hmac(pair.secret.clone()),
        (KeyType::Ed25519, Some(pem)) => auth::read_ed25519(&pem).map_err(refused)?,
        (KeyType::Rsa, Some(pem)) => auth::read_rsa(&pem).map_err(refused)?,
        (KeyType::Hmac, Some(_)) => return Err(ApiError::not_required("publicKey")),
        (KeyType::Ed25519 | KeyType::Rsa, None) => return Err(ApiError::missing_parameter("publicKey")),
    };
    let secret = matches!(material, KeyMaterial::Hmac(_)).then_some(pair.secret);
    let created_at = call.state.exchange().now();
    let key = CreateApiKey { account, key: pair.key, material, permissions, label, created_at };
    match call.command(AccountCommand::CreateApiKey(key.clone()), Operation::Operate).await? {
        Answer::ApiKeyCreated => Ok(Reply::write(384, |json| write(json, &key, secret.as_deref()))),
        _ => Err(mismatched()),
    }
}

/// Revokes a key of an account.
///
/// # Errors
/// -1130 when the account has no such key.
pub(crate) async fn revoke_for(
    call: &RequestContext<'_>,
    account: AccountId,
    key: String,
) -> Result<Reply, ApiError> {
    let command = AccountCommand::RevokeApiKey(RevokeApiKey { account, key });
    match call.command(command, Operation::Operate).await? {
        Answer::ApiKeyRevoked => Ok(Reply::json("{}".to_owned())),
        _ => Err(mismatched()),
    }
}

fn write(json: &mut Json, key: &CreateApiKey, secret: Option<&str>) {
    json.object(|json| {
        json.field("apiKey").text(&key.key);
        json.field("type").text(key.material.kind());
        json.field("label").text(&key.label);
        json.field("permissions").array(|json| {
            key.permissions.list().for_each(|permission| json.item().text(permission.name()));
        });
        json.field("createTime").number(key.created_at.millis());
        if let Some(secret) = secret {
            json.field("secretKey").text(secret);
        }
    });
}
