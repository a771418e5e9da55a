//! Ignores credentials that are not needed.

use crate::http::wire::params::Params;

/// Reads the credentials of a request that needs none: some clients sign every request.
pub(super) fn ignore_proof(params: &Params<'_>) {
    for name in ["apiKey", "timestamp", "recvWindow", "signature"] {
        params.get(name);
    }
}
