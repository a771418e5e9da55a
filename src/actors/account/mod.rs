//! The shell of account slots: queue what arrives, let the slot decide, tell the results.

mod lines;

use std::{collections::VecDeque, sync::Arc, time::Instant};

use actix::prelude::*;
use tokio::sync::oneshot;
use tracing::Span;

use self::lines::{Key, Lines};
use super::{
    deliver::{Delivered, deliver},
    gate::Permit,
    message::{
        Acknowledgement, Admitted, Applied, Crash, Deliver, Drain, Listen, Listening, NotListening, Query,
        StateHash, SymbolShardLost, Traced, Unwatch, Wire,
    },
    outbox::{Answered, TurnLog},
    topology::Topology,
    trace,
    turns::{InTurns, Turns},
};
use crate::{
    domain::{
        account::{AccountInput, AccountOutput, AccountSlot, EVENTS_PER_ACCOUNT_MAX},
        messages::{
            command::CreateApiKey,
            credential::Login,
            message::{ToAccount, ToSymbol},
            reject::{Fault, Reject},
        },
        types::{
            id::{AccountId, CommandId, SlotId},
            table::Table,
            time::Timestamp,
        },
    },
    telemetry::Queue,
};

/// Told of API keys and logins once they are durable, so that the edge can check who is calling without asking a
/// shard.
pub trait KeyListener: Send + Sync + std::fmt::Debug {
    /// The key works from now on.
    fn api_key_created(&self, _key: &CreateApiKey) {}

    /// The key works no more.
    fn api_key_revoked(&self, _key: &str) {}

    /// The login is new, or has another password.
    fn login_set(&self, _login: &Login) {}
}

/// For an exchange without an edge: nothing listens.
impl KeyListener for () {}

/// Owns a set of account slots.
#[derive(Debug)]
pub struct AccountActor {
    shard: usize,
    batch: usize,
    keys: Arc<dyn KeyListener>,
    topology: Option<Arc<Topology>>,
    queue: Arc<Queue>,
    slots: Slots,
    inbox: VecDeque<Work>,
    waiting: Table<CommandId, Waiting>,
    /// Who sent an order again while it was on its way, by the first command of its key.
    joined: Table<CommandId, Vec<Waiting>>,
    /// Commands that wait for the answer to an earlier one.
    lines: Lines,
    last_command: u64,
    out: AccountOutput,
    log: TurnLog,
    outgoing: Vec<Vec<Traced<ToSymbol>>>,
    applied: Vec<Vec<(SlotId, SlotId, u64)>>,
    is_poisoned: bool,
}

#[derive(Debug)]
enum Work {
    Command(Admitted),
    Messages(Delivered<ToAccount>),
    Applied(Vec<(SlotId, SlotId, u64)>),
    Query(Box<Query>),
    Listen(Listen),
    Unwatch(AccountId),
    SymbolShardLost(usize),
    Tick,
    Drain(Drain),
    Hash(StateHash),
    Crash,
}

/// Who waits for a command; dropping it tells them the shard is out of service.
#[derive(Debug)]
struct Waiting {
    reply: oneshot::Sender<Acknowledgement>,
    entered: Instant,
    /// The line of its commands, if it is about a symbol.
    line: Option<Key>,
    permit: Permit,
}

/// The slots of a shard: every `shards`-th slot, made when first used.
#[derive(Debug, Default)]
struct Slots(Vec<Option<Box<AccountSlot>>>);

impl Slots {
    fn get(&mut self, slot: SlotId, topology: &Topology) -> &mut AccountSlot {
        let index = slot.index() / topology.accounts.len();
        if index >= self.0.len() {
            self.0.resize_with(index + 1, || None);
        }
        let make = || Box::new(AccountSlot::new(slot, Arc::clone(&topology.catalogue)));
        self.0[index].get_or_insert_with(make)
    }

    fn used(&self, shard: usize, topology: &Topology) -> Vec<SlotId> {
        let used = self.0.iter().enumerate().filter(|(_, slot)| slot.is_some());
        used.map(|(index, _)| SlotId::new((index * topology.accounts.len() + shard) as u16)).collect()
    }
}

