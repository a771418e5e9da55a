//! Who is calling: API keys with HMAC-SHA256 signatures, the receive window, and browser sessions.
//!
//! Everything is read without a lock, because every signed request reads it.

mod api_key;
mod session;
mod signature;
mod token;
mod window;

pub use api_key::{ApiKey, KeyDirectory, KeyPair};
pub use session::{NewSession, Session, SessionLimits, Sessions};
pub use signature::{HmacKey, SignedPart};
pub use token::{RandomError, Token, equal};
pub use window::{ReceiveWindow, WindowError};
