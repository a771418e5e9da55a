//! How much of the limits is used: an account's order limits and the caller's address limits.

use crate::{
    domain::account::{AccountQuery, AccountView},
    http::{
        limits::limiter::RateLimit,
        routing::request_context::{Reply, RequestContext, mismatched},
        server::client_ip::client_address,
        wire::error::{ApiError, Operation},
    },
};

/// `GET /api/v3/rateLimit/order`
pub(crate) async fn orders(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let AccountView::OrderCounts(counts) = call.query(AccountQuery::OrderCounts, Operation::Query).await?
    else {
        return Err(mismatched());
    };
    let limits = call.instruments.order_limits();
    Ok(written(RateLimit::orders(limits, Some(counts))))
}

/// `GET /x/v1/rateLimit`
pub(crate) async fn address(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    Ok(written(call.state.limits_of(client_address(call.http()?))))
}

fn written(limits: impl Iterator<Item = RateLimit>) -> Reply {
    Reply::write(256, |json| json.array(|json| limits.for_each(|limit| limit.write(json.item()))))
}
