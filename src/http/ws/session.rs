//! One WebSocket connection. The only file that knows actix-web-actors.
//!
//! A connection that cannot write is not polled, so nothing here runs while it is blocked: push counts the frames it
//! has sent against those acknowledged, and the kernel drops a peer that stops acknowledging.

use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_http::ws::{Codec, Item, verify_handshake};
use actix_web::{HttpRequest, HttpResponse, error::PayloadError, web};
use actix_web_actors::ws::{
    CloseCode, CloseReason, HandshakeError, Message, ProtocolError, WebsocketContext, handshake,
};
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{FutureExt, stream};

use super::{
    frame::{Bucket, FragmentError, Fragments},
    frames::{Broken, Frames},
    protocol_handler::{ConnectionContext, MessageLimits, ProtocolHandler, Response},
};
use crate::{
    actors::message::{CloseSession, OpenSession, SessionEvent, SessionLink, SessionProtocol},
    http::{
        server::{limits::ConnectionLimits, sockets::SocketPermit},
        state::HttpState,
        wire::{error::ApiError, time_unit::TimeUnit},
    },
};

/// The interval of the checks of logins and keys.
const CHECK: Duration = Duration::from_secs(1);
/// How long a connection stays open for its last answers when the exchange stops.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The request of a connection when it opens.
pub(super) struct Opening {
    /// The unit of printed times.
    pub(super) unit: TimeUnit,
    /// The protocol.
    pub(super) handler: Box<dyn ProtocolHandler>,
}

/// Completes the handshake and starts the session.
///
/// # Errors
/// 426 when the request is not a WebSocket handshake of version 13, 400 when its key is invalid.
pub(super) fn start(
    state: &web::Data<HttpState>,
    opening: Opening,
    permit: SocketPermit,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    // The builder below accepts obsolete versions, and any key.
    verify_handshake(request.head()).map_err(|error| match error {
        HandshakeError::BadWebsocketKey => ApiError::illegal("Sec-WebSocket-Key", "^[A-Za-z0-9+/]{22}==$"),
        _ => ApiError::upgrade_required(),
    })?;
    let mut response = handshake(request).map_err(|_| ApiError::upgrade_required())?;
    let now = Instant::now();
    let limits = opening.handler.limits(state.limits());
    let session = SocketSession {
        connection: ConnectionContext { id: state.next_session_id(), state: state.clone() },
        link: None,
        unit: opening.unit,
        handler: opening.handler,
        frames: Some(Frames::new(payload.into_inner(), limits.bytes)),
        limits,
        received: now,
        rate: Bucket::new(limits.rate, state.exchange().now()),
        fragments: Fragments::default(),
        is_stopping: false,
        _permit: permit,
    };
    // The session reads the frames itself.
    let nothing = stream::pending::<Result<Bytes, PayloadError>>();
    Ok(response.streaming(WebsocketContext::with_codec(session, nothing, Codec::new())))
}

struct SocketSession {
    connection: ConnectionContext,
    link: Option<SessionLink>,
    unit: TimeUnit,
    handler: Box<dyn ProtocolHandler>,
    /// The incoming frames, until the session has started.
    frames: Option<Frames>,
    limits: MessageLimits,
    received: Instant,
    rate: Bucket,
    fragments: Fragments,
    is_stopping: bool,
    _permit: SocketPermit,
}

type Socket = WebsocketContext<SocketSession>;

impl Actor for SocketSession {
    type Context = Socket;

    fn started(&mut self, context: &mut Socket) {
        let limits = *self.limits();
        let link = SessionLink::new(context.address().recipient(), limits.socket_backlog);
        self.link = Some(link.clone());
        let protocol = if self.handler.is_api() { SessionProtocol::Api } else { SessionProtocol::Streams };
        let (session, unit) = (self.connection.id, self.unit);
        self.connection.state.exchange().push().do_send(OpenSession { session, link, unit, protocol });
        let response = self.handler.open(&self.connection);
        self.react(response, context);
        if let Some(frames) = self.frames.take() {
            context.add_stream(frames);
        }
        if self.handler.needs_checks() {
            context.run_interval(CHECK, Self::check);
        }
        context.run_interval(limits.socket_ping, Self::check_silence);
        context.run_later(limits.socket_lifetime, |_, context| {
            close(context, CloseCode::Away, "the connection is 24 hours old");
        });
    }

