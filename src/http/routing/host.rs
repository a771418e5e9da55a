//! Rejects requests for hosts that are not served here.

use std::sync::Arc;

use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Version, header},
    middleware::Next,
};

use super::endpoint::turn_away;
use crate::http::{server::reach::Reach, wire::error::ApiError};

/// Passes a request to its handler if its host is served here.
///
/// # Errors
/// Those of the handler.
pub(crate) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match check(request.request()) {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(error) => {
            let response = turn_away(request.request(), error);
            Ok(request.into_response(response).map_into_right_body())
        }
    }
}

fn check(request: &HttpRequest) -> Result<(), ApiError> {
    let Some(reach) = request.app_data::<Arc<Reach>>() else { return Ok(()) };
    let mut lines = request.headers().get_all(header::HOST);
    match (lines.next(), lines.next()) {
        (Some(line), None) => reach.check_host(line.to_str().unwrap_or_default())?,
        // HTTP/1.0 has no `Host`, and no browser is that old.
        (None, _) if request.version() < Version::HTTP_11 => {}
        _ => return Err(ApiError::host_malformed()),
    }
    // A request line with its own host: both must be served.
    request.uri().authority().map_or(Ok(()), |authority| reach.check_host(authority.as_str()))
}
