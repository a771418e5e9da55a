//! Lists of orders: place, cancel, query.

use super::{
    list_request,
    reply::Printer,
    request::{asked_response_kind, client_order_id},
};
use crate::{
    domain::{
        account::{AccountQuery, AccountView, Found, Page},
        instruments::symbol::SymbolSpec,
        messages::command::{AccountCommand, Answer, CancelList},
        orders::{OrderList, PlaceList},
        types::id::OrderListId,
    },
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::{
            error::{ApiError, Operation},
            names::ResponseKind,
        },
    },
};

/// `POST /api/v3/orderList/oco`
pub(crate) async fn place_oco(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    place(call, spec, list_request::oco(call, spec)?).await
}

/// `POST /api/v3/order/oco`
pub(crate) async fn place_legacy_oco(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    place(call, spec, list_request::legacy_oco(call, spec)?).await
}

/// `POST /api/v3/orderList/oto`
pub(crate) async fn place_oto(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    place(call, spec, list_request::oto(call, spec)?).await
}

/// `POST /api/v3/orderList/otoco`
pub(crate) async fn place_otoco(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    place(call, spec, list_request::otoco(call, spec)?).await
}

async fn place(call: &RequestContext<'_>, spec: &SymbolSpec, list: PlaceList) -> Result<Reply, ApiError> {
    // The documented default for a list reports the outcome of its orders, without their fills.
    let kind = asked_response_kind(&call.params)?.unwrap_or(ResponseKind::Result);
    match call.command(AccountCommand::PlaceList(Box::new(list)), Operation::Place).await? {
        Answer::ListPlaced(report) => {
            call.weigh(0);
            let printer = Printer { spec, unit: call.unit };
            let reply = Reply::write(2_560, |json| printer.placed_list(json, &report, kind));
            Ok(Reply { counts: Some(report.counts), ..reply })
        }
        _ => Err(mismatched()),
    }
}

/// `DELETE /api/v3/orderList`
pub(crate) async fn cancel(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let command = CancelList {
        account: call.account()?,
        symbol: spec.id,
        list: list_request::list_ref(call, "listClientOrderId")?,
        name: client_order_id(call, "newClientOrderId")?,
    };
    match call.command(AccountCommand::CancelList(command), Operation::Cancel).await? {
        Answer::ListCancelled(report) => {
            call.weigh(0);
            let printer = Printer { spec, unit: call.unit };
            Ok(Reply::write(2_560, |json| {
                printer.cancelled_list(json, &report.list, report.orders.iter(), command.name);
            }))
        }
        _ => Err(mismatched()),
    }
}

/// `GET /api/v3/orderList`
pub(crate) async fn get(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let list = list_request::list_ref(call, "origClientOrderId")?;
    let AccountView::Lists(lists) = call.query(AccountQuery::OrderList(list), Operation::Query).await? else {
        return Err(mismatched());
    };
    let instruments = &call.instruments;
    let found = lists.items.first().and_then(|list| Some((list, instruments.symbol(list.symbol)?)));
    let Some((list, spec)) = found else { return Err(mismatched()) };
    let printer = Printer { spec, unit: call.unit };
    Ok(Reply::write(512, |json| printer.list(json, list)))
}

/// `GET /api/v3/allOrderList`
pub(crate) async fn all(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let from = call.params.integer("fromId")?;
    let page = call.page()?;
    if from.is_some() && (page.start.is_some() || page.end.is_some()) {
        return Err(ApiError::combination());
    }
    // 0 starts at the first list.
    let from = from.map(|from| from.max(1)).and_then(OrderListId::new);
    query(call, AccountQuery::OrderLists { is_open: false, from, page }).await
}

/// `GET /api/v3/openOrderList`
pub(crate) async fn open(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let page = Page { start: None, end: None, limit: usize::MAX };
    query(call, AccountQuery::OrderLists { is_open: true, from: None, page }).await
}

async fn query(call: &RequestContext<'_>, query: AccountQuery) -> Result<Reply, ApiError> {
    let AccountView::Lists(Found { items: lists, reach }) = call.query(query, Operation::Query).await? else {
        return Err(mismatched());
    };
    let instruments = &call.instruments;
    let reply = Reply::write(64 + lists.len() * 512, |json| {
        json.array(|json| {
            let known = |list: &OrderList| instruments.symbol(list.symbol).cloned();
            for (list, spec) in lists.iter().filter_map(|list| Some((list, known(list)?))) {
                Printer { spec: &spec, unit: call.unit }.list(json.item(), list);
            }
        });
    });
    Ok(reply.reaching(reach))
}
