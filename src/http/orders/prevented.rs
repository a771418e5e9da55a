//! Prevented self-trades.

use super::reply::Printer;
use crate::{
    domain::{
        account::{AccountQuery, AccountView, Found},
        types::id::OrderId,
    },
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::error::{ApiError, Operation},
    },
};

const LIMIT_MAX: usize = 1_000;

/// `GET /api/v3/myPreventedMatches`
pub(crate) async fn get(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let one = call.params.integer("preventedMatchId")?;
    let order = call.params.integer("orderId")?.map(OrderId::new);
    let from = call.params.integer("fromPreventedMatchId")?;
    let limit = call.params.limit(500, LIMIT_MAX)?;
    let (from, limit) = match (one, order) {
        (Some(_), None) if from.is_none() => (one, 1),
        (None, Some(_)) => {
            call.weigh(20);
            (from, limit)
        }
        (None, None) => return Err(ApiError::missing_either("preventedMatchId", "orderId")),
        _ => return Err(ApiError::combination()),
    };
    let query = AccountQuery::Prevented { symbol: spec.id, order, from, limit };
    let AccountView::Prevented(Found { items: mut found, reach }) =
        call.query(query, Operation::Query).await?
    else {
        return Err(mismatched());
    };
    found.retain(|prevention| one.is_none_or(|id| prevention.by.id.get() == id));
    let printer = Printer { spec, unit: call.unit };
    let reply = Reply::write(64 + found.len() * 320, |json| {
        json.array(|json| found.iter().for_each(|one| printer.prevented(json.item(), one)));
    });
    Ok(reply.reaching(reach))
}
