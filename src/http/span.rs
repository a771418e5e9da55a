//! The root span of a request, and its one line in the log. Neither ever holds keys, signatures or query
//! strings.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
};
use tracing::{Span, field::Empty};
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::client::client_address;

/// Builds the root span of every request.
#[derive(Debug)]
pub struct RequestSpan;

struct Started(Instant);

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Started(Instant::now()));
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().map(tracing::field::display);
        tracing::debug_span!(
            "request",
            request.id = id,
            client.address = client_address(request.request()).map(tracing::field::display),
            method = request.method().as_str(),
            route = Empty,
            status = Empty,
            account.id = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, response) = match outcome {
            Ok(response) => (response.status(), Some(response)),
            Err(error) => (error.as_response_error().status_code(), None),
        };
        span.record("status", status.as_u16());
        let Some(request) = response.map(ServiceResponse::request) else { return };
        if !span.is_disabled() {
            span.record("route", request.match_pattern().as_deref().unwrap_or("none"));
        }
        let elapsed = request.extensions().get::<Started>().map(|started| started.0.elapsed());
        let micros = elapsed.map(|elapsed| u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        tracing::debug!(parent: &span, elapsed_us = micros, "served");
        // The line for every request is for debugging; what went wrong in ours is said always.
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            let extensions = request.extensions();
            tracing::error!(
                request.id = extensions.get::<RequestId>().map(tracing::field::display),
                client.address = client_address(request).map(tracing::field::display),
                method = request.method().as_str(),
                route = request.match_pattern().as_deref().unwrap_or("none"),
                elapsed_us = micros,
                "a request failed"
            );
        }
    }
}
