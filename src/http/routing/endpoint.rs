//! The common path of all endpoints: read the body, authenticate, run the handler, count the weight, respond.

use std::{cell::Cell, sync::Arc};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, Route, guard,
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
    web,
};
use futures_util::future::LocalBoxFuture;
use tracing::Span;
use tracing_actix_web::RequestId;

use super::{
    body::read_body,
    request_context::{Reply, RequestContext},
};
use crate::http::{
    auth::{
        authenticate::{COOKIE, authenticate},
        security::Security,
    },
    server::{client_ip::client_address, connection::Connection, request_line::query_string},
    state::HttpState,
    wire::{error::ApiError, params::Params, time_unit::TimeUnit},
};

pub(crate) type Handle = for<'a> fn(&'a RequestContext<'a>) -> LocalBoxFuture<'a, Result<Reply, ApiError>>;

/// A row of the route index.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// Its access rule.
    pub security: Security,
    /// The weight of a call, unless its parameters or its success change it.
    pub weight: u32,
    pub(crate) handle: Handle,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} {:?} {}", self.method, self.path, self.security, self.weight)
    }
}

const USED_WEIGHT: HeaderName = HeaderName::from_static("x-mbx-used-weight");
const USED_WEIGHT_1M: HeaderName = HeaderName::from_static("x-mbx-used-weight-1m");
const ORDER_COUNT_10S: HeaderName = HeaderName::from_static("x-mbx-order-count-10s");
const ORDER_COUNT_1D: HeaderName = HeaderName::from_static("x-mbx-order-count-1d");
const REQUEST_UUID: HeaderName = HeaderName::from_static("x-mbx-uuid");
const ENGINE_SEQ: HeaderName = HeaderName::from_static("x-engine-seq");
const REACH: HeaderName = HeaderName::from_static("x-lightning-reach");
const HISTORY_SEQ: HeaderName = HeaderName::from_static("x-lightning-history-seq");
const TIME_UNIT: HeaderName = HeaderName::from_static("x-mbx-time-unit");

impl Endpoint {
    /// Returns whether it is a read that may wait for a position with `minSeq`.
    pub(crate) fn waits_for_position(&self) -> bool {
        self.method == Method::GET && self.security.has_params()
    }

    /// Runs the handler. A read first waits for the position it asks for.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) async fn answer(&self, call: &RequestContext<'_>) -> Result<Reply, ApiError> {
        if self.waits_for_position() {
            call.await_position().await?;
        }
        (self.handle)(call).await
    }

    /// Returns the route that serves this endpoint. HEAD is answered as GET, without the body.
    pub(crate) fn route(&'static self) -> Route {
        let serve = move |state, request, payload| serve(self, state, request, payload);
        if self.method == Method::GET {
            web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(serve)
        } else {
            web::method(self.method.clone()).to(serve)
        }
    }
}

