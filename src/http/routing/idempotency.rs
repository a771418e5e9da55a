//! `X-Idempotency-Key`: an order sent again under its key is placed once.

use actix_web::HttpRequest;

use crate::{
    domain::messages::command::{AccountCommand, IdempotencyKey, REQUEST_ID_LEN_MAX},
    http::wire::{error::ApiError, params::Params},
};

const HEADER: &str = "X-Idempotency-Key";
/// The key's parameter on the WebSocket API, which has no headers.
const PARAMETER: &str = "idempotencyKey";

/// Parameters that may differ between two copies of the same request.
const PASSING: [&str; 5] = ["timestamp", "recvWindow", "signature", "apiKey", PARAMETER];

/// Reads the key of a request that places an order; other requests are safe to repeat without one.
///
/// # Errors
/// -1100 unless it is 1 to 64 printable characters.
pub(crate) fn key(
    (request, params): (Option<&HttpRequest>, &Params<'_>),
    path: &str,
    command: &AccountCommand,
) -> Result<Option<IdempotencyKey>, ApiError> {
    if !matches!(command, AccountCommand::Place(_) | AccountCommand::Replace(_)) {
        return Ok(None);
    }
    let value = match request {
        Some(request) => request.headers().get(HEADER).map(|value| value.to_str().unwrap_or_default()),
        None => params.get(PARAMETER),
    };
    let Some(value) = value else { return Ok(None) };
    let is_legal = |text: &&str| {
        !text.is_empty()
            && text.len() <= REQUEST_ID_LEN_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let name = if request.is_some() { HEADER } else { PARAMETER };
    let id = Some(value).filter(is_legal).ok_or_else(|| ApiError::illegal(name, "^[!-~]{1,64}$"))?;
    Ok(Some(IdempotencyKey { id: id.to_owned(), fingerprint: fingerprint(path, params) }))
}

/// Rejects the key of a request that places several orders: it would name only the first of them.
///
/// # Errors
/// -1106 when there is a key.
pub(crate) fn refuse(request: Option<&HttpRequest>, params: &Params<'_>) -> Result<(), ApiError> {
    match request.and_then(|request| request.headers().get(HEADER)) {
        Some(_) => Err(ApiError::not_required(HEADER)),
        None => params.forbidden(PARAMETER),
    }
}

/// Hashes the content of a request, independent of the order and place of its parameters.
fn fingerprint(path: &str, params: &Params<'_>) -> u128 {
    let mut params: Vec<(&str, &str)> = params.pairs().collect();
    params.retain(|(name, _)| !PASSING.contains(name));
    params.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(path);
    for (name, value) in params {
        add(name);
        add(value);
    }
    let [low, high] = [0, 8].map(|start| {
        let mut word = [0; 8];
        word.copy_from_slice(&hasher.finalize().as_bytes()[start..start + 8]);
        u64::from_le_bytes(word)
    });
    u128::from(high) << 64 | u128::from(low)
}
