//! Self-trades that were prevented.

use super::reply::Printer;
use crate::{
    domain::{
        account::{AccountQuery, AccountView, Found, Prevention},
        orders::{Order, StpMode},
        types::id::OrderId,
    },
    http::{
        routing::request_context::{Call, Reply, mismatched},
        wire::{
            error::{ApiError, Operation},
            names::ResponseKind,
        },
    },
};

const LIMIT_MAX: usize = 1_000;

/// `GET /api/v3/myPreventedMatches`
pub(crate) async fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
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

/// Returns the self-trades a new order did not make, for a reply that tells all. They are asked for, because the order
/// itself knows only the last; an order that is placed is never answered with an error for want of them.
pub(crate) async fn of_taker(call: &Call<'_>, order: &Order, kind: ResponseKind) -> Vec<Prevention> {
    // Of a maker that expires alone the taker itself shows nothing.
    let may_have = order.prevented_match.is_some() || order.stp == StpMode::ExpireMaker;
    if kind != ResponseKind::Full || !may_have {
        return Vec::new();
    }
    let query =
        AccountQuery::Prevented { symbol: order.symbol, order: Some(order.id), from: None, limit: LIMIT_MAX };
    match call.query(query, Operation::Query).await {
        Ok(AccountView::Prevented(Found { items: mut found, .. })) => {
            found.retain(|prevention| prevention.by.taker == order.id);
            found
        }
        _ => Vec::new(),
    }
}
