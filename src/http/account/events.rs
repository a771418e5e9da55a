//! The private events of an account as a list: the private stream for rereading.

use std::sync::Arc;

use crate::{
    domain::account::{AccountQuery, AccountView},
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::error::{ApiError, Operation},
        ws::{WireEncoder, gap_error},
    },
};

const EVENTS_DEFAULT: usize = 500;
const EVENTS_MAX: usize = 1_000;

/// `GET /x/v1/events`: the events after `fromSeq`, oldest first.
pub(crate) async fn list(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let after = call.params.integer("fromSeq")?.ok_or_else(|| ApiError::missing_parameter("fromSeq"))?;
    let limit = call.params.limit(EVENTS_DEFAULT, EVENTS_MAX)?;
    let AccountView::Events(found) =
        call.query(AccountQuery::Events { after, limit }, Operation::Query).await?
    else {
        return Err(mismatched());
    };
    let backlog = found.map_err(gap_error)?;
    let encoder = WireEncoder::new(Arc::clone(&call.instruments));
    Ok(Reply::write(64 + backlog.events.len() * 768, |json| {
        json.object(|json| {
            json.field("lastSeq").number(backlog.last);
            json.field("events").array(|json| {
                for event in &backlog.events {
                    json.item().object(|json| {
                        json.field("seq").number(event.seq);
                        encoder.user_event(json.field("event"), event, call.unit);
                    });
                }
            });
        });
    }))
}
