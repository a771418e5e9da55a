//! Reads orders, and references to orders, from parameters.

use super::{
    call::Call,
    error::{ApiError, Operation},
    names::{self, ResponseKind},
    params::Params,
};
use crate::domain::{
    command::{CancelRestriction, OrderRef},
    id::{AccountId, ClientOrderId, OrderId},
    order::{NewOrder, OrderKind, TimeInForce},
    reject::{Parameter, Reject},
    symbol::SymbolSpec,
};

const CLIENT_ORDER_ID: &str = "^[a-zA-Z0-9-_]{1,36}$";
const STRATEGY_TYPE_MIN: u64 = 1_000_000;

/// What Binance offers and this exchange does not: refused, for whoever sends it expects it to work.
const NOT_OFFERED: [&str; 6] =
    ["stopPrice", "trailingDelta", "icebergQty", "pegPriceType", "pegOffsetType", "pegOffsetValue"];

/// Reads a new order.
///
/// # Errors
/// The first parameter that is missing, malformed or out of place.
pub(super) fn new_order(call: &Call<'_>, spec: &SymbolSpec) -> Result<NewOrder, ApiError> {
    let order = read_order(&call.params, spec, call.account()?)?;
    Ok(NewOrder { reference: call.state.exchange().reference(spec.id, order.side), ..order })
}

/// Reads it from its parameters alone; what it may be priced by is not among them.
pub(super) fn read_order(
    params: &Params<'_>,
    spec: &SymbolSpec,
    account: AccountId,
) -> Result<NewOrder, ApiError> {
    let side = names::parse_side(params.required("side")?).ok_or_else(ApiError::side)?;
    let kind = names::parse_order_kind(params.required("type")?).ok_or_else(ApiError::order_type)?;
    let refused = |reject: Reject| ApiError::refused(reject, Operation::Place);
    let time_in_force = time_in_force(params, kind)?;
    let is_market = kind == OrderKind::Market;
    let quantity = match params.optional("quantity")? {
        Some(text) => Some(spec.parse_quantity(text, Parameter::Quantity).map_err(refused)?),
        None => None,
    };
    let (price, quote_quantity) = if is_market {
        params.forbidden("price")?;
        let amount = params.optional("quoteOrderQty")?.map(|text| spec.parse_quote_quantity(text));
        (None, amount.transpose().map_err(refused)?)
    } else {
        params.forbidden("quoteOrderQty")?;
        (Some(spec.parse_price(params.required("price")?).map_err(refused)?), None)
    };
    match (quantity, quote_quantity) {
        (Some(_), Some(_)) => return Err(ApiError::combination()),
        (None, None) if is_market => return Err(ApiError::missing_either("quantity", "quoteOrderQty")),
        (None, None) => return Err(ApiError::missing_parameter("quantity")),
        _ => {}
    }
    let expires_at = match time_in_force {
        TimeInForce::Gtd => {
            Some(params.time("goodTillDate")?.ok_or_else(|| ApiError::missing_parameter("goodTillDate"))?)
        }
        _ => {
            params.forbidden("goodTillDate")?;
            None
        }
    };
    let stp = match params.optional("selfTradePreventionMode")? {
        None => Default::default(),
        Some(text) => {
            names::parse_stp_mode(text).ok_or_else(|| ApiError::invalid("selfTradePreventionMode"))?
        }
    };
    read_extras(params)?;
    Ok(NewOrder {
        account,
        symbol: spec.id,
        side,
        kind,
        time_in_force,
        price,
        quantity,
        quote_quantity,
        client_id: read_client_order_id(params, "newClientOrderId")?,
        stp,
        expires_at,
        trigger: None,
        iceberg: None,
        strategy: Default::default(),
        reference: None,
    })
}

fn time_in_force(params: &Params<'_>, kind: OrderKind) -> Result<TimeInForce, ApiError> {
    match kind {
        OrderKind::Limit => {
            let text = params.required("timeInForce")?;
            names::parse_time_in_force(text).ok_or_else(ApiError::time_in_force)
        }
        _ => {
            params.forbidden("timeInForce")?;
            Ok(if kind == OrderKind::Market { TimeInForce::Ioc } else { TimeInForce::Gtc })
        }
    }
}

/// Strategy numbers are checked and not kept; what is not offered is refused.
fn read_extras(params: &Params<'_>) -> Result<(), ApiError> {
    params.integer("strategyId")?;
    if params.integer("strategyType")?.is_some_and(|kind| kind < STRATEGY_TYPE_MIN) {
        return Err(ApiError::strategy_type());
    }
    NOT_OFFERED.into_iter().try_for_each(|name| params.forbidden(name))
}

/// Reads a client order id.
///
/// # Errors
/// -1100 when it has characters it may not have, -1105 when it is empty.
pub(super) fn client_order_id(
    call: &Call<'_>,
    name: &'static str,
) -> Result<Option<ClientOrderId>, ApiError> {
    read_client_order_id(&call.params, name)
}

fn read_client_order_id(params: &Params<'_>, name: &'static str) -> Result<Option<ClientOrderId>, ApiError> {
    let Some(text) = params.optional(name)? else { return Ok(None) };
    ClientOrderId::parse(text).map(Some).ok_or_else(|| ApiError::illegal(name, CLIENT_ORDER_ID))
}

/// Reads which order is meant.
///
/// # Errors
/// -1102 when neither name is given.
pub(super) fn order_ref(
    call: &Call<'_>,
    id: &'static str,
    client_id: &'static str,
) -> Result<OrderRef, ApiError> {
    let order = OrderRef {
        id: call.params.integer(id)?.map(OrderId::new),
        client_id: client_order_id(call, client_id)?,
    };
    if order.id.is_none() && order.client_id.is_none() {
        return Err(ApiError::missing_either(client_id, id));
    }
    Ok(order)
}

/// Reads `cancelRestrictions`.
///
/// # Errors
/// -1145.
pub(super) fn cancel_restriction(call: &Call<'_>) -> Result<Option<CancelRestriction>, ApiError> {
    let Some(text) = call.params.optional("cancelRestrictions")? else { return Ok(None) };
    names::parse_cancel_restriction(text).map(Some).ok_or_else(ApiError::cancel_restrictions)
}

/// Reads `newOrderRespType`: FULL for LIMIT and MARKET, ACK otherwise, unless asked.
///
/// # Errors
/// -1130.
pub(super) fn response_kind(call: &Call<'_>, kind: OrderKind) -> Result<ResponseKind, ApiError> {
    match call.params.optional("newOrderRespType")? {
        Some(text) => names::parse_response_kind(text).ok_or_else(|| ApiError::invalid("newOrderRespType")),
        None if kind == OrderKind::LimitMaker => Ok(ResponseKind::Ack),
        None => Ok(ResponseKind::Full),
    }
}
