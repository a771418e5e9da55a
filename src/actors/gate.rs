//! Admission: a bounded number of commands in flight per shard. Mailboxes bound nothing by themselves.

use std::{sync::Arc, time::Duration};

/// How many commands may be in flight at a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateLimits {
    /// For any command.
    pub commands: usize,
    /// On top, for commands that lower risk alone (cancels and amends).
    pub cancels: usize,
}

/// The gate of one shard. A permit is a clone of its token, so the count of clones is the count of commands inside: one
/// atomic in, one out, nothing to leak.
#[derive(Debug)]
pub struct Gate {
    token: Arc<Token>,
    limits: GateLimits,
}

/// The token that permits are clones of. Alone on its cache lines: the counts of neighbouring gates are written by
/// other threads all the time.
#[derive(Debug)]
#[repr(align(128))]
struct Token;

/// A permit of a [`Gate`], returned when dropped.
#[derive(Debug)]
pub struct Admission(#[expect(dead_code, reason = "only its being alive matters")] Arc<Token>);

impl Gate {
    /// Opens a gate.
    pub fn new(limits: GateLimits) -> Self {
        Self { token: Arc::new(Token), limits }
    }

    /// Returns how many permits are held.
    pub fn inside(&self) -> usize {
        Arc::strong_count(&self.token) - 1
    }

    /// Returns how many permits there are for commands that do not lower risk.
    pub const fn commands_max(&self) -> usize {
        self.limits.commands
    }

    /// Acquires a permit, if there is one; commands that lower risk may use those reserved for them.
    ///
    /// Threads entering at the same instant may together exceed the limit by their number, which is small and fixed;
    /// the bound it keeps is still a bound.
    pub fn enter(&self, reduces_risk: bool) -> Option<Admission> {
        let places = self.limits.commands + if reduces_risk { self.limits.cancels } else { 0 };
        (self.inside() < places).then(|| Admission(Arc::clone(&self.token)))
    }

    /// Waits until no permit is held. None may be acquired meanwhile.
    pub async fn emptied(&self) {
        while self.inside() != 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A permit of an account shard and, for orders, one of the symbol shard too, so that one hot symbol cannot use up the
/// account shards all clients share. Held from the edge to the final answer.
#[derive(Debug)]
pub struct Permit {
    /// The permit of the account shard.
    pub account: Admission,
    /// The permit of the symbol shard.
    pub symbol: Option<Admission>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_gate_still_lets_cancels_in_and_places_come_back() {
        let gate = Gate::new(GateLimits { commands: 2, cancels: 1 });
        let first = gate.enter(false);
        let second = gate.enter(false);
        assert!(first.is_some() && second.is_some());
        assert!(gate.enter(false).is_none());
        let cancel = gate.enter(true);
        assert!(cancel.is_some());
        assert!(gate.enter(true).is_none());
        drop((first, cancel));
        assert_eq!(gate.inside(), 1);
        assert!(gate.enter(false).is_some());
    }
}
