//! What happened in a simulation, counted.

/// Event counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders that went to a book.
    pub orders: u64,
    /// Trades.
    pub trades: u64,
    /// Orders that came to rest.
    pub rested: u64,
    /// Orders ended by a rule.
    pub ended: u64,
    /// Orders cancelled.
    pub cancelled: u64,
    /// Orders triggered.
    pub triggered: u64,
    /// Orders ended with the other of their pair or the order they waited for.
    pub ended_with_list: u64,
    /// Orders placed when another was filled.
    pub released: u64,
    /// Orders reduced.
    pub reduced: u64,
    /// Self-trade preventions by decrement, both sides counted.
    pub prevented: u64,
    /// Cancels and amends that came too late.
    pub late: u64,
    /// Commands refused.
    pub refused: u64,
    /// Messages delivered again.
    pub repeated: u64,
    /// Changes of trading rules.
    pub rule_changes: u64,
    /// Accounts given another status or tier.
    pub standing: u64,
    /// Accounts closed.
    pub closed: u64,
}

impl Counts {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            orders: self.orders + other.orders,
            trades: self.trades + other.trades,
            rested: self.rested + other.rested,
            ended: self.ended + other.ended,
            cancelled: self.cancelled + other.cancelled,
            triggered: self.triggered + other.triggered,
            ended_with_list: self.ended_with_list + other.ended_with_list,
            released: self.released + other.released,
            reduced: self.reduced + other.reduced,
            prevented: self.prevented + other.prevented,
            late: self.late + other.late,
            refused: self.refused + other.refused,
            repeated: self.repeated + other.repeated,
            rule_changes: self.rule_changes + other.rule_changes,
            standing: self.standing + other.standing,
            closed: self.closed + other.closed,
        }
    }
}
