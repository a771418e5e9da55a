//! The shell of symbol slots: queue what arrives, let the slot match, tell the results.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Instant,
};

use actix::prelude::*;
use tracing::Span;

use super::{
    deliver::{Delivered, deliver},
    message::{Applied, Crash, Deliver, Drain, StateHash, Step, StepTaken, SymbolShardLost, Traced, Wire},
    outbox::TurnLog,
    topology::Topology,
    trace,
    turns::{InTurns, Turns},
};
use crate::{
    domain::{
        book::BookLimits,
        matching::{SymbolInput, SymbolOutput, SymbolSlot},
        messages::{
            message::{ToAccount, ToSymbol},
            reject::Fault,
        },
        types::{id::SlotId, time::Timestamp},
    },
    telemetry::Queue,
};

/// Owns a set of symbol slots.
#[derive(Debug)]
pub struct SymbolActor {
    shard: usize,
    batch: usize,
    limits: BookLimits,
    topology: Option<Arc<Topology>>,
    queue: Arc<Queue>,
    slots: BTreeMap<SlotId, SymbolSlot>,
    inbox: VecDeque<Work>,
    out: SymbolOutput,
    outgoing: Vec<Vec<Traced<ToAccount>>>,
    log: TurnLog,
    applied: Vec<Vec<(SlotId, SlotId, u64)>>,
    /// Slots with orders that are triggered and not in their books yet.
    cascading: BTreeSet<SlotId>,
    /// Whether the account shards are still busy with the last step of the cascades.
    is_stepping: bool,
    /// Where the end of a step is told.
    this: Option<Recipient<StepTaken>>,
    is_poisoned: bool,
}

#[derive(Debug)]
enum Work {
    Messages(Delivered<ToSymbol>),
    Applied(Vec<(SlotId, SlotId, u64)>),
    Tick,
    Drain(Drain),
    Hash(StateHash),
    Crash,
}

impl SymbolActor {
    /// Makes the shell of shard `shard`; it serves once it is wired.
    ///
    /// `slots` are those that have any state.
    pub fn new(shard: usize, batch: usize, limits: BookLimits, slots: BTreeMap<SlotId, SymbolSlot>) -> Self {
        Self {
            shard,
            batch,
            limits,
            topology: None,
            queue: Arc::default(),
            slots,
            inbox: VecDeque::new(),
            out: SymbolOutput::default(),
            outgoing: Vec::new(),
            log: TurnLog::default(),
            applied: Vec::new(),
            cascading: BTreeSet::new(),
            is_stepping: false,
            this: None,
            is_poisoned: false,
        }
    }

    fn enqueue(&mut self, work: Work) {
        if !self.is_poisoned {
            self.inbox.push_back(work);
        }
    }

    fn work(&mut self, work: Work, now: Timestamp, topology: &Topology) -> Result<(), Fault> {
        match work {
            Work::Messages(mut messages) => {
                messages.try_for_each(|traced| self.message(traced, now, topology))
            }
            Work::Applied(watermarks) => watermarks.into_iter().try_for_each(|(peer, own, upto)| {
                self.handle(own, &SymbolInput::Applied { peer, upto }, &Span::none(), now, topology)
            }),
            Work::Tick => {
                let own: Vec<SlotId> = self.slots.keys().copied().collect();
                own.into_iter()
                    .try_for_each(|slot| self.handle(slot, &SymbolInput::Tick, &Span::none(), now, topology))
            }
            Work::Drain(drain) => {
                let _ = drain.0.send(());
                Ok(())
            }
            Work::Hash(StateHash(reply)) => {
                let _ = reply.send(self.slots.values().fold(0, |sum, slot| sum.wrapping_add(slot.hash())));
                Ok(())
            }
            Work::Crash => Err(Fault::new("told to crash")),
        }
    }

    fn message(
        &mut self,
        traced: Traced<ToSymbol>,
        now: Timestamp,
        topology: &Topology,
    ) -> Result<(), Fault> {
        let Traced { envelope, span: cause } = traced;
        let make = || tracing::debug_span!(parent: &cause, "symbol.match", shard = self.shard);
        let span = trace::step(make);
        let slot = envelope.to;
        let input = SymbolInput::Message(envelope);
        span.in_scope(|| self.handle(slot, &input, &cause, now, topology))
    }

    fn handle(
        &mut self,
        slot: SlotId,
        input: &SymbolInput,
        span: &Span,
        now: Timestamp,
        topology: &Topology,
    ) -> Result<(), Fault> {
        let state = self.slots.get_mut(&slot);
        let state = state.ok_or_else(|| Fault::new(format!("symbol slot {} is not here", slot.get())))?;
        state.handle(input, now, &mut self.out)?;
        if let Some(head) = &self.out.frame
            && topology.journal.is_some()
        {
            self.log.frames.push_symbol(head, &self.out.messages);
        }
        for envelope in self.out.messages.drain(..) {
            let shard = topology.account_shard_of(envelope.to);
            self.outgoing[shard].push(Traced { envelope, span: span.clone() });
        }
        for (peer, upto) in self.out.applied.drain(..) {
            self.applied[topology.account_shard_of(peer)].push((slot, peer, upto));
        }
        if state.has_triggered() {
            self.cascading.insert(slot);
        }
        self.log.told.public.append(&mut self.out.public);
        self.out.clear();
        Ok(())
    }

