//! Public trades, one by one and aggregated.

use std::{future::Future, sync::Arc};

use crate::{
    actors::message::{MarketQuery, MarketView},
    domain::{
        instruments::symbol::SymbolSpec,
        market_data::{AggregateTrade, Part, Range},
        matching::PublicTrade,
    },
    history::{HistoryError, Reader},
    http::{
        routing::{
            history,
            request_context::{Reply, RequestContext, mismatched},
        },
        wire::{
            error::ApiError,
            json::Json,
            time_unit::{TimeRange, TimeUnit},
        },
    },
};

/// `GET /api/v3/trades`
pub(crate) async fn trades(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let limit = call.params.limit(500, 1_000)?;
    trades_reply(call, Range { limit, ..Range::default() }).await
}

/// `GET /api/v3/historicalTrades`
pub(crate) async fn historical(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let (limit, from_id) = (call.params.limit(500, 1_000)?, call.params.integer("fromId")?);
    trades_reply(call, Range { from_id, limit, ..Range::default() }).await
}

async fn trades_reply(call: &RequestContext<'_>, range: Range) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    match call.market(MarketQuery::Trades { symbol: spec.id, range }).await? {
        MarketView::Trades(part) => {
            let symbol = spec.id;
            let asked = move |reader: Arc<Reader>| async move { reader.trades(symbol, range).await };
            let write = |json: &mut Json, trade: &PublicTrade| write_trade(json, spec, trade, call.unit);
            Ok(whole(call, part, asked, write).await)
        }
        _ => Err(mismatched()),
    }
}

/// `GET /api/v3/aggTrades`
pub(crate) async fn aggregates(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let TimeRange { start, end } = call.params.time_range()?;
    let range =
        Range { from_id: call.params.integer("fromId")?, start, end, limit: call.params.limit(500, 1_000)? };
    if range.from_id.is_some() && (start.is_some() || end.is_some()) {
        return Err(ApiError::combination());
    }
    match call.market(MarketQuery::Aggregates { symbol: spec.id, range }).await? {
        MarketView::Aggregates(part) => {
            let write = |json: &mut Json, trade: &AggregateTrade| {
                json.object(|json| write_aggregate(json, spec, trade, call.unit));
            };
            let symbol = spec.id;
            let asked = move |reader: Arc<Reader>| async move { reader.aggregates(symbol, range).await };
            Ok(whole(call, part, asked, write).await)
        }
        _ => Err(mismatched()),
    }
}

/// Writes a list, from the history where the shard's memory may be incomplete.
async fn whole<T, F>(
    call: &RequestContext<'_>,
    part: Part<T>,
    asked: impl FnOnce(Arc<Reader>) -> F + Send + 'static,
    write: impl Fn(&mut Json, &T),
) -> Reply
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>, HistoryError>> + Send + 'static,
{
    let answered = if part.reach.is_some() { history::ask(call, asked).await } else { None };
    let (items, reach, history) = match answered {
        Some(answered) => (answered.answer, None, Some(answered.sequence)),
        None => (part.items, part.reach, None),
    };
    let reply = Reply::write(64 + items.len() * 160, |json| {
        json.array(|json| items.iter().for_each(|item| write(json.item(), item)));
    });
    Reply { reach, history, ..reply }
}

fn write_trade(json: &mut Json, spec: &SymbolSpec, trade: &PublicTrade, unit: TimeUnit) {
    json.object(|json| {
        json.field("id").number(trade.id.get());
        json.field("price").units(spec.price_units(trade.price));
        json.field("qty").units(spec.lots_units(trade.lots));
        let quote = spec.notional(trade.price, trade.lots).unwrap_or_default();
        json.field("quoteQty").units(spec.quote_units(quote));
        json.field("time").number(unit.of(trade.time));
        json.field("isBuyerMaker").boolean(trade.buyer_is_maker);
        json.field("isBestMatch").boolean(true);
    });
}

/// Writes the fields of an aggregate trade; the stream has the same.
pub(crate) fn write_aggregate(json: &mut Json, spec: &SymbolSpec, trade: &AggregateTrade, unit: TimeUnit) {
    json.field("a").number(trade.id);
    json.field("p").units(spec.price_units(trade.price));
    json.field("q").units(spec.lots_units(trade.lots));
    json.field("f").number(trade.first);
    json.field("l").number(trade.last);
    json.field("T").number(unit.of(trade.time));
    json.field("m").boolean(trade.buyer_is_maker);
    json.field("M").boolean(true);
}
