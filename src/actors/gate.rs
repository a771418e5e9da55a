//! Admission: so many commands in flight per shard, and no more. Mailboxes bound nothing by themselves.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many commands may be in flight at a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateLimits {
    /// For any command.
    pub commands: usize,
    /// On top, for cancels alone.
    pub cancels: usize,
}

/// The gate of one shard.
#[derive(Debug)]
pub struct Gate {
    commands: Arc<Semaphore>,
    cancels: Arc<Semaphore>,
}

impl Gate {
    /// Opens a gate.
    pub fn new(limits: GateLimits) -> Self {
        Self {
            commands: Arc::new(Semaphore::new(limits.commands)),
            cancels: Arc::new(Semaphore::new(limits.cancels)),
        }
    }

    /// Takes a place, if there is one; cancels may use those reserved for them.
    pub fn enter(&self, lowers_risk: bool) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.commands).try_acquire_owned().ok();
        if permit.is_some() || !lowers_risk {
            return permit;
        }
        Arc::clone(&self.cancels).try_acquire_owned().ok()
    }

    /// Waits until nobody is inside. Nobody may be let in meanwhile.
    pub async fn emptied(&self, limits: GateLimits) {
        for (semaphore, places) in [(&self.commands, limits.commands), (&self.cancels, limits.cancels)] {
            let places = u32::try_from(places).unwrap_or(u32::MAX);
            // Fails only if the semaphore were closed, which nobody does.
            drop(semaphore.acquire_many(places).await);
        }
    }
}

/// A place at an account shard and, for orders, one at the symbol shard too, so that one hot symbol cannot use
/// up the account shards everybody shares. Held from the edge to the final answer.
#[derive(Debug)]
pub struct Permit {
    /// The place at the account shard.
    pub account: OwnedSemaphorePermit,
    /// The place at the symbol shard.
    pub symbol: Option<OwnedSemaphorePermit>,
}