impl AccountActor {
    /// Makes the shell of shard `shard`; it serves once it is wired.
    ///
    /// `slots` are those that have any state.
    pub fn new(
        shard: usize,
        batch: usize,
        keys: Arc<dyn KeyListener>,
        slots: Vec<Option<Box<AccountSlot>>>,
    ) -> Self {
        // Above every command that may still be waiting for its book from before.
        let last_command = slots.iter().flatten().map(|slot| slot.last_command()).max().unwrap_or_default();
        Self {
            shard,
            batch,
            keys,
            topology: None,
            queue: Arc::default(),
            slots: Slots(slots),
            inbox: VecDeque::new(),
            waiting: Table::default(),
            joined: Table::default(),
            lines: Lines::default(),
            last_command,
            out: AccountOutput::default(),
            log: TurnLog::default(),
            outgoing: Vec::new(),
            applied: Vec::new(),
            is_poisoned: false,
        }
    }

    fn enqueue(&mut self, work: Work) {
        // A poisoned shard drops what arrives: whoever waits sees the reply handle go.
        if !self.is_poisoned {
            self.inbox.push_back(work);
        }
    }

    fn work(&mut self, work: Work, now: Timestamp, topology: &Topology) -> Result<(), Fault> {
        match work {
            Work::Command(admitted) => self.command(admitted.0, now, topology),
            Work::Messages(mut messages) => {
                messages.try_for_each(|traced| self.message(traced, now, topology))
            }
            Work::Applied(watermarks) => watermarks.into_iter().try_for_each(|(peer, own, upto)| {
                self.handle(own, AccountInput::Applied { peer, upto }, &Span::none(), now, topology)
            }),
            Work::Query(query) => {
                let Query { account, query, span, reply } = *query;
                let _entered = span.enter();
                let view = self.slots.get(account.slot(), topology).query(account, &query, now);
                self.log.told.views.push((reply, view));
                Ok(())
            }
            Work::Listen(listen) => self.listen(listen, now, topology),
            Work::Unwatch(account) => {
                self.slots.get(account.slot(), topology).watch(account, false);
                Ok(())
            }
            Work::SymbolShardLost(shard) => self.symbol_shard_lost(shard, now, topology),
            Work::Tick => {
                let used = self.slots.used(self.shard, topology);
                used.into_iter()
                    .try_for_each(|slot| self.handle(slot, AccountInput::Tick, &Span::none(), now, topology))
            }
            Work::Drain(drain) => {
                let _ = drain.0.send(());
                Ok(())
            }
            Work::Hash(StateHash(reply)) => {
                let slots = self.slots.0.iter().flatten();
                let _ = reply.send(slots.fold(0, |sum, slot| sum.wrapping_add(slot.hash())));
                Ok(())
            }
            Work::Crash => Err(Fault::new("told to crash")),
        }
    }

    /// The answer says from where on events are told live: those before it are in the backlog.
    fn listen(&mut self, listen: Listen, now: Timestamp, topology: &Topology) -> Result<(), Fault> {
        let (account, slot) = (listen.account, listen.account.slot());
        self.handle(slot, AccountInput::Record(account), &Span::none(), now, topology)?;
        let slot = self.slots.get(slot, topology);
        slot.watch(account, true);
        let events = slot.events(account, listen.after, EVENTS_PER_ACCOUNT_MAX);
        let start = events.map_err(NotListening::Refused).and_then(|events| Ok(events?));
        self.log.told.listening.push(Listening { listen, start });
        Ok(())
    }

    /// Tells a session that it will not hear from here.
    fn refuse_listener(&self, listen: Listen) {
        if let Some(topology) = &self.topology {
            let start = Err(NotListening::Refused(Reject::OutOfService));
            topology.push.do_send(Listening { listen, start });
        }
    }

    fn message(
        &mut self,
        traced: Traced<ToAccount>,
        now: Timestamp,
        topology: &Topology,
    ) -> Result<(), Fault> {
        let make = || tracing::debug_span!(parent: &traced.span, "account.settle", shard = self.shard);
        let span = trace::step(make);
        let (slot, input) = (traced.envelope.to, AccountInput::Message(traced.envelope));
        span.in_scope(|| self.handle(slot, input, &traced.span, now, topology))?;
        self.take_up_waiting(slot, now, topology)
    }

