//! The common parts of every route: the endpoint, the context of a request, its body, repeated requests.

pub(super) mod body;
pub(super) mod endpoint;
pub(super) mod history;
pub(super) mod host;
pub(super) mod idempotency;
pub(super) mod request_context;
