//! A shard: queues what arrives, lets its slots decide in bounded turns, and sends the results.
//!
//! Both kinds of shard are this one actor: [`ShardKind`] holds the differences between them. actix empties a mailbox
//! before it lets another actor of the same arbiter run. So handlers only queue, which is cheap, and the work is done
//! in turns: at most a batch, then the arbiter runs its other actors, and one busy shard cannot starve its neighbours.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::Instant,
};

use actix::prelude::*;
use tracing::Span;

use super::{
    deliver::{Delivered, Outgoing},
    message::{Ack, Crash, Deliver, Drain, Pause, Resume, SetTopology, StateHash, Step, Traced},
    outbox::TurnLog,
    topology::Topology,
    trace,
};
use crate::{
    domain::{
        messages::{message::Envelope, reject::Fault},
        types::{id::SlotId, time::Timestamp},
    },
    telemetry::{ShardFigures, TurnRecord},
};

/// The differences between the shards of accounts and of symbols: the slots, and the requests.
pub trait ShardKind: std::fmt::Debug + Sized + Unpin + 'static {
    /// The name in logs.
    const NAME: &'static str;
    /// The messages that slots of the other kind send here.
    type Received: std::fmt::Debug + Send + Unpin + 'static;
    /// The messages these slots send to the other kind.
    type Sent: std::fmt::Debug + Clone + Send + Unpin + 'static;
    /// The other kind.
    type Peer: ShardKind<Received = Self::Sent, Sent = Self::Received>;
    /// The requests of everything but shards.
    type Request: std::fmt::Debug + Unpin + 'static;

    /// The shards of the other kind.
    fn peers(topology: &Topology) -> &[Addr<Shard<Self::Peer>>];
    /// The shard of the other kind that owns `slot`.
    fn peer_shard_of(topology: &Topology, slot: SlotId) -> usize;
    /// Where shard `shard` records its turns.
    fn figures(topology: &Topology, shard: usize) -> Option<&ShardFigures>;

    /// Is called when the actor runs.
    fn started(&mut self, _address: Addr<Shard<Self>>) {}
    /// Continues under changed trading rules.
    fn change_rules(&mut self, resume: &Resume);
    /// Is called once every other actor is known.
    fn connected(&mut self, shard: usize, topology: &Topology, log: &mut TurnLog);
    /// Messages the other kind is not known to have applied.
    fn unapplied(&self) -> impl Iterator<Item = &Envelope<Self::Sent>>;
    /// When a request entered, where that is recorded.
    fn entered(request: &Self::Request) -> Option<Instant>;

    /// Loads what the messages of a turn are about to touch into the cache: waited for together, they cost the turn one
    /// wait for memory and not one each.
    fn prefetch<'a>(&'a self, _coming: impl Iterator<Item = &'a Envelope<Self::Received>> + Clone) {}
    /// Handles a message of another slot.
    fn message(
        &mut self,
        traced: Traced<Self::Received>,
        turn: &mut ShardTurn<'_, Self>,
    ) -> Result<(), Fault>;
    /// Handles an acknowledgement: the slot `peer` has applied what `own` sent up to `upto`.
    fn applied(
        &mut self,
        own: SlotId,
        peer: SlotId,
        upto: u64,
        turn: &mut ShardTurn<'_, Self>,
    ) -> Result<(), Fault>;
    /// Handles a request.
    fn request(&mut self, request: Self::Request, turn: &mut ShardTurn<'_, Self>) -> Result<(), Fault>;
    /// Handles the passing of time.
    fn tick(&mut self, turn: &mut ShardTurn<'_, Self>) -> Result<(), Fault>;
    /// The sum of the state hashes of the slots.
    fn hash(&self) -> u128;

    /// Whether a turn has work to do though nothing arrived.
    fn has_own_work(&self) -> bool {
        false
    }
    /// Does that work at the end of a turn; returns the step of a cascade it took, if any.
    fn own_work(&mut self, _turn: &mut ShardTurn<'_, Self>) -> Result<Option<Arc<Step>>, Fault> {
        Ok(None)
    }

    /// Handles the end of the shard's service: reports it, and drops all waiting clients and every slot.
    fn poison(&mut self, shard: usize, log: &mut TurnLog, topology: &Topology);
    /// Rejects a request that will never be served: the shard is out of service.
    fn refuse(&self, _request: Self::Request, _topology: &Topology) {}
}

/// A turn under way.
#[derive(Debug)]
pub struct ShardTurn<'turn, K: ShardKind> {
    /// The number of the shard.
    pub shard: usize,
    /// The time of the whole turn.
    pub now: Timestamp,
    /// The other actors.
    pub topology: &'turn Topology,
    /// The turn's frames for the journal, and its effects once they are durable.
    pub log: &'turn mut TurnLog,
    /// The turn's messages to other shards.
    pub outgoing: &'turn mut Outgoing<K::Sent>,
}

