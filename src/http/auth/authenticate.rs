//! Decides who is calling: a signature, a browser session or the operator's token.

use std::{borrow::Cow, sync::Arc};

use actix_web::{HttpRequest, http::header};
use percent_encoding::percent_decode;

use super::{
    audit::Claim,
    caller::{Caller, request_id},
    origin::{Origin, origin},
    security::Security,
};
use crate::{
    auth::{self, ApiKey, KeyDirectory, ReceiveWindow, Session, SignedPart, WindowError},
    domain::types::time::Timestamp,
    http::{
        server::{client_ip::client_address, request_line::query_string},
        state::HttpState,
        wire::{error::ApiError, params::Params},
    },
};

/// The header that carries an API key.
pub(crate) const KEY_HEADER: &str = "x-mbx-apikey";
/// The header that proves a request was made by a script of the exchange's own page.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";
/// The cookie of browser sessions.
pub(crate) const COOKIE: &str = "lightning_session";

const RECEIVE_WINDOW: &str = r"^([0-9]{1,5})(\.[0-9]{1,3})?$";

/// Authenticates a request for an endpoint of this security.
///
/// # Errors
/// The first fault found: -2014, -2015, -1102, -1022, -1021; for browsers and the operator -1002.
pub(crate) fn authenticate(
    security: Security,
    state: &HttpState,
    request: &HttpRequest,
    params: &Params<'_>,
    body: &[u8],
) -> Result<Option<Caller>, ApiError> {
    match security {
        Security::Public | Security::Browser | Security::Probe => Ok(None),
        Security::Operator => operator(state, request).map(|()| None),
        Security::Trade | Security::TradeJson | Security::UserData => {
            let key = request.headers().get(KEY_HEADER).filter(|key| !key.is_empty());
            let caller = match key {
                Some(key) => {
                    let key = key.to_str().map_err(|_| ApiError::key_format())?;
                    let query = query_string(request);
                    let query = SignedPart::split(query.as_bytes());
                    let body = SignedPart::split(body);
                    let payload = [query.before, query.after, body.before, body.after];
                    let signature = query.signature.or(body.signature);
                    // Base64 arrives percent-encoded; a bare `+` stays one.
                    let signature = signature.map(|text| -> Cow<'_, [u8]> { percent_decode(text).into() });
                    let proof = Proof { key, payload: &payload, signature: signature.as_deref() };
                    let (key, deadline) = signed(state, params, &proof)?;
                    permit(security, &key)?;
                    Caller { account: key.account, deadline: Some(deadline) }
                }
                None => browser(state, request, params)?,
            };
            Ok(Some(caller))
        }
    }
}

/// Proof that a request comes from the owner of its key.
pub(crate) struct Proof<'a> {
    /// The key.
    pub(crate) key: &'a str,
    /// The signed bytes, in pieces.
    pub(crate) payload: &'a [&'a [u8]],
    /// The signature, if one was sent.
    pub(crate) signature: Option<&'a [u8]>,
}

/// Authenticates a request that names its key among its parameters and signs them all, sorted by name.
///
/// # Errors
/// As [`authenticate`].
pub(crate) fn prove(state: &HttpState, params: &Params<'_>) -> Result<(Arc<ApiKey>, Timestamp), ApiError> {
    let key = params.get("apiKey").filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| ApiError::missing_parameter("apiKey"))?;
    let text = params.signed_text();
    let signature = params.get("signature").map(str::as_bytes);
    signed(state, params, &Proof { key, payload: &[text.as_bytes()], signature })
}

/// Authenticates a signed request.
///
/// # Errors
/// As [`authenticate`].
pub(crate) fn signed(
    state: &HttpState,
    params: &Params<'_>,
    proof: &Proof<'_>,
) -> Result<(Arc<ApiKey>, Timestamp), ApiError> {
    if !KeyDirectory::is_well_formed(proof.key) {
        return Err(ApiError::key_format());
    }
    let stamp = Stamp::read(params)?;
    if matches!(params.get("signature"), None | Some("")) {
        return Err(ApiError::missing_parameter("signature"));
    }
    let key = state.keys().get(proof.key).ok_or_else(ApiError::key_refused)?;
    let signature = proof.signature.ok_or_else(ApiError::bad_signature)?;
    if !key.verifies(proof.payload, signature) {
        return Err(ApiError::bad_signature());
    }
    let deadline = stamp.check(state)?;
    Ok((key, deadline))
}

