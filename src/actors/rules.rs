//! Changes trading rules at one position of the journal, for every slot at once.
//!
//! Every shard pauses between two turns; then the change is queued in the journal, and every shard continues under the
//! new rules. So each frame before the change was decided under the old rules, and each one after it under the new. A
//! shard that is out of service counts as paused: it takes no turns. Shards do not wait for this actor to decide
//! anything: it has decided before it pauses them, and they pause for one message to each.

use std::{sync::Arc, time::Instant};

use actix::prelude::*;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::{
    message::{ChangeRules, Pause, Resume, RulesChanged, SetTopology},
    outbox::{PublishedRules, TurnLog},
    topology::Topology,
};
use crate::domain::{
    instruments::{
        Instruments,
        edit::{EditError, SymbolEdit},
        rules::{ChangedRules, TradingRules},
        symbol::SymbolStatus,
    },
    types::id::SymbolId,
};

/// Owns the trading rules.
#[derive(Debug)]
pub struct RulesActor {
    topology: Option<Arc<Topology>>,
    /// As of the last change, durable or not.
    instruments: Arc<Instruments>,
    /// The changes so far.
    changed: ChangedRules,
    log: TurnLog,
}

type Reply = oneshot::Sender<Result<RulesChanged, EditError>>;

impl RulesActor {
    /// Creates the actor after these changes.
    pub(super) fn new(instruments: Arc<Instruments>, changed: ChangedRules) -> Self {
        Self { topology: None, instruments, changed, log: TurnLog::default() }
    }

    /// Returns whether an edit that leads to these rules has an effect. A status of the configuration is kept from the
    /// book by the accounts alone, so that setting it has one even where it is the same.
    fn is_change(&self, edit: &SymbolEdit, rules: &TradingRules) -> bool {
        let same = self.instruments.symbol(rules.symbol).is_some_and(|spec| spec.rules() == *rules);
        let is_configured = self.changed.of(rules.symbol).is_none();
        !same || (is_configured && edit.status.is_some() && rules.status != SymbolStatus::Trading)
    }

    /// Ends a turn of this actor, with the answer for when all that it reflects is durable.
    fn answer(&mut self, topology: &Arc<Topology>, symbol: SymbolId, reply: Reply) {
        if let Some(spec) = self.instruments.symbol(symbol) {
            let (instruments, spec) = (Arc::clone(&self.instruments), Arc::clone(spec));
            self.log.effects.rules = Some(PublishedRules { instruments, spec, reply });
        }
        self.log.close_turn(topology, Instant::now());
    }

    /// Changes the rules while every shard pauses.
    fn change(&mut self, rules: TradingRules, reason: String, reply: Reply) {
        let Some(topology) = self.topology.clone() else { return };
        let symbol = rules.symbol;
        let frame = self.changed.change(topology.clock.now(), reason, vec![rules]);
        self.instruments = Arc::new(self.instruments.with_rules(&frame.rules));
        if topology.journal.is_some() {
            self.log.frames.push_rules(&frame);
        }
        self.answer(&topology, symbol, reply);
        let resume = Resume { instruments: Arc::clone(&self.instruments), changed: frame.rules.into() };
        topology.accounts.iter().for_each(|shard| shard.do_send(resume.clone()));
        topology.symbols.iter().for_each(|shard| shard.do_send(resume.clone()));
    }
}

/// Pauses every shard; ends when none has a turn under way.
async fn pause_all(topology: &Topology) {
    let paused = |send: &dyn Fn(Pause)| {
        let (paused, waiting) = oneshot::channel();
        send(Pause(paused));
        waiting
    };
    let accounts = topology.accounts.iter().map(|shard| paused(&|pause| shard.do_send(pause)));
    let symbols = topology.symbols.iter().map(|shard| paused(&|pause| shard.do_send(pause)));
    let waiting: Vec<_> = accounts.chain(symbols).collect();
    // One that is gone answers by dropping the message, and takes no turns either.
    join_all(waiting).await;
}

impl Actor for RulesActor {
    type Context = Context<Self>;
}

impl Handler<SetTopology> for RulesActor {
    type Result = ();

    fn handle(&mut self, SetTopology(topology): SetTopology, _: &mut Self::Context) {
        self.topology = Some(topology);
    }
}

impl Handler<ChangeRules> for RulesActor {
    type Result = ();

    fn handle(
        &mut self,
        ChangeRules { symbol, edit, reason, reply }: ChangeRules,
        context: &mut Self::Context,
    ) {
        let Some(topology) = self.topology.clone() else { return };
        let rules = match self.instruments.edited(&symbol, &edit) {
            Ok(rules) => rules,
            Err(error) => {
                let _ = reply.send(Err(error)); // the caller may be gone
                return;
            }
        };
        if !self.is_change(&edit, &rules) {
            // It may repeat a change that is not durable yet.
            return self.answer(&topology, rules.symbol, reply);
        }
        // The next change waits in the mailbox until this one is made.
        let paused = async move { pause_all(&topology).await }.into_actor(self);
        context.wait(paused.map(move |(), actor, _| actor.change(rules, reason, reply)));
    }
}
