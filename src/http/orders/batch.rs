//! `/x/v1/batchOrders`: up to twenty orders in one request, all in flight at once.
//!
//! The commands reach the account in the given order. Each is independent: a refused one is answered with its error at
//! its position, and the others are not affected.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::value::RawValue;

use super::{
    reply::Printer,
    request::{parse_client_order_id, priced, read_order, response_kind},
};
use crate::{
    domain::{
        account::Details,
        messages::command::{AccountCommand, Answer, CancelOrder, OrderRef},
        types::id::OrderId,
    },
    http::{
        routing::{
            idempotency,
            request_context::{Reply, RequestContext, mismatched},
        },
        wire::{
            error::{ApiError, Operation},
            json::Json,
            params::Params,
        },
    },
};

/// The most orders of one request.
const ORDERS_MAX: usize = 20;

/// One outcome: the JSON of the reply, or the refusal.
type Outcome = Result<String, ApiError>;

/// An order as sent: its parameters by name, the last value of a name sent twice.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// `POST /x/v1/batchOrders`
pub(crate) async fn place(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    idempotency::refuse(call.request, &call.params)?;
    let orders: Vec<Members<'_>> = read_list(call, "batchOrders")?.unwrap_or_default();
    check_count(orders.len(), "batchOrders")?;
    let outcomes = orders.iter().map(|order| place_one(call, order));
    Ok(reply(&join_all(outcomes).await))
}

async fn place_one(call: &RequestContext<'_>, order: &Members<'_>) -> Outcome {
    let params = Params::from_members(order, "batchOrders")?;
    let spec = call.symbol_named(params.required("symbol")?)?;
    let new = priced(call, spec, read_order(&params, spec, call.account()?)?);
    let kind = response_kind(&params, new.kind)?;
    params.all_read()?;
    match call.detailed_command(AccountCommand::Place(new), Operation::Place).await? {
        (Answer::Placed { order, fills, .. }, Details { prevented, .. }) => {
            let mut json = Json::with_capacity(640 + fills.len() * 160);
            Printer { spec, unit: call.unit }.placed(&mut json, &order, (&fills, &prevented), kind);
            Ok(json.finish())
        }
        _ => Err(mismatched()),
    }
}

/// `DELETE /x/v1/batchOrders`
pub(crate) async fn cancel(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let account = call.account()?;
    let ids: Vec<u64> = read_list(call, "orderIdList")?.unwrap_or_default();
    let names: Vec<String> = read_list(call, "origClientOrderIdList")?.unwrap_or_default();
    if ids.is_empty() && names.is_empty() {
        return Err(ApiError::missing_either("orderIdList", "origClientOrderIdList"));
    }
    check_count(ids.len() + names.len(), "orderIdList")?;
    let ids = ids.iter().map(|id| Ok(OrderRef { id: Some(OrderId::new(*id)), client_id: None }));
    let names = names.iter().map(|name| {
        let client_id = parse_client_order_id(name, "origClientOrderIdList").map(Some)?;
        Ok(OrderRef { id: None, client_id })
    });
    let outcomes = ids.chain(names).map(|order: Result<OrderRef, ApiError>| async move {
        let command = CancelOrder { account, symbol: spec.id, order: order?, restriction: None, name: None };
        match call.command(AccountCommand::Cancel(command), Operation::Cancel).await? {
            Answer::Cancelled(order) => {
                let mut json = Json::with_capacity(640);
                Printer { spec, unit: call.unit }.cancelled(&mut json, &order, None);
                Ok(json.finish())
            }
            _ => Err(mismatched()),
        }
    });
    Ok(reply(&join_all(outcomes).await))
}

fn read_list<'a, T: serde::Deserialize<'a>>(
    call: &'a RequestContext<'_>,
    name: &'static str,
) -> Result<Option<Vec<T>>, ApiError> {
    let Some(text) = call.params.optional(name)? else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|_| ApiError::json_parameter(name))
}

fn check_count(count: usize, name: &str) -> Result<(), ApiError> {
    match count {
        0 => Err(ApiError::missing_parameter(name)),
        count if count > ORDERS_MAX => Err(ApiError::invalid(name)),
        _ => Ok(()),
    }
}

fn reply(outcomes: &[Outcome]) -> Reply {
    Reply::write(64 + outcomes.len() * 640, |json| {
        json.array(|json| {
            for outcome in outcomes {
                match outcome {
                    Ok(text) => json.item().raw(text),
                    Err(error) => error.write(json.item()),
                }
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_one_to_twenty_orders_go_together() {
        let code = |count| check_count(count, "x").err().map_or(0, |error| error.code());
        assert_eq!((code(0), code(1), code(20), code(21)), (-1102, 0, 0, -1130));
    }
}
