//! One WebSocket connection. The only file that knows actix-web-actors.
//!
//! A connection that cannot write is not polled, so nothing here runs while it is blocked: push counts what it
//! has sent against what was taken, and the kernel drops a peer that stops acknowledging.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use actix::prelude::*;
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{
    CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, WsResponseBuilder,
};
use bytestring::ByteString;

use super::{
    frame::{FragmentError, Fragments, MessageRate},
    protocol::{self, Control},
    topic,
};
use crate::{
    actors::message::{
        AttachUser, Frame, OpenSession, Release, SessionEvent, SessionId, SessionLink, Subscribe, Topic,
        Unsubscribe,
    },
    domain::id::AccountId,
    http::{
        error::ApiError,
        state::{ConnectionLimits, HttpState, SocketPlace},
        time_unit::TimeUnit,
    },
};

const LOGOUT_CHECK: Duration = Duration::from_secs(1);

/// What a connection asks for when it opens.
#[derive(Debug)]
pub(super) struct Opening {
    /// Whether frames are wrapped.
    pub(super) combined: bool,
    /// What times are printed in.
    pub(super) unit: TimeUnit,
    /// Streams from the start.
    pub(super) names: Vec<String>,
    /// Whose private events, and the cookie that says so.
    pub(super) user: Option<(AccountId, String)>,
}

/// Shakes hands and starts the session.
///
/// # Errors
/// 426 when the request is no WebSocket handshake.
pub(super) fn start(
    state: &web::Data<HttpState>,
    opening: Opening,
    place: SocketPlace,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let now = Instant::now();
    let session = SocketSession {
        id: state.next_session_id(),
        state: state.clone(),
        link: None,
        names: BTreeMap::new(),
        combined: opening.combined,
        unit: opening.unit,
        opening: opening.names,
        user: opening.user,
        heard: now,
        rate: MessageRate::new(now),
        fragments: Fragments::default(),
        _place: place,
    };
    WsResponseBuilder::new(session, request, payload)
        .frame_size(state.limits().socket_message_bytes)
        .start()
        .map_err(|_| ApiError::upgrade_required())
}

struct SocketSession {
    id: SessionId,
    state: web::Data<HttpState>,
    link: Option<SessionLink>,
    /// By name, because two names may stand for one topic, and some for none.
    names: BTreeMap<String, Option<Topic>>,
    combined: bool,
    unit: TimeUnit,
    opening: Vec<String>,
    user: Option<(AccountId, String)>,
    heard: Instant,
    rate: MessageRate,
    fragments: Fragments,
    _place: SocketPlace,
}

type Socket = WebsocketContext<SocketSession>;

impl Actor for SocketSession {
    type Context = Socket;

    fn started(&mut self, context: &mut Socket) {
        let limits = *self.limits();
        let link = SessionLink::new(context.address().recipient(), limits.socket_backlog);
        self.link = Some(link.clone());
        let push = self.state.exchange().push();
        push.do_send(OpenSession { session: self.id, link, unit: self.unit });
        if let Some((account, _)) = self.user {
            push.do_send(AttachUser { session: self.id, account });
            context.run_interval(LOGOUT_CHECK, Self::check_login);
        }
        let names = std::mem::take(&mut self.opening);
        if let Err(message) = self.subscribe(names, None) {
            context.text(protocol::error(2, message, None));
        }
        context.run_interval(limits.socket_ping, Self::check_silence);
        context.run_later(limits.socket_lifetime, |_, context| {
            close(context, CloseCode::Away, "the connection is 24 hours old");
        });
    }

    fn stopped(&mut self, _: &mut Socket) {
        self.state.exchange().push().do_send(Release(self.id));
    }
}

impl Handler<SessionEvent> for SocketSession {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, context: &mut Socket) {
        match event {
            SessionEvent::Send(frame) => {
                self.taken();
                context.text(frame.0);
            }
            SessionEvent::TooSlow => close(context, CloseCode::Policy, "too slow"),
            SessionEvent::Stopping(notice) => {
                self.taken();
                context.text(notice.0);
                close(context, CloseCode::Away, "the exchange is stopping");
            }
        }
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for SocketSession {
    fn handle(&mut self, message: Result<Message, ProtocolError>, context: &mut Socket) {
        let message = match message {
            Ok(message) => message,
            Err(ProtocolError::Overflow) => return close(context, CloseCode::Size, "message too long"),
            Err(_) => return close(context, CloseCode::Protocol, "broken frame"),
        };
        self.heard = Instant::now();
        if !self.rate.admit(self.heard, self.limits().socket_messages_per_second) {
            return close(context, CloseCode::Policy, "too many messages");
        }
        let limit = self.limits().socket_message_bytes;
        match message {
            Message::Ping(payload) => context.pong(&payload),
            Message::Pong(_) | Message::Nop => {}
            Message::Text(text) => self.request(&text, context),
            Message::Binary(_) => {
                context.text(protocol::error(3, "Invalid JSON: expected text, not a binary message", None));
            }
            Message::Continuation(item) => match self.piece(item, limit) {
                Ok(None) => {}
                Ok(Some(text)) => self.request(&text, context),
                Err(FragmentError::TooLong) => close(context, CloseCode::Size, "message too long"),
                Err(FragmentError::Disorder) => close(context, CloseCode::Protocol, "broken fragments"),
            },
            Message::Close(reason) => {
                context.close(reason);
                context.stop();
            }
        }
    }
}

impl SocketSession {
    fn limits(&self) -> &ConnectionLimits {
        self.state.limits()
    }

