//! The recent private events of recorded accounts, so that a private stream can resume where it broke off.
//!
//! An account is recorded from its first private subscription on. From then on the journal's frames hold its events
//! themselves, and so does this record; of other accounts only the number of events is kept. That an account is
//! recorded is part of the state hash. The events are not, as the archive is not: they follow from the frames, and no
//! decision depends on them.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{
    change::Change,
    event::{UserEvent, UserEventKind},
    slot::Turn,
    state::AccountState,
};
use crate::domain::{messages::reject::Fault, types::id::AccountId};

/// The maximum number of events kept for one account.
pub const EVENTS_PER_ACCOUNT_MAX: usize = 10_000;
/// The maximum number of events a slot keeps; beyond it the account with the most loses its oldest.
pub const EVENTS_PER_SLOT_MAX: usize = 40_000;
/// The maximum number of recorded accounts of a slot. One more replaces the account without a subscriber that has been
/// quiet for longest.
pub const RECORDED_PER_SLOT_MAX: usize = 100;

/// The events of recorded accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The events of each account without gaps, oldest first.
    accounts: BTreeMap<AccountId, VecDeque<UserEvent>>,
    count: usize,
}

/// Events of an account, in order and without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The requested events.
    pub events: Vec<UserEvent>,
    /// The number of the account's last event.
    pub last: u64,
}

/// Why events cannot be returned from the requested number on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// Some of them are no longer kept, or never were.
    #[error("events before {oldest} are not kept")]
    Gone {
        /// The oldest kept event; the one after the last when there is none.
        oldest: u64,
    },
    /// There are no such events yet.
    #[error("the last event is {last}")]
    Ahead {
        /// The last event there is.
        last: u64,
    },
}

impl Record {
    pub(super) fn open(&mut self, account: AccountId) {
        self.accounts.entry(account).or_default();
    }

    pub(super) fn close(&mut self, account: AccountId) {
        self.count -= self.accounts.remove(&account).map_or(0, |events| events.len());
    }

    /// Keeps an event of a recorded account.
    pub(super) fn push(&mut self, event: UserEvent) {
        let Some(events) = self.accounts.get_mut(&event.account) else { return };
        events.push_back(event);
        self.count += 1;
        if events.len() > EVENTS_PER_ACCOUNT_MAX {
            events.pop_front();
            self.count -= 1;
        } else if self.count > EVENTS_PER_SLOT_MAX {
            let longest = self.accounts.values_mut().max_by_key(|events| events.len());
            self.count -= usize::from(longest.is_some_and(|events| events.pop_front().is_some()));
        }
    }

    /// Returns the first `limit` events after number `after`, where `last` is the account's last.
    pub(super) fn after(
        &self,
        account: AccountId,
        after: u64,
        last: u64,
        limit: usize,
    ) -> Result<Backlog, Gap> {
        if after > last {
            return Err(Gap::Ahead { last });
        }
        let events = self.accounts.get(&account);
        let oldest = events.and_then(VecDeque::front).map_or(last + 1, |event| event.seq);
        if after + 1 < oldest {
            return Err(Gap::Gone { oldest });
        }
        let seen = usize::try_from(after + 1 - oldest).unwrap_or(usize::MAX);
        let events = events.into_iter().flatten().skip(seen).take(limit).cloned().collect();
        Ok(Backlog { events, last })
    }

    /// Returns the account that has been quiet for longest, among those `is_free` admits.
    fn quietest(&self, is_free: impl Fn(AccountId) -> bool) -> Option<AccountId> {
        let free = self.accounts.iter().filter(|(account, _)| is_free(**account));
        let quietest = free.min_by_key(|(_, events)| events.back().map(|event| event.time));
        quietest.map(|(account, _)| *account)
    }
}

impl Turn<'_> {
    /// Records an account from now on. When the record is full, the account is subscribed but not recorded.
    pub(super) fn record(&mut self, account: AccountId) -> Result<(), Fault> {
        let state = &self.state;
        if state.accounts.get(&account).is_none_or(|account| account.marks.recorded) {
            return Ok(());
        }
        if state.record.accounts.len() >= RECORDED_PER_SLOT_MAX {
            let is_free = |id| state.accounts.get(&id).is_none_or(|account| !account.watched);
            match state.record.quietest(is_free) {
                None => return Ok(()),
                Some(account) => self.change(Change::Recorded { account, is_on: false })?,
            }
        }
        self.change(Change::Recorded { account, is_on: true })
    }
}

