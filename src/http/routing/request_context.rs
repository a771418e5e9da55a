//! One request, decoded and authenticated, as its handler sees it.
//!
//! A handler awaits nothing before it sends its first command or query: the requests of a connection reach the shard in the
//! order they were sent because their handlers are first polled in that order. Only a read that waits for a position
//! (`minSeq`) is an exception.

use std::{cell::Cell, future::Future, sync::Arc};

use actix_web::{HttpRequest, cookie::Cookie, http::StatusCode, rt::time::timeout};
use bytestring::ByteString;
use serde::Deserialize;
use tracing::Span;

use super::idempotency;
use crate::{
    actors::message::{MarketQuery, MarketView},
    domain::{
        account::{AccountQuery, AccountView, Details, Page},
        instruments::{Instruments, symbol::SymbolSpec},
        messages::{
            command::{AccountCommand, Answer},
            reject::Reject,
        },
        orders::limits::OrderCounts,
        types::{id::AccountId, time::Timestamp},
    },
    http::{
        auth::{
            audit::{Audited, Source},
            caller::{Caller, OPERATOR_PATHS, request_id},
        },
        server::client_ip::client_address,
        state::HttpState,
        wire::{
            correction,
            error::{ApiError, Operation},
            json::Json,
            params::Params,
            time_unit::{TimeRange, TimeUnit},
        },
    },
};

const SYMBOL: &str = "^[A-Z0-9-_.]{1,20}$";
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// One request.
pub(crate) struct RequestContext<'a> {
    pub(crate) state: &'a HttpState,
    /// The assets and symbols, under the trading rules in force when the request arrived.
    pub(crate) instruments: Arc<Instruments>,
    /// The endpoint's path.
    pub(crate) path: &'static str,
    /// The HTTP request; `None` when it came by the WebSocket API. Handlers that only read parameters do not need it.
    pub(crate) request: Option<&'a HttpRequest>,
    /// The body of an HTTP request.
    pub(crate) body: &'a [u8],
    pub(crate) params: Params<'a>,
    pub(crate) caller: Option<Caller>,
    pub(crate) unit: TimeUnit,
    pub(crate) span: Span,
    pub(crate) weight: Cell<u32>,
    /// The position at which a command is durable, once it has been answered.
    pub(crate) engine_seq: Cell<Option<u64>>,
}

