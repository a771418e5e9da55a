//! The protocol of market streams: subscriptions and wrapping; for a page, its private events too.

use std::collections::BTreeMap;

use bytestring::ByteString;

use super::{
    notices,
    protocol::{self, Control},
    protocol_handler::{ConnectionContext, MessageLimits, ProtocolHandler, Response},
    topic,
};
use crate::{
    actors::message::{AttachUser, EventEnvelope, NotListening, Subscribe, Topic, Unsubscribe, WsText},
    domain::types::id::AccountId,
    http::server::limits::ConnectionLimits,
};

/// A page's login, and the position its private events resume from.
#[derive(Debug)]
pub(super) struct PageUser {
    /// The account of the events.
    pub(super) account: AccountId,
    /// The session cookie.
    pub(super) cookie: String,
    /// The last event the page has received.
    pub(super) after: Option<u64>,
}

/// The streams of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    combined: bool,
    /// Streams from the start.
    opening: Vec<String>,
    user: Option<PageUser>,
    /// By name, because two names may denote one topic, and some none.
    names: BTreeMap<String, Option<Topic>>,
}

impl Streams {
    /// Starts with these streams, wrapped or not.
    pub(super) const fn new(combined: bool, opening: Vec<String>, user: Option<PageUser>) -> Self {
        Self { combined, opening, user, names: BTreeMap::new() }
    }

    /// Answers through push, so that answers are sent in the order of the requests.
    fn answer(&self, connection: &ConnectionContext, frame: String) -> Response {
        self.request_subscription(connection, Vec::new(), Some(frame));
        Response::Nothing
    }

    fn request_subscription(
        &self,
        connection: &ConnectionContext,
        topics: Vec<Topic>,
        acknowledgement: Option<String>,
    ) {
        let acknowledgement = acknowledgement.map(|text| WsText(text.into()));
        let (session, combined) = (connection.id, self.combined);
        connection.state.exchange().push().do_send(Subscribe { session, topics, combined, acknowledgement });
    }

    fn subscribe(
        &mut self,
        connection: &ConnectionContext,
        names: Vec<String>,
        acknowledgement: Option<String>,
    ) -> Result<(), &'static str> {
        if names.iter().any(|name| name.len() > topic::NAME_LEN_MAX) {
            return Err("Invalid request: stream name is too long");
        }
        let added = names.iter().filter(|name| !self.names.contains_key(*name)).count();
        if self.names.len() + added > connection.state.limits().socket_streams {
            return Err("Invalid request: too many streams");
        }
        let instruments = connection.state.exchange().instruments();
        let mut topics = Vec::new();
        for name in names {
            let topic = topic::parse(&name, &instruments);
            if let Some(topic) = topic.filter(|topic| !self.has(*topic)) {
                topics.push(topic);
            }
            self.names.insert(name, topic);
        }
        self.request_subscription(connection, topics, acknowledgement);
        Ok(())
    }

    fn unsubscribe(
        &mut self,
        connection: &ConnectionContext,
        names: &[String],
        acknowledgement: String,
    ) -> Response {
        let mut topics = Vec::new();
        for name in names {
            if let Some(topic) = self.names.remove(name).flatten().filter(|topic| !self.has(*topic)) {
                topics.push(topic);
            }
        }
        let (session, acknowledgement) = (connection.id, Some(WsText(acknowledgement.into())));
        connection.state.exchange().push().do_send(Unsubscribe { session, topics, acknowledgement });
        Response::Nothing
    }

    fn has(&self, topic: Topic) -> bool {
        self.names.values().any(|known| *known == Some(topic))
    }
}

impl ProtocolHandler for Streams {
    fn limits(&self, limits: &ConnectionLimits) -> MessageLimits {
        MessageLimits { bytes: limits.socket_message_bytes, rate: limits.socket_messages }
    }

    fn is_api(&self) -> bool {
        false
    }

    fn open(&mut self, connection: &ConnectionContext) -> Response {
        if let Some(PageUser { account, after, .. }) = self.user {
            // A page is notified only of failures.
            let acknowledge = |start: &Result<u64, NotListening>| {
                start.as_ref().err().map(|error| WsText(notices::page_not_attached(error).into()))
            };
            connection.state.exchange().push().do_send(AttachUser {
                session: connection.id,
                account,
                envelope: EventEnvelope::Page,
                after,
                acknowledge: Box::new(acknowledge),
            });
        }
        let names = std::mem::take(&mut self.opening);
        match self.subscribe(connection, names, None) {
            Ok(()) => Response::Nothing,
            Err(message) => Response::Send(protocol::error(2, message, None)),
        }
    }

    fn receive(&mut self, connection: &ConnectionContext, text: &ByteString) -> Response {
        let request = match protocol::parse(text) {
            Ok(request) => request,
            Err(frame) => return Response::Send(frame),
        };
        let id = request.id;
        match request.control {
            Control::Subscribe(names) => match self.subscribe(connection, names, Some(protocol::done(id))) {
                Ok(()) => Response::Nothing,
                Err(message) => Response::Send(protocol::error(2, message, Some(id))),
            },
            Control::Unsubscribe(names) => self.unsubscribe(connection, &names, protocol::done(id)),
            Control::List => {
                self.answer(connection, protocol::listed(id, self.names.keys().map(String::as_str)))
            }
            Control::GetCombined => self.answer(connection, protocol::property_is(id, self.combined)),
            Control::SetCombined(combined) => {
                self.combined = combined;
                self.answer(connection, protocol::done(id))
            }
        }
    }

    fn refuse_binary(&self) -> String {
        protocol::error(3, "Invalid JSON: expected text, not a binary message", None)
    }

    fn needs_checks(&self) -> bool {
        self.user.is_some()
    }

    fn check(&mut self, connection: &ConnectionContext) -> Result<(), &'static str> {
        let (sessions, now) = (connection.state.sessions(), connection.state.exchange().now());
        match &self.user {
            Some(user) if sessions.find(&user.cookie, now).is_none() => Err("logged out"),
            _ => Ok(()),
        }
    }
}
