//! The caller: the operator's token, a signature, a browser session or, where the demo is on, a client on this machine,
//! which may use accounts without an owner.

use tonic::{Code, Status, metadata::MetadataMap};

use super::{guard::IsLocal, refusal, request::Fields};
use crate::{
    domain::types::{id::AccountId, time::Timestamp},
    http::{ApiError, HttpState, Security, gateway},
};

const AUTHORIZATION: &str = "authorization";
const KEY: &str = "x-mbx-apikey";
const RECEIVE_WINDOW: &str = "x-mbx-recv-window";
const SIGNATURE: &str = "x-mbx-signature";
const TIMESTAMP: &str = "x-mbx-timestamp";

/// The callers a method accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Any client.
    Public,
    /// A key with this permission, or a session, of the account the request is about.
    Own(Security),
    /// The operator.
    Operator,
}

/// The proof that a caller may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// None is needed: the method is public.
    None,
    /// None is needed as long as the account has no owner.
    Unowned,
    /// A signature by this key.
    Key(String),
    /// The session of this token.
    Session(String),
}

/// An authorized caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The account of the request; 0 for public methods.
    pub(super) account: AccountId,
    /// The time until which the request is valid, if it is signed.
    pub(super) deadline: Option<Timestamp>,
    proof: Proof,
}

impl Caller {
    /// Returns whether the caller's access depends on the account having no owner.
    pub(super) fn is_unproven(&self) -> bool {
        self.proof == Proof::Unowned
    }

    /// Requires that the account may still be used without an owner's proof.
    ///
    /// # Errors
    /// -1002 when the account has been given an owner meanwhile.
    pub(super) fn check_owner(&self, state: &HttpState) -> Result<(), ApiError> {
        if self.is_unproven() { unowned(state, self.account) } else { Ok(()) }
    }

    /// Requires that the proof is still valid: keys are revoked, sessions end, and accounts get owners.
    ///
    /// # Errors
    /// UNAUTHENTICATED.
    pub(super) fn check(&self, state: &HttpState) -> Result<(), Status> {
        let is_good = match &self.proof {
            Proof::None => true,
            Proof::Unowned => {
                return self.check_owner(state).map_err(|error| refusal::of_caller(&error));
            }
            Proof::Key(key) => gateway::may_listen(state, key, self.account),
            Proof::Session(token) => {
                let session = state.sessions().find(token, state.exchange().now());
                session.is_some_and(|session| session.account == self.account)
            }
        };
        let gone = || Status::new(Code::Unauthenticated, "logged out, or the key was revoked");
        if is_good { Ok(()) } else { Err(gone()) }
    }
}

/// Authenticates a call.
///
/// # Errors
/// UNAUTHENTICATED; PERMISSION_DENIED when the account belongs to another owner.
pub(super) fn authenticate(
    state: &HttpState,
    access: Access,
    method: &str,
    request: &impl Fields,
    metadata: &MetadataMap,
    IsLocal(is_local): IsLocal,
) -> Result<Caller, Status> {
    let account = AccountId::new(request.account().unwrap_or_default());
    // A caller that presents a proof is judged by it.
    let has_proof = metadata.contains_key(AUTHORIZATION) || metadata.contains_key(KEY);
    let is_open = is_local && state.demo_account().is_some();
    let proved = match (access, text(metadata, AUTHORIZATION)) {
        (Access::Public, _) => Ok((None, Proof::None)),
        _ if is_open && !has_proof => unowned(state, account).map(|()| (None, Proof::Unowned)),
        (Access::Operator, token) => {
            let token = token.and_then(|token| token.strip_prefix("Bearer "));
            gateway::operator(state, token).map(|()| (None, Proof::None))
        }
        (Access::Own(_), Some(token)) => session(state, account, token, is_local),
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

/// Finds the session of an `authorization: Session <token>`; a demo session is valid only on this machine.
fn session(
    state: &HttpState,
    account: AccountId,
    token: &str,
    is_local: bool,
) -> Result<(Option<Timestamp>, Proof), ApiError> {
    let token = token.strip_prefix("Session ").ok_or_else(ApiError::unauthorized)?;
    let session = state.sessions().find(token, state.exchange().now());
    let session = session.filter(|session| is_local || !session.is_demo());
    own(session.ok_or_else(ApiError::unauthorized)?.account, account)?;
    Ok((None, Proof::Session(token.to_owned())))
}

/// Requires that the account is the caller's.
fn own(caller: AccountId, account: AccountId) -> Result<(), ApiError> {
    if caller == account { Ok(()) } else { Err(ApiError::forbidden()) }
}

/// Requires that an account has no owner.
fn unowned(state: &HttpState, account: AccountId) -> Result<(), ApiError> {
    if state.owners().contains(account) { Err(ApiError::account_owned()) } else { Ok(()) }
}

/// Verifies the signature: over the request's fields under their JSON names, `method`, and the metadata's fields,
/// joined as on the WebSocket API.
fn signer(
    state: &HttpState,
    security: Security,
    method: &str,
    request: &impl Fields,
    metadata: &MetadataMap,
) -> Result<gateway::Signer, ApiError> {
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
    gateway::prove(state, security, &pairs)
}

fn text<'a>(metadata: &'a MetadataMap, name: &'static str) -> Option<&'a str> {
    metadata.get(name)?.to_str().ok()
}
