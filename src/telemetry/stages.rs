//! The metrics of the actors: what waits for them, how long, and how long they take for it.
//!
//! A clock is read once at the start of a turn and once at its end, and nothing is recorded for a single input.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    histogram::{Histogram, Scale, Tally, Writer},
    labels::ShardLabels,
    list,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HopLabels {
    hop: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: &'static str,
}

/// The queue of one shard, written by the shard and read when metrics are requested. Alone on its cache lines: its
/// neighbours are written by other threads.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Queue {
    len: AtomicU64,
    oldest: AtomicU64,
}

impl Queue {
    /// Records the queue's length and when its oldest entry arrived, in nanoseconds since the metrics started.
    pub fn set(&self, len: usize, oldest_nanos: u64) {
        self.len.store(len as u64, Ordering::Relaxed);
        self.oldest.store(oldest_nanos, Ordering::Relaxed);
    }
}

/// What one shard records.
#[derive(Debug)]
pub struct ShardFigures {
    /// Its queue.
    pub queue: Queue,
    /// How long commands waited since their admission.
    pub entered: Writer,
    /// How long messages of other shards waited since the end of the turn that sent them.
    pub received: Writer,
    turns: Writer,
    inputs: Counter,
}

/// What one turn of a shard records: counted while it works, recorded at its end.
#[derive(Debug)]
pub struct TurnRecord<'a> {
    figures: &'a ShardFigures,
    started: Instant,
    entered: Tally,
    received: Tally,
    inputs: u64,
}

impl<'a> TurnRecord<'a> {
    /// Starts a turn.
    pub fn start(figures: &'a ShardFigures) -> Self {
        let (entered, received) = (figures.entered.tally(), figures.received.tally());
        Self { figures, started: Instant::now(), entered, received, inputs: 0 }
    }

    /// Returns when it started.
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// Counts a request and, if it is known when that was admitted, how long it waited for the turn.
    pub fn entered(&mut self, entered: Option<Instant>) {
        self.inputs += 1;
        if let Some(entered) = entered {
            self.entered.add(self.started.saturating_duration_since(entered));
        }
    }

    /// Counts how long the messages of another shard's turn, which ended at `sent`, waited for this one.
    pub fn received(&mut self, sent: Instant) {
        self.received.add(self.started.saturating_duration_since(sent));
    }

    /// Counts one of these messages.
    pub const fn input(&mut self) {
        self.inputs += 1;
    }

    /// Records the turn. One without inputs is the clock's, and its duration says nothing.
    pub fn end(self, ended: Instant) {
        let Self { figures, started, entered, received, inputs } = self;
        if inputs > 0 {
            figures.entered.record(&entered);
            figures.received.record(&received);
            figures.turns.observe_duration(ended.saturating_duration_since(started));
            figures.inputs.inc_by(inputs);
        }
    }
}

/// What an actor records whose senders count the messages on their way to it. Alone on its cache lines, like a queue.
#[derive(Debug)]
#[repr(align(128))]
pub struct Stage {
    sent: AtomicU64,
    handled: AtomicU64,
    waited: Writer,
    turns: Writer,
    inputs: Counter,
    queue: Gauge,
}

impl Stage {
    /// Counts a message on its way.
    pub fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Starts the turn of a message sent at `sent`, and returns the time.
    pub fn start(&self, sent: Instant) -> Instant {
        let now = Instant::now();
        self.handled.fetch_add(1, Ordering::Relaxed);
        self.waited.observe_duration(now.saturating_duration_since(sent));
        now
    }

    /// Ends that turn, in which so many inputs were handled, and returns the time.
    pub fn end(&self, started: Instant, inputs: usize) -> Instant {
        let now = Instant::now();
        self.turns.observe_duration(now.saturating_duration_since(started));
        self.inputs.inc_by(inputs as u64);
        now
    }

    fn read(&self) {
        // In this order a message between the two readings is not counted as waiting.
        let sent = self.sent.load(Ordering::Relaxed);
        let waiting = sent.saturating_sub(self.handled.load(Ordering::Relaxed));
        self.queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }
}

