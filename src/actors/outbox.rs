//! What a turn of a shard tells the world, held back until what it reflects is durable.
//!
//! It travels through the journal's queue behind the turn's frames, and is released on the journal's thread in the
//! order of that queue. So an answer never precedes the disk, a refusal or a read never shows what a crash could
//! still take back, and one write serves everybody who waits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    account::KeyListener,
    durable_watermark::DurableWatermark,
    gate::Permit,
    message::{Acknowledgement, Listening, MarketMoved, PublishUser, ReplyHandle},
    topology::Topology,
};
use crate::{
    domain::{
        account::{AccountView, Change, Details, UserEvent},
        matching::PublicEvent,
        messages::{command::Answer, reject::Reject},
    },
    journal::{Append, Outbox},
    store::Frames,
    telemetry::Histogram,
};

/// What one turn tells.
#[derive(Debug)]
pub struct TurnOutbox {
    topology: Arc<Topology>,
    /// How many outboxes of the shard the journal holds.
    held: Arc<AtomicUsize>,
    effects: TurnEffects,
}

/// What there is to tell.
#[derive(Debug, Default)]
pub(super) struct TurnEffects {
    /// API keys given and taken, logins set, and who wants to know.
    pub(super) credentials: Vec<(Arc<dyn KeyListener>, Change)>,
    /// Where sessions begin to hear private events.
    pub(super) listening: Vec<Listening>,
    /// Private events.
    pub(super) events: Vec<UserEvent>,
    /// Public facts.
    pub(super) public: Vec<PublicEvent>,
    /// Answers to commands, and where it is noted how long they took.
    pub(super) answers: Vec<Answered>,
    pub(super) took: Option<Histogram>,
    /// Answers to questions.
    pub(super) views: Vec<(ReplyHandle<AccountView>, Result<AccountView, Reject>)>,
}

/// The answer to a command on its way out.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) reply: oneshot::Sender<Acknowledgement>,
    pub(super) answer: Result<Answer, Reject>,
    pub(super) details: Option<Box<Details>>,
    pub(super) entered: Instant,
    pub(super) _permit: Permit,
}

impl TurnEffects {
    const fn is_empty(&self) -> bool {
        self.credentials.is_empty()
            && self.listening.is_empty()
            && self.events.is_empty()
            && self.public.is_empty()
            && self.answers.is_empty()
            && self.views.is_empty()
    }

    /// What was told in this turn will be about as much in the next.
    fn take(&mut self) -> Self {
        let next = Self {
            credentials: Vec::new(),
            listening: Vec::new(),
            events: Vec::with_capacity(self.events.len()),
            public: Vec::with_capacity(self.public.len()),
            answers: Vec::with_capacity(self.answers.len()),
            took: self.took.clone(),
            views: Vec::with_capacity(self.views.len()),
        };
        std::mem::replace(self, next)
    }
}

/// How long public facts wait for the answer that follows them: a match tells the public, and the answer to its order
/// is one hop behind.
const PUBLIC_PATIENCE: Duration = Duration::from_micros(200);

/// How long frames wait that nobody waits for.
const FRAME_PATIENCE: Duration = Duration::from_millis(1);

impl Outbox for TurnOutbox {
    fn patience(&self) -> Duration {
        let TurnEffects { credentials, listening, events, public, answers, views, took: _ } = &self.effects;
        let is_waited_for = !(answers.is_empty()
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
        self.release_at(|watermark| {
            watermark.advance(position);
            position
        });
    }
}

impl TurnOutbox {
    /// Lets it out. Public and private facts are on their way before the position moves, and answers leave after it: so
    /// whoever has an answer's position finds these facts wherever it asks.
    fn release_at(self, advance: impl FnOnce(&DurableWatermark) -> u64) {
        let Self { topology, held, effects } = self;
        for (listener, change) in &effects.credentials {
            match change {
                Change::ApiKeyCreated(key) => listener.api_key_created(key),
                Change::ApiKeyRevoked(key) => listener.api_key_revoked(key),
                Change::LoginSet(login) => listener.login_set(login),
                _ => {}
            }
        }
        if !effects.public.is_empty() {
            topology.market.do_send(MarketMoved { events: effects.public });
        }
        // Before the turn's events: who begins here knows which of them it has had already.
        effects.listening.into_iter().for_each(|listening| topology.push.do_send(listening));
        if !effects.events.is_empty() {
            topology.push.do_send(PublishUser { events: effects.events });
        }
        let position = advance(&topology.watermark);
        let now = Instant::now();
        for Answered { reply, answer, details, entered, _permit } in effects.answers {
            if let Some(took) = &effects.took {
                took.observe(now.saturating_duration_since(entered).as_secs_f64());
            }
            // The caller may be gone; the answer stands.
            let _ = reply.send(Acknowledgement { answer, details, position });
        }
        for (reply, view) in effects.views {
            let _ = reply.send(view); // as above
        }
        held.fetch_sub(1, Ordering::Release);
    }
}

/// The way of a shard's frames into the journal, and of what it tells out of it.
#[derive(Debug, Default)]
pub struct TurnLog {
    pub(super) frames: Frames,
    pub(super) effects: TurnEffects,
    held: Arc<AtomicUsize>,
}

impl TurnLog {
    /// Ends a turn: queues its frames, and behind them what it tells. Must come before anything is told to another
    /// shard: that is what makes any prefix of the journal a consistent cut.
    pub(super) fn close_turn(&mut self, topology: &Arc<Topology>) {
        if self.frames.is_empty() && self.effects.is_empty() {
            return;
        }
        let (topology, held, effects) = (Arc::clone(topology), Arc::clone(&self.held), self.effects.take());
        let outbox = TurnOutbox { topology, held, effects };
        // Nothing to write, and nothing of this shard still being written: what is told is durable already.
        let is_durable = self.frames.is_empty() && self.held.load(Ordering::Acquire) == 0;
        self.held.fetch_add(1, Ordering::Relaxed);
        match outbox.topology.journal.clone() {
            None => outbox.release_at(DurableWatermark::step),
            // What is told is as old as the last release of this shard, at the most.
            Some(_) if is_durable => outbox.release_at(DurableWatermark::position),
            Some(journal) => {
                let (frames, count) = self.frames.take();
                journal.append(Append { frames, count, outbox });
            }
        }
    }
}
