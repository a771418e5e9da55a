//! The WebSocket API: requests by method name over one connection, answered by the handlers of REST, and private events
//! by subscription.
//!
//! A request's handler runs beside the connection, so a slow one delays no other; answers are sent when they are ready.
//! Its first poll is made when the request is read and reaches the shard ([`RequestContext`]), so requests arrive there
//! in the order they were sent. Requests about the connection itself (its login, its subscriptions) are answered in
//! order.

mod connection;
mod login;
mod methods;
mod proof;
mod reply;
mod request;
mod subscriptions;

use std::{cell::Cell, net::IpAddr, time::Instant};

use bytestring::ByteString;
use tracing::{Instrument, Span, error_span, field::Empty};

pub(super) use self::connection::Api;
use self::{
    connection::{OWN_WEIGHT, Said, Subscriptions},
    reply::{ReplyContext, Used},
    request::{BadRequest, Request},
};
use super::protocol_handler::{ConnectionContext, MessageLimits, ProtocolHandler, Response};
use crate::{
    actors::message::EventEnvelope,
    domain::types::time::Timestamp,
    http::{
        auth::caller::Caller,
        routing::{
            endpoint::Endpoint,
            request_context::{Reply, RequestContext},
        },
        server::limits::ConnectionLimits,
        state::HttpState,
        wire::{error::ApiError, params::Params, time_unit::TimeUnit},
    },
    telemetry::traces::{TARGET, sample},
};

/// Reads a message as a request, and writes the text its signature covers: for fuzzing.
#[cfg(any(test, feature = "testing"))]
pub(super) fn read(text: &str) {
    let _ = request::parse(text).map(|request| request.params.signed_text());
}

/// A request about the connection itself.
enum Own {
    Logon,
    Status,
    Logout,
    List,
    Subscribe,
    SubscribeSigned,
    Unsubscribe,
}

impl Own {
    fn named(method: &str) -> Option<Self> {
        Some(match method {
            "session.logon" => Self::Logon,
            "session.status" => Self::Status,
            "session.logout" => Self::Logout,
            "session.subscriptions" => Self::List,
            "userDataStream.subscribe" => Self::Subscribe,
            "userDataStream.subscribe.signature" => Self::SubscribeSigned,
            "userDataStream.unsubscribe" => Self::Unsubscribe,
            _ => return None,
        })
    }
}

impl Api {
    /// Opens a connection from `address`.
    pub(super) fn new(
        endpoints: &'static [Endpoint],
        (unit, returns_limits): (TimeUnit, bool),
        address: Option<IpAddr>,
        since: Timestamp,
    ) -> Self {
        let subscriptions = Subscriptions::default();
        Self { endpoints, unit, returns_limits, address, since, login: None, subscriptions, waiting: 0 }
    }

    fn reply_context(&self, id: String, returns_limits: Option<bool>) -> ReplyContext {
        let returns_limits = returns_limits.unwrap_or(self.returns_limits);
        ReplyContext { id, address: self.address, returns_limits, counted: 0 }
    }

    fn answer(&mut self, connection: &ConnectionContext, request: Request) -> Response {
        let Request { id, method, params } = request;
        let state = &connection.state;
        let mut reply = match params.boolean("returnRateLimits") {
            Ok(returns_limits) => self.reply_context(id, returns_limits),
            Err(error) => return refuse(&self.reply_context(id, None), state, &error),
        };
        if let Some(own) = Own::named(&method) {
            return match self.answer_own(connection, &own, &params, &reply) {
                Ok(Said::Now(result)) => {
                    Response::Send(reply.done(state, 200, &result, Used::of(OWN_WEIGHT)))
                }
                Ok(Said::ByPush) => Response::Nothing,
                Err(error) => refuse(&reply, state, &error),
            };
        }
        let Some(endpoint) = methods::endpoint(self.endpoints, &method) else {
            return refuse(&reply, state, &ApiError::not_found());
        };
        if let Some(address) = self.address {
            let weight = endpoint.weight;
            if let Err(error) = state.rate_limits().request(address, weight, state.exchange().now()) {
                return refuse(&reply, state, &error);
            }
            reply.counted = weight;
        }
        let caller = match self.caller(state, endpoint.security, &params) {
            Ok(caller) => caller,
            Err(error) => return refuse(&reply, state, &error),
        };
        if self.waiting >= state.limits().api_requests {
            return refuse(&reply, state, &ApiError::too_many_at_once());
        }
        self.waiting += 1;
        let (state, unit) = (state.clone(), self.unit);
        Response::Later(Box::pin(async move { run(&state, endpoint, params, caller, unit, &reply).await }))
    }

