//! The symbol shards: symbol slots, and the steps of their cascades.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
    time::Instant,
};

use actix::prelude::*;
use tracing::Span;

use super::{
    account::{AccountActor, Accounts},
    message::{Resume, Step, StepSettled, SymbolShardLost, Traced},
    outbox::TurnLog,
    shard::{Shard, ShardKind, ShardTurn},
    topology::Topology,
    trace,
};
use crate::{
    domain::{
        book::BookLimits,
        instruments::rules::ChangedRules,
        matching::{SymbolInput, SymbolOutput, SymbolSlot},
        messages::{
            message::{Envelope, ToAccount, ToSymbol},
            reject::Fault,
        },
        types::id::SlotId,
    },
    telemetry::ShardFigures,
};

/// Owns a set of symbol slots.
pub type SymbolActor = Shard<Symbols>;

type Turn<'turn> = ShardTurn<'turn, Symbols>;

/// The state of a symbol shard.
#[derive(Debug)]
pub struct Symbols {
    limits: BookLimits,
    /// The trading rules that were changed before the start: those of slots without any state.
    rules: Arc<ChangedRules>,
    slots: BTreeMap<SlotId, SymbolSlot>,
    out: SymbolOutput,
    /// Slots with orders that are triggered and not in their books yet.
    cascading: BTreeSet<SlotId>,
    /// Whether the account shards are still busy with the last step of the cascades.
    is_stepping: bool,
    /// Where the end of a step is reported.
    this: Option<Recipient<StepSettled>>,
}

impl SymbolActor {
    /// Creates the actor of shard `shard`. `slots` are those that have any state.
    pub(super) fn of_slots(
        shard: usize,
        batch: usize,
        limits: BookLimits,
        rules: Arc<ChangedRules>,
        slots: BTreeMap<SlotId, SymbolSlot>,
    ) -> Self {
        let kind = Symbols {
            limits,
            rules,
            slots,
            out: SymbolOutput::default(),
            cascading: BTreeSet::new(),
            is_stepping: false,
            this: None,
        };
        Self::new(shard, batch, kind)
    }
}

impl Symbols {
    fn handle(
        &mut self,
        slot: SlotId,
        input: SymbolInput,
        span: &Span,
        turn: &mut Turn<'_>,
    ) -> Result<(), Fault> {
        let topology = turn.topology;
        let state = self.slots.get_mut(&slot);
        let state = state.ok_or_else(|| Fault::new(format!("symbol slot {} is not here", slot.get())))?;
        state.handle(input, turn.now, &mut self.out)?;
        if let Some(head) = &self.out.frame
            && topology.journal.is_some()
        {
            turn.log.frames.push_symbol(head, &self.out.messages);
            turn.log.follow(span);
        }
        trace::matched(span, self.out.messages.len());
        turn.send(slot, &mut self.out.messages, &mut self.out.applied, span);
        if state.has_triggered() {
            self.cascading.insert(slot);
        }
        turn.log.effects.public.append(&mut self.out.public);
        self.out.clear();
        Ok(())
    }
}

impl ShardKind for Symbols {
    const NAME: &'static str = "symbol";
    type Received = ToSymbol;
    type Sent = ToAccount;
    type Peer = Accounts;
    /// Only account shards send anything to a symbol shard.
    type Request = Infallible;

    fn peers(topology: &Topology) -> &[Addr<AccountActor>] {
        &topology.accounts
    }

    fn peer_shard_of(topology: &Topology, slot: SlotId) -> usize {
        topology.account_shard_of(slot)
    }

    fn figures(topology: &Topology, shard: usize) -> Option<&ShardFigures> {
        topology.metrics.stages.shard(topology.accounts.len() + shard)
    }

    fn started(&mut self, address: Addr<SymbolActor>) {
        self.this = Some(address.recipient());
    }

    fn change_rules(&mut self, resume: &Resume) {
        for (id, slot) in &mut self.slots {
            slot.set_rules(&resume.changed);
            // What was triggered before the market closed goes on now that it is open.
            if slot.has_triggered() {
                self.cascading.insert(*id);
            }
        }
    }

