//! TLS of the exchange's own listeners: one certificate for all of them, replaced while they serve when its files change.

mod certificate;
mod facts;
mod files;
mod reload;

pub use certificate::Certificate;
pub use facts::Facts;
pub use files::{TlsError, TlsFiles};
pub use reload::Reload;

/// HTTP/1.1, as clients negotiate it (ALPN).
pub const HTTP_1: &[u8] = b"http/1.1";
/// HTTP/2, which gRPC requires.
pub const HTTP_2: &[u8] = b"h2";
