//! The amends of an order.

use super::reply::Printer;
use crate::{
    domain::{
        account::{AccountQuery, AccountView, Amendment, Found},
        types::id::OrderId,
    },
    http::{
        routing::{
            history,
            request_context::{Reply, RequestContext, mismatched},
        },
        wire::error::{ApiError, Operation},
    },
};

const LIMIT: (usize, usize) = (500, 1_000);

/// `GET /api/v3/order/amendments`
pub(crate) async fn get(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let order = call.params.integer("orderId")?.map(OrderId::new);
    let order = order.ok_or_else(|| ApiError::missing_parameter("orderId"))?;
    let from = call.params.integer("fromExecutionId")?;
    let limit = call.params.limit(LIMIT.0, LIMIT.1)?;
    let query = AccountQuery::Amendments { symbol: spec.id, order, from, limit };
    let AccountView::Amendments(Found { items, reach }) = call.query(query, Operation::Query).await? else {
        return Err(mismatched());
    };
    let printer = Printer { spec, unit: call.unit };
    let list = |amendments: &[Amendment]| {
        Reply::write(64 + amendments.len() * 256, |json| {
            json.array(|json| amendments.iter().for_each(|one| printer.amendment(json.item(), one)));
        })
    };
    if reach.is_some() {
        let (account, symbol) = (call.account()?, spec.id);
        let asked = history::ask(call, move |reader| async move {
            reader.amendments(account, symbol, order, from, limit).await
        });
        if let Some(answered) = asked.await {
            return Ok(Reply { history: Some(answered.sequence), ..list(&answered.answer) });
        }
    }
    Ok(list(&items).reaching(reach))
}