    /// Creates the slots of symbols that have no state yet.
    fn connected(&mut self, shard: usize, topology: &Topology, _: &mut TurnLog) {
        let instruments = topology.instruments.load_full();
        let symbols = instruments.symbols().map(|spec| spec.id.slot());
        for slot in symbols.filter(|slot| topology.symbol_shard_of(*slot) == shard) {
            let make = || {
                let mut made = SymbolSlot::new(slot, &instruments, self.limits);
                made.set_rules(self.rules.rules());
                made
            };
            self.slots.entry(slot).or_insert_with(make);
        }
    }

    fn unapplied(&self) -> impl Iterator<Item = &Envelope<ToAccount>> {
        self.slots.values().flat_map(SymbolSlot::unapplied)
    }

    fn entered(request: &Infallible) -> Option<Instant> {
        match *request {}
    }

    fn prefetch<'a>(&'a self, coming: impl Iterator<Item = &'a Envelope<ToSymbol>> + Clone) {
        if !self.slots.values().any(SymbolSlot::exceeds_cache) {
            return;
        }
        let messages = coming.filter_map(|envelope| Some((self.slots.get(&envelope.to)?, envelope)));
        messages.clone().for_each(|(slot, envelope)| slot.prefetch_named(envelope));
        messages.for_each(|(slot, envelope)| slot.prefetch_further(envelope));
    }

    fn message(&mut self, traced: Traced<ToSymbol>, turn: &mut Turn<'_>) -> Result<(), Fault> {
        let Traced { envelope, span: cause } = traced;
        let step = trace::matching(&cause, &envelope, turn.shard, turn.topology);
        let slot = envelope.to;
        let input = SymbolInput::Message(envelope);
        step.in_scope(|| self.handle(slot, input, trace::cause(&step, &cause), turn))
    }

    fn applied(&mut self, own: SlotId, peer: SlotId, upto: u64, turn: &mut Turn<'_>) -> Result<(), Fault> {
        self.handle(own, SymbolInput::Ack { peer, upto }, &Span::none(), turn)
    }

    fn request(&mut self, request: Infallible, _: &mut Turn<'_>) -> Result<(), Fault> {
        match request {}
    }

    fn tick(&mut self, turn: &mut Turn<'_>) -> Result<(), Fault> {
        let own: Vec<SlotId> = self.slots.keys().copied().collect();
        own.into_iter().try_for_each(|slot| self.handle(slot, SymbolInput::Tick, &Span::none(), turn))
    }

    fn hash(&self) -> u128 {
        self.slots.values().fold(0, |sum, slot| sum.wrapping_add(slot.hash()))
    }

    /// Whether a step of the cascades may be taken.
    fn has_own_work(&self) -> bool {
        !self.is_stepping && !self.cascading.is_empty()
    }

    /// Takes one step of every cascade: a turn works on what arrives and on what is triggered, so neither holds up the
    /// other, and no symbol another. The next step waits until the account shards have settled this one: a book
    /// triggers faster than accounts settle, and clients that trade elsewhere would wait behind all of it.
    fn own_work(&mut self, turn: &mut Turn<'_>) -> Result<Option<Arc<Step>>, Fault> {
        if !self.has_own_work() {
            return Ok(None);
        }
        for slot in std::mem::take(&mut self.cascading) {
            self.handle(slot, SymbolInput::Cascade, &Span::none(), turn)?;
        }
        self.is_stepping = self.this.is_some();
        Ok(self.this.clone().map(|this| Arc::new(Step(this))))
    }

    fn poison(&mut self, shard: usize, _: &mut TurnLog, topology: &Topology) {
        topology.health.fail_symbol_shard(shard);
        topology.accounts.iter().for_each(|account| account.do_send(SymbolShardLost(shard)));
        self.cascading.clear();
        self.slots.clear();
    }
}

impl Handler<StepSettled> for SymbolActor {
    type Result = ();

    fn handle(&mut self, _: StepSettled, _: &mut Self::Context) {
        self.kind().is_stepping = false;
    }
}
