//! Logins: found by name without a lock.

use std::sync::Arc;

use super::directory::Directory;
use crate::domain::messages::credential::{Login, LoginName};

/// Every login of the exchange. Reads take no lock.
pub struct LoginDirectory(Directory<Login>);

impl LoginDirectory {
    /// Opens an empty directory.
    pub fn new() -> Self {
        Self(Directory::new())
    }

    /// Adds a login, or replaces the one of that name.
    pub fn set(&self, login: &Login) {
        self.0.insert(login.name.as_str(), login.clone());
    }

    /// Returns the login of that name.
    pub fn get(&self, name: &LoginName) -> Option<Arc<Login>> {
        self.0.get(name.as_str())
    }
}

impl Default for LoginDirectory {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for LoginDirectory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LoginDirectory").finish_non_exhaustive()
    }
}
