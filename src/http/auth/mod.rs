//! Authentication: signatures, sessions, the origin of a browser, and the audit of actions.

pub(super) mod audit;
pub(super) mod authenticate;
pub(super) mod caller;
pub(super) mod origin;
pub(super) mod security;
pub(super) mod users;
