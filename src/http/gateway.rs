//! How a protocol other than HTTP uses this layer: authentication, address limits, reading of orders, and the wire's
//! names for all of them.

use std::net::IpAddr;

use tracing::{Span, error_span, field::Empty};

pub use super::{
    auth::audit::{Audited, Source},
    orders::{
        fields::{OrderFields, OrderTerms},
        reply::ordered,
        request::parse_time_in_force,
    },
    routing::request_context::mismatched,
    server::sockets::SocketPermit,
    wire::{
        names::{execution_kind, list_order_status, status, time_in_force},
        params::check_request_id,
    },
};
use super::{
    auth::{audit::Claim, authenticate, security::Security},
    operator::health,
    orders::request::{parse_client_order_id, parse_price, parse_quantity},
    server::client_ip,
    state::HttpState,
    wire::{
        error::{ApiError, Operation},
        params::Params,
    },
    ws,
};
use crate::{
    actors::message::{NotListening, SessionId},
    domain::{
        instruments::symbol::SymbolSpec,
        messages::{
            command::OrderRef,
            reject::{Parameter, Reject},
        },
        orders::NewOrder,
        types::{
            id::{AccountId, ClientOrderId, OrderId},
            money::{Lots, Price},
            time::Timestamp,
        },
    },
    telemetry::traces::{TARGET, sample},
};

/// The account a request acts for, and its validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signer {
    /// The account of the key it was signed with.
    pub account: AccountId,
    /// The time until which it is valid.
    pub deadline: Timestamp,
}

/// Authenticates a request by its parameters: `apiKey`, `timestamp`, `recvWindow`, `signature` and its own, signed as on the
/// WebSocket API. Names must be unique.
///
/// # Errors
/// -1102, -2014, -2015, -1021, -1022: as REST.
pub fn prove(state: &HttpState, security: Security, pairs: &[(&str, &str)]) -> Result<Signer, ApiError> {
    let params = Params::of(pairs.iter().copied());
    let (key, deadline) = authenticate::prove(state, &params)?;
    authenticate::permit(security, &key)?;
    Ok(Signer { account: key.account, deadline })
}

/// Returns the client's address: the peer of the connection or, behind trusted proxies, the last address they vouch for
/// in the lines of `X-Forwarded-For`.
pub fn client_address(state: &HttpState, peer: IpAddr, lines: &[&str]) -> IpAddr {
    client_ip::last_vouched(lines, peer.to_canonical(), state.rate_limits().trusted_proxies())
}

/// Returns whether a key may still receive an account's private events.
pub fn may_listen(state: &HttpState, key: &str, account: AccountId) -> bool {
    state.keys().get(key).is_some_and(|key| key.account == account && key.permissions.user_data)
}

/// Requires the operator's token.
///
/// # Errors
/// -1002.
pub fn operator(state: &HttpState, token: Option<&str>) -> Result<(), ApiError> {
    authenticate::operator_token(state, token)
}

/// Logs a warning about an address whose operator token was rejected.
pub fn operator_refused(state: &HttpState, address: IpAddr) {
    state.alarms().refused(Claim::OperatorToken, Some(address), None, state.exchange().now());
}

/// Returns the error for a client that asked for private events and does not get them.
pub fn not_listening(error: &NotListening) -> ApiError {
    ws::not_listening(error)
}

/// Returns the span of a call with these headers: traced, when it is sampled, or for the log.
pub fn call_span<'h>(
    method: &'static str,
    account: Option<u64>,
    header: impl Fn(&str) -> Option<&'h str>,
) -> Span {
    let Some(sampled) = sample(header) else {
        return tracing::debug_span!("grpc request", method, account.id = account);
    };
    let span = error_span!(
        target: TARGET,
        parent: None,
        "grpc request",
        otel.name = method,
        otel.kind = "server",
        trace_id = Empty,
        rpc.system = "grpc",
        rpc.method = method,
        account.id = account,
    );
    sampled.attach(&span);
    span
}

/// Returns whether the exchange is ready, as `/health/ready` reports it.
pub fn is_ready(state: &HttpState) -> bool {
    health::is_ready(state.exchange())
}

/// Counts a request of this weight.
///
/// # Errors
/// -1003 when the address has exhausted its limit.
pub fn count(state: &HttpState, address: IpAddr, weight: u32) -> Result<(), ApiError> {
    state.rate_limits().request(address, weight, state.exchange().now())
}

/// Refunds what [`count`] counted: a successful order has no weight.
pub fn refund(state: &HttpState, address: IpAddr, weight: u32) {
    state.rate_limits().settle(address, weight, 0, state.exchange().now());
}

/// Acquires a permit for a stream, and its session number with push.
///
/// # Errors
/// -1016 when the exchange is stopping, -1003 when the address has opened too many, -1008 when there is no room.
pub fn open_stream(state: &HttpState, address: IpAddr) -> Result<(SessionId, SocketPermit), ApiError> {
    if state.exchange().is_stopping() {
        return Err(ApiError::stopping());
    }
    state.rate_limits().connection(address, state.exchange().now())?;
    let place =
        state.open_socket(Some(address)).ok_or_else(|| ApiError::refused(Reject::Busy, Operation::Query))?;
    Ok((state.next_session_id(), place))
}

/// Makes an order of its fields, and adds the market's reference.
///
/// # Errors
/// As REST: the first field that is missing, unreadable or out of place, by its name in `POST /api/v3/order`.
pub fn new_order(
    state: &HttpState,
    spec: &SymbolSpec,
    account: AccountId,
    fields: OrderFields,
) -> Result<NewOrder, ApiError> {
    let order = fields.order(account, spec.id)?;
    Ok(NewOrder { reference: state.exchange().reference(spec.id, order.side), ..order })
}

/// Reads the price of an order.
///
/// # Errors
/// As REST: -1100, -1111, or -1013 when it is off the tick.
pub fn price(spec: &SymbolSpec, text: &str) -> Result<Price, ApiError> {
    parse_price(spec, text, ("price", Parameter::Price))
}

/// Reads the quantity of an order.
///
/// # Errors
/// As REST: -1100, -1111, or -1013 when it is off the step.
pub fn quantity(spec: &SymbolSpec, text: &str) -> Result<Lots, ApiError> {
    parse_quantity(spec, text, ("quantity", Parameter::Quantity))
}

/// Reads the client's id of a new order.
///
/// # Errors
/// As REST: -1100 for invalid characters.
pub fn client_order_id(text: &str) -> Result<ClientOrderId, ApiError> {
    parse_client_order_id(text, "newClientOrderId")
}

/// Reads an order reference.
///
/// # Errors
/// -1102 when neither name is given, -1100 for an invalid name.
pub fn order_ref(id: Option<u64>, client_id: Option<&str>) -> Result<OrderRef, ApiError> {
    let name = "clientOrderId";
    let client_id = client_id.map(|text| parse_client_order_id(text, name)).transpose()?;
    if id.is_none() && client_id.is_none() {
        return Err(ApiError::missing_either(name, "orderId"));
    }
    Ok(OrderRef { id: id.map(OrderId::new), client_id })
}

/// Rejects a number that no account has.
pub fn no_account(name: &str) -> ApiError {
    ApiError::unacceptable(name, "an account id is 1 to 9007199254740991")
}