    fn taken(&self) {
        if let Some(link) = &self.link {
            link.taken();
        }
    }

    fn piece(&mut self, item: Item, limit: usize) -> Result<Option<ByteString>, FragmentError> {
        match item {
            Item::FirstText(piece) => self.fragments.begin(&piece, limit)?,
            Item::FirstBinary(_) => return Err(FragmentError::Disorder),
            Item::Continue(piece) => self.fragments.add(&piece, limit)?,
            Item::Last(piece) => {
                let text = self.fragments.end(&piece, limit)?;
                return ByteString::try_from(text).map(Some).map_err(|_| FragmentError::Disorder);
            }
        }
        Ok(None)
    }

    fn request(&mut self, text: &str, context: &mut Socket) {
        let request = match protocol::parse(text) {
            Ok(request) => request,
            Err(frame) => return context.text(frame),
        };
        let id = request.id;
        match request.control {
            Control::Subscribe(names) => {
                if let Err(message) = self.subscribe(names, Some(protocol::done(id))) {
                    context.text(protocol::error(2, message, Some(id)));
                }
            }
            Control::Unsubscribe(names) => self.unsubscribe(&names, protocol::done(id)),
            Control::List => self.answer(protocol::listed(id, self.names.keys().map(String::as_str))),
            Control::GetCombined => self.answer(protocol::property_is(id, self.combined)),
            Control::SetCombined(combined) => {
                self.combined = combined;
                self.answer(protocol::done(id));
            }
        }
    }

    /// Answers by way of push, so that answers come in the order of the requests.
    fn answer(&self, frame: String) {
        self.tell_subscribe(Vec::new(), Some(frame));
    }

    fn tell_subscribe(&self, topics: Vec<Topic>, acknowledgement: Option<String>) {
        let acknowledgement = acknowledgement.map(|text| Frame(text.into()));
        let (session, combined) = (self.id, self.combined);
        self.state.exchange().push().do_send(Subscribe { session, topics, combined, acknowledgement });
    }

    fn subscribe(&mut self, names: Vec<String>, acknowledgement: Option<String>) -> Result<(), &'static str> {
        if names.iter().any(|name| name.len() > topic::NAME_LEN_MAX) {
            return Err("Invalid request: stream name is too long");
        }
        let added = names.iter().filter(|name| !self.names.contains_key(*name)).count();
        if self.names.len() + added > self.limits().socket_streams {
            return Err("Invalid request: too many streams");
        }
        let mut topics = Vec::new();
        for name in names {
            let topic = topic::parse(&name, self.state.exchange().catalogue());
            if let Some(topic) = topic.filter(|topic| !self.has(*topic)) {
                topics.push(topic);
            }
            self.names.insert(name, topic);
        }
        self.tell_subscribe(topics, acknowledgement);
        Ok(())
    }

    fn unsubscribe(&mut self, names: &[String], acknowledgement: String) {
        let mut topics = Vec::new();
        for name in names {
            if let Some(topic) = self.names.remove(name).flatten().filter(|topic| !self.has(*topic)) {
                topics.push(topic);
            }
        }
        let acknowledgement = Some(Frame(acknowledgement.into()));
        self.state.exchange().push().do_send(Unsubscribe { session: self.id, topics, acknowledgement });
    }

    fn has(&self, topic: Topic) -> bool {
        self.names.values().any(|known| *known == Some(topic))
    }

    fn check_silence(&mut self, context: &mut Socket) {
        if self.heard.elapsed() >= self.limits().socket_silence {
            close(context, CloseCode::Policy, "no pong");
        } else {
            context.ping(b"");
        }
    }

    fn check_login(&mut self, context: &mut Socket) {
        let (sessions, now) = (self.state.sessions(), self.state.exchange().now());
        if self.user.as_ref().is_some_and(|(_, cookie)| sessions.find(cookie, now).is_none()) {
            close(context, CloseCode::Policy, "logged out");
        }
    }
}

fn close(context: &mut Socket, code: CloseCode, description: &str) {
    context.close(Some(CloseReason { code, description: Some(description.to_owned()) }));
    context.stop();
}