    /// Whether a step of the cascades may be taken.
    fn may_step(&self) -> bool {
        !self.is_stepping && !self.cascading.is_empty()
    }

    /// Takes one step of every cascade: a turn works on what arrives and on what is triggered, so neither holds up the
    /// other, and no symbol another. The next step waits until the account shards have settled this one: a book triggers
    /// faster than accounts settle, and whoever trades elsewhere would wait behind all of it.
    fn cascade(&mut self, now: Timestamp, topology: &Topology) -> Result<Option<Arc<Step>>, Fault> {
        if !self.may_step() {
            return Ok(None);
        }
        for slot in std::mem::take(&mut self.cascading) {
            self.handle(slot, &SymbolInput::Cascade, &Span::none(), now, topology)?;
        }
        self.is_stepping = self.this.is_some();
        Ok(self.this.clone().map(|this| Arc::new(Step(this))))
    }

    /// Tells the results of a turn: the journal first, then one message per shard concerned.
    fn tell(&mut self, topology: &Arc<Topology>, step: Option<&Arc<Step>>) {
        self.log.close_turn(topology);
        deliver(&topology.accounts, &mut self.outgoing, &mut self.applied, step);
    }

    /// Tells again what account slots are not known to have applied: they drop what they have.
    fn resend(&mut self, topology: &Topology) {
        for envelope in self.slots.values().flat_map(|slot| slot.unapplied()) {
            let shard = topology.account_shard_of(envelope.to);
            self.outgoing[shard].push(Traced { envelope: *envelope, span: Span::none() });
        }
        deliver(&topology.accounts, &mut self.outgoing, &mut self.applied, None);
    }

    fn observe(&self, topology: &Topology) {
        let oldest = self.inbox.front().and_then(|work| match work {
            Work::Messages(messages) => Some(messages.sent),
            _ => None,
        });
        let oldest = oldest.unwrap_or_else(Instant::now);
        self.queue.set(self.inbox.len(), topology.metrics.nanos(oldest));
    }
}

impl InTurns for SymbolActor {
    fn turn(&mut self) -> Result<bool, Fault> {
        if self.inbox.is_empty() && !self.may_step() {
            return Ok(false);
        }
        let Some(topology) = self.topology.clone() else { return Ok(false) };
        let now = topology.clock.now();
        self.observe(&topology);
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
        let step = self.cascade(now, &topology)?;
        self.tell(&topology, step.as_ref());
        drop(step);
        if self.inbox.is_empty() {
            self.queue.set(0, 0);
        }
        Ok(!self.inbox.is_empty() || self.may_step())
    }

    fn poison(&mut self, fault: &Fault) {
        tracing::error!(shard = self.shard, %fault, "symbol shard is out of service");
        self.is_poisoned = true;
        if let Some(topology) = &self.topology {
            topology.health.fail_symbol_shard(self.shard);
            topology.accounts.iter().for_each(|shard| shard.do_send(SymbolShardLost(self.shard)));
        }
        self.inbox.clear();
        self.cascading.clear();
        self.slots.clear();
        self.log = TurnLog::default();
    }
}

impl Actor for SymbolActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.this = Some(context.address().recipient());
        context.spawn(Turns);
        context.run_interval(super::TICK, |actor, _| actor.enqueue(Work::Tick));
    }
}

impl Handler<Wire> for SymbolActor {
    type Result = ();

    fn handle(&mut self, Wire(topology): Wire, _: &mut Self::Context) {
        self.queue = topology.metrics.queue(topology.accounts.len() + self.shard);
        self.outgoing.resize_with(topology.accounts.len(), Vec::new);
        self.applied.resize_with(topology.accounts.len(), Vec::new);
        let symbols = topology.catalogue.symbols().map(|spec| spec.id.slot());
        for slot in symbols.filter(|slot| topology.symbol_shard_of(*slot) == self.shard) {
            let make = || SymbolSlot::new(slot, &topology.catalogue, self.limits);
            self.slots.entry(slot).or_insert_with(make);
        }
        self.resend(&topology);
        self.topology = Some(topology);
    }
}

impl Handler<StateHash> for SymbolActor {
    type Result = ();

    fn handle(&mut self, hash: StateHash, _: &mut Self::Context) {
        self.enqueue(Work::Hash(hash));
    }
}

impl Handler<Deliver<ToSymbol>> for SymbolActor {
    type Result = ();

    fn handle(&mut self, deliver: Deliver<ToSymbol>, _: &mut Self::Context) {
        if let Some(topology) = &self.topology {
            topology.metrics.account_to_symbol.observe(deliver.sent.elapsed().as_secs_f64());
        }
        self.enqueue(Work::Messages(deliver.into()));
    }
}

impl Handler<Applied> for SymbolActor {
    type Result = ();

    fn handle(&mut self, applied: Applied, _: &mut Self::Context) {
        self.enqueue(Work::Applied(applied.watermarks));
    }
}

impl Handler<StepTaken> for SymbolActor {
    type Result = ();

    fn handle(&mut self, _: StepTaken, _: &mut Self::Context) {
        self.is_stepping = false;
    }
}

impl Handler<Drain> for SymbolActor {
    type Result = ();

    fn handle(&mut self, drain: Drain, _: &mut Self::Context) {
        self.enqueue(Work::Drain(drain));
    }
}

impl Handler<Crash> for SymbolActor {
    type Result = ();

    fn handle(&mut self, _: Crash, _: &mut Self::Context) {
        self.enqueue(Work::Crash);
    }
}
