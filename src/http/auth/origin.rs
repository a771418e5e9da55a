//! Whether a browser's request comes from the exchange's own page.

use actix_web::{HttpRequest, http::header};

use crate::http::wire::error::ApiError;

/// How a request's `Origin` relates to the `Host` it was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No `Origin` was sent: not a cross-origin request of a browser.
    Absent,
    /// The exchange's own page.
    Same,
    /// A foreign page, or an unreadable value.
    Foreign,
}

/// Classifies a request.
pub(crate) fn origin(request: &HttpRequest) -> Origin {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Origin::Absent };
    let host = request.headers().get(header::HOST);
    match (origin.to_str(), host.map(|host| host.to_str())) {
        (Ok(origin), Some(Ok(host))) if is_same(origin, host) => Origin::Same,
        _ => Origin::Foreign,
    }
}

/// Rejects requests of foreign pages.
///
/// # Errors
/// -1002, 403.
pub(crate) fn refuse_foreign(request: &HttpRequest) -> Result<(), ApiError> {
    if origin(request) == Origin::Foreign { Err(ApiError::forbidden()) } else { Ok(()) }
}

fn is_same(origin: &str, host: &str) -> bool {
    let (authority, default_port) = match (origin.strip_prefix("http://"), origin.strip_prefix("https://")) {
        (Some(authority), _) => (authority, ":80"),
        (_, Some(authority)) => (authority, ":443"),
        _ => return false,
    };
    let bare = |text: &'_ str| text.strip_suffix(default_port).unwrap_or(text).to_ascii_lowercase();
    !authority.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_the_same_when_scheme_aside_it_is_the_host() {
        assert!(is_same("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(is_same("https://Exchange.example", "exchange.example:443"));
        assert!(is_same("http://[::1]:9", "[::1]:9"));
        for (origin, host) in [
            ("http://127.0.0.1:8081", "127.0.0.1:8080"),
            ("http://evil.example", "exchange.example"),
            ("http://exchange.example.evil", "exchange.example"),
            ("null", "null"),
            ("http://", ""),
            ("exchange.example", "exchange.example"),
        ] {
            assert!(!is_same(origin, host), "{origin} {host}");
        }
    }
}
