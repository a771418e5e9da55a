//! Which session is subscribed to what, and what happens to sessions that cannot keep up.
//!
//! A frame is encoded once per topic and shared by all its listeners. A listener that falls behind its limit is dropped
//! at once and asked to close: a diff is never dropped on a live socket, and no other session waits.

mod users;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::prelude::*;

use self::users::{Hearing, Users};
use super::{
    message::{
        CloseSession, Encoder, JoinTopic, MarketUpdate, OpenSession, PublishMarket, RequestSnapshot,
        SessionEvent, SessionId, SessionLink, SessionProtocol, SetTopology, Shutdown, Subscribe, TimeUnit,
        Topic, Unsubscribe, WatchTopic, WsText,
    },
    topology::Topology,
};
use crate::domain::types::{id::AccountId, time::Timestamp};

/// How often it is measured how far the sessions are behind.
const BACKLOG_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps the sessions and their topics.
pub struct PushActor {
    encoder: Box<dyn Encoder>,
    topology: Option<Arc<Topology>>,
    listeners: Arc<AtomicUsize>,
    sessions: BTreeMap<SessionId, Session>,
    topics: BTreeMap<Topic, BTreeSet<SessionId>>,
    users: Users,
}

impl std::fmt::Debug for PushActor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PushActor").field("sessions", &self.sessions.len()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Session {
    link: SessionLink,
    unit: TimeUnit,
    combined: bool,
    topics: BTreeSet<Topic>,
    protocol: SessionProtocol,
    attached: BTreeMap<AccountId, Hearing>,
}

impl PushActor {
    /// Creates the actor; `listeners` is kept at the number of sessions.
    pub fn new(encoder: Box<dyn Encoder>, listeners: Arc<AtomicUsize>) -> Self {
        Self {
            encoder,
            topology: None,
            listeners,
            sessions: BTreeMap::new(),
            topics: BTreeMap::new(),
            users: Users::default(),
        }
    }

    /// Sends a frame; drops a session that is too far behind.
    fn send(&mut self, to: SessionId, frame: WsText) {
        self.enqueue(to, SessionEvent::Send(frame));
    }

    fn enqueue(&mut self, to: SessionId, event: SessionEvent) {
        let Some(session) = self.sessions.get(&to) else { return };
        if !session.link.is_connected() {
            self.release(to); // it has closed, and its close message is on the way
        } else if !session.link.enqueue(event) {
            session.link.evict();
            if let Some(topology) = &self.topology {
                topology.metrics.sessions.too_slow.inc();
            }
            self.release(to);
        }
    }

    fn release(&mut self, id: SessionId) {
        let Some(session) = self.sessions.remove(&id) else { return };
        for topic in &session.topics {
            self.leave_topic(*topic, id);
        }
        for account in session.attached.into_keys() {
            self.unlist(id, account);
        }
        self.count();
    }

    /// Removes a listener from a topic; notifies market data when it was the last.
    fn leave_topic(&mut self, topic: Topic, id: SessionId) {
        if leave(&mut self.topics, &topic, id) {
            self.watch_topic(topic, false);
        }
    }

    fn watch_topic(&self, topic: Topic, listening: bool) {
        if let Some(topology) = &self.topology {
            topology.market.do_send(WatchTopic { topic, listening });
        }
    }

    fn count(&self) {
        self.listeners.store(self.sessions.len(), Ordering::Relaxed);
        if let Some(topology) = &self.topology {
            topology.metrics.sessions.open.set(i64::try_from(self.sessions.len()).unwrap_or(i64::MAX));
        }
    }

    /// Measures how far the sessions are behind. It looks at all of them, so not for every message.
    fn measure_backlog(&self) {
        let Some(topology) = &self.topology else { return };
        let (mut sum, mut longest) = (0, 0);
        for backlog in self.sessions.values().map(|session| session.link.backlog()) {
            sum += backlog;
            longest = longest.max(backlog);
        }
        let gauges = &topology.metrics.sessions;
        gauges.backlog.set(i64::try_from(sum).unwrap_or(i64::MAX));
        gauges.backlog_max.set(i64::try_from(longest).unwrap_or(i64::MAX));
    }
}

/// Removes a session from a key's listeners; `true` when it was the last.
fn leave<K: Ord + Copy>(listeners: &mut BTreeMap<K, BTreeSet<SessionId>>, key: &K, id: SessionId) -> bool {
    let Some(ids) = listeners.get_mut(key) else { return false };
    ids.remove(&id);
    let is_empty = ids.is_empty();
    if is_empty {
        listeners.remove(key);
    }
    is_empty
}

impl Actor for PushActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(BACKLOG_INTERVAL, |actor, _| actor.measure_backlog());
    }
}

impl Handler<SetTopology> for PushActor {
    type Result = ();

    fn handle(&mut self, SetTopology(topology): SetTopology, _: &mut Self::Context) {
        self.topology = Some(topology);
    }
}

impl Handler<OpenSession> for PushActor {
    type Result = ();

    fn handle(&mut self, open: OpenSession, _: &mut Self::Context) {
        let OpenSession { session, link, unit, protocol } = open;
        let (topics, attached) = (BTreeSet::new(), BTreeMap::new());
        let listener = Session { link, unit, combined: false, topics, protocol, attached };
        self.sessions.insert(session, listener);
        self.count();
    }
}

