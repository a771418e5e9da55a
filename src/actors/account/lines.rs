//! Queues commands: those of one account about one symbol run in the order of their arrival.
//!
//! A command whose meaning depends on a book's answer to an earlier one waits for that answer
//! ([`AccountSlot::must_wait`]), and later commands wait behind it, so nothing reaches the book ahead of what was sent
//! before it. A waiting command has changed nothing and is in no journal: a crash loses it, and no client has received
//! an answer to it. Everything that can reject it is checked when its turn comes: by then its deadline may have passed,
//! or its book may be out of service.
//!
//! [`AccountSlot::must_wait`]: crate::domain::account::AccountSlot::must_wait

use std::collections::{BTreeMap, VecDeque};

use tracing::Span;

use super::{Accounts, Awaiting, Slots, Turn, awaited::Awaited};
use crate::{
    actors::{
        message::{Acknowledgement, AdmittedCommand},
        outbox::Answered,
        outcomes::class,
        topology::Topology,
        trace,
    },
    domain::{
        account::AccountInput,
        messages::{
            command::AccountCommand,
            reject::{Fault, Reject},
        },
        types::{
            id::{AccountId, CommandId, SlotId, SymbolId},
            time::Timestamp,
        },
    },
};

/// The account slot, the account and the symbol.
pub(super) type Key = (SlotId, AccountId, SymbolId);

/// The lines that are not empty.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<Key, Line>);

/// Waiting commands of one account about one symbol.
#[derive(Debug, Default)]
struct Line {
    /// A cancel-replace whose second half may not have been sent: until it is answered every command waits.
    replacing: Option<CommandId>,
    awaiting: VecDeque<Box<AdmittedCommand>>,
}

impl Lines {
    fn of_slot(&self, slot: SlotId) -> Vec<Key> {
        let first = (slot, AccountId::new(0), SymbolId::new(0));
        self.0.range(first..).map(|(key, _)| *key).take_while(|(of, ..)| *of == slot).collect()
    }
}

impl Slots {
    /// Returns whether a command has to wait, as its slot decides.
    fn must_wait(
        &mut self,
        admission: &AdmittedCommand,
        unanswered: &Awaited<Awaiting>,
        topology: &Topology,
    ) -> bool {
        let about = |command| unanswered.get(command)?.line.map(|(_, account, symbol)| (account, symbol));
        let answers = |symbol| !is_down(symbol, topology);
        self.get(admission.slot, topology).must_wait(&admission.command, answers, about)
    }
}

fn key(slot: SlotId, command: &AccountCommand) -> Option<Key> {
    Some((slot, command.account()?, command.symbol()?))
}

fn is_down(symbol: SymbolId, topology: &Topology) -> bool {
    topology.health.is_symbol_shard_down(topology.symbol_shard_of(symbol.slot()))
}