    fn handle(
        &mut self,
        slot: SlotId,
        input: AccountInput,
        span: &Span,
        now: Timestamp,
        topology: &Topology,
    ) -> Result<(), Fault> {
        self.slots.get(slot, topology).handle(input, now, &mut self.out)?;
        for envelope in self.out.messages.drain(..) {
            let shard = topology.symbol_shard_of(envelope.to);
            self.outgoing[shard].push(Traced { envelope, span: span.clone() });
        }
        for (peer, upto) in self.out.applied.drain(..) {
            self.applied[topology.symbol_shard_of(peer)].push((slot, peer, upto));
        }
        if let Some(head) = &self.out.frame
            && topology.journal.is_some()
        {
            self.log.frames.push_account(head, &self.out.changes);
        }
        let told = &mut self.log.told;
        told.events.append(&mut self.out.events);
        told.credentials
            .extend(self.out.credentials().map(|change| (Arc::clone(&self.keys), change.clone())));
        for (command, first) in self.out.joined.drain(..) {
            // Who sends the same order again waits with whoever sent it first, if that one is still there.
            self.joined.get_or_default(first).extend(self.waiting.remove(&command));
        }
        for (command, answer) in self.out.answers.drain(..) {
            let details = self.out.details.iter().position(|(of, _)| *of == command);
            let details = details.map(|index| self.out.details.swap_remove(index).1);
            let answered = |Waiting { reply, entered, permit, .. }, answer, details| Answered {
                reply,
                answer,
                details,
                entered,
                _permit: permit,
            };
            let joined = if self.joined.is_empty() { None } else { self.joined.remove(&command) };
            for waiting in joined.into_iter().flatten() {
                told.answers.push(answered(waiting, answer.clone(), details.clone()));
            }
            if let Some(waiting) = self.waiting.remove(&command) {
                told.answers.push(answered(waiting, answer, details));
            }
        }
        self.out.clear();
        Ok(())
    }

    /// Tells the results of a turn: the journal first, then one message per shard concerned.
    fn tell(&mut self, topology: &Arc<Topology>) {
        self.log.close_turn(topology);
        deliver(&topology.symbols, &mut self.outgoing, &mut self.applied, None);
    }

    /// Tells again what symbol slots are not known to have applied: they drop what they have.
    fn resend(&mut self, topology: &Topology) {
        for envelope in self.slots.0.iter().flatten().flat_map(|slot| slot.unapplied()) {
            let shard = topology.symbol_shard_of(envelope.to);
            self.outgoing[shard].push(Traced { envelope: envelope.clone(), span: Span::none() });
        }
        deliver(&topology.symbols, &mut self.outgoing, &mut self.applied, None);
    }

    fn observe(&self, topology: &Topology) {
        let oldest = self.inbox.front().and_then(|work| match work {
            Work::Command(admitted) => Some(admitted.0.entered),
            Work::Messages(messages) => Some(messages.sent),
            _ => None,
        });
        let oldest = oldest.unwrap_or_else(Instant::now);
        self.queue.set(self.inbox.len(), topology.metrics.nanos(oldest));
    }
}

impl InTurns for AccountActor {
    fn turn(&mut self) -> Result<bool, Fault> {
        if self.inbox.is_empty() {
            return Ok(false);
        }
        let Some(topology) = self.topology.clone() else { return Ok(false) };
        let now = topology.clock.now();
        self.observe(&topology);
        if let Some(Work::Command(admitted)) = self.inbox.front() {
            topology.metrics.edge_to_account.observe(admitted.0.entered.elapsed().as_secs_f64());
        }
        for _ in 0..self.batch {
            // The messages of one turn of another shard are taken one by one: they may be many.
            let next = match self.inbox.front_mut() {
                None => break,
                Some(Work::Messages(messages)) => messages.next(),
                Some(_) => None,
            };
            match next {
                Some(traced) => self.message(traced, now, &topology)?,
                None => {
                    if let Some(work) = self.inbox.pop_front() {
                        self.work(work, now, &topology)?;
                    }
                }
            }
        }
        self.tell(&topology);
        if self.inbox.is_empty() {
            self.queue.set(0, 0);
        }
        Ok(!self.inbox.is_empty())
    }