impl<K: ShardKind> ShardTurn<'_, K> {
    /// Adds what `slot` sends, each message that is followed with the span of its cause, and what it acknowledges; empties both.
    pub(super) fn send(
        &mut self,
        slot: SlotId,
        messages: &mut Vec<Envelope<K::Sent>>,
        applied: &mut Vec<(SlotId, u64)>,
        span: &Span,
    ) {
        let count = messages.len();
        for (index, envelope) in messages.drain(..).enumerate() {
            let shard = K::peer_shard_of(self.topology, envelope.to);
            let span = if trace::is_followed(index, count) { span.clone() } else { Span::none() };
            self.outgoing.push(shard, Traced { envelope, span });
        }
        for (peer, upto) in applied.drain(..) {
            self.outgoing.applied(K::peer_shard_of(self.topology, peer), (slot, peer, upto));
        }
    }
}

/// Owns a set of slots.
#[derive(Debug)]
pub struct Shard<K: ShardKind> {
    shard: usize,
    batch: usize,
    topology: Option<Arc<Topology>>,
    inbox: VecDeque<Work<K>>,
    log: TurnLog,
    outgoing: Outgoing<K::Sent>,
    is_poisoned: bool,
    /// Whether it takes no turns until its trading rules have changed.
    is_paused: bool,
    kind: K,
}

#[derive(Debug)]
enum Work<K: ShardKind> {
    Request(K::Request),
    Messages(Delivered<K::Received>),
    Ack(Vec<(SlotId, SlotId, u64)>),
    Tick,
    Drain(Drain),
    Hash(StateHash),
    Crash,
}

impl<K: ShardKind> Work<K> {
    fn messages(&self) -> impl Iterator<Item = &Envelope<K::Received>> + Clone {
        let messages = match self {
            Self::Messages(messages) => messages.rest(),
            _ => [].as_slice(),
        };
        messages.iter().map(|traced| &traced.envelope)
    }

    fn since(&self) -> Option<Instant> {
        match self {
            Self::Request(request) => K::entered(request),
            Self::Messages(messages) => Some(messages.sent),
            _ => None,
        }
    }
}

impl<K: ShardKind> Shard<K> {
    /// Creates shard `shard`, which handles at most `batch` inputs a turn; it serves once it knows the topology.
    pub(super) fn new(shard: usize, batch: usize, kind: K) -> Self {
        Self {
            shard,
            batch,
            topology: None,
            inbox: VecDeque::new(),
            log: TurnLog::default(),
            outgoing: Outgoing::default(),
            is_poisoned: false,
            is_paused: false,
            kind,
        }
    }

    /// Queues a request.
    pub(super) fn ask(&mut self, request: K::Request) {
        match &self.topology {
            Some(topology) if self.is_poisoned => self.kind.refuse(request, topology),
            _ => self.enqueue(Work::Request(request)),
        }
    }

    /// Returns the state of the kind.
    pub(super) const fn kind(&mut self) -> &mut K {
        &mut self.kind
    }

    fn enqueue(&mut self, work: Work<K>) {
        // A poisoned shard drops what arrives: a waiting client sees its reply handle dropped.
        if !self.is_poisoned {
            self.inbox.push_back(work);
        }
    }

    /// Handles at most one batch; returns `true` when there is more to do.
    fn turn(&mut self) -> Result<bool, Fault> {
        if self.is_paused || (self.inbox.is_empty() && !self.kind.has_own_work()) {
            return Ok(false);
        }
        let Some(topology) = self.topology.clone() else { return Ok(false) };
        let Some(figures) = K::figures(&topology, self.shard) else { return Ok(false) };
        let mut record = TurnRecord::start(figures);
        let oldest = self.inbox.front().and_then(Work::since).unwrap_or(record.started());
        figures.queue.set(self.inbox.len(), topology.metrics.nanos(oldest));
        let Self { shard, batch, inbox, log, outgoing, kind, .. } = self;
        let now = topology.clock.now();
        kind.prefetch(inbox.iter().flat_map(Work::messages).take(*batch));
        let mut turn = ShardTurn { shard: *shard, now, topology: &topology, log, outgoing };
        for _ in 0..*batch {
            // The messages of one turn of another shard are handled one by one: they may be many.
            let message = match inbox.front_mut() {
                None => break,
                Some(Work::Messages(messages)) => {
                    if !messages.is_started {
                        record.received(messages.sent);
                    }
                    messages.next()
                }
                Some(Work::Request(request)) => {
                    record.entered(K::entered(request));
                    None
                }
                Some(_) => None,
            };
            match message {
                Some(traced) => {
                    record.input();
                    kind.message(traced, &mut turn)?;
                }
                None => {
                    if let Some(work) = inbox.pop_front() {
                        perform(kind, work, &mut turn)?;
                    }
                }
            }
        }
        let step = kind.own_work(&mut turn)?;
        // The journal first, then one message for each shard concerned.
        let ended = Instant::now();
        self.log.close_turn(&topology, ended);
        self.outgoing.send(K::peers(&topology), step.as_ref(), ended);
        drop(step);
        if self.inbox.is_empty() {
            figures.queue.set(0, 0);
        }
        record.end(ended);
        Ok(!self.inbox.is_empty() || self.kind.has_own_work())
    }

