//! Orders sent under an idempotency key: the same key means the same order, for a day.
//!
//! A refusal is not remembered: what was refused may be tried again under its key. An account at its cap is
//! refused new keys; forgetting an older one early would let a late retry place its order twice.

use super::{
    change::Change,
    slot::Turn,
    state::{AccountState, Kept},
};
use crate::domain::{
    command::{AccountCommand, Answer, IdempotencyKey, REQUEST_ID_LEN_MAX, Replaced},
    id::{AccountId, CommandId},
    reject::{Fault, Reject},
};

/// How long a key is remembered: 24 hours.
pub const KEY_LIFE_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// How many keys of one account are remembered at a time.
pub const KEYED_ORDERS_MAX: usize = 10_000;

impl Turn<'_> {
    pub(super) fn keyed(
        &mut self,
        id: CommandId,
        owner: AccountId,
        key: IdempotencyKey,
        command: AccountCommand,
    ) -> Result<(), Fault> {
        let refuse = |turn: &mut Self, reject| {
            turn.out.answers.push((id, Err(reject)));
            Ok(())
        };
        if key.id.is_empty() || key.id.len() > REQUEST_ID_LEN_MAX {
            return refuse(self, Reject::Overflow);
        }
        let Some(account) = self.state.accounts.get(&owner) else {
            return refuse(self, Reject::UnknownAccount);
        };
        match account.requests.get(&key.id).filter(|kept| !self.state.is_forgettable(kept)) {
            Some(Kept::Order { fingerprint, .. }) if *fingerprint != key.fingerprint => {
                return refuse(self, Reject::RequestConflict);
            }
            Some(Kept::Transfer { .. }) => return refuse(self, Reject::RequestConflict),
            Some(Kept::Order { answer: Some(answer), .. }) => {
                let answer = Answer::clone(answer);
                self.out.answers.push((id, Ok(answer)));
                return Ok(());
            }
            Some(Kept::Order { command: first, answer: None, .. }) => {
                self.out.joined.push((id, *first));
                return Ok(());
            }
            None => {}
        }
        let is_reused = account.requests.contains_key(&key.id);
        let is_full = account.keyed_orders >= KEYED_ORDERS_MAX;
        if is_full && !account.requests.values().any(|kept| self.state.is_forgettable(kept)) {
            return refuse(self, Reject::TooManyRequestIds);
        }
        self.unkeyed(id, command)?;
        let answered = self.out.answers.iter().rev().find(|(answered, _)| *answered == id);
        let answer = match answered {
            None => None,
            Some((_, Ok(answer))) if !is_refusal(answer) => Some(Box::new(answer.clone())),
            Some(_) => return Ok(()),
        };
        if is_full {
            self.forget_outlived(owner)?;
        } else if is_reused {
            self.change(Change::RequestForgotten { account: owner, id: key.id.clone() })?;
        }
        let (fingerprint, time) = (key.fingerprint, self.state.time);
        let kept = Kept::Order { fingerprint, time, command: id, answer };
        self.change(Change::RequestKept { account: owner, id: key.id, kept })
    }

    /// Remembers the answer of a command that came under a key; a refusal frees the key.
    pub(super) fn keep_answer(
        &mut self,
        command: CommandId,
        answer: &Result<Answer, Reject>,
    ) -> Result<(), Fault> {
        let Some((account, id)) = self.state.keyed.get(&command) else { return Ok(()) };
        match answer {
            Ok(answer) if !is_refusal(answer) => {
                self.change(Change::RequestAnswered { command, answer: answer.clone() })
            }
            _ => {
                let (account, id) = (*account, id.clone());
                self.change(Change::RequestForgotten { account, id })
            }
        }
    }

    /// Forgets keys whose day is over.
    fn forget_outlived(&mut self, owner: AccountId) -> Result<(), Fault> {
        let account = self.state.account(owner)?;
        let outlived = account.requests.iter().filter(|(_, kept)| self.state.is_forgettable(kept));
        let outlived: Vec<String> = outlived.map(|(id, _)| id.clone()).collect();
        outlived.into_iter().try_for_each(|id| self.change(Change::RequestForgotten { account: owner, id }))
    }
}

impl AccountState {
    /// Returns whether a key's day is over; one whose order is on its way stays.
    fn is_forgettable(&self, kept: &Kept) -> bool {
        match kept {
            Kept::Transfer { .. } | Kept::Order { answer: None, .. } => false,
            Kept::Order { time, .. } => self.time.micros().saturating_sub(time.micros()) >= KEY_LIFE_MICROS,
        }
    }
}

/// Returns whether nothing came of it: a cancel-replace of which neither half was done.
fn is_refusal(answer: &Answer) -> bool {
    match answer {
        Answer::Replaced(replaced) => {
            matches!(**replaced, Replaced { cancelled: Err(_), placed: None | Some(Err(_)) })
        }
        _ => false,
    }
}