    fn poison(&mut self, fault: &Fault) {
        tracing::error!(shard = self.shard, %fault, "account shard is out of service");
        self.is_poisoned = true;
        if let Some(topology) = &self.topology {
            topology.health.fail_account_shard(self.shard);
        }
        let mut listeners: Vec<Listen> =
            self.log.told.listening.drain(..).map(|listening| listening.listen).collect();
        listeners.extend(self.inbox.drain(..).filter_map(|work| match work {
            Work::Listen(listen) => Some(listen),
            _ => None,
        }));
        listeners.into_iter().for_each(|listen| self.refuse_listener(listen));
        self.waiting = Table::default();
        self.joined = Table::default();
        self.lines = Lines::default();
        self.slots = Slots::default();
        self.log = TurnLog::default();
    }
}

impl Actor for AccountActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.spawn(Turns);
        context.run_interval(super::TICK, |actor, _| actor.enqueue(Work::Tick));
    }
}

impl Handler<Wire> for AccountActor {
    type Result = ();

    fn handle(&mut self, Wire(topology): Wire, _: &mut Self::Context) {
        self.queue = topology.metrics.queue(self.shard);
        self.log.told.took = Some(topology.metrics.commands_of(self.shard));
        self.outgoing.resize_with(topology.symbols.len(), Vec::new);
        self.applied.resize_with(topology.symbols.len(), Vec::new);
        self.resend(&topology);
        self.topology = Some(topology);
    }
}

impl Handler<StateHash> for AccountActor {
    type Result = ();

    fn handle(&mut self, hash: StateHash, _: &mut Self::Context) {
        self.enqueue(Work::Hash(hash));
    }
}

impl Handler<Admitted> for AccountActor {
    type Result = ();

    fn handle(&mut self, admitted: Admitted, _: &mut Self::Context) {
        self.enqueue(Work::Command(admitted));
    }
}

impl Handler<Deliver<ToAccount>> for AccountActor {
    type Result = ();

    fn handle(&mut self, deliver: Deliver<ToAccount>, _: &mut Self::Context) {
        if let Some(topology) = &self.topology {
            topology.metrics.symbol_to_account.observe(deliver.sent.elapsed().as_secs_f64());
        }
        self.enqueue(Work::Messages(deliver.into()));
    }
}

impl Handler<Applied> for AccountActor {
    type Result = ();

    fn handle(&mut self, applied: Applied, _: &mut Self::Context) {
        self.enqueue(Work::Applied(applied.watermarks));
    }
}

impl Handler<Query> for AccountActor {
    type Result = ();

    fn handle(&mut self, query: Query, _: &mut Self::Context) {
        self.enqueue(Work::Query(Box::new(query)));
    }
}

impl Handler<Listen> for AccountActor {
    type Result = ();

    fn handle(&mut self, listen: Listen, _: &mut Self::Context) {
        if self.is_poisoned {
            self.refuse_listener(listen);
        } else {
            self.enqueue(Work::Listen(listen));
        }
    }
}

impl Handler<Unwatch> for AccountActor {
    type Result = ();

    fn handle(&mut self, Unwatch(account): Unwatch, _: &mut Self::Context) {
        self.enqueue(Work::Unwatch(account));
    }
}

impl Handler<Drain> for AccountActor {
    type Result = ();

    fn handle(&mut self, drain: Drain, _: &mut Self::Context) {
        self.enqueue(Work::Drain(drain));
    }
}

impl Handler<SymbolShardLost> for AccountActor {
    type Result = ();

    /// What the shard said before that is queued already, and counts.
    fn handle(&mut self, SymbolShardLost(shard): SymbolShardLost, _: &mut Self::Context) {
        self.enqueue(Work::SymbolShardLost(shard));
    }
}

impl Handler<Crash> for AccountActor {
    type Result = ();

    fn handle(&mut self, _: Crash, _: &mut Self::Context) {
        self.enqueue(Work::Crash);
    }
}