/// The shards and the actors behind them.
#[derive(Debug)]
pub struct Stages {
    /// How long the effects of a turn waited for its frames to be durable.
    pub journal_hop: Writer,
    /// Market data.
    pub market_data: Stage,
    /// Push.
    pub push: Stage,
    shards: Vec<Shard>,
}

#[derive(Debug)]
struct Shard {
    figures: ShardFigures,
    len: Gauge,
    age: Gauge<f64, AtomicU64>,
    in_service: Gauge,
}

impl Stages {
    /// Registers them. `shards` are the names of all shards, `account_shards` of them, the first, of accounts.
    pub(super) fn register(registry: &mut Registry, shards: &[String], account_shards: usize) -> Self {
        let writers = shards.len();
        let histogram = move || Histogram::new(Scale::LATENCY, writers);
        let hops = Family::<HopLabels, Histogram, _>::new_with_constructor(histogram);
        let turns = Family::<StageLabels, Histogram, _>::new_with_constructor(histogram);
        let inputs = Family::<StageLabels, Counter>::default();
        let queues = Family::<StageLabels, Gauge>::default();
        let hop = |hop, part| hops.get_or_create(&HopLabels { hop }).writer(part);
        let turn = |stage, part| turns.get_or_create(&StageLabels { stage }).writer(part);
        let inputs_of = |stage| inputs.get_or_create(&StageLabels { stage }).clone();
        let lens = Family::<ShardLabels, Gauge>::default();
        let ages = Family::<ShardLabels, Gauge<f64, AtomicU64>>::default();
        let in_service = Family::<ShardLabels, Gauge>::default();
        let of_shard = |(index, name): (usize, &String)| {
            let is_account = index < account_shards;
            let (stage, received) =
                if is_account { ("account", "symbol_to_account") } else { ("symbol", "account_to_symbol") };
            let figures = ShardFigures {
                queue: Queue::default(),
                entered: hop("edge_to_account", index),
                received: hop(received, index),
                turns: turn(stage, index),
                inputs: inputs_of(stage),
            };
            let labels = ShardLabels::new(name);
            let len = lens.get_or_create(&labels).clone();
            let age = ages.get_or_create(&labels).clone();
            Shard { figures, len, age, in_service: in_service.get_or_create(&labels).clone() }
        };
        let shards = shards.iter().enumerate().map(of_shard).collect();
        let stage = |stage| Stage {
            sent: AtomicU64::new(0),
            handled: AtomicU64::new(0),
            waited: hop(stage, 0),
            turns: turn(stage, 0),
            inputs: inputs_of(stage),
            queue: queues.get_or_create(&StageLabels { stage }).clone(),
        };
        let (market_data, push) = (stage("market_data"), stage("push"));
        let journal_hop = hop("journal", 0);
        list::HOP.register(registry, hops.clone());
        list::TURN.register(registry, turns.clone());
        list::TURN_INPUTS.register(registry, inputs.clone());
        list::STAGE_QUEUE.register(registry, queues.clone());
        list::QUEUE.register(registry, lens.clone());
        list::QUEUE_OLDEST.register(registry, ages.clone());
        list::IN_SERVICE.register(registry, in_service.clone());
        Self { journal_hop, market_data, push, shards }
    }

    /// Returns what a shard records: account shards first, then symbol shards.
    pub fn shard(&self, index: usize) -> Option<&ShardFigures> {
        self.shards.get(index).map(|shard| &shard.figures)
    }

    /// Sets whether a shard serves.
    pub fn set_in_service(&self, index: usize, serves: bool) {
        if let Some(shard) = self.shards.get(index) {
            shard.in_service.set(i64::from(serves));
        }
    }

    /// Reads the queues; `now` in nanoseconds since the metrics started.
    pub(super) fn read(&self, now: u64) {
        for Shard { figures: ShardFigures { queue, .. }, len, age, .. } in &self.shards {
            let queued = queue.len.load(Ordering::Relaxed);
            len.set(i64::try_from(queued).unwrap_or(i64::MAX));
            let waited = now.saturating_sub(queue.oldest.load(Ordering::Relaxed));
            age.set(if queued == 0 { 0.0 } else { Duration::from_nanos(waited).as_secs_f64() });
        }
        self.market_data.read();
        self.push.read();
    }
}