impl Accounts {
    /// Handles a command, or queues it until its turn comes.
    pub(super) fn command(
        &mut self,
        admitted: Box<AdmittedCommand>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Fault> {
        if let Some(key) = key(admitted.slot, &admitted.command)
            && (self.lines.0.contains_key(&key)
                || self.slots.must_wait(&admitted, &self.awaiting, turn.topology))
        {
            self.lines.0.entry(key).or_default().awaiting.push_back(admitted);
            return Ok(());
        }
        self.take_up(*admitted, turn)
    }

    /// Handles the queued commands of this slot that need not wait any longer.
    pub(super) fn take_up_queued(&mut self, slot: SlotId, turn: &mut Turn<'_>) -> Result<(), Fault> {
        if self.lines.0.is_empty() {
            return Ok(());
        }
        self.lines.of_slot(slot).into_iter().try_for_each(|key| self.take_up_line(key, turn))
    }

    /// Handles the loss of a symbol shard: commands sent to it or queued for it are never answered, so their clients
    /// learn of it and their permits are released. Commands about other symbols that waited for its answer are handled.
    pub(super) fn symbol_shard_lost(&mut self, shard: usize, turn: &mut Turn<'_>) -> Result<(), Fault> {
        let is_lost = |(.., symbol): &Key| turn.topology.symbol_shard_of(symbol.slot()) == shard;
        let is_orphan = |awaiting: &Awaiting| awaiting.line.as_ref().is_some_and(is_lost);
        self.lines.0.retain(|key, _| !is_lost(key));
        let orphans = self.awaiting.iter().filter(|(_, awaiting)| is_orphan(awaiting));
        // The commands they joined may date from before a restart, and wait no longer.
        let joined = self.joined.sorted().into_iter().filter(|(_, joined)| joined.iter().any(is_orphan));
        let orphans: Vec<CommandId> =
            orphans.map(|(command, _)| command).chain(joined.map(|(command, _)| *command)).collect();
        for command in orphans {
            self.awaiting.remove(command);
            self.joined.remove(&command);
        }
        let left: Vec<Key> = self.lines.0.keys().copied().collect();
        left.into_iter().try_for_each(|key| self.take_up_line(key, turn))
    }

    fn take_up_line(&mut self, key: Key, turn: &mut Turn<'_>) -> Result<(), Fault> {
        while let Some(next) = self.next_of(key, turn.topology) {
            self.take_up(*next, turn)?;
        }
        Ok(())
    }

    /// Takes the first command out of a line, unless it has to wait; removes a line that is empty.
    fn next_of(&mut self, key: Key, topology: &Topology) -> Option<Box<AdmittedCommand>> {
        let line = self.lines.0.get_mut(&key)?;
        if line.replacing.is_some_and(|command| self.awaiting.contains(command)) {
            return None;
        }
        line.replacing = None;
        match line.awaiting.front() {
            None => {
                self.lines.0.remove(&key);
                None
            }
            Some(first) if self.slots.must_wait(first, &self.awaiting, topology) => None,
            Some(_) => line.awaiting.pop_front(),
        }
    }

    /// Handles a command whose turn has come, unless it is rejected first.
    fn take_up(&mut self, admission: AdmittedCommand, turn: &mut Turn<'_>) -> Result<(), Fault> {
        if let Some(reject) = refusal(&admission, turn.now, turn.topology) {
            refuse(admission, reject, turn.topology);
            return Ok(());
        }
        let AdmittedCommand {
            slot,
            command,
            key: idempotency,
            only_unowned,
            span,
            permit,
            reply,
            entered,
            ..
        } = admission;
        let account = command.account().filter(|_| only_unowned);
        if account.is_some_and(|account| self.slots.get(slot, turn.topology).has_owner(account)) {
            let answer = Err(Reject::UnknownAccount);
            turn.log.effects.answers.push(Answered {
                reply,
                answer,
                details: None,
                entered,
                cause: span,
                placed: command.symbol().filter(|_| command.places()),
                _permit: permit,
            });
            return Ok(());
        }
        self.last_command += 1;
        let (id, line) = (CommandId::new(self.last_command), key(slot, &command));
        let request = trace::if_traced(&span);
        self.awaiting
            .insert(id, Awaiting { reply, entered, line, places: command.places(), permit, request });
        let replaces = line.filter(|_| matches!(command, AccountCommand::Replace(_)));
        let step = trace::command(&span, command.symbol(), turn.shard, turn.topology);
        let input = AccountInput::Command { id, command, key: idempotency };
        step.in_scope(|| self.handle(slot, input, trace::cause(&step, &span), turn))?;
        if let Some(key) = replaces.filter(|_| self.awaiting.contains(id)) {
            self.lines.0.entry(key).or_default().replacing = Some(id);
        }
        Ok(())
    }
}

/// Returns why a command cannot be handled any more, whatever it asks.
fn refusal(admission: &AdmittedCommand, now: Timestamp, topology: &Topology) -> Option<Reject> {
    if admission.deadline.is_some_and(|deadline| now > deadline) {
        return Some(Reject::TooLate);
    }
    let symbol = admission.command.symbol();
    symbol.filter(|symbol| is_down(*symbol, topology)).map(|_| Reject::OutOfService)
}

fn refuse(admission: AdmittedCommand, reject: Reject, topology: &Topology) {
    if admission.command.places() {
        topology.metrics.trading.rejected(class(reject)).inc();
    }
    let position = topology.watermark.position();
    // The client may have gone.
    let _ = admission.reply.send(Acknowledgement {
        answer: Err(reject),
        details: None,
        position,
        span: Span::none(),
    });
}
