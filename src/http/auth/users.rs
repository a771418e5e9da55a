//! What signing in and up needs.

use std::sync::Arc;

use crate::{
    auth::{LoginDirectory, PasswordPool, Throttle, ThrottleLimits},
    domain::types::{id::AssetId, money::Amount},
};

/// What signing in and up needs.
#[derive(Debug)]
pub struct Users {
    pub(crate) logins: Arc<LoginDirectory>,
    pub(crate) passwords: PasswordPool,
    pub(crate) throttle: Throttle,
    sign_up: Option<SignUpOffer>,
}

/// What signing up offers, and to whom.
#[derive(Debug, Clone)]
pub struct SignUpOffer {
    /// What a new account starts with.
    pub grant: Vec<(AssetId, Amount)>,
    /// Whether only requests from this machine itself may sign up.
    pub is_local_only: bool,
}

impl Users {
    /// Brings it together. `at_once` passwords are hashed at a time; without an offer nobody can sign up.
    pub fn new(logins: Arc<LoginDirectory>, at_once: usize, sign_up: Option<SignUpOffer>) -> Self {
        // Without random bytes the places are merely predictable.
        let throttle = Throttle::new(getrandom::u64().unwrap_or_default(), ThrottleLimits::default());
        Self { logins, passwords: PasswordPool::new(at_once), throttle, sign_up }
    }

    /// Returns what signing up offers to a request, and whether that comes from this machine itself.
    pub(crate) fn offer(&self, is_local: bool) -> Option<&SignUpOffer> {
        self.sign_up.as_ref().filter(|offer| !offer.is_local_only || is_local)
    }
}

/// Nobody has a login, and nobody gets one.
impl Default for Users {
    fn default() -> Self {
        Self::new(Arc::default(), 1, None)
    }
}
