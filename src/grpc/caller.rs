//! Who is calling: the operator's token, a signature, a browser's session, or somebody on this machine where the demo is on.

use std::net::IpAddr;

use tonic::{Status, metadata::MetadataMap};

use super::{refusal, request::Fields};
use crate::{
    domain::{id::AccountId, time::Timestamp},
    http::{ApiError, HttpState, Security, remote},
};

const AUTHORIZATION: &str = "authorization";
const FORWARDED_FOR: &str = "x-forwarded-for";
const KEY: &str = "x-mbx-apikey";
const RECEIVE_WINDOW: &str = "x-mbx-recv-window";
const SIGNATURE: &str = "x-mbx-signature";
const TIMESTAMP: &str = "x-mbx-timestamp";

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody.
    Public,
    /// A key with this permission, or a session, of the account the request is about.
    Own(Security),
    /// The operator.
    Operator,
}

/// What proves that a caller may do what he asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing has to.
    None,
    /// A signature by this key.
    Key(String),
    /// The session of this token.
    Session(String),
}

/// A caller who may do what he asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The account the request is about; 0 for what is public.
    pub(super) account: AccountId,
    /// Until when the request is good, if it is signed.
    pub(super) deadline: Option<Timestamp>,
    proof: Proof,
}

impl Caller {
    /// Returns whether the proof still holds: keys are revoked and sessions end.
    pub(super) fn is_still_good(&self, state: &HttpState) -> bool {
        match &self.proof {
            Proof::None => true,
            Proof::Key(key) => remote::may_listen(state, key, self.account),
            Proof::Session(token) => {
                let session = state.sessions().find(token, state.exchange().now());
                session.is_some_and(|session| session.account == self.account)
            }
        }
    }
}

/// Authenticates a call.
///
/// # Errors
/// UNAUTHENTICATED; PERMISSION_DENIED when the account is somebody else's.
pub(super) fn authenticate(
    state: &HttpState,
    access: Access,
    method: &str,
    request: &impl Fields,
    metadata: &MetadataMap,
    address: IpAddr,
) -> Result<Caller, Status> {
    let account = AccountId::new(request.account().unwrap_or_default());
    let is_open = is_own_machine(state, metadata, address);
    let proved = match (access, text(metadata, AUTHORIZATION)) {
        (Access::Public, _) => Ok((None, Proof::None)),
        (_, None) if is_open && !metadata.contains_key(KEY) => Ok((None, Proof::None)),
        (Access::Operator, token) => {
            let token = token.and_then(|token| token.strip_prefix("Bearer "));
            remote::operator(state, token).map(|()| (None, Proof::None))
        }
        (Access::Own(_), Some(token)) => session(state, account, token),
        (Access::Own(security), None) => {
            let proved = signer(state, security, method, request, metadata);
            proved.and_then(|signer| {
                own(signer.account, account)?;
                let key = text(metadata, KEY).unwrap_or_default().to_owned();
                Ok((Some(signer.deadline), Proof::Key(key)))
            })
        }
    };
    match proved {
        Ok((deadline, proof)) => Ok(Caller { account, deadline, proof }),
        Err(error) => Err(refusal::of_caller(&error)),
    }
}

/// Finds the session of an `authorization: Session <token>`.
fn session(
    state: &HttpState,
    account: AccountId,
    token: &str,
) -> Result<(Option<Timestamp>, Proof), ApiError> {
    let token = token.strip_prefix("Session ").ok_or_else(ApiError::unauthorized)?;
    let session = state.sessions().find(token, state.exchange().now());
    own(session.ok_or_else(ApiError::unauthorized)?.account, account)?;
    Ok((None, Proof::Session(token.to_owned())))
}

/// Requires that the account is the caller's.
fn own(caller: AccountId, account: AccountId) -> Result<(), ApiError> {
    if caller == account { Ok(()) } else { Err(ApiError::forbidden()) }
}

/// Where the demo is on, who is on this machine himself needs no proof. No browser gets here: none speaks HTTP/2 without
/// TLS.
fn is_own_machine(state: &HttpState, metadata: &MetadataMap, address: IpAddr) -> bool {
    state.demo_account().is_some() && address.is_loopback() && !metadata.contains_key(FORWARDED_FOR)
}

/// Verifies the signature: over the request's fields under their JSON names, `method`, and what the metadata adds, joined as
/// on the WebSocket API.
fn signer(
    state: &HttpState,
    security: Security,
    method: &str,
    request: &impl Fields,
    metadata: &MetadataMap,
) -> Result<remote::Signer, ApiError> {
    let key = text(metadata, KEY).ok_or_else(ApiError::unauthorized)?;
    let fields = request.fields();
    let own = fields.iter().map(|(name, text)| (*name, text.as_str()));
    let added = [
        ("timestamp", text(metadata, TIMESTAMP)),
        ("recvWindow", text(metadata, RECEIVE_WINDOW)),
        ("signature", text(metadata, SIGNATURE)),
    ];
    let added = added.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let pairs: Vec<(&str, &str)> = own.chain(added).chain([("apiKey", key), ("method", method)]).collect();
    remote::prove(state, security, &pairs)
}

fn text<'a>(metadata: &'a MetadataMap, name: &'static str) -> Option<&'a str> {
    metadata.get(name)?.to_str().ok()
}
