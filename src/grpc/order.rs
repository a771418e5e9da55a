//! Orders: place and cancel, by the rules of REST.

use super::{
    call::Call,
    convert,
    schema::{self, CancelOrderRequest, OrderResponse, PlaceOrderRequest},
};
use crate::{
    domain::{
        instruments::symbol::SymbolSpec,
        messages::command::{AccountCommand, Answer, CancelOrder},
        orders::{OrderType, Side, StpMode, TimeInForce},
    },
    http::{
        ApiError, Operation,
        gateway::{self, OrderFields, OrderTerms, mismatched},
    },
};

/// `placeOrder`
pub(super) async fn place(call: Call, request: PlaceOrderRequest) -> Result<OrderResponse, ApiError> {
    let spec = call.symbol(request.symbol_id)?;
    let fields = fields(&spec, &request)?;
    let order = gateway::new_order(&call.state, &spec, call.caller.account, fields)?;
    match call.command(AccountCommand::Place(order), Operation::Place).await? {
        Answer::Placed { order, fills, .. } => Ok(OrderResponse {
            order: Some(convert::order(&spec, &order)),
            fills: fills.iter().map(|fill| convert::fill(&spec, fill)).collect(),
            ..Default::default()
        }),
        _ => Err(mismatched()),
    }
}

/// Reads the fields of a new order.
fn fields(spec: &SymbolSpec, request: &PlaceOrderRequest) -> Result<OrderFields, ApiError> {
    let (side, kind) = (side(request.side)?, kind(request.r#type)?);
    let time_in_force = match sent(&request.time_in_force) {
        None if kind == OrderType::Limit => Some(Ok(TimeInForce::Gtc)),
        text => text.map(gateway::parse_time_in_force),
    };
    Ok(OrderFields {
        side,
        kind,
        stp: StpMode::default(),
        quantity: sent(&request.quantity).map(|text| gateway::quantity(spec, text)),
        quote_quantity: None,
        expires_at: None,
        terms: OrderTerms {
            time_in_force,
            price: sent(&request.price).map(|text| gateway::price(spec, text)),
            client_id: sent(&request.client_order_id).map(gateway::client_order_id),
            ..OrderTerms::default()
        },
    })
}

fn side(number: i32) -> Result<Side, ApiError> {
    match schema::Side::try_from(number) {
        Ok(schema::Side::Bid) => Ok(Side::Buy),
        Ok(schema::Side::Ask) => Ok(Side::Sell),
        Ok(schema::Side::Unspecified) => Err(ApiError::missing_parameter("side")),
        Err(_) => Err(ApiError::side()),
    }
}

fn kind(number: i32) -> Result<OrderType, ApiError> {
    match schema::OrderType::try_from(number) {
        Ok(schema::OrderType::Limit) => Ok(OrderType::Limit),
        Ok(schema::OrderType::Market) => Ok(OrderType::Market),
        Ok(schema::OrderType::Unspecified) => Err(ApiError::missing_parameter("type")),
        Err(_) => Err(ApiError::order_type()),
    }
}

/// `cancelOrder`
pub(super) async fn cancel(call: Call, request: CancelOrderRequest) -> Result<OrderResponse, ApiError> {
    let spec = call.symbol(request.symbol_id)?;
    let command = CancelOrder {
        account: call.caller.account,
        symbol: spec.id,
        order: gateway::order_ref(request.order_id, sent(&request.client_order_id))?,
        restriction: None,
        name: None,
    };
    match call.command(AccountCommand::Cancel(command), Operation::Cancel).await? {
        Answer::Cancelled(order) => {
            Ok(OrderResponse { order: Some(convert::order(&spec, &order)), ..Default::default() })
        }
        _ => Err(mismatched()),
    }
}

/// Returns a text, if it was sent: in this schema an empty one was not.
fn sent(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
