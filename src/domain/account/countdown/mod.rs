//! The dead man's switch: all orders of an account are cancelled unless its client reports in time that it is still
//! connected.

use super::{
    cancel::NO_COMMAND,
    change::Change,
    slot::{Refusable, Turn},
    state::{AccountState, BookRequest},
};
use crate::domain::{
    messages::{
        command::{Answer, COUNTDOWN_MAX_MICROS, CancelAllAfter},
        reject::{Fault, Reject},
        standing::Action,
    },
    orders::Order,
    types::{id::AccountId, time::Timestamp},
};

impl AccountState {
    /// Brings the slot's time to `time`, with the clock at `now`.
    pub(super) fn set_time(&mut self, time: Timestamp, now: Timestamp) {
        if self.ticked == Timestamp::default() {
            // Its first input since it was stored: every timer that is set was set by that time.
            self.ticked = self.time;
        }
        (self.time, self.clock) = (time, time.timer(now));
    }
}

impl Turn<'_> {
    pub(super) fn set_countdown(&mut self, countdown: CancelAllAfter) -> Refusable<Answer> {
        let CancelAllAfter { account, after_micros } = countdown;
        let Some(found) = self.state.accounts.get(&account) else {
            return Ok(Err(Reject::UnknownAccount));
        };
        if let Err(reject) = found.marks.status.check(Action::ArrangeCancel) {
            return Ok(Err(reject));
        }
        if after_micros.is_some_and(|after| after > COUNTDOWN_MAX_MICROS) {
            return Ok(Err(Reject::Overflow));
        }
        self.follow_clock()?;
        let at = after_micros.filter(|after| *after > 0);
        let at = at.map(|after| Timestamp::from_micros(self.state.clock.micros().saturating_add(after)));
        self.change(Change::Countdown { account, at })?;
        Ok(Ok(Answer::CountdownSet(at)))
    }

    /// Cancels all orders of the accounts whose countdown has ended.
    pub(super) fn run_countdowns(&mut self) -> Result<(), Fault> {
        self.follow_clock()?;
        let now = self.state.clock;
        self.state.ticked = now;
        let due = self.state.countdowns.iter().filter(|(_, at)| **at <= now);
        let due: Vec<AccountId> = due.map(|(account, _)| *account).collect();
        for id in due {
            self.change(Change::Countdown { account: id, at: None })?;
            self.cancel_everything(id)?;
        }
        Ok(())
    }

    /// Asks the books to cancel all orders of an account, without a command that waits for them. Returns the number of requests.
    pub(super) fn cancel_everything(&mut self, id: AccountId) -> Result<usize, Fault> {
        let orders: Vec<Order> = match self.state.accounts.get(&id) {
            Some(account) => self.state.cancel_targets(account, None),
            None => Vec::new(),
        };
        for order in &orders {
            self.request_book(order.id, NO_COMMAND, BookRequest::Cancel)?;
        }
        Ok(orders.len())
    }

    /// If the clock was wrong and has been set back since the last tick, timers end after the remaining time, not when
    /// the wrong time is reached again. Done at the next tick, or before a countdown is set by the right clock: that
    /// one must not be moved back. A countdown that would have ended by the wrong clock's last tick was set since, too.
    fn follow_clock(&mut self) -> Result<(), Fault> {
        let (before, now) = (self.state.ticked, self.state.clock);
        if before.timer(now) == before {
            return Ok(());
        }
        self.state.ticked = now;
        let back = before.micros().saturating_sub(now.micros());
        let set_before = self.state.countdowns.iter().filter(|(_, at)| **at > before);
        let earlier = |at: Timestamp| Timestamp::from_micros(at.micros().saturating_sub(back));
        let all: Vec<_> = set_before.map(|(account, at)| (*account, earlier(*at))).collect();
        all.into_iter().try_for_each(|(account, at)| self.change(Change::Countdown { account, at: Some(at) }))
    }
}

#[cfg(test)]
mod tests;