impl Handler<Subscribe> for PushActor {
    type Result = ();

    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) {
        let id = subscribe.session;
        if !self.sessions.contains_key(&id) {
            return;
        }
        // Market data learns of new topics before the client learns that it is subscribed: the client's next request
        // finds them watched.
        let new = subscribe.topics.iter().filter(|topic| !self.topics.contains_key(topic));
        new.for_each(|topic| self.watch_topic(*topic, true));
        if let Some(acknowledgement) = subscribe.acknowledgement {
            self.send(id, acknowledgement);
        }
        for topic in subscribe.topics {
            let Some(session) = self.sessions.get_mut(&id) else {
                // The acknowledgement exceeded its limit: no session will leave the topics it never joined.
                if !self.topics.contains_key(&topic) {
                    self.watch_topic(topic, false);
                }
                continue;
            };
            session.topics.insert(topic);
            match topic {
                // Its diffs start where its snapshot ends: market data lets it join.
                Topic::DepthSnapshot(symbol, speed) => {
                    if let Some(topology) = &self.topology {
                        topology.market.do_send(RequestSnapshot { session: id, symbol, speed });
                    }
                }
                _ => {
                    self.topics.entry(topic).or_default().insert(id);
                }
            }
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.combined = subscribe.combined;
        }
    }
}

impl Handler<Unsubscribe> for PushActor {
    type Result = ();

    fn handle(&mut self, unsubscribe: Unsubscribe, _: &mut Self::Context) {
        let id = unsubscribe.session;
        if let Some(session) = self.sessions.get_mut(&id) {
            for topic in &unsubscribe.topics {
                session.topics.remove(topic);
            }
            unsubscribe.topics.iter().for_each(|topic| self.leave_topic(*topic, id));
        }
        if let Some(acknowledgement) = unsubscribe.acknowledgement {
            self.send(id, acknowledgement);
        }
    }
}

impl Handler<CloseSession> for PushActor {
    type Result = ();

    fn handle(&mut self, CloseSession(session): CloseSession, _: &mut Self::Context) {
        self.release(session);
    }
}

impl Handler<PublishMarket> for PushActor {
    type Result = ();

    fn handle(&mut self, publish: PublishMarket, _: &mut Self::Context) {
        let Some(topology) = self.topology.clone() else { return };
        let started = topology.metrics.stages.push.start(publish.sent);
        for (topic, update) in &publish.updates {
            let Some(listeners) = self.topics.get(topic) else { continue };
            let mut frames = MarketFrames::new(*topic, update);
            let listeners: Vec<SessionId> = listeners.iter().copied().collect();
            for id in listeners {
                let Some(session) = self.sessions.get(&id) else { continue };
                let event = frames.event(self.encoder.as_ref(), session);
                self.enqueue(id, event);
            }
        }
        topology.metrics.stages.push.end(started, publish.updates.len());
    }
}

impl Handler<JoinTopic> for PushActor {
    type Result = ();

    fn handle(&mut self, join: JoinTopic, _: &mut Self::Context) {
        let JoinTopic { session: id, topic, snapshot } = join;
        let session = self.sessions.get(&id).filter(|session| session.topics.contains(&topic));
        if let Some(session) = session {
            let event = MarketFrames::new(topic, &snapshot).event(self.encoder.as_ref(), session);
            self.enqueue(id, event);
        }
        // It may have gone meanwhile, or just now.
        if self.sessions.get(&id).is_some_and(|session| session.topics.contains(&topic)) {
            self.topics.entry(topic).or_default().insert(id);
        }
    }
}

/// The frames of one update, each encoded when the first listener wants it that way.
struct MarketFrames<'a> {
    topic: Topic,
    update: &'a MarketUpdate,
    frames: [[Option<WsText>; 2]; 2],
}

impl<'a> MarketFrames<'a> {
    fn new(topic: Topic, update: &'a MarketUpdate) -> Self {
        Self { topic, update, frames: Default::default() }
    }

    /// Returns the event that sends a session the update.
    fn event(&mut self, encoder: &dyn Encoder, session: &Session) -> SessionEvent {
        match session.protocol {
            SessionProtocol::Values => SessionEvent::Market(Box::new(self.update.clone())),
            SessionProtocol::Streams | SessionProtocol::Api => {
                SessionEvent::Send(self.get(encoder, session.unit, session.combined))
            }
        }
    }

    fn get(&mut self, encoder: &dyn Encoder, unit: TimeUnit, combined: bool) -> WsText {
        let frame = &mut self.frames[usize::from(unit == TimeUnit::Micros)][usize::from(combined)];
        let encode = || WsText(encoder.market(self.topic, self.update, unit, combined).into());
        frame.get_or_insert_with(encode).clone()
    }
}

impl Handler<Shutdown> for PushActor {
    type Result = ();

    fn handle(&mut self, _: Shutdown, _: &mut Self::Context) {
        let now = self.topology.as_ref().map_or(Timestamp::default(), |topology| topology.clock.now());
        let notices = [false, true].map(|combined| WsText(self.encoder.shutdown(combined, now).into()));
        let api_notice = WsText(self.encoder.api_shutdown(now).into());
        for session in self.sessions.values() {
            let [plain, combined] = &notices;
            let notice = match (session.protocol, session.combined) {
                (SessionProtocol::Api, _) => &api_notice,
                (_, true) => combined,
                (_, false) => plain,
            };
            session.link.enqueue(SessionEvent::Stopping(notice.clone()));
        }
    }
}
