//! Admission: so many commands in flight per shard, and no more. Mailboxes bound nothing by themselves.

use std::{sync::Arc, time::Duration};

/// How many commands may be in flight at a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateLimits {
    /// For any command.
    pub commands: usize,
    /// On top, for commands that lower risk alone (cancels and amends).
    pub cancels: usize,
}

/// The gate of one shard. A place inside is a clone of its token, so the count of clones is the count inside:
/// one atomic in, one out, nothing to leak.
#[derive(Debug)]
pub struct Gate {
    token: Arc<Token>,
    limits: GateLimits,
}

/// What a place is a clone of. Alone on its cache lines: the counts of neighbouring gates are written by other
/// threads all the time.
#[derive(Debug)]
#[repr(align(128))]
struct Token;

/// A place inside a [`Gate`], given back when dropped.
#[derive(Debug)]
pub struct Admission(#[expect(dead_code, reason = "only its being alive matters")] Arc<Token>);

impl Gate {
    /// Opens a gate.
    pub fn new(limits: GateLimits) -> Self {
        Self { token: Arc::new(Token), limits }
    }

    /// Returns how many are inside.
    pub fn inside(&self) -> usize {
        Arc::strong_count(&self.token) - 1
    }

    /// Takes a place, if there is one; commands that lower risk may use those reserved for them.
    ///
    /// Threads entering at the same instant may together exceed the limit by their number, which is small and
    /// fixed; the bound it keeps is still a bound.
    pub fn enter(&self, reduces_risk: bool) -> Option<Admission> {
        let places = self.limits.commands + if reduces_risk { self.limits.cancels } else { 0 };
        (self.inside() < places).then(|| Admission(Arc::clone(&self.token)))
    }

    /// Waits until nobody is inside. Nobody may be let in meanwhile.
    pub async fn emptied(&self) {
        while self.inside() != 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A place at an account shard and, for orders, one at the symbol shard too, so that one hot symbol cannot use
/// up the account shards everybody shares. Held from the edge to the final answer.
#[derive(Debug)]
pub struct Permit {
    /// The place at the account shard.
    pub account: Admission,
    /// The place at the symbol shard.
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