    fn answer_own(
        &mut self,
        connection: &ConnectionContext,
        own: &Own,
        params: &Params<'_>,
        reply: &ReplyContext,
    ) -> Result<Said, ApiError> {
        match own {
            Own::Logon => self.log_on(connection, params).map(Said::Now),
            Own::Status => self.status(connection, params).map(Said::Now),
            Own::Logout => self.log_out(connection, params, reply),
            Own::List => self.list(params).map(Said::Now),
            Own::Subscribe => self.subscribe(connection, params, reply),
            Own::SubscribeSigned => self.subscribe_signed(connection, params, reply),
            Own::Unsubscribe => self.unsubscribe(connection, params, reply),
        }
    }
}

impl ProtocolHandler for Api {
    fn limits(&self, limits: &ConnectionLimits) -> MessageLimits {
        MessageLimits { bytes: limits.api_message_bytes, rate: limits.api_messages }
    }

    fn is_api(&self) -> bool {
        true
    }

    fn open(&mut self, _: &ConnectionContext) -> Response {
        Response::Nothing
    }

    fn receive(&mut self, connection: &ConnectionContext, text: &ByteString) -> Response {
        match request::parse(text) {
            Ok(request) => self.answer(connection, request),
            Err(BadRequest { id, error }) => refuse(&self.reply_context(id, None), &connection.state, &error),
        }
    }

    fn refuse_binary(&self) -> String {
        let mut json = crate::http::wire::json::Json::with_capacity(96);
        json.object(|json| {
            json.field("id").raw("null");
            json.field("status").number(400);
            ApiError::json().write(json.field("error"));
        });
        json.finish()
    }

    fn said(&mut self) {
        self.waiting -= 1;
    }

    fn is_busy(&self) -> bool {
        self.waiting > 0
    }

    fn not_attached(&mut self, envelope: EventEnvelope) {
        if let EventEnvelope::Api(subscription) = envelope {
            self.subscriptions.forget(subscription);
        }
    }

    fn needs_checks(&self) -> bool {
        true
    }

    fn check(&mut self, connection: &ConnectionContext) -> Result<(), &'static str> {
        self.end_those_without_key(connection);
        Ok(())
    }
}

fn refuse(reply: &ReplyContext, state: &HttpState, error: &ApiError) -> Response {
    Response::Send(reply.refused(state, error, Used::of(1)))
}

/// Returns the span of a request: traced, when it is sampled, or for the log.
fn span(endpoint: &Endpoint, account: Option<u64>) -> Span {
    let (method, path) = (endpoint.method.as_str(), endpoint.path);
    let Some(sampled) = sample(|_| None) else {
        return tracing::debug_span!("ws request", method, route = path, account.id = account);
    };
    let span = error_span!(
        target: TARGET,
        parent: None,
        "ws request",
        otel.name = format!("WS {method} {path}"),
        otel.kind = "server",
        trace_id = Empty,
        http.request.method = method,
        http.route = path,
        account.id = account,
    );
    sampled.attach(&span);
    span
}

/// Runs an endpoint's handler and writes its reply.
async fn run(
    state: &HttpState,
    endpoint: &'static Endpoint,
    params: Params<'static>,
    caller: Option<Caller>,
    unit: TimeUnit,
    reply: &ReplyContext,
) -> String {
    let path = endpoint.path;
    let account = caller.map(|caller| caller.account.get());
    let span = span(endpoint, account);
    let call = RequestContext {
        state,
        instruments: state.exchange().instruments(),
        path,
        request: None,
        body: b"",
        params,
        caller,
        unit,
        span: Span::clone(&span),
        weight: Cell::new(endpoint.weight),
        engine_seq: Cell::new(None),
    };
    let started = Instant::now();
    let outcome = endpoint.answer(&call).instrument(span.clone()).await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(parent: &span, elapsed_us = micros, "served");
    let used = Used { engine_seq: call.engine_seq.get(), ..Used::of(call.weight.get()) };
    match outcome {
        Ok(Reply { status, body, counts, reach, history, .. }) => {
            reply.done(state, status.as_u16(), &body, Used { counts, reach, history, ..used })
        }
        Err(error) => reply.refused(state, &error, used),
    }
}