impl<'a> RequestContext<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// When it is not the expected JSON: -1103 for an unknown member, -1102 for a missing one, else -1135.
    pub(crate) fn json<T: Deserialize<'a>>(&self) -> Result<T, ApiError> {
        if !self.body.trim_ascii_start().starts_with(b"{") {
            return Err(ApiError::no_json_object());
        }
        serde_json::from_slice(self.body).map_err(|error| ApiError::json_body(&error))
    }

    /// Returns the account of an authenticated request.
    ///
    /// # Errors
    /// -1002 when the endpoint did not authenticate the caller.
    pub(crate) fn account(&self) -> Result<AccountId, ApiError> {
        self.caller.map(|caller| caller.account).ok_or_else(ApiError::unauthorized)
    }

    /// Returns the HTTP request.
    ///
    /// # Errors
    /// -1020 when it came by another protocol.
    pub(crate) fn http(&self) -> Result<&HttpRequest, ApiError> {
        self.request.ok_or_else(ApiError::not_found)
    }

    /// Waits for the position a read asks for with `minSeq`: then everything acknowledged up to it is visible.
    ///
    /// # Errors
    /// -1100 for a malformed number, -93001 when it is not reached in time.
    pub(crate) async fn await_position(&self) -> Result<(), ApiError> {
        let Some(position) = self.params.integer("minSeq")? else { return Ok(()) };
        let reached = self.state.exchange().watermark().reached(position);
        timeout(self.state.limits().read_patience, reached).await.map_err(|_| ApiError::not_reached())
    }

    /// Counts this weight instead of the endpoint's.
    pub(crate) fn weigh(&self, weight: u32) {
        self.weight.set(weight);
    }

    /// Reads the mandatory `symbol`.
    ///
    /// # Errors
    /// -1102, -1105, -1100 or -1121.
    pub(crate) fn symbol(&self) -> Result<&Arc<SymbolSpec>, ApiError> {
        self.optional_symbol()?.ok_or_else(|| ApiError::missing_parameter("symbol"))
    }

    /// Reads `symbol`, if it was sent.
    ///
    /// # Errors
    /// -1105, -1100 or -1121.
    pub(crate) fn optional_symbol(&self) -> Result<Option<&Arc<SymbolSpec>>, ApiError> {
        self.params.optional("symbol")?.map(|name| self.symbol_named(name)).transpose()
    }

    /// Finds a symbol.
    ///
    /// # Errors
    /// -1100 for an impossible name, -1121 for an unknown one.
    pub(crate) fn symbol_named(&self, name: &str) -> Result<&Arc<SymbolSpec>, ApiError> {
        let found = self.instruments.symbol_named(name);
        found.ok_or_else(|| {
            let legal = |byte: u8| {
                byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_.".contains(&byte) || byte >= 0x80
            };
            if name.len() <= 20 && name.bytes().all(legal) {
                ApiError::symbol()
            } else {
                ApiError::illegal("symbol", SYMBOL)
            }
        })
    }

    /// Reads `startTime`, `endTime` and `limit`.
    ///
    /// # Errors
    /// -1127 when the two are more than a day apart, -1128 when the end is before the start, -1100 and -1130 for
    /// malformed ones.
    pub(crate) fn page(&self) -> Result<Page, ApiError> {
        let TimeRange { start, end } = self.params.time_range()?;
        if start.zip(end).is_some_and(|(start, end)| end.millis() - start.millis() > DAY_MILLIS) {
            return Err(ApiError::interval_too_long());
        }
        Ok(Page { start, end, limit: self.params.limit(500, 1_000)? })
    }

    /// Sends a command and awaits its answer.
    ///
    /// # Errors
    /// -1104 for unread parameters, -1007 when no answer arrives, or the refusal.
    pub(crate) async fn command(
        &self,
        command: AccountCommand,
        operation: Operation,
    ) -> Result<Answer, ApiError> {
        self.detailed_command(command, operation).await.map(|(answer, _)| answer)
    }

    /// Sends a command and awaits its answer, with the additional details of the reply.
    ///
    /// # Errors
    /// As [`RequestContext::command`].
    pub(crate) async fn detailed_command(
        &self,
        command: AccountCommand,
        operation: Operation,
    ) -> Result<(Answer, Details), ApiError> {
        let key = idempotency::key((self.request, &self.params), self.path, &command)?;
        self.params.all_read()?;
        let deadline = self.caller.and_then(|caller| caller.deadline);
        let audited = Audited::of(&command, &self.instruments, || self.source());
        let answer = self.state.exchange().keyed_command(command, key, deadline, self.span.clone());
        let answered = match self.answer(answer, operation).await {
            Ok(acknowledged) => {
                self.engine_seq.set(Some(acknowledged.position));
                let details = acknowledged.details.map(|details| *details).unwrap_or_default();
                match acknowledged.answer {
                    Ok(answer) => Ok((answer, details)),
                    Err(reject) => Err(correction::refused(reject, operation, details.correction.as_ref())),
                }
            }
            Err(error) => Err(error),
        };
        if let Some(audited) = audited {
            audited.conclude(answered.as_ref().map(|(answer, _)| answer));
        }
        answered
    }

    /// Returns the actor, for the audit.
    pub(crate) fn source(&self) -> Source {
        let actor = match self.path {
            path if path.starts_with(OPERATOR_PATHS) => "operator",
            "/x/v1/signup" | "/x/v1/session" => "visitor",
            _ => "session",
        };
        let address = self.request.and_then(client_address);
        Source { actor, address, request: self.request.and_then(request_id) }
    }

    /// Queries the caller's account.
    ///
    /// # Errors
    /// As [`RequestContext::command`].
    pub(crate) async fn query(
        &self,
        query: AccountQuery,
        operation: Operation,
    ) -> Result<AccountView, ApiError> {
        self.query_account(self.account()?, query, operation).await
    }

    /// Queries an account.
    ///
    /// # Errors
    /// As [`RequestContext::command`].
    pub(crate) async fn query_account(
        &self,
        account: AccountId,
        query: AccountQuery,
        operation: Operation,
    ) -> Result<AccountView, ApiError> {
        self.params.all_read()?;
        let answer = self.state.exchange().query(account, query, self.span.clone());
        self.answer(answer, operation).await
    }

    /// Queries the public market.
    ///
    /// # Errors
    /// The refusal, or -1007 when no answer arrives.
    pub(crate) async fn market(&self, query: MarketQuery) -> Result<MarketView, ApiError> {
        self.answer(self.state.exchange().market(query), Operation::Query).await
    }

    async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, Reject>>,
        operation: Operation,
    ) -> Result<T, ApiError> {
        self.state.answered(answer, operation).await
    }
}

/// A handler's reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: ByteString,
    pub(crate) cookie: Option<Cookie<'static>>,
    pub(crate) content_type: &'static str,
    /// The id, or the time in milliseconds, from which a truncated list is complete.
    pub(crate) reach: Option<u64>,
    /// The account's count of unfilled orders, after an order was placed.
    pub(crate) counts: Option<OrderCounts>,
    /// The last frame the history had ingested, when it answered.
    pub(crate) history: Option<u64>,
}

impl Reply {
    /// The content type of everything except metrics.
    pub(crate) const JSON: &'static str = "application/json;charset=UTF-8";

    /// Returns 200 with a JSON body.
    pub(crate) fn json(body: impl Into<ByteString>) -> Self {
        Self {
            status: StatusCode::OK,
            body: body.into(),
            cookie: None,
            content_type: Self::JSON,
            reach: None,
            counts: None,
            history: None,
        }
    }

    /// Returns 200 with the JSON `fill` writes.
    pub(crate) fn write(capacity: usize, fill: impl FnOnce(&mut Json)) -> Self {
        let mut json = Json::with_capacity(capacity);
        fill(&mut json);
        Self::json(json.finish())
    }

    /// Sets the id or time an account's list is complete from, if it may be truncated.
    #[must_use]
    pub(crate) fn reaching(self, since: Option<Timestamp>) -> Self {
        Self { reach: since.map(Timestamp::millis), ..self }
    }
}

/// Returns the error for an answer that does not match its query: a bug in a shard.
pub fn mismatched() -> ApiError {
    tracing::error!("a shard returned an unexpected answer");
    ApiError::internal()
}
