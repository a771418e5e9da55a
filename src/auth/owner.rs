//! Accounts that have an owner: found without a lock.

use std::{collections::HashSet, sync::Arc};

use arc_swap::ArcSwap;

use crate::domain::types::{hash::mix64, id::AccountId};

const SHELF_COUNT: usize = 1024;

/// Every account that has an owner: one with a login, one that has or had an API key, and those of the configuration.
///
/// An account may gain an owner and never loses it: an account whose last key is revoked keeps its balances and its
/// owner.
pub struct OwnerDirectory {
    shelves: Box<[ArcSwap<HashSet<AccountId>>]>,
}

impl OwnerDirectory {
    /// Opens an empty directory.
    pub fn new() -> Self {
        Self { shelves: (0..SHELF_COUNT).map(|_| ArcSwap::default()).collect() }
    }

    /// Records that an account has an owner.
    pub fn insert(&self, account: AccountId) {
        if self.contains(account) {
            return;
        }
        self.shelf(account).rcu(|shelf| {
            let mut shelf = HashSet::clone(shelf);
            shelf.insert(account);
            Arc::new(shelf)
        });
    }

    /// Returns whether an account has an owner.
    pub fn contains(&self, account: AccountId) -> bool {
        self.shelf(account).load().contains(&account)
    }

    fn shelf(&self, account: AccountId) -> &ArcSwap<HashSet<AccountId>> {
        &self.shelves[mix64(account.get()) as usize % SHELF_COUNT]
    }
}

impl Default for OwnerDirectory {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for OwnerDirectory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OwnerDirectory").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owned_account_is_found_and_no_other() {
        let owners = OwnerDirectory::new();
        for account in (0..5_000).step_by(2) {
            owners.insert(AccountId::new(account));
            owners.insert(AccountId::new(account));
        }
        for account in 0..5_000 {
            assert_eq!(owners.contains(AccountId::new(account)), account % 2 == 0, "{account}");
        }
    }
}
