//! The protocol of a connection, apart from its transport.

use actix_web::web;
use bytestring::ByteString;
use futures_util::future::LocalBoxFuture;

use crate::{
    actors::message::{EventEnvelope, SessionId},
    http::{limits::rate::Rate, server::limits::ConnectionLimits, state::HttpState},
};

/// The connection a protocol runs on.
#[derive(Debug, Clone)]
pub(super) struct ConnectionContext {
    /// The session's number.
    pub(super) id: SessionId,
    /// The state of the edge.
    pub(super) state: web::Data<HttpState>,
}

/// The limits on a client's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MessageLimits {
    /// The largest message, in bytes.
    pub(super) bytes: usize,
    /// Their rate: messages, pings and pongs.
    pub(super) rate: Rate,
}

/// The response to a client's message.
pub(super) enum Response {
    /// Nothing, or an answer sent through push.
    Nothing,
    /// This text, at once.
    Send(String),
    /// This text, when it is ready; meanwhile the connection continues. Everything that must happen in the order of the
    /// client's messages happens in the first poll, which is made before the next message is read.
    Later(LocalBoxFuture<'static, String>),
}

/// The server's side of a connection.
pub(super) trait ProtocolHandler {
    /// Returns the limits on the client's messages.
    fn limits(&self, limits: &ConnectionLimits) -> MessageLimits;

    /// Returns whether it speaks the WebSocket API.
    fn is_api(&self) -> bool;

    /// Starts, once push has registered the session.
    fn open(&mut self, connection: &ConnectionContext) -> Response;

    /// Handles a text message.
    fn receive(&mut self, connection: &ConnectionContext, text: &ByteString) -> Response;

    /// Returns the answer to a binary message.
    fn refuse_binary(&self) -> String;

    /// Records that a deferred answer has been sent.
    fn said(&mut self) {}

    /// Returns whether a deferred answer is pending.
    fn is_busy(&self) -> bool {
        false
    }

    /// Records that private events cannot be delivered.
    fn not_attached(&mut self, _form: EventEnvelope) {}

    /// Returns whether it has logins or keys to check.
    fn needs_checks(&self) -> bool;

    /// Checks the logins and keys it was opened with, about once a second.
    ///
    /// # Errors
    /// The reason to close the connection.
    fn check(&mut self, connection: &ConnectionContext) -> Result<(), &'static str>;
}
