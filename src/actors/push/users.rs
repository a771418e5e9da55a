//! Private events: which session receives which account's, and from which event on.
//!
//! A session that subscribes receives nothing until the account's shard has stated where its events start. That message
//! comes through the shard's outbox, in order with its events: earlier events are in the backlog it carries, later ones
//! are live. So no event is missed and none is sent twice, whatever happens meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use actix::prelude::*;

use super::{PushActor, leave};
use crate::{
    actors::message::{
        Acknowledge, AttachUser, DetachUser, EventEnvelope, Listening, NotListening, PublishUser,
        SessionEvent, SessionId, SessionProtocol, SubscribeEvents, TimeUnit, UnsubscribeEvents, WsText,
    },
    domain::{
        account::{Backlog, UserEvent},
        types::id::AccountId,
    },
};

/// The sessions that receive each account's events.
#[derive(Debug, Default)]
pub(super) struct Users {
    by_account: BTreeMap<AccountId, BTreeSet<SessionId>>,
}

/// A session's subscription to one account.
pub(super) struct Hearing {
    envelope: EventEnvelope,
    stage: Stage,
}

impl std::fmt::Debug for Hearing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Hearing").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

enum Stage {
    /// The account's shard has not stated yet where the events start.
    Asked(Acknowledge),
    /// The session has received the events up to this one.
    Live(u64),
}

impl PushActor {
    /// Ends a session's subscription to an account's events; `true` when there was one.
    pub(super) fn detach(&mut self, id: SessionId, account: AccountId) -> bool {
        let found = self.sessions.get_mut(&id).and_then(|session| session.attached.remove(&account));
        self.unlist(id, account);
        found.is_some()
    }

    /// Removes a session from an account's listeners.
    pub(super) fn unlist(&mut self, id: SessionId, account: AccountId) {
        if leave(&mut self.users.by_account, &account, id)
            && let Some(topology) = &self.topology
        {
            topology.account_shard(account.slot()).do_send(UnsubscribeEvents(account));
        }
    }

    /// Sends several frames as one; drops a session that is too far behind.
    fn send_all(&mut self, to: SessionId, mut frames: Vec<WsText>) {
        match frames.len() {
            0 => {}
            1 => frames.into_iter().for_each(|frame| self.send(to, frame)),
            _ => {
                frames.shrink_to_fit();
                self.enqueue(to, SessionEvent::SendAll(frames));
            }
        }
    }

    fn start(&mut self, listen: SubscribeEvents, start: Result<Backlog, NotListening>) {
        let SubscribeEvents { account, session: id, envelope, .. } = listen;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let (unit, protocol) = (session.unit, session.protocol);
        let Some(hearing) = session.attached.get_mut(&account).filter(|hearing| hearing.envelope == envelope)
        else {
            return; // it has left, and may have come back
        };
        let (last, events) = match start {
            Ok(Backlog { events, last }) => (Ok(last), events),
            Err(error) => (Err(error), Vec::new()),
        };
        let stage = match last {
            Ok(last) => Stage::Live(last),
            Err(_) => Stage::Live(u64::MAX),
        };
        let Stage::Asked(acknowledge) = std::mem::replace(&mut hearing.stage, stage) else { return };
        let acknowledgement = acknowledge(&last);
        if last.is_err() {
            self.detach(id, account);
            self.enqueue(id, SessionEvent::NotAttached(envelope, acknowledgement));
            return;
        }
        if protocol == SessionProtocol::Values {
            // The frame above has just reported where it starts.
            if !events.is_empty() {
                self.enqueue(id, SessionEvent::Users(events));
            }
            return;
        }
        let encode = |event: &UserEvent| WsText(self.encoder.user(event, unit, envelope).into());
        let frames = acknowledgement.into_iter().chain(events.iter().map(encode)).collect();
        self.send_all(id, frames);
    }
}

impl Handler<AttachUser> for PushActor {
    type Result = ();

    fn handle(&mut self, attach: AttachUser, _: &mut Self::Context) {
        let AttachUser { session: id, account, envelope, after, acknowledge } = attach;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.attached.insert(account, Hearing { envelope, stage: Stage::Asked(acknowledge) });
        self.users.by_account.entry(account).or_default().insert(id);
        let listen = SubscribeEvents { account, session: id, envelope, after };
        if let Some(topology) = &self.topology {
            topology.account_shard(account.slot()).do_send(listen);
        }
    }
}

impl Handler<DetachUser> for PushActor {
    type Result = ();

    fn handle(&mut self, detach: DetachUser, _: &mut Self::Context) {
        self.detach(detach.session, detach.account);
        self.send_all(detach.session, detach.farewell);
    }
}

impl Handler<Listening> for PushActor {
    type Result = ();

    fn handle(&mut self, Listening { listen, start }: Listening, _: &mut Self::Context) {
        self.start(listen, start);
    }
}

impl Handler<PublishUser> for PushActor {
    type Result = ();

    fn handle(&mut self, publish: PublishUser, _: &mut Self::Context) {
        let Some(topology) = self.topology.clone() else { return };
        let started = topology.metrics.stages.push.start(publish.sent);
        for event in &publish.events {
            let Some(listeners) = self.users.by_account.get(&event.account) else { continue };
            let mut frames: Vec<((EventEnvelope, TimeUnit), WsText)> = Vec::new();
            let listeners: Vec<SessionId> = listeners.iter().copied().collect();
            for id in listeners {
                let Some(session) = self.sessions.get_mut(&id) else { continue };
                let Some(hearing) = session.attached.get_mut(&event.account) else { continue };
                match &mut hearing.stage {
                    Stage::Live(last) if event.seq > *last => *last = event.seq,
                    _ => continue,
                }
                if session.protocol == SessionProtocol::Values {
                    self.enqueue(id, SessionEvent::Users(vec![event.clone()]));
                    continue;
                }
                let style = (hearing.envelope, session.unit);
                let known = frames.iter().find(|(known, _)| *known == style).map(|(_, frame)| frame.clone());
                let frame = known.unwrap_or_else(|| {
                    let frame = WsText(self.encoder.user(event, style.1, style.0).into());
                    frames.push((style, frame.clone()));
                    frame
                });
                self.send(id, frame);
            }
        }
        topology.metrics.stages.push.end(started, publish.events.len());
    }
}
