//! A stream's session with push: bounded like a WebSocket's, so a client that does not read harms only itself.

use std::{net::IpAddr, sync::Arc};

use actix::prelude::*;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::{
    actors::message::{
        AttachUser, CloseSession, EventEnvelope, NotListening, OpenSession, SessionEvent, SessionId,
        SessionLink, SessionProtocol, Subscribe, TimeUnit, Topic,
    },
    domain::types::id::AccountId,
    http::{
        ApiError, HttpState,
        gateway::{self, SocketPermit},
    },
};

/// A session with push; it ends when dropped.
#[derive(Debug)]
pub(super) struct Session {
    state: Arc<HttpState>,
    id: SessionId,
    link: SessionLink,
    /// Events push has sent and the client has not received: never more than the link allows.
    events: UnboundedReceiver<SessionEvent>,
    _permit: SocketPermit,
}

/// Receives events from push and queues them for the stream.
#[derive(Debug)]
struct Listener {
    events: UnboundedSender<SessionEvent>,
}

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<SessionEvent> for Listener {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, context: &mut Self::Context) {
        if self.events.send(event).is_err() {
            context.stop(); // the stream has ended
        }
    }
}

impl Session {
    /// Opens one, whose listener runs on this arbiter.
    ///
    /// # Errors
    /// -1003 or -1008 when there are too many, -1016 when the exchange is stopping.
    pub(super) fn open(
        state: &Arc<HttpState>,
        arbiter: &ArbiterHandle,
        address: IpAddr,
    ) -> Result<Self, ApiError> {
        let (id, place) = gateway::open_stream(state, address)?;
        let (sender, events) = mpsc::unbounded_channel();
        let listener = Listener::start_in_arbiter(arbiter, |_| Listener { events: sender });
        let link = SessionLink::new(listener.recipient(), state.limits().socket_backlog);
        let open = OpenSession {
            session: id,
            link: link.clone(),
            unit: TimeUnit::Millis,
            protocol: SessionProtocol::Values,
        };
        state.exchange().push().do_send(open);
        Ok(Self { state: Arc::clone(state), id, link, events, _permit: place })
    }

    /// Subscribes to a topic from now on.
    pub(super) fn subscribe(&self, topic: Topic) {
        let topics = vec![topic];
        let subscribe = Subscribe { session: self.id, topics, combined: false, acknowledgement: None };
        self.state.exchange().push().do_send(subscribe);
    }

    /// Subscribes to an account's events after this one, by default those from now on. Returns the number of the last
    /// event before the live ones, or before those that were missed.
    ///
    /// # Errors
    /// -93002 or -93003 when they cannot start there, -1130 when there is no such account.
    pub(super) async fn attach(&self, account: AccountId, after: Option<u64>) -> Result<u64, ApiError> {
        let (notify, notified) = tokio::sync::oneshot::channel();
        let acknowledge = move |start: &Result<u64, NotListening>| {
            let _ = notify.send(start.clone()); // the client may have disconnected
            None
        };
        self.state.exchange().push().do_send(AttachUser {
            session: self.id,
            account,
            // One account a session: the number is never seen.
            envelope: EventEnvelope::Api(0),
            after,
            acknowledge: Box::new(acknowledge),
        });
        match tokio::time::timeout(self.state.limits().command_timeout, notified).await {
            Ok(Ok(Ok(last))) => Ok(after.unwrap_or(last)),
            Ok(Ok(Err(error))) => Err(gateway::not_listening(&error)),
            Ok(Err(_)) | Err(_) => Err(ApiError::timeout()),
        }
    }

    /// Returns the next event from push; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<SessionEvent> {
        let event = self.events.recv().await?;
        // The notice of a slow client exceeds the limit on its lag.
        if !matches!(event, SessionEvent::TooSlow) {
            self.link.taken();
        }
        Some(event)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state.exchange().push().do_send(CloseSession(self.id));
    }
}