async fn serve(
    endpoint: &'static Endpoint,
    state: web::Data<HttpState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let noted = Noted { weight: Cell::new(endpoint.weight), engine_seq: Cell::new(None) };
    let outcome = match count(&state, &request, endpoint.weight) {
        Ok(()) => run(endpoint, &state, &request, payload, &noted).await,
        Err(error) => Err(error),
    };
    let mut response = match outcome {
        Ok(reply) => success(reply),
        Err(error) => refusal(&error),
    };
    if response.status().is_server_error() {
        state.exchange().metrics().unserved.error(response.status().as_u16());
    }
    let headers = response.headers_mut();
    add_used_weight(&state, &request, headers, endpoint.weight, noted.weight.get());
    if let Some(position) = noted.engine_seq.get() {
        headers.insert(ENGINE_SEQ, HeaderValue::from(position));
    }
    add_common_headers(&request, headers);
    if endpoint.security != Security::Public {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Counts a request before any other work. Monitoring requests are not counted.
fn count(state: &HttpState, request: &HttpRequest, weight: u32) -> Result<(), ApiError> {
    match client_address(request) {
        Some(address) if weight > 0 => {
            let counted = state.rate_limits().request(address, weight, state.exchange().now());
            if counted.is_err() {
                state.exchange().metrics().unserved.limited.inc();
            }
            counted
        }
        _ => Ok(()),
    }
}

/// Corrects the count and reports the sum to the client.
fn add_used_weight(
    state: &HttpState,
    request: &HttpRequest,
    headers: &mut header::HeaderMap,
    counted: u32,
    weight: u32,
) {
    if let Some(address) = client_address(request) {
        let used = state.rate_limits().settle(address, counted, weight, state.exchange().now());
        let used = HeaderValue::from(used);
        headers.insert(USED_WEIGHT, used.clone());
        headers.insert(USED_WEIGHT_1M, used);
    }
}

/// Answers a request that reaches no handler.
pub(crate) fn turn_away(request: &HttpRequest, error: ApiError) -> HttpResponse {
    let mut response = refuse(request, error);
    add_common_headers(request, response.headers_mut());
    response
}

/// Counts and refuses a request.
fn refuse(request: &HttpRequest, error: ApiError) -> HttpResponse {
    const WEIGHT: u32 = 1;
    let Some(state) = request.app_data::<web::Data<HttpState>>() else { return refusal(&error) };
    let mut response = refusal(&count(state, request, WEIGHT).err().unwrap_or(error));
    add_used_weight(state, request, response.headers_mut(), WEIGHT, WEIGHT);
    response
}

/// The record of a request besides its response.
struct Noted {
    weight: Cell<u32>,
    engine_seq: Cell<Option<u64>>,
}

async fn run(
    endpoint: &Endpoint,
    state: &HttpState,
    request: &HttpRequest,
    payload: web::Payload,
    noted: &Noted,
) -> Result<Reply, ApiError> {
    let body = read_body(payload, state.limits()).await?;
    if let Some(connection) = request.conn_data::<Arc<Connection>>() {
        connection.body_read();
    }
    let unit = match request.headers().get(TIME_UNIT) {
        None => TimeUnit::default(),
        Some(unit) => unit.to_str().ok().and_then(TimeUnit::parse).ok_or_else(ApiError::time_unit)?,
    };
    let query = query_string(request);
    let mut params = match endpoint.security {
        Security::TradeJson => Params::decode(&query, b"")?,
        security if security.has_params() => Params::decode(&query, &body)?,
        _ => Params::default(),
    };
    let caller = authenticate(endpoint.security, state, request, &params, &body)?;
    if endpoint.security == Security::TradeJson {
        params.add_json(&body)?;
    }
    let span = Span::current();
    if let Some(caller) = caller {
        span.record("account.id", caller.account.get());
    }
    let call = RequestContext {
        state,
        instruments: state.exchange().instruments(),
        path: endpoint.path,
        request: Some(request),
        body: &body,
        params,
        caller,
        unit,
        span,
        weight: Cell::new(endpoint.weight),
        engine_seq: Cell::new(None),
    };
    let outcome = endpoint.answer(&call).await;
    noted.weight.set(call.weight.get());
    noted.engine_seq.set(call.engine_seq.get());
    outcome
}

fn success(reply: Reply) -> HttpResponse {
    let mut response = HttpResponse::build(reply.status);
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type)));
    if let Some(reach) = reply.reach {
        response.insert_header((REACH, HeaderValue::from(reach)));
    }
    if let Some(sequence) = reply.history {
        response.insert_header((HISTORY_SEQ, HeaderValue::from(sequence)));
    }
    if let Some(cookie) = reply.cookie {
        response.cookie(cookie);
    }
    if let Some(counts) = reply.counts {
        response.insert_header((ORDER_COUNT_10S, HeaderValue::from(counts.ten_seconds)));
        response.insert_header((ORDER_COUNT_1D, HeaderValue::from(counts.day)));
    }
    response.body(reply.body)
}

/// Turns a refusal into a response.
pub(crate) fn refusal(error: &ApiError) -> HttpResponse {
    let mut response = HttpResponse::build(error.status());
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(Reply::JSON)));
    if let Some(seconds) = error.retry_after_seconds() {
        response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
    }
    response.body(error.body())
}

/// Adds the request's id and, for the API as programs use it, CORS headers that let any page read the response. A
/// request with a session cookie never gets them.
fn add_common_headers(request: &HttpRequest, headers: &mut header::HeaderMap) {
    if let Some(id) = request.extensions().get::<RequestId>() {
        let mut text = [0; 36];
        let text: &str = id.hyphenated().encode_lower(&mut text);
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(REQUEST_UUID, value);
        }
    }
    let is_browser = || request.headers().contains_key(header::COOKIE) && request.cookie(COOKIE).is_some();
    if request.path().starts_with("/api/") && !is_browser() {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
}

/// Answers a method the path does not have; for `/api`, OPTIONS is a CORS preflight.
pub(crate) async fn other_method(endpoints: &[Endpoint], request: HttpRequest) -> HttpResponse {
    let pattern = request.match_pattern().unwrap_or_default();
    let methods = endpoints.iter().filter(|endpoint| endpoint.path == pattern);
    let methods = methods.map(|endpoint| match endpoint.method.as_str() {
        "GET" => "GET, HEAD",
        other => other,
    });
    let methods = methods.collect::<Vec<_>>().join(", ");
    let mut response = if request.method() == Method::OPTIONS && pattern.starts_with("/api/") {
        HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "X-MBX-APIKEY, X-MBX-TIME-UNIT, Content-Type",
            ))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
            .finish()
    } else {
        let mut response = refuse(&request, ApiError::method_not_allowed());
        if let Ok(methods) = HeaderValue::from_str(&methods) {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        response
    };
    add_common_headers(&request, response.headers_mut());
    response
}

/// Answers an unknown path.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    turn_away(&request, ApiError::not_found())
}
