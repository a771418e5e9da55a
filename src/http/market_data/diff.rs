//! The depth diffs a client has missed, so that it need not resynchronise: an extension.

use crate::{
    actors::message::{MarketQuery, MarketView},
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::error::ApiError,
        ws::write_diff,
    },
};

/// The most diffs in one answer: 100 s.
const DIFFS_MAX: usize = 1_000;

/// `GET /x/v1/depth/diff`: the diffs of `@depth@100ms` that cover the updates `fromU` to `toU`.
pub(crate) async fn diffs(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let from = call.params.integer("fromU")?.ok_or_else(|| ApiError::missing_parameter("fromU"))?;
    let to = call.params.integer("toU")?.unwrap_or(u64::MAX);
    if to < from {
        return Err(ApiError::combination());
    }
    let limit = call.params.limit(DIFFS_MAX, DIFFS_MAX)?;
    let found = match call.market(MarketQuery::Diffs { symbol: spec.id, from, to, limit }).await? {
        MarketView::Diffs(found) => found.map_err(|missed| ApiError::diffs_out_of_reach(missed.oldest))?,
        _ => return Err(mismatched()),
    };
    let levels: usize = found.iter().map(|diff| diff.changes.len()).sum();
    Ok(Reply::write(64 + found.len() * 100 + levels * 40, |json| {
        json.array(|json| found.iter().for_each(|diff| write_diff(json.item(), spec, diff, call.unit)));
    }))
}
