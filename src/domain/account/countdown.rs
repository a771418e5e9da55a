//! The dead-man's switch: everything of an account is cancelled unless its client says in time that it is still there.

use super::{
    cancel::NOBODY,
    change::Change,
    slot::{Refusable, Turn},
    state::Ask,
};
use crate::domain::{
    command::{Answer, COUNTDOWN_MAX_MICROS, CancelAllAfter},
    id::AccountId,
    order::Order,
    reject::{Fault, Reject},
    time::Timestamp,
};

impl Turn<'_> {
    pub(super) fn set_countdown(&mut self, countdown: CancelAllAfter) -> Refusable<Answer> {
        let CancelAllAfter { account, after_micros } = countdown;
        if !self.state.accounts.contains(&account) {
            return Ok(Err(Reject::UnknownAccount));
        }
        if after_micros.is_some_and(|after| after > COUNTDOWN_MAX_MICROS) {
            return Ok(Err(Reject::Overflow));
        }
        let at = after_micros.filter(|after| *after > 0);
        let at = at.map(|after| Timestamp::from_micros(self.state.time.micros().saturating_add(after)));
        self.change(Change::Countdown { account, at })?;
        Ok(Ok(Answer::CountdownSet(at)))
    }

    /// Cancels everything of the accounts whose time has come.
    pub(super) fn run_countdowns(&mut self) -> Result<(), Fault> {
        if self.state.countdowns.is_empty() {
            return Ok(());
        }
        let now = self.state.time;
        let due = self.state.countdowns.iter().filter(|(_, at)| **at <= now);
        let due: Vec<AccountId> = due.map(|(account, _)| *account).collect();
        for id in due {
            self.change(Change::Countdown { account: id, at: None })?;
            let orders: Vec<Order> = match self.state.accounts.get(&id) {
                Some(account) => self.state.cancel_targets(account, None),
                None => Vec::new(),
            };
            for order in &orders {
                self.ask_book(order.id, NOBODY, Ask::Cancel)?;
            }
        }
        Ok(())
    }
}
