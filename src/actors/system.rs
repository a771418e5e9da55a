//! Starting and stopping the actors: the only place that knows how many there are and on which threads.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize},
    },
    time::Duration,
};

use actix::prelude::*;
use arc_swap::ArcSwap;
use tokio::sync::oneshot;

use super::{
    AccountActor, Clock, Exchange, Gate, GateLimits, Health, KeyListener, MarketDataActor, PushActor,
    References, RulesActor, SymbolActor, Topology,
    book_versions::BookVersions,
    durable_watermark::DurableWatermark,
    message::{Drain, Encoder, SetTopology, Shutdown, StateHash},
    outbox::TurnOutbox,
};
use crate::{
    domain::{
        book::BookLimits,
        instruments::{Instruments, rules::ChangedRules, symbol::SymbolSpec},
        replica::Parts,
        types::id::SLOT_COUNT,
    },
    journal::Journal,
    telemetry::{CommitFigures, Measured, Metrics},
};

/// How often shards look at the clock and market data conflates.
pub const TICK: Duration = Duration::from_millis(100);

/// The settings of an exchange.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The assets and symbols.
    pub instruments: Arc<Instruments>,
    /// How many account shards.
    pub account_shards: usize,
    /// How many symbol shards.
    pub symbol_shards: usize,
    /// How many threads the actors share; at least 1. HTTP has its own.
    pub arbiters: usize,
    /// Commands in flight per account shard.
    pub account_gate: GateLimits,
    /// Commands in flight per symbol shard.
    pub symbol_gate: GateLimits,
    /// How many inputs a shard handles before its neighbours run.
    pub batch: usize,
    /// How many fills one command may make.
    pub fills_max: u32,
    /// How many orders one book holds.
    pub book_orders_max: u32,
    /// The time.
    pub clock: Clock,
}

impl Settings {
    /// The defaults of `config/exchange.toml` with these instruments, for tests and benches: no HTTP runs beside them,
    /// so the actors use every core.
    pub fn new(instruments: Arc<Instruments>) -> Self {
        Self {
            instruments,
            account_shards: 10,
            symbol_shards: 10,
            arbiters: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            account_gate: GateLimits { commands: 2_048, cancels: 256 },
            symbol_gate: GateLimits { commands: 4_096, cancels: 512 },
            batch: 64,
            fills_max: 10_000,
            book_orders_max: 1 << 24,
            clock: Clock::default(),
        }
    }
}

/// A running exchange.
#[derive(Debug)]
pub struct Running {
    /// The entrance.
    pub exchange: Exchange,
    topology: Arc<Topology>,
    arbiters: Vec<Arbiter>,
}

/// The initial state of an exchange.
#[derive(Debug, Default)]
pub struct Opening {
    /// The slots and public images that have any state.
    pub parts: Parts,
    /// Where frames go; without it nothing is stored.
    pub journal: Option<Journal<TurnOutbox>>,
    /// What the journal's thread records.
    pub commits: CommitFigures,
}

/// Starts an exchange that has no state and stores nothing. Must be called inside an actix system.
pub fn start(settings: Settings, encoder: Box<dyn Encoder>, keys: Arc<dyn KeyListener>) -> Running {
    start_with(settings, encoder, keys, Opening::default())
}

