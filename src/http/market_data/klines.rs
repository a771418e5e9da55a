//! Candles.

use crate::{
    actors::message::{MarketQuery, MarketView},
    domain::{
        instruments::symbol::SymbolSpec,
        market_data::{Candle, Interval, Zone, base_volume, quote_volume},
        types::time::Timestamp,
    },
    history::CandleRange,
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

/// `GET /api/v3/klines` and `uiKlines`
pub(crate) async fn klines(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let interval = Interval::parse(call.params.required("interval")?).ok_or_else(ApiError::interval)?;
    let zone = zone(call)?.for_symbol(interval, spec.three_day_phase);
    let TimeRange { start, end } = call.params.time_range()?;
    let limit = call.params.limit(500, 1_000)?;
    let query = MarketQuery::Candles { symbol: spec.id, interval, zone, start, end, limit };
    let MarketView::Candles(stretch) = call.market(query).await? else { return Err(mismatched()) };
    let list = |candles: &[Candle]| {
        Reply::write(64 + candles.len() * 220, |json| {
            json.array(|json| {
                for candle in candles {
                    let end = interval.end(candle.open_time, zone);
                    write(json.item(), spec, candle, end, call.unit);
                }
            });
        })
    };
    if stretch.reach.is_some() {
        let now = call.state.exchange().now();
        let (symbol, range) = (spec.id, CandleRange { interval, zone, start, end, limit, now });
        let asked = history::ask(call, move |reader| async move { reader.candles(symbol, range).await });
        if let Some(answered) = asked.await {
            return Ok(Reply { history: Some(answered.sequence), ..list(&answered.answer) });
        }
    }
    Ok(list(&stretch.candles).reaching(stretch.reach))
}

/// Reads `timeZone`; UTC unless sent.
///
/// # Errors
/// -1130 for a value outside -12:00 to +14:00.
pub(crate) fn zone(call: &RequestContext<'_>) -> Result<Zone, ApiError> {
    match call.params.optional("timeZone")? {
        None => Ok(Zone::UTC),
        Some(text) => Zone::parse(text).ok_or_else(|| ApiError::invalid("timeZone")),
    }
}

/// Returns the last instant of a period in a unit.
pub(crate) const fn last_moment(end: Timestamp, unit: TimeUnit) -> u64 {
    unit.of(Timestamp::from_micros(end.micros().saturating_sub(1)))
}

fn write(json: &mut Json, spec: &SymbolSpec, candle: &Candle, end: Timestamp, unit: TimeUnit) {
    json.array(|json| {
        json.item().number(unit.of(candle.open_time));
        for price in [candle.open, candle.high, candle.low, candle.close] {
            json.item().units(spec.price_units(price));
        }
        json.item().units(base_volume(spec, candle.lots));
        json.item().number(last_moment(end, unit));
        json.item().units(quote_volume(spec, candle.tick_lots));
        json.item().number(candle.trades);
        json.item().units(base_volume(spec, candle.taker_lots));
        json.item().units(quote_volume(spec, candle.taker_tick_lots));
        json.item().text("0");
    });
}
