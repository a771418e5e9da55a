//! People: logins, browser sessions, API keys of their own.

pub(super) mod keys;
pub(super) mod logins;
pub(super) mod session;
