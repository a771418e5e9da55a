//! Authentication: API keys and their signatures, the receive window, names and passwords, and browser sessions.
//!
//! Everything is read without a lock, because every signed request reads it.

mod api_key;
mod cells;
mod directory;
mod login;
mod owner;
mod password;
mod session;
mod signature;
mod throttle;
mod token;
mod verifier;
mod window;

pub use api_key::{ApiKey, KeyDirectory, KeyPair};
pub use cells::{Cells, Counted, MinuteCounts};
pub use login::LoginDirectory;
pub use owner::OwnerDirectory;
pub use password::{PASSWORD_LEN, PasswordError, PasswordPool, is_acceptable};
pub use session::{NewSession, Session, SessionError, SessionLimits, Sessions};
pub use signature::{HmacKey, SignedPart};
pub use throttle::{Throttle, ThrottleLimits, Throttled, network};
pub use token::{RandomError, Token, equal};
pub use verifier::{PublicKeyError, read_ed25519, read_rsa};
pub use window::{ReceiveWindow, WindowError};
