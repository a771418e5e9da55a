//! What is said on a connection, apart from how it is carried.

use actix_web::web;
use bytestring::ByteString;
use futures_util::future::LocalBoxFuture;

use crate::{
    actors::message::{EventEnvelope, SessionId},
    http::{limits::rate::Rate, server::limits::ConnectionLimits, state::HttpState},
};

/// Where a conversation takes place.
#[derive(Debug, Clone)]
pub(super) struct ConnectionContext {
    /// The session's number.
    pub(super) id: SessionId,
    /// The edge.
    pub(super) state: web::Data<HttpState>,
}

/// What a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MessageLimits {
    /// The largest message, in bytes.
    pub(super) bytes: usize,
    /// How often: messages, pings and pongs.
    pub(super) rate: Rate,
}

/// What follows from something a client said.
pub(super) enum Response {
    /// Nothing, or an answer that comes by way of push.
    Nothing,
    /// This text, at once.
    Send(String),
    /// This text, when it is ready; meanwhile the connection goes on. Whatever must happen in the order of the client's
    /// messages happens in the first poll, which is made before the next message is read.
    Later(LocalBoxFuture<'static, String>),
}

/// One side of a connection: ours.
pub(super) trait ProtocolHandler {
    /// Returns what the client may send.
    fn limits(&self, limits: &ConnectionLimits) -> MessageLimits;

    /// Returns whether it speaks the WebSocket API.
    fn is_api(&self) -> bool;

    /// Begins, once push knows the session.
    fn open(&mut self, connection: &ConnectionContext) -> Response;

    /// Takes a text message.
    fn receive(&mut self, connection: &ConnectionContext, text: &ByteString) -> Response;

    /// Returns the answer to a binary message.
    fn refuse_binary(&self) -> String;

    /// Notes that what was to be said later has been said.
    fn said(&mut self) {}

    /// Returns whether something is still to be said.
    fn is_busy(&self) -> bool {
        false
    }

    /// Notes that private events will not come.
    fn not_attached(&mut self, _form: EventEnvelope) {}

    /// Returns whether there is somebody to look after.
    fn needs_checks(&self) -> bool;

    /// Looks after those it was opened for, about once a second.
    ///
    /// # Errors
    /// Why the connection is to be closed.
    fn check(&mut self, connection: &ConnectionContext) -> Result<(), &'static str>;
}