/// The time of a request and the validity it asks for.
pub(crate) struct Stamp {
    timestamp: Timestamp,
    window: ReceiveWindow,
}

impl Stamp {
    /// Reads `timestamp` and `recvWindow`.
    ///
    /// # Errors
    /// -1102, -1100, -1105, -1108 or -1131.
    pub(crate) fn read(params: &Params<'_>) -> Result<Self, ApiError> {
        let timestamp = match params.get("timestamp") {
            None | Some("") => return Err(ApiError::missing_parameter("timestamp")),
            Some(_) => params.time("timestamp")?,
        };
        let timestamp = timestamp.ok_or_else(|| ApiError::missing_parameter("timestamp"))?;
        let window = match params.optional("recvWindow")? {
            None => ReceiveWindow::default(),
            Some(text) => ReceiveWindow::parse(text).map_err(window_error)?,
        };
        Ok(Self { timestamp, window })
    }

    /// Returns the time until which the request is valid.
    ///
    /// # Errors
    /// -1021.
    pub(crate) fn check(&self, state: &HttpState) -> Result<Timestamp, ApiError> {
        self.window.check(self.timestamp, state.exchange().now()).map_err(window_error)
    }
}

/// Requires that a key may be used for an endpoint of this security.
///
/// # Errors
/// -2015.
pub(crate) fn permit(security: Security, key: &ApiKey) -> Result<(), ApiError> {
    let permitted = match security {
        Security::Trade | Security::TradeJson => key.permissions.trade,
        _ => key.permissions.user_data,
    };
    if permitted { Ok(()) } else { Err(ApiError::key_refused()) }
}

fn window_error(error: WindowError) -> ApiError {
    match error {
        WindowError::Malformed => ApiError::illegal("recvWindow", RECEIVE_WINDOW),
        WindowError::TooLong => ApiError::window_too_long(),
        WindowError::Late => ApiError::outside_window(),
        WindowError::Early => ApiError::ahead_of_time(),
    }
}

fn browser(state: &HttpState, request: &HttpRequest, params: &Params<'_>) -> Result<Caller, ApiError> {
    if request.cookie(COOKIE).is_none() {
        return Err(ApiError::key_format());
    }
    let session = session(state, request)?;
    require_csrf(request, &session)?;
    for ignored in ["timestamp", "recvWindow", "signature"] {
        params.get(ignored);
    }
    Ok(Caller { account: session.account, deadline: None })
}

/// Returns the session of a request's cookie.
///
/// # Errors
/// -1002: 401 without a live session, 403 from a foreign page. A demo session is valid only on this machine.
pub(crate) fn session(state: &HttpState, request: &HttpRequest) -> Result<std::sync::Arc<Session>, ApiError> {
    if origin(request) == Origin::Foreign {
        return Err(ApiError::forbidden());
    }
    let cookie = request.cookie(COOKIE).ok_or_else(ApiError::unauthorized)?;
    let session = state.sessions().find(cookie.value(), state.exchange().now());
    let session = session.filter(|session| !session.is_demo() || state.is_local(request));
    session.ok_or_else(ApiError::unauthorized)
}

/// Requires the session's CSRF token.
///
/// # Errors
/// -1002, 403.
pub(crate) fn require_csrf(request: &HttpRequest, session: &Session) -> Result<(), ApiError> {
    let token = request.headers().get(CSRF_HEADER).and_then(|token| token.to_str().ok());
    match token {
        Some(token) if session.csrf_matches(token) => Ok(()),
        _ => Err(ApiError::forbidden()),
    }
}

fn operator(state: &HttpState, request: &HttpRequest) -> Result<(), ApiError> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let allowed = operator_token(state, given.and_then(|value| value.strip_prefix("Bearer ")));
    if allowed.is_err() {
        let (address, id) = (client_address(request), request_id(request));
        state.alarms().refused(Claim::OperatorToken, address, id.as_deref(), state.exchange().now());
    }
    allowed
}

/// Requires the operator's token.
///
/// # Errors
/// -1002.
pub(crate) fn operator_token(state: &HttpState, given: Option<&str>) -> Result<(), ApiError> {
    match (state.operator_token(), given) {
        (Some(token), Some(given)) if auth::equal(token.as_bytes(), given.as_bytes()) => Ok(()),
        _ => Err(ApiError::unauthorized()),
    }
}
