//! WebSocket: public market streams, the private stream of a browser session, and the WebSocket API.

mod api;
mod encode;
mod execution;
mod frame;
mod frames;
#[cfg(any(test, feature = "testing"))]
pub(super) mod fuzzing;
mod head;
mod market;
mod notices;
mod protocol;
mod protocol_handler;
mod session;
mod streams;
mod topic;

pub use encode::WireEncoder;
pub(super) use market::write_diff;
pub(super) use notices::{gap_error, not_listening};

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, guard,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{self, ServiceConfig},
};

use self::{
    api::Api,
    session::Opening,
    streams::{PageUser, Streams},
};
use super::{
    auth::{
        authenticate::{COOKIE, session as browser_session},
        origin::{Origin, origin},
    },
    routing::endpoint::{Endpoint, other_method, refusal},
    server::{client_ip::client_address, connection::Connection, request_line::query_string},
    state::HttpState,
    wire::{
        error::{ApiError, Operation},
        params::Params,
        time_unit::TimeUnit,
    },
};
use crate::domain::messages::reject::Reject;

/// Registers the WebSocket's paths.
pub(super) fn configure(config: &mut ServiceConfig, endpoints: &'static [Endpoint]) {
    let mut socket = |path: &str, open: Open| {
        let serve = move |state, request, payload| serve(open, endpoints, state, request, payload);
        let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(serve);
        config.service(
            web::resource(path).route(route).default_service(web::to(|request| other_method(&[], request))),
        );
    };
    socket("/ws", open_raw);
    socket("/ws/{streams:.*}", open_raw);
    socket("/stream", open_combined);
    socket("/stream/{streams:.*}", open_combined);
    socket("/x/v1/stream", open_private);
    socket("/ws-api/v3", open_api);
    socket("/ws-api/v3/", open_api);
}

/// Reads the purpose of a connection from its handshake.
type Open = fn(&HttpRequest, &HttpState, &'static [Endpoint]) -> Result<Opening, ApiError>;

async fn serve(
    open: Open,
    endpoints: &'static [Endpoint],
    state: web::Data<HttpState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let start = || {
        if state.exchange().is_stopping() {
            return Err(ApiError::stopping());
        }
        let address = client_address(&request);
        if let Some(address) = address {
            state.rate_limits().connection(address, state.exchange().now())?;
        }
        let opening = open(&request, &state, endpoints)?;
        let place =
            state.open_socket(address).ok_or_else(|| ApiError::refused(Reject::Busy, Operation::Query))?;
        let response = session::start(&state, opening, place, &request, payload)?;
        if let Some(connection) = request.conn_data::<Arc<Connection>>() {
            connection.upgraded();
        }
        Ok(response)
    };
    start().unwrap_or_else(|error| {
        let mut response = refusal(&error);
        if response.status() == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        response
    })
}

/// `/ws/<stream>/<stream>…`
fn open_raw(request: &HttpRequest, _: &HttpState, _: &'static [Endpoint]) -> Result<Opening, ApiError> {
    open_public(request, false)
}

/// `/stream?streams=<stream>/<stream>…`
fn open_combined(request: &HttpRequest, _: &HttpState, _: &'static [Endpoint]) -> Result<Opening, ApiError> {
    open_public(request, true)
}

fn open_public(request: &HttpRequest, combined: bool) -> Result<Opening, ApiError> {
    let (unit, streams) = read_streams(request, combined, None)?;
    Ok(Opening { unit, handler: Box::new(streams) })
}

/// `/ws-api/v3?timeUnit=…&returnRateLimits=…`
fn open_api(
    request: &HttpRequest,
    state: &HttpState,
    endpoints: &'static [Endpoint],
) -> Result<Opening, ApiError> {
    let query = query_string(request);
    let params = Params::decode(&query, b"")?;
    let unit = params.time_unit()?;
    let returns_limits = params.boolean("returnRateLimits")?.unwrap_or(true);
    let address = client_address(request);
    let api = Api::new(endpoints, (unit, returns_limits), address, state.exchange().now());
    Ok(Opening { unit, handler: Box::new(api) })
}

fn read_streams(
    request: &HttpRequest,
    combined: bool,
    user: Option<PageUser>,
) -> Result<(TimeUnit, Streams), ApiError> {
    let query = query_string(request);
    let params = Params::decode(&query, b"")?;
    let path = request.match_info().get("streams").unwrap_or_default();
    let query = params.get("streams").unwrap_or_default();
    let names = path.split('/').chain(query.split('/')).filter(|name| !name.is_empty());
    let streams = Streams::new(combined, names.map(str::to_owned).collect(), user);
    Ok((params.time_unit()?, streams))
}

/// `/x/v1/stream`: the cookie alone proves nothing, because the handshake of a foreign page carries it too.
fn open_private(
    request: &HttpRequest,
    state: &HttpState,
    _: &'static [Endpoint],
) -> Result<Opening, ApiError> {
    if origin(request) != Origin::Same {
        return Err(ApiError::forbidden());
    }
    let session = browser_session(state, request)?;
    let cookie = request.cookie(COOKIE).ok_or_else(ApiError::unauthorized)?;
    let after = Params::decode(request.query_string(), b"")?.integer("fromSeq")?;
    let user = PageUser { account: session.account, cookie: cookie.value().to_owned(), after };
    let (unit, streams) = read_streams(request, true, Some(user))?;
    Ok(Opening { unit, handler: Box::new(streams) })
}
