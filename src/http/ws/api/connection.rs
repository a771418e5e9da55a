//! The state of one connection of the WebSocket API: its login, its subscriptions, its pending requests.

use std::{collections::BTreeMap, net::IpAddr};

use crate::{
    domain::types::{id::AccountId, time::Timestamp},
    http::{
        routing::endpoint::Endpoint,
        wire::{error::ApiError, time_unit::TimeUnit},
    },
};

/// The weight of a request about the connection itself.
pub(super) const OWN_WEIGHT: u32 = 2;

/// One connection.
#[derive(Debug)]
pub(in crate::http::ws) struct Api {
    /// Every REST route there is.
    pub(super) endpoints: &'static [Endpoint],
    pub(super) unit: TimeUnit,
    pub(super) returns_limits: bool,
    pub(super) address: Option<IpAddr>,
    pub(super) since: Timestamp,
    pub(super) login: Option<Login>,
    pub(super) subscriptions: Subscriptions,
    /// Requests whose answers are pending.
    pub(super) waiting: usize,
}

/// The answer to a request about the connection.
pub(super) enum Said {
    /// This result, at once.
    Now(String),
    /// Sent through push, in order with events.
    ByPush,
}

/// A connection's login.
#[derive(Debug)]
pub(super) struct Login {
    /// The key.
    pub(super) key: String,
    /// Since when.
    pub(super) since: Timestamp,
}

/// The authentication of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// By the connection's login: it ends with it.
    ByLogin,
    /// By a signature of its own.
    BySignature,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) account: AccountId,
    /// The key it depends on.
    pub(super) key: String,
    pub(super) opened: Opened,
}

/// The subscriptions of a connection.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    pub(super) by_id: BTreeMap<u16, Subscription>,
    pub(super) next: u32,
}

impl Subscriptions {
    /// Returns the numbers of those `is_meant` accepts.
    pub(super) fn ids(&self, is_meant: impl Fn(&Subscription) -> bool) -> Vec<u16> {
        self.by_id.iter().filter(|(_, subscription)| is_meant(subscription)).map(|(id, _)| *id).collect()
    }

    /// Removes one, and returns its account.
    pub(super) fn forget(&mut self, id: u16) -> Option<AccountId> {
        self.by_id.remove(&id).map(|subscription| subscription.account)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Adds one under the next number.
    ///
    /// # Errors
    /// -2035 when its account has one already, -93004 when there are too many.
    pub(super) fn add(&mut self, subscription: Subscription, most: usize) -> Result<u16, ApiError> {
        if self.by_id.values().any(|known| known.account == subscription.account) {
            return Err(ApiError::subscription_active());
        }
        let id = u16::try_from(self.next).ok().filter(|_| self.by_id.len() < most);
        let id = id.ok_or_else(ApiError::too_many_subscriptions)?;
        self.next += 1;
        self.by_id.insert(id, subscription);
        Ok(id)
    }
}