impl AccountState {
    pub(super) fn emitted(&mut self, id: AccountId, event: Option<&UserEventKind>) -> Result<(), Fault> {
        let time = self.time;
        let account = self.account_mut(id)?;
        account.event_seq += 1;
        let seq = account.event_seq;
        if let Some(kind) = event {
            self.record.push(UserEvent { account: id, seq, time, kind: kind.clone() });
        }
        Ok(())
    }

    pub(super) fn set_recorded(&mut self, id: AccountId, is_on: bool) -> Result<(), Fault> {
        self.account_mut(id)?.marks.recorded = is_on;
        if is_on {
            self.record.open(id);
        } else {
            self.record.close(id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        account::{AccountFrame, AccountInput, AccountOutput, AccountSlot, AccountState},
        messages::command::{AccountCommand, CreateAccount, Transfer},
        testing::sample,
        types::{
            id::{AssetId, CommandId, SlotId},
            money::Amount,
            time::Timestamp,
        },
    };

    /// A slot, and one that replays its frames.
    struct Bench {
        slot: AccountSlot,
        replica: AccountSlot,
        commands: u64,
        emitted: Vec<UserEvent>,
    }

    const USDT: AssetId = AssetId::new(2);

    /// The `index`-th account of slot 7.
    fn account(index: u64) -> AccountId {
        AccountId::new(7 + index * 1_024)
    }

    impl Bench {
        fn new() -> Self {
            let instruments = Arc::new(sample::instruments().unwrap());
            let make = || AccountSlot::new(SlotId::new(7), Arc::clone(&instruments));
            Self { slot: make(), replica: make(), commands: 0, emitted: Vec::new() }
        }

        fn input(&mut self, input: AccountInput) {
            let mut out = AccountOutput::default();
            self.slot.handle(input, Timestamp::from_micros(self.commands), &mut out).unwrap();
            self.emitted.append(&mut out.events);
            if let Some(head) = out.frame {
                self.replica.replay(&AccountFrame { head, changes: out.changes }).unwrap();
            }
        }

        fn command(&mut self, command: AccountCommand) {
            self.commands += 1;
            self.input(AccountInput::Command { id: CommandId::new(self.commands), command, key: None });
        }

        fn open(&mut self, index: u64) {
            let create = CreateAccount { id: Some(account(index)), tier: 0, is_unlimited: false };
            self.command(AccountCommand::CreateAccount(create));
        }

        /// Deposits; each deposit sends the owner one event.
        fn deposit(&mut self, index: u64, times: usize) {
            for _ in 0..times {
                let (account, amount) = (account(index), Amount::new(1));
                let transfer = Transfer { account, asset: USDT, amount, request_id: None };
                self.command(AccountCommand::Deposit(transfer));
            }
        }

        fn seqs(&self, index: u64, after: u64) -> Result<Vec<u64>, Gap> {
            let backlog = self.slot.events(account(index), Some(after), usize::MAX).unwrap();
            let replayed = self.replica.events(account(index), Some(after), usize::MAX).unwrap();
            assert_eq!(backlog, replayed, "replay keeps the same events");
            backlog.map(|backlog| backlog.events.iter().map(|event| event.seq).collect())
        }
    }

    #[test]
    fn only_events_of_recorded_accounts_are_kept_and_from_then_on() {
        let mut bench = Bench::new();
        bench.open(0);
        bench.deposit(0, 2);
        assert_eq!(bench.seqs(0, 2), Ok(vec![]));
        assert_eq!(bench.seqs(0, 1), Err(Gap::Gone { oldest: 3 }));
        assert_eq!(bench.seqs(0, 3), Err(Gap::Ahead { last: 2 }));
        bench.input(AccountInput::Record(account(0)));
        bench.deposit(0, 3);
        assert_eq!(bench.seqs(0, 2), Ok(vec![3, 4, 5]));
        assert_eq!(bench.seqs(0, 4), Ok(vec![5]));
        assert_eq!(bench.seqs(0, 1), Err(Gap::Gone { oldest: 3 }));
        assert!(bench.emitted.is_empty(), "no subscriber");
        bench.slot.watch(account(0), true);
        bench.deposit(0, 1);
        let kept = bench.slot.events(account(0), Some(5), 1).unwrap().unwrap();
        assert_eq!((kept.events, kept.last), (bench.emitted.clone(), 6), "all sent events are kept");
        assert_eq!(bench.slot.hash(), bench.replica.hash());
    }

    #[test]
    fn recording_one_account_changes_the_hash_of_no_other() {
        let hash = |is_recorded: bool| {
            let mut bench = Bench::new();
            bench.open(0);
            bench.open(1);
            let before = bench.slot.hash();
            if is_recorded {
                bench.input(AccountInput::Record(account(0)));
            }
            let after = bench.slot.hash();
            (before, after, bench.slot.seq())
        };
        let ((before, same, _), (_, recorded, seq)) = (hash(false), hash(true));
        assert_eq!(before, same);
        assert_ne!(before, recorded);
        assert_eq!(seq, 3, "it is a frame of its own");
    }

    #[test]
    fn recording_is_idempotent_and_needs_an_account() {
        let mut bench = Bench::new();
        bench.open(0);
        bench.input(AccountInput::Record(account(0)));
        let seq = bench.slot.seq();
        bench.input(AccountInput::Record(account(0)));
        bench.input(AccountInput::Record(account(9)));
        assert_eq!(bench.slot.seq(), seq);
        assert!(bench.slot.events(account(9), None, 1).is_err());
    }

    #[test]
    fn the_bounds_hold_and_the_quiet_keep_what_they_have() {
        let mut bench = Bench::new();
        for index in 0..6 {
            bench.open(index);
            bench.input(AccountInput::Record(account(index)));
        }
        bench.deposit(5, 3);
        bench.deposit(0, EVENTS_PER_ACCOUNT_MAX + 5);
        assert_eq!(bench.seqs(0, 4), Err(Gap::Gone { oldest: 6 }));
        assert_eq!(bench.seqs(0, 5).map(|seqs| seqs.len()), Ok(EVENTS_PER_ACCOUNT_MAX));
        for index in 1..5 {
            bench.deposit(index, EVENTS_PER_ACCOUNT_MAX);
        }
        assert_eq!(bench.slot.state().record.count, EVENTS_PER_SLOT_MAX);
        assert_eq!(bench.seqs(5, 0), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn a_full_slot_evicts_the_quietest_account_without_a_listener() {
        let mut bench = Bench::new();
        for index in 0..=RECORDED_PER_SLOT_MAX as u64 {
            bench.open(index);
            bench.deposit(index, 1);
        }
        for index in 0..RECORDED_PER_SLOT_MAX as u64 {
            bench.input(AccountInput::Record(account(index)));
            bench.slot.watch(account(index), true);
            bench.deposit(index, 1);
        }
        let last = RECORDED_PER_SLOT_MAX as u64;
        bench.input(AccountInput::Record(account(last)));
        bench.deposit(last, 1);
        assert_eq!(bench.seqs(last, 1), Err(Gap::Gone { oldest: 3 }), "all have subscribers");
        bench.slot.watch(account(3), false);
        bench.slot.watch(account(2), false);
        bench.input(AccountInput::Record(account(last)));
        bench.deposit(last, 1);
        assert_eq!(bench.seqs(last, 2), Ok(vec![3]));
        assert_eq!(bench.seqs(2, 1), Err(Gap::Gone { oldest: 3 }));
        assert_eq!(bench.seqs(3, 1), Ok(vec![2]));
        assert_eq!(bench.slot.hash(), bench.replica.hash());
    }

    #[test]
    fn a_snapshot_keeps_the_events() {
        let mut bench = Bench::new();
        bench.open(0);
        bench.input(AccountInput::Record(account(0)));
        bench.deposit(0, 4);
        let bytes = postcard::to_stdvec(bench.slot.state()).unwrap();
        let state: AccountState = postcard::from_bytes(&bytes).unwrap();
        let restored = AccountSlot::restore(state, Arc::new(sample::instruments().unwrap()));
        let events = |slot: &AccountSlot| slot.events(account(0), Some(1), usize::MAX);
        assert_eq!(events(&restored), events(&bench.slot));
        assert_eq!(restored.hash(), bench.slot.hash());
    }
}
