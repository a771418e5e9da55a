//! Orders: place and cancel, read as by REST.

use super::{
    call::{Call, mismatched},
    convert,
    request::{side_text, type_text},
    schema::{CancelOrderRequest, OrderResponse, PlaceOrderRequest},
};
use crate::{
    domain::messages::command::{AccountCommand, Answer, CancelOrder},
    http::{ApiError, Operation, gateway},
};

/// `placeOrder`
pub(super) async fn place(call: Call, request: PlaceOrderRequest) -> Result<OrderResponse, ApiError> {
    let spec = call.symbol(request.symbol_id)?;
    let (kind, side) = (type_text(request.r#type), side_text(request.side));
    let side = match side.as_str() {
        "BID" => "BUY",
        "ASK" => "SELL",
        other => other,
    };
    let in_force = match (kind.as_str(), request.time_in_force.as_str()) {
        ("LIMIT", "") => "GTC",
        (_, given) => given,
    };
    let fields = [
        ("side", side),
        ("type", &kind),
        ("price", &request.price),
        ("quantity", &request.quantity),
        ("timeInForce", in_force),
        ("newClientOrderId", &request.client_order_id),
    ];
    // In this schema an empty field was not sent.
    let sent: Vec<(&str, &str)> = fields.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    let order = gateway::new_order(&call.state, spec, call.caller.account, &sent)?;
    match call.command(AccountCommand::Place(order), Operation::Place).await? {
        Answer::Placed { order, fills, .. } => Ok(OrderResponse {
            order: Some(convert::order(spec, &order)),
            fills: fills.iter().map(|fill| convert::fill(spec, fill)).collect(),
            ..Default::default()
        }),
        _ => Err(mismatched()),
    }
}

/// `cancelOrder`
pub(super) async fn cancel(call: Call, request: CancelOrderRequest) -> Result<OrderResponse, ApiError> {
    let spec = call.symbol(request.symbol_id)?;
    let client_id = Some(request.client_order_id.as_str()).filter(|name| !name.is_empty());
    let command = CancelOrder {
        account: call.caller.account,
        symbol: spec.id,
        order: gateway::order_ref(request.order_id, client_id)?,
        restriction: None,
        name: None,
    };
    match call.command(AccountCommand::Cancel(command), Operation::Cancel).await? {
        Answer::Cancelled(order) => {
            Ok(OrderResponse { order: Some(convert::order(spec, &order)), ..Default::default() })
        }
        _ => Err(mismatched()),
    }
}
