//! The state sign-up and sign-in need.

use std::sync::Arc;

use crate::{
    auth::{LoginDirectory, PasswordPool, Throttle, ThrottleLimits},
    domain::types::{id::AssetId, money::Amount},
};

/// The state sign-up and sign-in need.
#[derive(Debug)]
pub struct Users {
    pub(crate) logins: Arc<LoginDirectory>,
    pub(crate) passwords: PasswordPool,
    pub(crate) throttle: Throttle,
    sign_up: Option<SignUpOffer>,
}

/// The terms of sign-up, and the clients it is open to.
#[derive(Debug, Clone)]
pub struct SignUpOffer {
    /// The starting balances of a new account.
    pub grant: Vec<(AssetId, Amount)>,
    /// Whether only requests from this machine may sign up.
    pub is_local_only: bool,
}

impl Users {
    /// Assembles the state. `at_once` passwords are hashed at a time; without an offer sign-up is closed.
    pub fn new(logins: Arc<LoginDirectory>, at_once: usize, sign_up: Option<SignUpOffer>) -> Self {
        // Without random bytes the cells are merely predictable.
        let throttle = Throttle::new(getrandom::u64().unwrap_or_default(), ThrottleLimits::default());
        Self { logins, passwords: PasswordPool::new(at_once), throttle, sign_up }
    }

    /// Returns the sign-up offer for a request, if one is open to it; `is_local` states whether it comes from this
    /// machine.
    pub(crate) fn offer(&self, is_local: bool) -> Option<&SignUpOffer> {
        self.sign_up.as_ref().filter(|offer| !offer.is_local_only || is_local)
    }
}

/// There are no logins and sign-up is closed.
impl Default for Users {
    fn default() -> Self {
        Self::new(Arc::default(), 1, None)
    }
}
