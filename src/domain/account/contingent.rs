//! The changes of state that only conditional orders, lists and countdowns make.

use super::{
    change::{Change, ReductionCause},
    state::{AccountState, Open, OpenList},
};
use crate::domain::{
    messages::reject::Fault,
    orders::{Order, OrderStatus},
    types::{id::OrderListId, money::Amount},
};

impl AccountState {
    /// Applies one of these changes.
    ///
    /// # Errors
    /// The change does not fit the state it meets.
    pub(super) fn apply_contingent(&mut self, change: &Change) -> Result<(), Fault> {
        let now = self.time;
        match change {
            Change::OrderUntriggered { order, time } => {
                let Open { order, placing } = self.open_mut(*order)?;
                order.updated_at = order.updated_at.max(*time);
                *placing = None;
            }
            Change::OrderSubmitted { order, placing } => self.open(order, placing.as_ref())?,
            Change::OrderAcceptedUnannounced { order, handle, time } => {
                let Open { order, placing } = self.open_mut(*order)?;
                order.handle = *handle;
                order.updated_at = order.updated_at.max(*time);
                *placing = None;
            }
            Change::OrderAnnounced { order } => {
                if self.order(order.id) != Some(&**order) {
                    return Err(Fault::new(format!("order {} differs from its announcement", order.id)));
                }
            }
            Change::OrderRejectedUnannounced { order } => {
                self.close(order.id, order.status, order.reason, order.updated_at)?;
            }
            Change::OrderTriggered { order, time } => {
                let Open { order, .. } = self.open_mut(*order)?;
                order.status = OrderStatus::Pending;
                order.set_working(Some(*time));
                order.updated_at = order.updated_at.max(*time);
            }
            Change::OrderReleased { order, works } => {
                let Open { order, .. } = self.open_mut(*order)?;
                order.cold_mut().awaits_list = false;
                order.updated_at = order.updated_at.max(now);
                if *works {
                    order.status = OrderStatus::Pending;
                    order.set_working(Some(now));
                }
            }
            Change::HoldSet { order, hold } => self.open_mut(*order)?.order.hold = *hold,
            Change::ListOpened { list, command, unanswered } => {
                self.next_list += 1;
                self.list_names.insert((list.account, list.client_id), list.id);
                let open = OpenList {
                    list: list.clone(),
                    command: Some(*command),
                    unanswered: *unanswered,
                    refused: None,
                    needs: Vec::new(),
                };
                self.lists.insert(list.id, open);
            }
            Change::NeedSet { list, order, need } => {
                let needs = &mut self.list_mut(*list)?.needs;
                match needs.iter_mut().find(|(of, _)| of == order) {
                    Some((_, old)) => *old = *need,
                    None => needs.push((*order, *need)),
                }
            }
            Change::ListOrderDecided { list, refused } => {
                let open = self.list_mut(*list)?;
                open.unanswered = open.unanswered.saturating_sub(1);
                open.refused = open.refused.or(*refused);
                if open.unanswered == 0 {
                    open.command = None;
                }
            }
            Change::ListClosed { list, status } => {
                let open = self.lists.remove(list);
                let mut list =
                    open.ok_or_else(|| Fault::new(format!("list {} is not open", list.get())))?.list;
                self.list_names.remove(&(list.account, list.client_id));
                (list.status, list.updated_at) = (*status, now);
                self.archive.add_list(list);
            }
            Change::Countdown { account, at: Some(at) } => {
                self.countdowns.insert(*account, *at);
            }
            Change::Countdown { account, at: None } => {
                self.countdowns.remove(account);
            }
            other => return Err(Fault::new(format!("{other:?} is no change of a list"))),
        }
        Ok(())
    }

    /// Verifies an order's totals against those in the change: readers of the frames rely on them.
    ///
    /// # Errors
    /// The totals differ.
    pub(super) fn confirm(&self, change: &Change) -> Result<(), Fault> {
        let (id, is_so) = match change {
            Change::OrderFilled { fill, executed, executed_quote, .. } => {
                let order = self.order(fill.order);
                let so_far = order.map(|order| (order.executed, order.executed_quote));
                (fill.order, so_far == Some((*executed, *executed_quote)))
            }
            Change::OrderReduced { order: id, after, cause, .. } => {
                let now = self.order(*id).map(|order| match cause {
                    ReductionCause::Prevented(_) => order.prevented(),
                    ReductionCause::Amended(_) => order.quantity,
                });
                (*id, now == Some(*after))
            }
            _ => return Ok(()),
        };
        if is_so { Ok(()) } else { Err(Fault::new(format!("order {id} has other totals"))) }
    }

    fn list_mut(&mut self, id: OrderListId) -> Result<&mut OpenList, Fault> {
        self.lists.get_mut(&id).ok_or_else(|| Fault::new(format!("list {} is not open", id.get())))
    }

    /// Returns the other leg of an order's OCO, if it has one and both are open, do not wait for their list, and
    /// neither has been triggered: then they have one hold.
    pub(super) fn live_other_leg(&self, order: &Order) -> Option<&Order> {
        let other_leg = self.open_other_leg(order).filter(|other_leg| !other_leg.awaits_list());
        other_leg.filter(|other_leg| !other_leg.was_triggered() && !order.was_triggered())
    }

    /// Returns whether the other leg of an order's OCO was triggered, and may even have ended, before this one was
    /// notified of its end: it holds nothing any more and needs nothing.
    pub(super) fn is_doomed(&self, order: &Order) -> bool {
        self.known_need(order).is_some_and(Amount::is_zero)
    }

    /// Returns the other leg of an order's OCO, if it has one that is open.
    pub(super) fn open_other_leg(&self, order: &Order) -> Option<&Order> {
        let list = &self.lists.get(&order.list()?)?.list;
        self.order(list.other_leg(order.id)?)
    }

    /// Returns the amount a leg of an OCO will have to hold when it is the only one left.
    pub(super) fn need(&self, order: &Order) -> Amount {
        self.known_need(order).unwrap_or(order.hold)
    }

    fn known_need(&self, order: &Order) -> Option<Amount> {
        let open = self.lists.get(&order.list()?)?;
        open.needs.iter().find(|(of, _)| *of == order.id).map(|(_, need)| *need)
    }
}
