//! Orders: place, test, cancel, amend, query.

use std::sync::Arc;

use super::{
    reply::Printer,
    request::{cancel_restriction, client_order_id, new_order, order_ref, response_kind},
};
use crate::{
    domain::{
        account::{AccountQuery, AccountView, Details, Found},
        instruments::symbol::SymbolSpec,
        messages::{
            command::{AccountCommand, AmendOrder, Answer, CancelAll, CancelOrder},
            reject::{Parameter, Reject},
        },
        orders::{NewOrder, Order},
        types::id::OrderId,
    },
    http::{
        account::commission,
        routing::{
            history::{self, HistoryAnswer},
            request_context::{Reply, RequestContext, mismatched},
        },
        wire::{
            correction,
            error::{ApiError, Operation},
        },
    },
};

/// `POST /api/v3/order`
pub(crate) async fn place(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let new = new_order(call, spec)?;
    place_order(call, spec, new).await
}

/// Places an order and writes the requested reply.
///
/// # Errors
/// -1104 for unread parameters, or the refusal.
pub(crate) async fn place_order(
    call: &RequestContext<'_>,
    spec: &SymbolSpec,
    new: NewOrder,
) -> Result<Reply, ApiError> {
    let kind = response_kind(&call.params, new.kind)?;
    match call.detailed_command(AccountCommand::Place(new), Operation::Place).await? {
        (Answer::Placed { order, fills, counts }, Details { prevented, .. }) => {
            call.weigh(0);
            let printer = Printer { spec, unit: call.unit };
            let capacity = 640 + fills.len() * 160;
            let reply =
                Reply::write(capacity, |json| printer.placed(json, &order, (&fills, &prevented), kind));
            Ok(Reply { counts: Some(counts), ..reply })
        }
        _ => Err(mismatched()),
    }
}

/// `POST /api/v3/order/test`
pub(crate) async fn test(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let order = new_order(call, spec)?;
    response_kind(&call.params, order.kind)?;
    let with_rates = call.params.boolean("computeCommissionRates")?.unwrap_or(false);
    if with_rates {
        call.weigh(20);
    }
    match call.query(AccountQuery::Test(order), Operation::Place).await? {
        AccountView::Tested(Err((reject, correction))) => {
            Err(correction::refused(reject, Operation::Place, correction.as_ref()))
        }
        AccountView::Tested(Ok(())) if !with_rates => Ok(Reply::json("{}".to_owned())),
        AccountView::Tested(Ok(())) => commission::of_order(call, spec).await,
        _ => Err(mismatched()),
    }
}

/// `DELETE /api/v3/order`
pub(crate) async fn cancel(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let command = CancelOrder {
        account: call.account()?,
        symbol: spec.id,
        order: order_ref(call, "orderId", "origClientOrderId")?,
        restriction: cancel_restriction(call)?,
        name: client_order_id(call, "newClientOrderId")?,
    };
    let cancel_id = command.name;
    match call.command(AccountCommand::Cancel(command), Operation::Cancel).await? {
        Answer::Cancelled(order) => {
            call.weigh(0);
            let printer = Printer { spec, unit: call.unit };
            Ok(Reply::write(640, |json| printer.cancelled(json, &order, cancel_id)))
        }
        _ => Err(mismatched()),
    }
}

/// `DELETE /api/v3/openOrders`
pub(crate) async fn cancel_all(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let command = CancelAll { account: call.account()?, symbol: spec.id };
    match call.detailed_command(AccountCommand::CancelAll(command), Operation::Cancel).await? {
        // An empty result is an error on the wire, as if one order had been named.
        (Answer::AllCancelled(orders), _) if orders.is_empty() => {
            Err(ApiError::refused(Reject::UnknownOrder, Operation::Cancel))
        }
        (Answer::AllCancelled(orders), Details { lists, .. }) => {
            call.weigh(0);
            let printer = Printer { spec, unit: call.unit };
            Ok(Reply::write(orders.len() * 640, |json| {
                json.array(|json| {
                    let is_listed = |order: &Order| lists.iter().any(|list| Some(list.id) == order.list());
                    for order in orders.iter().filter(|order| !is_listed(order)) {
                        printer.cancelled(json.item(), order, None);
                    }
                    for list in &lists {
                        let of_list = orders.iter().filter(|order| order.list() == Some(list.id));
                        printer.cancelled_list(json.item(), list, of_list, None);
                    }
                });
            }))
        }
        _ => Err(mismatched()),
    }
}

