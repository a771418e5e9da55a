//! Violations of promises.

use std::collections::BTreeMap;

use serde::Serialize;

/// What kind of promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An acknowledged account, key or balance is gone.
    LostAccount,
    /// An acknowledged order is gone.
    LostOrder,
    /// An order went back on what was acknowledged: less executed, another end, another quantity.
    ChangedOrder,
    /// An acknowledged cancel did not last.
    LostCancel,
    /// An id or a name was given twice.
    DoubledOrder,
    /// An order that was never requested, or one that was refused.
    GhostOrder,
    /// An acknowledged fill is gone.
    LostFill,
    /// A fill is there twice.
    DoubledFill,
    /// A fill is not what was acknowledged, or does not add up with its order.
    WrongFill,
    /// A trade does not have exactly one buyer and one seller, a maker and a taker, who agree.
    UnpairedTrade,
    /// Trade ids of a symbol have a gap.
    TradeGap,
    /// A balance is not what its history makes it.
    WrongBalance,
    /// What is held is not what open orders need.
    OrphanHold,
    /// An asset was made or destroyed.
    NotConserved,
    /// The public book is not the sum of the open orders.
    WrongBook,
    /// A transfer did not answer a retry as it answered first.
    WrongTransfer,
    /// An order sent again under its idempotency key was another order.
    NotIdempotent,
    /// A stream had a gap.
    Stream,
    /// The server did not behave as a process: did not come back, ended by itself, did not end.
    Server,
    /// The soak itself could not do its work.
    Harness,
}

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which promise.
    pub kind: Kind,
    /// What was found.
    pub what: String,
    /// What to look for in the clients' logs.
    #[serde(skip)]
    pub needles: Vec<String>,
}

impl Violation {
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), needles: Vec::new() }
    }

    /// Names an order to look for.
    pub(super) fn of(mut self, order: u64, name: &str) -> Self {
        self.needles.push(format!("\"id\":{order},"));
        self.needles.push(format!("\"order\":{order},"));
        if !name.is_empty() {
            self.needles.push(format!("{name:?}"));
        }
        self
    }
}

/// How often each promise was broken.
pub(super) fn count(violations: &[Violation]) -> BTreeMap<Kind, usize> {
    let mut counts = BTreeMap::new();
    for violation in violations {
        *counts.entry(violation.kind).or_default() += 1;
    }
    counts
}
