//! The effects of a shard's turn, held back until the state they reflect is durable.
//!
//! An outbox travels through the journal's queue behind the turn's frames, and is released on the journal's thread in
//! the order of that queue. So an answer never precedes the disk, a reject or a read never shows what a crash could
//! still undo, and one write serves all waiting clients.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use tracing::Span;

use super::{
    account::KeyListener,
    book_versions,
    durable_watermark::DurableWatermark,
    gate::Permit,
    message::{Acknowledgement, Listening, MarketMoved, PublishUser, ReplyHandle, RulesChanged},
    outcomes,
    topology::Topology,
    trace,
};
use crate::{
    domain::{
        account::{AccountView, Change, Details, UserEvent},
        instruments::{Instruments, edit::EditError, symbol::SymbolSpec},
        matching::PublicEvent,
        messages::{command::Answer, reject::Reject},
        types::id::SymbolId,
    },
    journal::{Append, Outbox},
    store::Frames,
    telemetry::{Writer, traces::is_traced},
};

/// The effects of one turn.
#[derive(Debug)]
pub struct TurnOutbox {
    topology: Arc<Topology>,
    /// How many outboxes of the shard the journal holds.
    held: Arc<AtomicUsize>,
    /// When the turn ended.
    ended: Instant,
    effects: TurnEffects,
}

/// The effects to release.
#[derive(Debug, Default)]
pub(super) struct TurnEffects {
    /// API keys created and revoked, logins set, and the listener to notify.
    pub(super) credentials: Vec<(Arc<dyn KeyListener>, Change)>,
    /// Where sessions start to receive private events.
    pub(super) listening: Vec<Listening>,
    /// Private events.
    pub(super) events: Vec<UserEvent>,
    /// Public facts.
    pub(super) public: Vec<PublicEvent>,
    /// Answers to commands, and where their latency is recorded.
    pub(super) answers: Vec<Answered>,
    pub(super) took: Option<Writer>,
    /// Answers to queries.
    pub(super) views: Vec<(ReplyHandle<AccountView>, Result<AccountView, Reject>)>,
    /// A change of trading rules.
    pub(super) rules: Option<PublishedRules>,
    /// The spans of frames on their way to the disk.
    journal: Vec<Span>,
}

/// Trading rules that the edge learns of once they are durable.
#[derive(Debug)]
pub(super) struct PublishedRules {
    pub(super) instruments: Arc<Instruments>,
    /// The symbol that changed.
    pub(super) spec: Arc<SymbolSpec>,
    pub(super) reply: oneshot::Sender<Result<RulesChanged, EditError>>,
}

/// The answer to a command, before it is sent.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) reply: oneshot::Sender<Acknowledgement>,
    pub(super) answer: Result<Answer, Reject>,
    pub(super) details: Option<Box<Details>>,
    pub(super) entered: Instant,
    /// The span of the step it follows from.
    pub(super) cause: Span,
    /// The symbol, if the command places an order.
    pub(super) placed: Option<SymbolId>,
    pub(super) _permit: Permit,
}

impl TurnEffects {
    const fn is_empty(&self) -> bool {
        self.rules.is_none()
            && self.credentials.is_empty()
            && self.listening.is_empty()
            && self.events.is_empty()
            && self.public.is_empty()
            && self.answers.is_empty()
            && self.views.is_empty()
    }

    /// The next turn will have about as many effects as this one.
    fn take(&mut self) -> Self {
        let next = Self {
            credentials: Vec::new(),
            listening: Vec::new(),
            events: Vec::with_capacity(self.events.len()),
            public: Vec::with_capacity(self.public.len()),
            answers: Vec::with_capacity(self.answers.len()),
            took: self.took.clone(),
            views: Vec::with_capacity(self.views.len()),
            rules: None,
            journal: Vec::new(),
        };
        std::mem::replace(self, next)
    }
}

/// How long public facts wait for the answer that follows them: a match publishes its facts, and the answer to its
/// order is one hop behind.
const PUBLIC_PATIENCE: Duration = Duration::from_micros(200);

/// How long frames wait that no client waits for.
const FRAME_PATIENCE: Duration = Duration::from_millis(1);

impl Outbox for TurnOutbox {
    fn patience(&self) -> Duration {
        let TurnEffects {
            credentials,
            listening,
            events,
            public,
            answers,
            views,
            rules,
            took: _,
            journal: _,
        } = &self.effects;
        let is_waited_for = !(rules.is_none()
            && answers.is_empty()
            && views.is_empty()
            && events.is_empty()
            && listening.is_empty()
            && credentials.is_empty());
        match (is_waited_for, public.is_empty()) {
            (true, _) => Duration::ZERO,
            (false, false) => PUBLIC_PATIENCE,
            (false, true) => FRAME_PATIENCE,
        }
    }

