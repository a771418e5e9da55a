//! What a wire that is not HTTP shares with this one: who is calling, what an address may ask for, how an order is read, and
//! the words for all that.

use std::net::IpAddr;

pub use super::{
    auth::audit::{Audited, Source},
    orders::reply::ordered,
    server::sockets::SocketPermit,
    wire::{
        names::{execution_kind, list_order_status, status, time_in_force},
        params::check_request_id,
    },
};
use super::{
    auth::{audit::Claim, authenticate, security::Security},
    operator::health,
    orders::request::{parse_client_order_id, read_order},
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
        messages::{command::OrderRef, reject::Reject},
        orders::NewOrder,
        types::{
            id::{AccountId, OrderId},
            time::Timestamp,
        },
    },
};

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signer {
    /// The account of the key it was signed with.
    pub account: AccountId,
    /// Until when it is good.
    pub deadline: Timestamp,
}

/// Authenticates a request by its parameters: `apiKey`, `timestamp`, `recvWindow`, `signature` and its own, signed as on the
/// WebSocket API. No name may come twice.
///
/// # Errors
/// -1102, -2014, -2015, -1021, -1022: as REST.
pub fn prove(state: &HttpState, security: Security, pairs: &[(&str, &str)]) -> Result<Signer, ApiError> {
    let params = Params::of(pairs.iter().copied());
    let (key, deadline) = authenticate::prove(state, &params)?;
    authenticate::permit(security, &key)?;
    Ok(Signer { account: key.account, deadline })
}

/// Returns the client's address: the connection's, or through trusted proxies the last address they vouch for, of the lines of
/// `X-Forwarded-For`.
pub fn client_address(state: &HttpState, peer: IpAddr, lines: &[&str]) -> IpAddr {
    client_ip::last_vouched(lines, peer.to_canonical(), state.rate_limits().trusted_proxies())
}

/// Returns whether a key may still hear an account's private events.
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

/// Warns of an address that was refused as the operator.
pub fn operator_refused(state: &HttpState, address: IpAddr) {
    state.alarms().refused(Claim::OperatorToken, Some(address), None, state.exchange().now());
}

/// Returns what whoever asked for private events is told that does not get them.
pub fn not_listening(error: &NotListening) -> ApiError {
    ws::not_listening(error)
}

/// Returns whether the exchange can serve: what `/health/ready` says.
pub fn is_ready(state: &HttpState) -> bool {
    health::is_ready(state.exchange())
}

/// Counts a request of this weight.
///
/// # Errors
/// -1003 when the address has used up what it may.
pub fn count(state: &HttpState, address: IpAddr, weight: u32) -> Result<(), ApiError> {
    state.rate_limits().request(address, weight, state.exchange().now())
}

/// Gives back what [`count`] counted: an order that succeeds weighs nothing.
pub fn refund(state: &HttpState, address: IpAddr, weight: u32) {
    state.rate_limits().settle(address, weight, 0, state.exchange().now());
}

/// Takes a place for a stream, and the number it has with push.
///
/// # Errors
/// -1016 when the exchange is stopping, -1003 when the address has opened too many, -1008 when there is no place.
pub fn open_stream(state: &HttpState, address: IpAddr) -> Result<(SessionId, SocketPermit), ApiError> {
    if state.exchange().is_stopping() {
        return Err(ApiError::stopping());
    }
    state.rate_limits().connection(address, state.exchange().now())?;
    let place =
        state.open_socket(Some(address)).ok_or_else(|| ApiError::refused(Reject::Busy, Operation::Query))?;
    Ok((state.next_session_id(), place))
}

/// Reads an order from parameters under the names of `POST /api/v3/order`, and adds what it may be priced by.
///
/// # Errors
/// As REST: the first parameter that is missing, malformed or out of place.
pub fn new_order(
    state: &HttpState,
    spec: &SymbolSpec,
    account: AccountId,
    pairs: &[(&str, &str)],
) -> Result<NewOrder, ApiError> {
    let params = Params::of(pairs.iter().copied());
    let order = read_order(&params, spec, account)?;
    params.all_read()?;
    Ok(NewOrder { reference: state.exchange().reference(spec.id, order.side), ..order })
}

/// Reads which order is meant.
///
/// # Errors
/// -1102 when neither name is given, -1100 for what can be no name.
pub fn order_ref(id: Option<u64>, client_id: Option<&str>) -> Result<OrderRef, ApiError> {
    let name = "clientOrderId";
    let client_id = client_id.map(|text| parse_client_order_id(text, name)).transpose()?;
    if id.is_none() && client_id.is_none() {
        return Err(ApiError::missing_either(name, "orderId"));
    }
    Ok(OrderRef { id: id.map(OrderId::new), client_id })
}

/// Refuses a number that no account has.
pub fn no_account(name: &str) -> ApiError {
    ApiError::unacceptable(name, "an account id is 1 to 9007199254740991")
}
