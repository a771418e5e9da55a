//! Taking up commands: those of one account about one symbol in the order they came.
//!
//! A command whose meaning hangs on a book's answer to an earlier one waits for it ([`AccountSlot::must_wait`]), and
//! what comes after it waits behind it, so nothing reaches the book ahead of what was sent before it. What waits has
//! changed nothing and is in no journal: a crash loses it, and nobody was told of it.
//!
//! [`AccountSlot::must_wait`]: crate::domain::account::AccountSlot::must_wait

use std::collections::{BTreeMap, VecDeque};

use super::{AccountActor, Waiting};
use crate::{
    actors::{
        message::{Acknowledgement, Admission},
        outbox::Answered,
        topology::Topology,
        trace,
    },
    domain::{
        account::AccountInput,
        command::AccountCommand,
        id::{AccountId, CommandId, SlotId, SymbolId},
        reject::{Fault, Reject},
        time::Timestamp,
    },
};

/// The account slot, the account and the symbol.
type Key = (SlotId, AccountId, SymbolId);

/// The lines that are not empty.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<Key, Line>);

/// Commands of one account about one symbol that wait.
#[derive(Debug, Default)]
struct Line {
    /// A cancel-replace whose second half may not have been sent: until it is answered everything waits.
    replacing: Option<CommandId>,
    waiting: VecDeque<Box<Admission>>,
}

impl Lines {
    /// Forgets the lines of these symbols; who waits in them learns that the shard is out of service.
    pub(super) fn forget(&mut self, is_lost: impl Fn(SymbolId) -> bool) {
        self.0.retain(|(.., symbol), _| !is_lost(*symbol));
    }

    fn of_slot(&self, slot: SlotId) -> Vec<Key> {
        self.0.keys().filter(|(of, ..)| *of == slot).copied().collect()
    }
}

fn key(slot: SlotId, command: &AccountCommand) -> Option<Key> {
    Some((slot, command.account()?, command.symbol()?))
}

impl AccountActor {
    /// Takes up a command, or lets it wait its turn.
    pub(super) fn command(
        &mut self,
        admitted: Box<Admission>,
        now: Timestamp,
        topology: &Topology,
    ) -> Result<(), Fault> {
        let Admission { slot, command, deadline, .. } = &*admitted;
        if deadline.is_some_and(|deadline| now > deadline) {
            refuse(*admitted, Reject::TooLate, topology);
            return Ok(());
        }
        let shard = command.symbol().map(|symbol| topology.symbol_shard_of(symbol.slot()));
        if shard.is_some_and(|shard| topology.health.is_symbol_shard_down(shard)) {
            refuse(*admitted, Reject::OutOfService, topology);
            return Ok(());
        }
        if let Some(key) = key(*slot, command)
            && (self.lines.0.contains_key(&key) || self.slots.get(*slot, topology).must_wait(command))
        {
            self.lines.0.entry(key).or_default().waiting.push_back(admitted);
            return Ok(());
        }
        self.take_up(*admitted, now, topology)
    }

    /// Takes up what waited in this slot and need not wait any longer.
    pub(super) fn take_up_waiting(
        &mut self,
        slot: SlotId,
        now: Timestamp,
        topology: &Topology,
    ) -> Result<(), Fault> {
        if self.lines.0.is_empty() {
            return Ok(());
        }
        for key in self.lines.of_slot(slot) {
            while let Some(next) = self.next_of(key, topology) {
                self.take_up(*next, now, topology)?;
            }
        }
        Ok(())
    }

    /// Takes the first command out of a line, unless it has to wait; an empty line is given up.
    fn next_of(&mut self, key: Key, topology: &Topology) -> Option<Box<Admission>> {
        let line = self.lines.0.get_mut(&key)?;
        if line.replacing.is_some_and(|command| self.waiting.contains(&command)) {
            return None;
        }
        line.replacing = None;
        match line.waiting.front() {
            None => {
                self.lines.0.remove(&key);
                None
            }
            Some(first) if self.slots.get(key.0, topology).must_wait(&first.command) => None,
            Some(_) => line.waiting.pop_front(),
        }
    }

    fn take_up(&mut self, admission: Admission, now: Timestamp, topology: &Topology) -> Result<(), Fault> {
        let Admission { slot, command, key: idempotency, only_unowned, span, permit, reply, entered, .. } =
            admission;
        let account = command.account().filter(|_| only_unowned);
        if account.is_some_and(|account| self.slots.get(slot, topology).has_owner(account)) {
            let answer = Err(Reject::UnknownAccount);
            self.log.told.answers.push(Answered { reply, answer, entered, _permit: permit });
            return Ok(());
        }
        let symbol_shard = command.symbol().map(|symbol| topology.symbol_shard_of(symbol.slot()));
        self.last_command += 1;
        let id = CommandId::new(self.last_command);
        self.waiting.insert(id, Waiting { reply, entered, symbol_shard, permit });
        let replaces = matches!(command, AccountCommand::Replace(_)).then(|| key(slot, &command)).flatten();
        let make = || tracing::debug_span!(parent: &span, "account.command", shard = self.shard);
        let child = trace::step(make);
        let input = AccountInput::Command { id, command, key: idempotency };
        child.in_scope(|| self.handle(slot, input, &span, now, topology))?;
        if let Some(key) = replaces.filter(|_| self.waiting.contains(&id)) {
            self.lines.0.entry(key).or_default().replacing = Some(id);
        }
        Ok(())
    }
}

fn refuse(admission: Admission, reject: Reject, topology: &Topology) {
    let position = topology.progress.position();
    // Whoever asked may have gone.
    let _ = admission.reply.send(Acknowledgement { answer: Err(reject), position });
}
