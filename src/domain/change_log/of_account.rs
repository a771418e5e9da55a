//! The entries of an account slot's frame.

use super::{BalanceCause, BalanceUpdate, ChangeLogEntry, ChangeType, EntityId, Fields, OrderUpdate};
use crate::domain::{
    account::{AccountFrame, Change, LedgerAccount, Posting, ReductionCause},
    messages::reject::Fault,
    orders::OrderStatus,
    types::{
        id::{AccountId, OrderId},
        money::Amount,
        time::Timestamp,
    },
};

/// Appends the changes of one input of an account slot: of its balances first, then of its orders.
pub(super) fn append(
    sequence: u64,
    frame: &AccountFrame,
    entries: &mut Vec<ChangeLogEntry>,
) -> Result<(), Fault> {
    let mut log = Log { sequence, timestamp: frame.head.time, entries };
    log.balances(&frame.changes)?;
    for change in &frame.changes {
        log.change(change);
    }
    Ok(())
}

struct Log<'a> {
    sequence: u64,
    timestamp: Timestamp,
    entries: &'a mut Vec<ChangeLogEntry>,
}

impl Log<'_> {
    fn push(&mut self, entity_id: EntityId, change_type: ChangeType) {
        let (timestamp, sequence) = (self.timestamp, self.sequence);
        self.entries.push(ChangeLogEntry { entity_id, change_type, timestamp, sequence });
    }

    fn created(&mut self, entity_id: EntityId, fields: Fields) {
        self.push(entity_id, ChangeType::Created { fields });
    }

    fn order(&mut self, order: OrderId, update: OrderUpdate) {
        let changed_fields = Fields::OrderUpdate(update);
        self.push(EntityId::Order(order), ChangeType::Updated { changed_fields });
    }

    /// One entry per balance, whatever the number of postings: a frame settles at once.
    fn balances(&mut self, changes: &[Change]) -> Result<(), Fault> {
        let cause = cause(changes);
        let postings = || changes.iter().filter_map(account_posting);
        for (index, (account, first)) in postings().enumerate() {
            let is_same =
                |(other, posting): &(AccountId, &Posting)| *other == account && posting.asset == first.asset;
            if postings().take(index).any(|earlier| is_same(&earlier)) {
                continue;
            }
            let mut update = BalanceUpdate { available: None, held: None, delta: Amount::ZERO, cause };
            for (_, posting) in postings().filter(is_same) {
                update.delta = update.delta.plus(posting.delta)?;
                match posting.place {
                    LedgerAccount::Held(_) => update.held = Some(posting.after),
                    _ => update.available = Some(posting.after),
                }
            }
            if !update.delta.is_zero() && update.cause == BalanceCause::Order {
                update.cause =
                    if update.delta.is_negative() { BalanceCause::Withdrawal } else { BalanceCause::Deposit };
            }
            let entity_id = EntityId::Balance { account, asset: first.asset };
            self.push(entity_id, ChangeType::Updated { changed_fields: Fields::Balance(update) });
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) {
        let update = |updated_at| OrderUpdate { updated_at, ..OrderUpdate::default() };
        match change {
            Change::OrderOpened { order, .. }
            | Change::OrderRefused { order }
            | Change::OrderAnnounced { order }
            | Change::OrderRejectedUnannounced { order } => {
                self.created(EntityId::Order(order.id), Fields::Order(order.clone()));
            }
            Change::OrderRested { order, time, .. } | Change::OrderUntriggered { order, time } => {
                self.order(*order, update(*time));
            }
            Change::OrderFilled { fill, status, executed, executed_quote, .. } => {
                let id = EntityId::Fill { symbol: fill.symbol, trade: fill.trade, order: fill.order };
                self.created(id, Fields::Fill(*fill));
                let filled = OrderUpdate {
                    symbol: Some(fill.symbol),
                    status: Some(*status),
                    executed: Some(*executed),
                    executed_quote: Some(*executed_quote),
                    ..update(fill.time)
                };
                self.order(fill.order, filled);
            }
            Change::OrderReduced { order, symbol, after, cause, time, .. } => {
                let reduced = OrderUpdate { symbol: Some(*symbol), ..update(*time) };
                match cause {
                    ReductionCause::Amended(name) => {
                        let (quantity, client_id) = (Some(*after), Some(*name));
                        self.order(*order, OrderUpdate { quantity, client_id, ..reduced });
                    }
                    ReductionCause::Prevented(by) => {
                        let (prevented, prevented_match) = (Some(*after), Some(by.id));
                        self.order(*order, OrderUpdate { prevented, prevented_match, ..reduced });
                    }
                }
            }
            Change::OrderClosed { order, status, reason, time } => {
                self.order(*order, OrderUpdate { status: Some(*status), reason: *reason, ..update(*time) });
            }
            Change::OrderTriggered { order, time } => {
                let (status, working_at) = (Some(OrderStatus::Pending), Some(*time));
                self.order(*order, OrderUpdate { status, working_at, ..update(*time) });
            }
            Change::OrderReleased { order, works } => {
                let now = self.timestamp;
                let (status, working_at) = (works.then_some(OrderStatus::Pending), works.then_some(now));
                let awaits_list = Some(false);
                self.order(*order, OrderUpdate { status, working_at, awaits_list, ..update(now) });
            }
            _ => {}
        }
    }
}

/// Returns whether a posting concerns an account, not a fee, a clearing leg or the world outside.
fn account_posting(change: &Change) -> Option<(AccountId, &Posting)> {
    match change {
        Change::Posted(posting) => match posting.place {
            LedgerAccount::Available(account) | LedgerAccount::Held(account) => Some((account, posting)),
            LedgerAccount::Fees | LedgerAccount::Clearing | LedgerAccount::External => None,
        },
        _ => None,
    }
}

/// Returns the cause of the balances' changes: one input settles one trade at most.
fn cause(changes: &[Change]) -> BalanceCause {
    let fill = changes.iter().find_map(|change| match change {
        Change::OrderFilled { fill, .. } => Some(fill),
        _ => None,
    });
    fill.map_or(BalanceCause::Order, |fill| BalanceCause::Trade {
        symbol: fill.symbol,
        trade: fill.trade,
        order: fill.order,
    })
}
