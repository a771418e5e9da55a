//! Refusals of a connection, before any request.

use actix_web::http::StatusCode;

use super::ApiError;

impl ApiError {
    /// -93010, own code: the head or the body of a request did not arrive in time.
    pub const fn request_timeout() -> Self {
        let text = "The request did not arrive in time; it was not looked at. Send it again, whole.";
        Self::new(StatusCode::REQUEST_TIMEOUT, -93_010, text)
    }

    /// -1003: more simultaneous connections than an address may have.
    pub fn too_many_connections() -> Self {
        let text = "Too many connections from this address; close some.";
        Self { status: StatusCode::TOO_MANY_REQUESTS, ..Self::bad(-1003, text) }.after(1)
    }
}