/// Starts every actor and wires them to each other. Must be called inside an actix system.
pub fn start_with(
    settings: Settings,
    encoder: Box<dyn Encoder>,
    keys: Arc<dyn KeyListener>,
    opening: Opening,
) -> Running {
    let Opening { mut parts, journal, commits } = opening;
    let instruments = parts.instruments.take().unwrap_or_else(|| Arc::clone(&settings.instruments));
    let changed_rules = Arc::new(std::mem::take(&mut parts.changed_rules));
    parts.accounts.resize_with(usize::from(SLOT_COUNT), || None);
    let mut account_slots: Vec<Vec<_>> = (0..settings.account_shards).map(|_| Vec::new()).collect();
    for (slot, state) in parts.accounts.into_iter().enumerate() {
        account_slots[slot % settings.account_shards].push(state);
    }
    let mut symbol_slots: Vec<BTreeMap<_, _>> =
        (0..settings.symbol_shards).map(|_| BTreeMap::new()).collect();
    for (slot, state) in parts.symbols {
        symbol_slots[slot.index() % settings.symbol_shards].insert(slot, state);
    }
    let arbiters: Vec<Arbiter> =
        (0..settings.arbiters.max(1)).map(|_| Arbiter::with_tokio_rt(runtime)).collect();
    let arbiter = |index: usize| arbiters[index % arbiters.len()].handle();
    let accounts: Vec<_> = account_slots
        .into_iter()
        .enumerate()
        .map(|(shard, slots)| {
            let (batch, keys, instruments) = (settings.batch, Arc::clone(&keys), Arc::clone(&instruments));
            let make = move |_: &mut _| AccountActor::of_slots(shard, batch, keys, slots, instruments);
            AccountActor::start_in_arbiter(&arbiter(shard), make)
        })
        .collect();
    let limits = BookLimits { orders_max: settings.book_orders_max, fills_max: settings.fills_max };
    let symbols: Vec<_> = symbol_slots
        .into_iter()
        .enumerate()
        .map(|(shard, slots)| {
            let (batch, rules) = (settings.batch, Arc::clone(&changed_rules));
            let make = move |_: &mut _| SymbolActor::of_slots(shard, batch, limits, rules, slots);
            SymbolActor::start_in_arbiter(&arbiter(shard), make)
        })
        .collect();
    let listeners = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&listeners);
    let images = parts.images;
    let market =
        MarketDataActor::start_in_arbiter(&arbiter(0), move |_| MarketDataActor::new(counted, images));
    let push = PushActor::start_in_arbiter(&arbiter(1), move |_| PushActor::new(encoder, listeners));
    let (own, changed) = (Arc::clone(&instruments), ChangedRules::clone(&changed_rules));
    let rules = RulesActor::start_in_arbiter(&arbiter(0), move |_| RulesActor::new(own, changed));
    let symbol_name = |spec: &Arc<SymbolSpec>| (u64::from(spec.id.get()), spec.name.clone());
    let measured = Measured {
        account_shards: accounts.len(),
        symbol_shards: symbols.len(),
        symbols: instruments.symbols().map(symbol_name).collect(),
        commits,
    };
    let topology = Arc::new(Topology {
        account_gates: (0..accounts.len()).map(|_| Gate::new(settings.account_gate)).collect(),
        symbol_gates: (0..symbols.len()).map(|_| Gate::new(settings.symbol_gate)).collect(),
        references: Arc::new(References::new(&instruments)),
        book_versions: BookVersions::new(&instruments),
        health: Arc::new(Health::new(accounts.len(), symbols.len())),
        metrics: Arc::new(Metrics::new(&measured)),
        instruments: ArcSwap::new(instruments),
        clock: settings.clock.clone(),
        watermark: DurableWatermark::new(journal.as_ref().map_or(0, Journal::durable)),
        journal,
        new_accounts: AtomicU16::new(0),
        accounts,
        symbols,
        market,
        push,
        rules,
    });
    topology.rules.do_send(SetTopology(Arc::clone(&topology)));
    topology.push.do_send(SetTopology(Arc::clone(&topology)));
    topology.market.do_send(SetTopology(Arc::clone(&topology)));
    topology.symbols.iter().for_each(|shard| shard.do_send(SetTopology(Arc::clone(&topology))));
    topology.accounts.iter().for_each(|shard| shard.do_send(SetTopology(Arc::clone(&topology))));
    let clock = settings.clock;
    arbiter(0).spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            if let Some(event) = clock.look() {
                event.report();
            }
        }
    });
    Running { exchange: Exchange::new(Arc::clone(&topology)), topology, arbiters }
}

/// A thread for actors needs timers but no I/O: it parks on a futex, which is cheaper to wake than a poller.
fn runtime() -> tokio::runtime::Runtime {
    let built = tokio::runtime::Builder::new_current_thread().enable_time().build();
    // Without a thread for its actors there is no exchange to start.
    built.unwrap_or_else(|error| panic!("cannot start a runtime: {error}"))
}

impl Running {
    /// Returns the topology, for tests and benches.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// Stops in order: accepts no new work, waits for what is in flight, notifies every WebSocket session.
    pub async fn drain(&self) {
        let topology = &self.topology;
        topology.health.stop();
        for (index, gate) in topology.account_gates.iter().enumerate() {
            if !topology.health.is_account_shard_down(index) {
                gate.emptied().await;
            }
        }
        // Answers are out; the makers' sides of the last trades may still be in flight, one hop at most.
        for _ in 0..2 {
            for shard in &topology.symbols {
                processed(|drain| shard.do_send(drain)).await;
            }
            for shard in &topology.accounts {
                processed(|drain| shard.do_send(drain)).await;
            }
        }
        // Fails only if push is gone, and its sessions with it.
        let _ = topology.push.send(Shutdown).await;
    }

    /// Returns the state hash: the sum over all slots. Only a figure for comparison when nothing is under way.
    pub async fn state_hash(&self) -> u128 {
        let mut sum = 0_u128;
        let topology = &self.topology;
        for shard in &topology.accounts {
            let (reply, hash) = oneshot::channel();
            shard.do_send(StateHash(reply));
            sum = sum.wrapping_add(hash.await.unwrap_or_default());
        }
        for shard in &topology.symbols {
            let (reply, hash) = oneshot::channel();
            shard.do_send(StateHash(reply));
            sum = sum.wrapping_add(hash.await.unwrap_or_default());
        }
        sum
    }

    /// Ends the actors' threads. Anything not drained is dropped.
    pub fn stop(self) {
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
        for arbiter in self.arbiters {
            let _ = arbiter.join(); // a panicked thread has been reported already
        }
    }
}

async fn processed(send: impl Fn(Drain)) {
    let (done, processed) = oneshot::channel();
    send(Drain(done));
    let _ = processed.await; // a shard out of service answers by dropping it
}
