//! Reads orders, and references to orders, from parameters.

use super::fields::{ALONE, Field, Names, OrderFields, OrderTerms};
use crate::{
    domain::{
        change_log::words::Word,
        instruments::symbol::SymbolSpec,
        messages::{
            command::{CancelRestriction, OrderRef},
            reject::{Filter, Parameter, Reject},
        },
        orders::{Bips, NewOrder, OrderType, Side, StpMode, TimeInForce},
        types::{
            id::{AccountId, ClientOrderId, OrderId},
            money::{Lots, Price},
        },
    },
    http::{
        routing::request_context::RequestContext,
        wire::{
            correction,
            error::{ApiError, Operation},
            names::ResponseKind,
            params::Params,
        },
    },
};

const CLIENT_ORDER_ID: &str = "^[a-zA-Z0-9-_]{1,36}$";

/// Binance features this exchange does not have: rejected, because a client that sends one expects it to work.
const NOT_OFFERED: [&str; 3] = ["pegPriceType", "pegOffsetType", "pegOffsetValue"];

/// Reads a new order.
///
/// # Errors
/// The first parameter that is missing, malformed or out of place.
pub(crate) fn new_order(call: &RequestContext<'_>, spec: &SymbolSpec) -> Result<NewOrder, ApiError> {
    Ok(priced(call, spec, read_order(&call.params, spec, call.account()?)?))
}

/// Adds the market's reference to an order: it is not a parameter but enters with the command.
pub(crate) fn priced(call: &RequestContext<'_>, spec: &SymbolSpec, order: NewOrder) -> NewOrder {
    NewOrder { reference: call.state.exchange().reference(spec.id, order.side), ..order }
}

/// Reads a new order from its parameters alone.
///
/// # Errors
/// As [`new_order`].
pub(crate) fn read_order(
    params: &Params<'_>,
    spec: &SymbolSpec,
    account: AccountId,
) -> Result<NewOrder, ApiError> {
    let (side, kind) = (read_side(params, "side")?, read_kind(params, ALONE.kind)?);
    let amount = |text: &str| {
        spec.parse_quote_quantity(text).map_err(|reject| ApiError::unreadable(reject, "quoteOrderQty"))
    };
    let fields = OrderFields {
        side,
        kind,
        stp: read_stp(params)?,
        quantity: optional_quantity(params, spec, "quantity", Parameter::Quantity).transpose(),
        quote_quantity: field(params, "quoteOrderQty", amount),
        expires_at: params.time("goodTillDate").transpose(),
        terms: read_terms(params, spec, &ALONE),
    };
    let order = fields.order(account, spec.id)?;
    NOT_OFFERED.into_iter().try_for_each(|name| params.forbidden(name))?;
    Ok(order)
}

/// Reads the parts that depend on the order type, of a single order or of one of a list.
pub(crate) fn read_terms(params: &Params<'_>, spec: &SymbolSpec, names: &Names) -> OrderTerms {
    // More than the whole price, or zero: outside any bounds.
    let no_distance = || ApiError::refused(Reject::Filter(Filter::TrailingDelta), Operation::Place);
    let distance = |value| Bips::new(value).ok_or_else(no_distance);
    OrderTerms {
        time_in_force: field(params, names.time_in_force, parse_time_in_force),
        price: optional_price(params, spec, names.price, Parameter::Price).transpose(),
        iceberg: optional_quantity(params, spec, names.iceberg, Parameter::IcebergQty).transpose(),
        client_id: read_client_order_id(params, names.client_id).transpose(),
        stop_price: optional_price(params, spec, names.stop_price, Parameter::StopPrice).transpose(),
        trailing_delta: params
            .integer(names.trailing_delta)
            .transpose()
            .map(|value| value.and_then(distance)),
        strategy_id: params.integer(names.strategy_id).transpose(),
        strategy_type: params.integer(names.strategy_type).transpose(),
    }
}

/// Reads a field; one that was sent empty is unreadable.
fn field<T>(
    params: &Params<'_>,
    name: &'static str,
    read: impl FnOnce(&str) -> Result<T, ApiError>,
) -> Field<T> {
    params.optional(name).transpose().map(|text| text.and_then(read))
}

/// Reads a side.
///
/// # Errors
/// -1102 when it was not sent, -1117 for an unknown side.
pub(crate) fn read_side(params: &Params<'_>, name: &'static str) -> Result<Side, ApiError> {
    Side::of_word(params.required(name)?).ok_or_else(ApiError::side)
}

/// Reads an order type.
///
/// # Errors
/// -1102 when it was not sent, -1116 for an unknown type.
pub(crate) fn read_kind(params: &Params<'_>, name: &'static str) -> Result<OrderType, ApiError> {
    OrderType::of_word(params.required(name)?).ok_or_else(ApiError::order_type)
}

/// Reads `selfTradePreventionMode`.
///
/// # Errors
/// -1130 for an unsupported mode.
pub(crate) fn read_stp(params: &Params<'_>) -> Result<StpMode, ApiError> {
    let Some(text) = params.optional("selfTradePreventionMode")? else { return Ok(StpMode::default()) };
    StpMode::of_word(text).ok_or_else(|| ApiError::invalid("selfTradePreventionMode"))
}

