//! The conversation of market streams: which ones, and how they are wrapped; for a page, its private events too.

use std::collections::BTreeMap;

use bytestring::ByteString;

use super::{
    conversation::{Conversation, MessageLimits, Reaction, Station},
    notices,
    protocol::{self, Control},
    topic,
};
use crate::{
    actors::message::{AttachUser, Frame, NotListening, Subscribe, Topic, Unsubscribe, UserForm},
    domain::types::id::AccountId,
    http::server::limits::ConnectionLimits,
};

/// A page's login, and where its private events go on.
#[derive(Debug)]
pub(super) struct PageUser {
    /// Whose events.
    pub(super) account: AccountId,
    /// The cookie that says so.
    pub(super) cookie: String,
    /// The last event the page has.
    pub(super) after: Option<u64>,
}

/// The streams of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    combined: bool,
    /// Streams from the start.
    opening: Vec<String>,
    user: Option<PageUser>,
    /// By name, because two names may stand for one topic, and some for none.
    names: BTreeMap<String, Option<Topic>>,
}

impl Streams {
    /// Begins with these streams, wrapped or not.
    pub(super) const fn new(combined: bool, opening: Vec<String>, user: Option<PageUser>) -> Self {
        Self { combined, opening, user, names: BTreeMap::new() }
    }

    /// Answers by way of push, so that answers come in the order of the requests.
    fn answer(&self, station: &Station, frame: String) -> Reaction {
        self.tell_subscribe(station, Vec::new(), Some(frame));
        Reaction::Nothing
    }

    fn tell_subscribe(&self, station: &Station, topics: Vec<Topic>, acknowledgement: Option<String>) {
        let acknowledgement = acknowledgement.map(|text| Frame(text.into()));
        let (session, combined) = (station.id, self.combined);
        station.state.exchange().push().do_send(Subscribe { session, topics, combined, acknowledgement });
    }

    fn subscribe(
        &mut self,
        station: &Station,
        names: Vec<String>,
        acknowledgement: Option<String>,
    ) -> Result<(), &'static str> {
        if names.iter().any(|name| name.len() > topic::NAME_LEN_MAX) {
            return Err("Invalid request: stream name is too long");
        }
        let added = names.iter().filter(|name| !self.names.contains_key(*name)).count();
        if self.names.len() + added > station.state.limits().socket_streams {
            return Err("Invalid request: too many streams");
        }
        let mut topics = Vec::new();
        for name in names {
            let topic = topic::parse(&name, station.state.exchange().catalogue());
            if let Some(topic) = topic.filter(|topic| !self.has(*topic)) {
                topics.push(topic);
            }
            self.names.insert(name, topic);
        }
        self.tell_subscribe(station, topics, acknowledgement);
        Ok(())
    }

    fn unsubscribe(&mut self, station: &Station, names: &[String], acknowledgement: String) -> Reaction {
        let mut topics = Vec::new();
        for name in names {
            if let Some(topic) = self.names.remove(name).flatten().filter(|topic| !self.has(*topic)) {
                topics.push(topic);
            }
        }
        let (session, acknowledgement) = (station.id, Some(Frame(acknowledgement.into())));
        station.state.exchange().push().do_send(Unsubscribe { session, topics, acknowledgement });
        Reaction::Nothing
    }

    fn has(&self, topic: Topic) -> bool {
        self.names.values().any(|known| *known == Some(topic))
    }
}

impl Conversation for Streams {
    fn limits(&self, limits: &ConnectionLimits) -> MessageLimits {
        MessageLimits { bytes: limits.socket_message_bytes, rate: limits.socket_messages }
    }

    fn is_api(&self) -> bool {
        false
    }

    fn open(&mut self, station: &Station) -> Reaction {
        if let Some(PageUser { account, after, .. }) = self.user {
            // A page is told only what it asked for in vain.
            let acknowledge = |start: &Result<u64, NotListening>| {
                start.as_ref().err().map(|error| Frame(notices::page_not_attached(error).into()))
            };
            station.state.exchange().push().do_send(AttachUser {
                session: station.id,
                account,
                form: UserForm::Page,
                after,
                acknowledge: Box::new(acknowledge),
            });
        }
        let names = std::mem::take(&mut self.opening);
        match self.subscribe(station, names, None) {
            Ok(()) => Reaction::Nothing,
            Err(message) => Reaction::Say(protocol::error(2, message, None)),
        }
    }

    fn hear(&mut self, station: &Station, text: &ByteString) -> Reaction {
        let request = match protocol::parse(text) {
            Ok(request) => request,
            Err(frame) => return Reaction::Say(frame),
        };
        let id = request.id;
        match request.control {
            Control::Subscribe(names) => match self.subscribe(station, names, Some(protocol::done(id))) {
                Ok(()) => Reaction::Nothing,
                Err(message) => Reaction::Say(protocol::error(2, message, Some(id))),
            },
            Control::Unsubscribe(names) => self.unsubscribe(station, &names, protocol::done(id)),
            Control::List => {
                self.answer(station, protocol::listed(id, self.names.keys().map(String::as_str)))
            }
            Control::GetCombined => self.answer(station, protocol::property_is(id, self.combined)),
            Control::SetCombined(combined) => {
                self.combined = combined;
                self.answer(station, protocol::done(id))
            }
        }
    }

    fn refuse_binary(&self) -> String {
        protocol::error(3, "Invalid JSON: expected text, not a binary message", None)
    }

    fn needs_checks(&self) -> bool {
        self.user.is_some()
    }

    fn check(&mut self, station: &Station) -> Result<(), &'static str> {
        let (sessions, now) = (station.state.sessions(), station.state.exchange().now());
        match &self.user {
            Some(user) if sessions.find(&user.cookie, now).is_none() => Err("logged out"),
            _ => Ok(()),
        }
    }
}
