//! One WebSocket connection. The only file that knows actix-web-actors.
//!
//! A connection that cannot write is not polled, so nothing here runs while it is blocked: push counts what it
//! has sent against what was taken, and the kernel drops a peer that stops acknowledging.

use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{
    CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, WsResponseBuilder,
};
use bytestring::ByteString;

use super::{
    conversation::{Conversation, MessageLimits, Reaction, Station},
    frame::{FragmentError, Fragments, MessageRate},
};
use crate::{
    actors::message::{OpenSession, Release, SessionEvent, SessionLink, Speech},
    http::{
        error::ApiError,
        sockets::SocketPlace,
        state::{ConnectionLimits, HttpState},
        time_unit::TimeUnit,
    },
};

/// How often logins and keys are looked at.
const CHECK: Duration = Duration::from_secs(1);
/// How long a connection stays for its last answers when the exchange stops.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a connection asks for when it opens.
pub(super) struct Opening {
    /// What times are printed in.
    pub(super) unit: TimeUnit,
    /// What is to be said.
    pub(super) conversation: Box<dyn Conversation>,
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
    let limits = opening.conversation.limits(state.limits());
    let session = SocketSession {
        station: Station { id: state.next_session_id(), state: state.clone() },
        link: None,
        unit: opening.unit,
        conversation: opening.conversation,
        limits,
        heard: now,
        rate: MessageRate::new(state.exchange().now()),
        fragments: Fragments::default(),
        is_stopping: false,
        _place: place,
    };
    WsResponseBuilder::new(session, request, payload)
        .frame_size(limits.bytes)
        .start()
        .map_err(|_| ApiError::upgrade_required())
}

struct SocketSession {
    station: Station,
    link: Option<SessionLink>,
    unit: TimeUnit,
    conversation: Box<dyn Conversation>,
    limits: MessageLimits,
    heard: Instant,
    rate: MessageRate,
    fragments: Fragments,
    is_stopping: bool,
    _place: SocketPlace,
}

type Socket = WebsocketContext<SocketSession>;

impl Actor for SocketSession {
    type Context = Socket;

    fn started(&mut self, context: &mut Socket) {
        let limits = *self.limits();
        let link = SessionLink::new(context.address().recipient(), limits.socket_backlog);
        self.link = Some(link.clone());
        let speech = if self.conversation.is_api() { Speech::Api } else { Speech::Streams };
        let (session, unit) = (self.station.id, self.unit);
        self.station.state.exchange().push().do_send(OpenSession { session, link, unit, speech });
        let reaction = self.conversation.open(&self.station);
        self.react(reaction, context);
        if self.conversation.needs_checks() {
            context.run_interval(CHECK, Self::check);
        }
        context.run_interval(limits.socket_ping, Self::check_silence);
        context.run_later(limits.socket_lifetime, |_, context| {
            close(context, CloseCode::Away, "the connection is 24 hours old");
        });
    }

    fn stopped(&mut self, _: &mut Socket) {
        self.station.state.exchange().push().do_send(Release(self.station.id));
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
            SessionEvent::SendAll(frames) => {
                self.taken();
                frames.into_iter().for_each(|frame| context.text(frame.0));
            }
            SessionEvent::NotAttached(form, notice) => {
                self.taken();
                self.conversation.not_attached(form);
                notice.into_iter().for_each(|frame| context.text(frame.0));
            }
            // For those who have words of their own.
            SessionEvent::Market(_) | SessionEvent::Users(_) => self.taken(),
            SessionEvent::TooSlow => close(context, CloseCode::Policy, "too slow"),
            SessionEvent::Stopping(notice) => {
                self.taken();
                context.text(notice.0);
                self.is_stopping = true;
                context.run_later(LAST_WORDS, |_, context| goodbye(context));
                self.end_if_stopping(context);
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
        let now = self.station.state.exchange().now();
        if !self.rate.admit(now, self.limits.per_second) {
            return close(context, CloseCode::Policy, "too many messages");
        }
        match message {
            Message::Ping(payload) => context.pong(&payload),
            Message::Pong(_) | Message::Nop => {}
            Message::Text(text) => self.hear(&text, context),
            Message::Binary(_) => context.text(self.conversation.refuse_binary()),
            Message::Continuation(item) => match self.piece(item) {
                Ok(None) => {}
                Ok(Some(text)) => self.hear(&text, context),
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
        self.station.state.limits()
    }

    fn taken(&self) {
        if let Some(link) = &self.link {
            link.taken();
        }
    }

    fn piece(&mut self, item: Item) -> Result<Option<ByteString>, FragmentError> {
        let limit = self.limits.bytes;
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

    fn hear(&mut self, text: &ByteString, context: &mut Socket) {
        let reaction = self.conversation.hear(&self.station, text);
        self.react(reaction, context);
    }

    fn react(&mut self, reaction: Reaction, context: &mut Socket) {
        match reaction {
            Reaction::Nothing => {}
            Reaction::Say(text) => context.text(text),
            Reaction::Later(text) => {
                let say = |text: String, session: &mut Self, context: &mut Socket| {
                    session.conversation.said();
                    context.text(text);
                    session.end_if_stopping(context);
                };
                context.spawn(text.into_actor(self).map(say));
            }
        }
    }

    fn end_if_stopping(&self, context: &mut Socket) {
        if self.is_stopping && !self.conversation.is_busy() {
            goodbye(context);
        }
    }

    fn check_silence(&mut self, context: &mut Socket) {
        if self.heard.elapsed() >= self.limits().socket_silence {
            close(context, CloseCode::Policy, "no pong");
        } else {
            context.ping(b"");
        }
    }

    fn check(&mut self, context: &mut Socket) {
        if let Err(reason) = self.conversation.check(&self.station) {
            close(context, CloseCode::Policy, reason);
        }
    }
}

fn goodbye(context: &mut Socket) {
    close(context, CloseCode::Away, "the exchange is stopping");
}

fn close(context: &mut Socket, code: CloseCode, description: &str) {
    context.close(Some(CloseReason { code, description: Some(description.to_owned()) }));
    context.stop();
}