/// Reads a mandatory quantity.
///
/// # Errors
/// -1102 when it was not sent, and as [`optional_quantity`].
pub(crate) fn required_quantity(
    params: &Params<'_>,
    spec: &SymbolSpec,
    name: &'static str,
) -> Result<Lots, ApiError> {
    let lots = optional_quantity(params, spec, name, Parameter::Quantity)?;
    lots.ok_or_else(|| ApiError::missing_parameter(name))
}

/// Reads a mandatory price.
///
/// # Errors
/// -1102 when it was not sent, and as [`optional_price`].
pub(crate) fn required_price(
    params: &Params<'_>,
    spec: &SymbolSpec,
    name: &'static str,
) -> Result<Price, ApiError> {
    let price = optional_price(params, spec, name, Parameter::Price)?;
    price.ok_or_else(|| ApiError::missing_parameter(name))
}

/// Reads an optional quantity.
///
/// # Errors
/// -1100, -1111, or -1013 when it is off the step.
fn optional_quantity(
    params: &Params<'_>,
    spec: &SymbolSpec,
    name: &'static str,
    parameter: Parameter,
) -> Result<Option<Lots>, ApiError> {
    params.optional(name)?.map(|text| parse_quantity(spec, text, (name, parameter))).transpose()
}

/// Reads an optional price.
///
/// # Errors
/// -1100, -1111, or -1013 when it is off the tick.
fn optional_price(
    params: &Params<'_>,
    spec: &SymbolSpec,
    name: &'static str,
    parameter: Parameter,
) -> Result<Option<Price>, ApiError> {
    params.optional(name)?.map(|text| parse_price(spec, text, (name, parameter))).transpose()
}

/// Reads the text of a quantity, sent under a name.
///
/// # Errors
/// -1100, -1111, or -1013 when it is off the step.
pub(crate) fn parse_quantity(
    spec: &SymbolSpec,
    text: &str,
    (name, parameter): (&'static str, Parameter),
) -> Result<Lots, ApiError> {
    let read = spec.parse_quantity(text, parameter);
    read.map_err(|reject| correction::unreadable(reject, name, spec.correct_quantity(text, parameter)))
}

/// Reads the text of a price, sent under a name.
///
/// # Errors
/// -1100, -1111, or -1013 when it is off the tick.
pub(crate) fn parse_price(
    spec: &SymbolSpec,
    text: &str,
    (name, parameter): (&'static str, Parameter),
) -> Result<Price, ApiError> {
    let read = spec.parse_price_of(text, parameter);
    read.map_err(|reject| correction::unreadable(reject, name, spec.correct_price(text, parameter)))
}

/// Reads the text of a time in force.
///
/// # Errors
/// -1115 for an unknown one.
pub fn parse_time_in_force(text: &str) -> Result<TimeInForce, ApiError> {
    TimeInForce::of_word(text).ok_or_else(ApiError::time_in_force)
}

/// Reads a client order id.
///
/// # Errors
/// -1100 for invalid characters, -1105 when it is empty.
pub(crate) fn client_order_id(
    call: &RequestContext<'_>,
    name: &'static str,
) -> Result<Option<ClientOrderId>, ApiError> {
    read_client_order_id(&call.params, name)
}

fn read_client_order_id(params: &Params<'_>, name: &'static str) -> Result<Option<ClientOrderId>, ApiError> {
    params.optional(name)?.map(|text| parse_client_order_id(text, name)).transpose()
}

/// Reads the text of a client order id.
///
/// # Errors
/// -1100 for invalid characters.
pub(crate) fn parse_client_order_id(text: &str, name: &str) -> Result<ClientOrderId, ApiError> {
    ClientOrderId::parse(text).ok_or_else(|| ApiError::illegal(name, CLIENT_ORDER_ID))
}

/// Reads an order reference.
///
/// # Errors
/// -1102 when neither name is given.
pub(crate) fn order_ref(
    call: &RequestContext<'_>,
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
pub(crate) fn cancel_restriction(call: &RequestContext<'_>) -> Result<Option<CancelRestriction>, ApiError> {
    let Some(text) = call.params.optional("cancelRestrictions")? else { return Ok(None) };
    CancelRestriction::of_word(text).map(Some).ok_or_else(ApiError::cancel_restrictions)
}

/// Reads `newOrderRespType`; the default is FULL for LIMIT and MARKET, ACK otherwise.
///
/// # Errors
/// -1130.
pub(crate) fn response_kind(params: &Params<'_>, kind: OrderType) -> Result<ResponseKind, ApiError> {
    let default = match kind {
        OrderType::Limit | OrderType::Market => ResponseKind::Full,
        _ => ResponseKind::Ack,
    };
    asked_response_kind(params).map(|asked| asked.unwrap_or(default))
}

/// Reads `newOrderRespType`, if it was sent.
///
/// # Errors
/// -1130.
pub(crate) fn asked_response_kind(params: &Params<'_>) -> Result<Option<ResponseKind>, ApiError> {
    let Some(text) = params.optional("newOrderRespType")? else { return Ok(None) };
    ResponseKind::of_word(text).map(Some).ok_or_else(|| ApiError::invalid("newOrderRespType"))
}
