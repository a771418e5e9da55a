//! Users: logins, browser sessions, their own API keys.

pub(super) mod keys;
pub(super) mod logins;
pub(super) mod session;
