//! The caller, as handlers and the audit see it.

use actix_web::{HttpMessage, HttpRequest};
use tracing_actix_web::RequestId;

use crate::domain::types::{id::AccountId, time::Timestamp};

/// The prefix of the operator's paths, and of no others.
pub(crate) const OPERATOR_PATHS: &str = "/x/v1/operator/";

/// The caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The account it acts on.
    pub(crate) account: AccountId,
    /// The time until which the request is valid; a browser's request has no deadline of its own.
    pub(crate) deadline: Option<Timestamp>,
}

/// Returns the id of a request, as `X-MBX-UUID` shows it.
pub(crate) fn request_id(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(|id| id.hyphenated().to_string())
}