    fn stopped(&mut self, _: &mut Socket) {
        self.connection.state.exchange().push().do_send(CloseSession(self.connection.id));
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
            SessionEvent::NotAttached(envelope, notice) => {
                self.taken();
                self.handler.not_attached(envelope);
                notice.into_iter().for_each(|frame| context.text(frame.0));
            }
            // Only for protocols that encode events themselves.
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

/// The stream the library would read, which is empty.
impl StreamHandler<Result<Message, ProtocolError>> for SocketSession {
    fn handle(&mut self, _: Result<Message, ProtocolError>, _: &mut Socket) {}
}

impl StreamHandler<Result<Message, Broken>> for SocketSession {
    fn handle(&mut self, message: Result<Message, Broken>, context: &mut Socket) {
        let message = match message {
            Ok(message) => message,
            Err(Broken(code)) => return self.refuse(code, context),
        };
        self.received = Instant::now();
        let now = self.connection.state.exchange().now();
        if !self.rate.admit(now) {
            return close(context, CloseCode::Policy, "too many messages");
        }
        match message {
            Message::Ping(payload) => context.pong(&payload),
            Message::Pong(_) | Message::Nop => {}
            Message::Text(text) => self.receive(&text, context),
            Message::Binary(_) => context.text(self.handler.refuse_binary()),
            Message::Continuation(item) => match self.piece(item) {
                Ok(None) => {}
                Ok(Some(text)) => self.receive(&text, context),
                Err(FragmentError::TooLong) => self.refuse(CloseCode::Size, context),
                Err(FragmentError::Disorder) => self.refuse(CloseCode::Protocol, context),
                Err(FragmentError::NotText) => self.refuse(CloseCode::Invalid, context),
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
        self.connection.state.limits()
    }

    fn taken(&self) {
        if let Some(link) = &self.link {
            link.taken();
        }
    }

    fn piece(&mut self, item: Item) -> Result<Option<ByteString>, FragmentError> {
        let limit = self.limits.bytes;
        match item {
            Item::FirstText(piece) => self.fragments.start(&piece, limit)?,
            Item::FirstBinary(_) => return Err(FragmentError::Disorder),
            Item::Continue(piece) => self.fragments.add(&piece, limit)?,
            Item::Last(piece) => {
                let text = self.fragments.end(&piece, limit)?;
                return ByteString::try_from(text).map(Some).map_err(|_| FragmentError::NotText);
            }
        }
        Ok(None)
    }

    /// Closes a connection that sent an invalid message.
    fn refuse(&self, code: CloseCode, context: &mut Socket) {
        let description = match code {
            CloseCode::Size => "message too long",
            CloseCode::Invalid => "not UTF-8",
            _ => "broken frame",
        };
        tracing::debug!(session = self.connection.id.0, description, "a WebSocket client is cut off");
        self.connection.state.exchange().metrics().broken_connections.websocket.inc();
        close(context, code, description);
    }

    fn receive(&mut self, text: &ByteString, context: &mut Socket) {
        let response = self.handler.receive(&self.connection, text);
        self.react(response, context);
    }

    fn react(&mut self, response: Response, context: &mut Socket) {
        match response {
            Response::Nothing => {}
            Response::Send(text) => context.text(text),
            Response::Later(mut text) => {
                // The first poll sends a request to its shard. Spawned futures are polled in no particular order, so it
                // is made here, while requests arrive one by one; the waker follows with the next poll.
                match text.as_mut().now_or_never() {
                    Some(text) => self.say(text, context),
                    None => {
                        context.spawn(text.into_actor(self).map(|text, session, context| {
                            session.say(text, context);
                        }));
                    }
                }
            }
        }
    }

    /// Sends a deferred answer.
    fn say(&mut self, text: String, context: &mut Socket) {
        self.handler.said();
        context.text(text);
        self.end_if_stopping(context);
    }

    fn end_if_stopping(&self, context: &mut Socket) {
        if self.is_stopping && !self.handler.is_busy() {
            goodbye(context);
        }
    }

    fn check_silence(&mut self, context: &mut Socket) {
        if self.received.elapsed() >= self.limits().socket_silence {
            close(context, CloseCode::Policy, "no pong");
        } else {
            context.ping(b"");
        }
    }

    fn check(&mut self, context: &mut Socket) {
        if let Err(reason) = self.handler.check(&self.connection) {
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
