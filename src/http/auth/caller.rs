//! Who is calling, as far as handlers and the audit are told.

use actix_web::{HttpMessage, HttpRequest};
use tracing_actix_web::RequestId;

use crate::domain::types::{id::AccountId, time::Timestamp};

/// What the paths of the operator, and no others, begin with.
pub(crate) const OPERATOR_PATHS: &str = "/x/v1/operator/";

/// Who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// On whose account.
    pub(crate) account: AccountId,
    /// Until when the request is good; a browser's has no end of its own.
    pub(crate) deadline: Option<Timestamp>,
}

/// Returns the id of a request, as `X-MBX-UUID` shows it.
pub(crate) fn request_id(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(|id| id.hyphenated().to_string())
}