    fn release(self, position: u64) {
        let now = Instant::now();
        self.topology.metrics.stages.journal_hop.observe_duration(now.saturating_duration_since(self.ended));
        trace::durable(&self.effects.journal, position);
        self.release_at(now, |watermark| {
            watermark.advance(position);
            position
        });
    }
}

impl TurnOutbox {
    /// Releases it. Public and private facts are sent before the position moves, and answers leave after it: so a
    /// client that has an answer's position finds these facts wherever it asks.
    fn release_at(self, now: Instant, advance: impl FnOnce(&DurableWatermark) -> u64) {
        let Self { topology, held, effects, .. } = self;
        let stages = &topology.metrics.stages;
        for (listener, change) in &effects.credentials {
            match change {
                Change::ApiKeyCreated(key) => listener.api_key_created(key),
                Change::ApiKeyRevoked(key) => listener.api_key_revoked(key),
                Change::LoginSet(login) => listener.login_set(login),
                _ => {}
            }
        }
        if let Some(published) = &effects.rules {
            topology.instruments.store(Arc::clone(&published.instruments));
        }
        if !effects.public.is_empty() {
            let moved = book_versions::moved_by(&effects.public);
            stages.market_data.sent();
            topology.market.do_send(MarketMoved { events: effects.public, sent: now });
            moved.into_iter().for_each(|symbol| topology.book_versions.raise(symbol));
        }
        // Before the turn's events: a session that starts here knows which of them it has had already.
        effects.listening.into_iter().for_each(|listening| topology.push.do_send(listening));
        if !effects.events.is_empty() {
            stages.push.sent();
            topology.push.do_send(PublishUser { events: effects.events, sent: now });
        }
        let position = advance(&topology.watermark);
        // Before the answers leave: a client that has one finds it counted.
        if let Some(took) = &effects.took {
            outcomes::record(&effects.answers, took, now, &topology.metrics.trading);
        }
        for Answered { reply, answer, details, cause, _permit, .. } in effects.answers {
            let span = trace::answer(&cause, answer.is_ok());
            // The caller may be gone; the answer stands.
            let _ = reply.send(Acknowledgement { answer, details, position, span });
        }
        for (reply, view) in effects.views {
            let _ = reply.send(view); // as above
        }
        if let Some(PublishedRules { spec, reply, .. }) = effects.rules {
            let _ = reply.send(Ok(RulesChanged { spec, position })); // as above
        }
        held.fetch_sub(1, Ordering::Release);
    }
}

/// Takes a shard's frames into the journal, and its effects out of it.
#[derive(Debug, Default)]
pub struct TurnLog {
    pub(super) frames: Frames,
    pub(super) effects: TurnEffects,
    held: Arc<AtomicUsize>,
    /// The steps of traced requests that frames of the turn are of.
    followed: Vec<Span>,
}

impl TurnLog {
    /// Follows the frame just added to the disk, if the step it is of is traced.
    pub(super) fn follow(&mut self, step: &Span) {
        if is_traced(step) {
            self.followed.push(step.clone());
        }
    }

    /// Ends a turn, at `ended`: queues its frames, and its effects behind them. Must precede any message to another
    /// shard: that makes any prefix of the journal a consistent cut.
    pub(super) fn close_turn(&mut self, topology: &Arc<Topology>, ended: Instant) {
        if self.frames.is_empty() && self.effects.is_empty() {
            return;
        }
        let (topology, held, effects) = (Arc::clone(topology), Arc::clone(&self.held), self.effects.take());
        let mut outbox = TurnOutbox { topology, held, ended, effects };
        // Nothing to write, and nothing of this shard still being written: what the effects reflect is durable already.
        let is_durable = self.frames.is_empty() && self.held.load(Ordering::Acquire) == 0;
        self.held.fetch_add(1, Ordering::Relaxed);
        match outbox.topology.journal.clone() {
            None => outbox.release_at(ended, DurableWatermark::step),
            // The effects are as old as the last release of this shard, at the most.
            Some(_) if is_durable => outbox.release_at(ended, DurableWatermark::position),
            Some(journal) => {
                outbox.effects.journal = trace::journalled(&mut self.followed, &mut outbox.effects.answers);
                let (frames, count) = self.frames.take();
                journal.append(Append { frames, count, outbox });
            }
        }
    }
}