    /// Stops serving for good: the state may be half changed.
    fn poison(&mut self, fault: &Fault) {
        tracing::error!(shard = self.shard, %fault, "{} shard is out of service", K::NAME);
        self.is_poisoned = true;
        if let Some(topology) = self.topology.clone() {
            self.kind.poison(self.shard, &mut self.log, &topology);
            for work in self.inbox.drain(..) {
                if let Work::Request(request) = work {
                    self.kind.refuse(request, &topology);
                }
            }
        }
        self.inbox.clear();
        self.log = TurnLog::default();
    }
}

fn perform<K: ShardKind>(kind: &mut K, work: Work<K>, turn: &mut ShardTurn<'_, K>) -> Result<(), Fault> {
    match work {
        Work::Request(request) => kind.request(request, turn),
        Work::Messages(mut messages) => messages.try_for_each(|traced| kind.message(traced, turn)),
        Work::Ack(mut watermarks) => {
            watermarks.drain(..).try_for_each(|(peer, own, upto)| kind.applied(own, peer, upto, turn))
        }
        Work::Tick => kind.tick(turn),
        Work::Drain(drain) => {
            let _ = drain.0.send(()); // the waiting side may be gone
            Ok(())
        }
        Work::Hash(StateHash(reply)) => {
            let _ = reply.send(kind.hash()); // as above
            Ok(())
        }
        Work::Crash => Err(Fault::new("asked to crash")),
    }
}

/// The future that drives a shard's turns for as long as it lives. It is polled whenever the actor is, after the
/// mailbox.
#[derive(Debug)]
struct Turns;

impl<K: ShardKind> ActorFuture<Shard<K>> for Turns {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut Shard<K>,
        _: &mut Context<Shard<K>>,
        task: &mut TaskContext<'_>,
    ) -> Poll<()> {
        let turn = catch_unwind(AssertUnwindSafe(|| actor.turn()));
        let turn = turn.unwrap_or_else(|panic| Err(Fault::new(describe(panic.as_ref()))));
        match turn {
            Ok(true) => task.waker().wake_by_ref(),
            Ok(false) => {}
            Err(fault) => actor.poison(&fault),
        }
        Poll::Pending
    }
}

fn describe(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}

impl<K: ShardKind> Actor for Shard<K> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.kind.started(context.address());
        context.spawn(Turns);
        context.run_interval(super::TICK, |actor, _| actor.enqueue(Work::Tick));
    }
}

impl<K: ShardKind> Handler<SetTopology> for Shard<K> {
    type Result = ();

    fn handle(&mut self, SetTopology(topology): SetTopology, _: &mut Self::Context) {
        self.kind.connected(self.shard, &topology, &mut self.log);
        let peers = K::peers(&topology);
        self.outgoing.resize(peers.len());
        // A crash may have lost them in flight; a slot drops those it has already applied.
        for envelope in self.kind.unapplied() {
            let envelope = envelope.clone();
            let shard = K::peer_shard_of(&topology, envelope.to);
            self.outgoing.push(shard, Traced { envelope, span: Span::none() });
        }
        self.outgoing.send(peers, None, Instant::now());
        self.topology = Some(topology);
    }
}

impl<K: ShardKind> Handler<Deliver<K::Received>> for Shard<K> {
    type Result = ();

    fn handle(&mut self, deliver: Deliver<K::Received>, _: &mut Self::Context) {
        self.enqueue(Work::Messages(deliver.into()));
    }
}

impl<K: ShardKind> Handler<Ack> for Shard<K> {
    type Result = ();

    fn handle(&mut self, applied: Ack, _: &mut Self::Context) {
        self.enqueue(Work::Ack(applied.watermarks));
    }
}

/// No turn is under way while a message is handled, and the frames of the last one are in the journal's queue.
impl<K: ShardKind> Handler<Pause> for Shard<K> {
    type Result = ();

    fn handle(&mut self, Pause(paused): Pause, _: &mut Self::Context) {
        self.is_paused = true;
        let _ = paused.send(()); // the exchange may be stopping
    }
}

impl<K: ShardKind> Handler<Resume> for Shard<K> {
    type Result = ();

    fn handle(&mut self, resume: Resume, _: &mut Self::Context) {
        self.kind.change_rules(&resume);
        self.is_paused = false;
    }
}

impl<K: ShardKind> Handler<Drain> for Shard<K> {
    type Result = ();

    fn handle(&mut self, drain: Drain, _: &mut Self::Context) {
        self.enqueue(Work::Drain(drain));
    }
}

impl<K: ShardKind> Handler<StateHash> for Shard<K> {
    type Result = ();

    fn handle(&mut self, hash: StateHash, _: &mut Self::Context) {
        self.enqueue(Work::Hash(hash));
    }
}

impl<K: ShardKind> Handler<Crash> for Shard<K> {
    type Result = ();

    fn handle(&mut self, _: Crash, _: &mut Self::Context) {
        self.enqueue(Work::Crash);
    }
}
