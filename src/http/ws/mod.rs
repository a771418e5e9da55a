//! WebSocket: market streams for everybody, and the private stream of a browser session.

mod encode;
mod execution;
mod frame;
pub(super) mod fuzzing;
mod protocol;
mod session;
mod topic;

pub use encode::WireEncoder;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, ServiceConfig},
};

use self::session::Opening;
use super::{
    authenticate::{COOKIE, session as browser_session},
    endpoint::{other_method, refusal},
    error::{ApiError, Operation},
    origin::{Origin, origin},
    params::Params,
    state::HttpState,
};
use crate::domain::reject::Reject;

/// Registers the WebSocket's paths.
pub(super) fn configure(config: &mut ServiceConfig) {
    let mut socket = |path: &str, open: fn(&HttpRequest, &HttpState) -> Result<Opening, ApiError>| {
        let serve = move |state, request, payload| serve(open, state, request, payload);
        config
            .service(web::resource(path).route(web::get().to(serve)).default_service(web::to(other_method)));
    };
    socket("/ws", open_raw);
    socket("/ws/{streams:.*}", open_raw);
    socket("/stream", open_combined);
    socket("/stream/{streams:.*}", open_combined);
    socket("/x/v1/stream", open_private);
}

async fn serve(
    open: fn(&HttpRequest, &HttpState) -> Result<Opening, ApiError>,
    state: web::Data<HttpState>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let start = || {
        if state.exchange().is_stopping() {
            return Err(ApiError::stopping());
        }
        let opening = open(&request, &state)?;
        let place = state.open_socket().ok_or_else(|| ApiError::refused(Reject::Busy, Operation::Query))?;
        session::start(&state, opening, place, &request, payload)
    };
    start().unwrap_or_else(|error| refusal(&error))
}

/// `/ws/<stream>/<stream>…`
fn open_raw(request: &HttpRequest, _: &HttpState) -> Result<Opening, ApiError> {
    open_public(request, false)
}

/// `/stream?streams=<stream>/<stream>…`
fn open_combined(request: &HttpRequest, _: &HttpState) -> Result<Opening, ApiError> {
    open_public(request, true)
}

fn open_public(request: &HttpRequest, combined: bool) -> Result<Opening, ApiError> {
    let params = Params::decode(request.query_string(), b"")?;
    let path = request.match_info().get("streams").unwrap_or_default();
    let query = params.get("streams").unwrap_or_default();
    let names = path.split('/').chain(query.split('/')).filter(|name| !name.is_empty());
    Ok(Opening { combined, unit: params.time_unit()?, names: names.map(str::to_owned).collect(), user: None })
}

/// `/x/v1/stream`: the cookie alone proves nothing, for a foreign page's handshake carries it too.
fn open_private(request: &HttpRequest, state: &HttpState) -> Result<Opening, ApiError> {
    if origin(request) != Origin::Same {
        return Err(ApiError::forbidden());
    }
    let session = browser_session(state, request)?;
    let cookie = request.cookie(COOKIE).ok_or_else(ApiError::unauthorized)?;
    let opening = open_public(request, true)?;
    Ok(Opening { user: Some((session.account, cookie.value().to_owned())), ..opening })
}
