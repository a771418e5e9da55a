//! Reads orders, and references to orders, from parameters.

use crate::{
    domain::{
        change_log::words::Word,
        instruments::symbol::SymbolSpec,
        messages::{
            command::{CancelRestriction, OrderRef},
            reject::{Filter, Parameter, Reject},
        },
        orders::{Bips, NewOrder, OrderType, Side, StpMode, Strategy, TimeInForce, Trigger},
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
const STRATEGY_TYPE_MIN: u64 = 1_000_000;

/// Binance features this exchange does not have: rejected, because a client that sends one expects it to work.
const NOT_OFFERED: [&str; 3] = ["pegPriceType", "pegOffsetType", "pegOffsetValue"];

/// The parameter names of one order: an order of a list has its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    /// The order type.
    pub(crate) kind: &'static str,
    /// The limit price.
    pub(crate) price: &'static str,
    /// The trigger price.
    pub(crate) stop_price: &'static str,
    /// The trailing distance.
    pub(crate) trailing_delta: &'static str,
    /// The visible quantity.
    pub(crate) iceberg: &'static str,
    /// The time in force.
    pub(crate) time_in_force: &'static str,
    /// The client's order id.
    pub(crate) client_id: &'static str,
    /// The client's strategy id.
    pub(crate) strategy_id: &'static str,
    /// The client's strategy type.
    pub(crate) strategy_type: &'static str,
}

/// The names of a single order.
const ALONE: Names = Names {
    kind: "type",
    price: "price",
    stop_price: "stopPrice",
    trailing_delta: "trailingDelta",
    iceberg: "icebergQty",
    time_in_force: "timeInForce",
    client_id: "newClientOrderId",
    strategy_id: "strategyId",
    strategy_type: "strategyType",
};

/// The parts of an order that do not depend on its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrderCommon {
    /// The account.
    pub(crate) account: AccountId,
    /// The side.
    pub(crate) side: Side,
    /// The quantity in lots.
    pub(crate) quantity: Option<Lots>,
    /// Self-trade prevention.
    pub(crate) stp: StpMode,
}

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
    let side = read_side(params, "side")?;
    let kind = read_kind(params, ALONE.kind)?;
    let stp = read_stp(params)?;
    let quantity = optional_quantity(params, spec, "quantity", Parameter::Quantity)?;
    let quote_quantity = if kind == OrderType::Market {
        let amount = params.optional("quoteOrderQty")?.map(|text| spec.parse_quote_quantity(text));
        amount.transpose().map_err(|reject| ApiError::unreadable(reject, "quoteOrderQty"))?
    } else {
        params.forbidden("quoteOrderQty")?;
        None
    };
    let order = read_part(params, spec, &ALONE, kind, OrderCommon { account, side, quantity, stp })?;
    match (quantity, quote_quantity) {
        (Some(_), Some(_)) => return Err(ApiError::combination()),
        (None, None) if kind == OrderType::Market => {
            return Err(ApiError::missing_either("quantity", "quoteOrderQty"));
        }
        (None, None) => return Err(ApiError::missing_parameter("quantity")),
        _ => {}
    }
    let expires_at = match order.time_in_force {
        TimeInForce::Gtd => {
            let time = params.time("goodTillDate")?;
            Some(time.ok_or_else(|| ApiError::missing_parameter("goodTillDate"))?)
        }
        _ => {
            params.forbidden("goodTillDate")?;
            None
        }
    };
    NOT_OFFERED.into_iter().try_for_each(|name| params.forbidden(name))?;
    Ok(NewOrder { quote_quantity, expires_at, ..order })
}

/// Reads the parts that depend on the order type, of a single order or of one of a list.
///
/// # Errors
/// The first parameter that is missing, malformed or out of place for the type.
pub(crate) fn read_part(
    params: &Params<'_>,
    spec: &SymbolSpec,
    names: &Names,
    kind: OrderType,
    common: OrderCommon,
) -> Result<NewOrder, ApiError> {
    let time_in_force = time_in_force(params, kind, names.time_in_force)?;
    let price = if kind.is_market() {
        params.forbidden(names.price)?;
        None
    } else {
        params.required(names.price)?;
        optional_price(params, spec, names.price, Parameter::Price)?
    };
    let iceberg = if kind.is_market() {
        params.forbidden(names.iceberg)?;
        None
    } else {
        optional_quantity(params, spec, names.iceberg, Parameter::IcebergQty)?
    };
    Ok(NewOrder {
        account: common.account,
        symbol: spec.id,
        side: common.side,
        kind,
        time_in_force,
        price,
        quantity: common.quantity,
        quote_quantity: None,
        client_id: read_client_order_id(params, names.client_id)?,
        stp: common.stp,
        expires_at: None,
        trigger: read_trigger(params, spec, kind, names)?,
        iceberg,
        strategy: read_strategy(params, names)?,
        reference: None,
    })
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
    let Some(text) = params.optional(name)? else { return Ok(None) };
    let read = spec.parse_quantity(text, parameter).map(Some);
    read.map_err(|reject| correction::unreadable(reject, name, spec.correct_quantity(text, parameter)))
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
    let Some(text) = params.optional(name)? else { return Ok(None) };
    let read = spec.parse_price_of(text, parameter).map(Some);
    read.map_err(|reject| correction::unreadable(reject, name, spec.correct_price(text, parameter)))
}

fn read_trigger(
    params: &Params<'_>,
    spec: &SymbolSpec,
    kind: OrderType,
    names: &Names,
) -> Result<Option<Trigger>, ApiError> {
    if !kind.is_conditional() {
        params.forbidden(names.stop_price)?;
        params.forbidden(names.trailing_delta)?;
        return Ok(None);
    }
    let stop = optional_price(params, spec, names.stop_price, Parameter::StopPrice)?;
    let trailing = match params.integer(names.trailing_delta)? {
        // More than the whole price, or zero: outside any bounds.
        Some(value) => Some(
            Bips::new(value)
                .ok_or_else(|| ApiError::refused(Reject::Filter(Filter::TrailingDelta), Operation::Place))?,
        ),
        None => None,
    };
    if stop.is_none() && trailing.is_none() {
        return Err(ApiError::missing_either(names.stop_price, names.trailing_delta));
    }
    Ok(Some(Trigger { stop, trailing }))
}

fn time_in_force(params: &Params<'_>, kind: OrderType, name: &'static str) -> Result<TimeInForce, ApiError> {
    match kind {
        OrderType::Limit | OrderType::StopLossLimit | OrderType::TakeProfitLimit => {
            let in_force = TimeInForce::of_word(params.required(name)?);
            // Only a limit order that stands alone may have an end.
            let may_end = kind == OrderType::Limit && name == ALONE.time_in_force;
            let is_offered = |in_force: &_| may_end || *in_force != TimeInForce::Gtd;
            in_force.filter(is_offered).ok_or_else(ApiError::time_in_force)
        }
        _ => {
            params.forbidden(name)?;
            Ok(if kind.is_market() { TimeInForce::Ioc } else { TimeInForce::Gtc })
        }
    }
}

fn read_strategy(params: &Params<'_>, names: &Names) -> Result<Strategy, ApiError> {
    let (id, kind) = (params.integer(names.strategy_id)?, params.integer(names.strategy_type)?);
    if kind.is_some_and(|kind| kind < STRATEGY_TYPE_MIN) {
        return Err(ApiError::strategy_type());
    }
    Ok(Strategy { id, kind })
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