/// `PUT /api/v3/order/amend/keepPriority`
pub(crate) async fn amend(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let text = call.params.required("newQty")?;
    let unreadable =
        |reject| correction::unreadable(reject, "newQty", spec.correct_quantity(text, Parameter::NewQty));
    let command = AmendOrder {
        account: call.account()?,
        symbol: spec.id,
        order: order_ref(call, "orderId", "origClientOrderId")?,
        quantity: spec.parse_quantity(text, Parameter::NewQty).map_err(unreadable)?,
        client_id: client_order_id(call, "newClientOrderId")?,
    };
    match call.command(AccountCommand::Amend(command), Operation::Amend).await? {
        Answer::Amended { order, previous_client_id } => {
            let printer = Printer { spec, unit: call.unit };
            Ok(Reply::write(640, |json| printer.amended(json, &order, previous_client_id)))
        }
        _ => Err(mismatched()),
    }
}

/// `GET /api/v3/order`
pub(crate) async fn get(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let order = order_ref(call, "orderId", "origClientOrderId")?;
    let known = call.query(AccountQuery::Order { symbol: spec.id, order }, Operation::Query).await;
    let unknown = match known {
        Ok(AccountView::Order(order)) => return Ok(queried(call, spec, &order)),
        Ok(_) => return Err(mismatched()),
        Err(error) => error,
    };
    if unknown != ApiError::refused(Reject::UnknownOrder, Operation::Query) {
        return Err(unknown);
    }
    let (account, symbol) = (call.account()?, spec.id);
    match history::ask(call, move |reader| async move { reader.order(account, symbol, order).await }).await {
        Some(HistoryAnswer { answer: Some(order), sequence }) => {
            Ok(Reply { history: Some(sequence), ..queried(call, spec, &order) })
        }
        _ => Err(unknown),
    }
}

fn queried(call: &RequestContext<'_>, spec: &SymbolSpec, order: &Order) -> Reply {
    let printer = Printer { spec, unit: call.unit };
    Reply::write(640, |json| printer.queried(json, order))
}

/// `GET /api/v3/openOrders`
pub(crate) async fn open(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let symbol = call.optional_symbol()?.map(|spec| spec.id);
    if symbol.is_some() {
        call.weigh(6);
    }
    let view = call.query(AccountQuery::OpenOrders { symbol }, Operation::Query).await?;
    list(call, view)
}

/// `GET /api/v3/allOrders`
pub(crate) async fn all(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let symbol = call.symbol()?.id;
    let from = call.params.integer("orderId")?.map(OrderId::new);
    let page = call.page()?;
    let view = call.query(AccountQuery::AllOrders { symbol, from, page }, Operation::Query).await?;
    let AccountView::Orders(Found { reach: Some(_), .. }) = &view else { return list(call, view) };
    let account = call.account()?;
    let asked =
        history::ask(call, move |reader| async move { reader.orders(account, symbol, from, page).await });
    match asked.await {
        Some(answered) => {
            let reply = list(call, AccountView::Orders(Found::whole(answered.answer)))?;
            Ok(Reply { history: Some(answered.sequence), ..reply })
        }
        None => list(call, view),
    }
}

fn list(call: &RequestContext<'_>, view: AccountView) -> Result<Reply, ApiError> {
    let AccountView::Orders(Found { items: orders, reach }) = view else { return Err(mismatched()) };
    let instruments = &call.instruments;
    let reply = Reply::write(64 + orders.len() * 640, |json| {
        json.array(|json| {
            let known = |order: &Order| instruments.symbol(order.symbol).map(Arc::as_ref);
            for (order, spec) in orders.iter().filter_map(|order| Some((order, known(order)?))) {
                Printer { spec, unit: call.unit }.queried(json.item(), order);
            }
        });
    });
    Ok(reply.reaching(reach))
}
