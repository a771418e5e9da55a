//! Recent trading: tickers and the average price.

use super::{figures::Figures, klines::zone, selection::TickerSelection};
use crate::{
    actors::message::{MarketQuery, MarketView, Span, WindowView},
    domain::{instruments::symbol::SymbolSpec, market_data::AVERAGE_MINUTES},
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::{error::ApiError, json::Json, time_unit::TimeUnit},
    },
};

const DAY_MINUTES: u64 = 24 * 60;
/// The weight of each symbol of a ticker; the sum is at most [`WEIGHT_MAX`].
const SYMBOL_WEIGHT: u32 = 4;
const WEIGHT_MAX: u32 = 200;

/// The level of detail of a ticker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Everything, with the best quotes.
    Day,
    /// Everything about the window.
    Full,
    /// No derived figures.
    Mini,
}

/// `GET /api/v3/ticker/24hr`
pub(crate) async fn day(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let selection = TickerSelection::read(call)?;
    call.weigh(match selection.count() {
        Some(0..=20) => 2,
        Some(21..=100) => 40,
        Some(_) | None => 80,
    });
    let detail = detail(call, Detail::Day)?;
    answer(call, &selection, Span::Minutes(DAY_MINUTES), detail).await
}

/// `GET /api/v3/ticker`
pub(crate) async fn rolling(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let selection = weighed(call)?;
    let minutes = match call.params.optional("windowSize")? {
        None => DAY_MINUTES,
        Some(text) => window_minutes(text).ok_or_else(|| ApiError::invalid("windowSize"))?,
    };
    let detail = detail(call, Detail::Full)?;
    answer(call, &selection, Span::Minutes(minutes), detail).await
}

/// `GET /api/v3/ticker/tradingDay`
pub(crate) async fn trading_day(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let selection = weighed(call)?;
    let (zone, detail) = (zone(call)?, detail(call, Detail::Full)?);
    answer(call, &selection, Span::Day(zone), detail).await
}

/// Reads the selection, at least one symbol, and sets its weight.
fn weighed<'a>(call: &'a RequestContext<'_>) -> Result<TickerSelection<'a>, ApiError> {
    let selection = TickerSelection::read(call)?;
    let count = selection.count().ok_or_else(|| ApiError::missing_either("symbol", "symbols"))?;
    let weight = u32::try_from(count).unwrap_or(WEIGHT_MAX).saturating_mul(SYMBOL_WEIGHT);
    call.weigh(weight.clamp(SYMBOL_WEIGHT, WEIGHT_MAX));
    Ok(selection)
}

/// Reads `type`.
fn detail(call: &RequestContext<'_>, full: Detail) -> Result<Detail, ApiError> {
    match call.params.optional("type")? {
        None | Some("FULL") => Ok(full),
        Some("MINI") => Ok(Detail::Mini),
        Some(_) => Err(ApiError::ticker_type()),
    }
}

/// Reads `1m` to `59m`, `1h` to `23h`, `1d` to `7d`.
fn window_minutes(text: &str) -> Option<u64> {
    let (unit, count_max) = match text.bytes().last()? {
        b'm' => (1, 59),
        b'h' => (60, 23),
        b'd' => (DAY_MINUTES, 7),
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let is_plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| is_plain)?;
    (count <= count_max).then_some(count * unit)
}

async fn answer(
    call: &RequestContext<'_>,
    selection: &TickerSelection<'_>,
    span: Span,
    detail: Detail,
) -> Result<Reply, ApiError> {
    let MarketView::Windows(views) = call.market(MarketQuery::Windows(selection.one(), span)).await? else {
        return Err(mismatched());
    };
    selection.write(|json, spec| {
        let view = views.iter().find(|view| view.symbol == spec.id)?;
        write(json.item(), spec, view, detail, call.unit);
        Some(())
    })
}

fn write(json: &mut Json, spec: &SymbolSpec, view: &WindowView, detail: Detail, unit: TimeUnit) {
    let figures = Figures { spec, view };
    json.object(|json| {
        json.field("symbol").text(&spec.name);
        if detail != Detail::Mini {
            json.field("priceChange").units(figures.change());
            figures.write_change_percent(json.field("priceChangePercent"));
            json.field("weightedAvgPrice").units(figures.average());
        }
        if detail == Detail::Day {
            json.field("prevClosePrice").units(figures.close_before());
            json.field("lastPrice").units(figures.last_price());
            json.field("lastQty").units(figures.last_quantity());
            let (bid, ask) = (figures.quote(view.book.bid), figures.quote(view.book.ask));
            json.field("bidPrice").units(bid.0);
            json.field("bidQty").units(bid.1);
            json.field("askPrice").units(ask.0);
            json.field("askQty").units(ask.1);
        }
        json.field("openPrice").units(figures.open());
        json.field("highPrice").units(figures.high());
        json.field("lowPrice").units(figures.low());
        if detail != Detail::Day {
            json.field("lastPrice").units(figures.last_price());
        }
        json.field("volume").units(figures.volume());
        json.field("quoteVolume").units(figures.quote_volume());
        json.field("openTime").number(unit.of(view.window.open_time));
        json.field("closeTime").number(unit.of(view.window.close_time));
        figures.write_trades(json, ["firstId", "lastId", "count"]);
    });
}

/// `GET /api/v3/avgPrice`
pub(crate) async fn average(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let query = MarketQuery::Windows(Some(spec.id), Span::Average);
    let window = match call.market(query).await? {
        MarketView::Windows(views) => views.first().ok_or_else(mismatched)?.window,
        _ => return Err(mismatched()),
    };
    let last_trade = window.last.map(|trade| trade.time).unwrap_or_default();
    Ok(Reply::write(96, |json| {
        json.object(|json| {
            json.field("mins").number(AVERAGE_MINUTES);
            json.field("price").units(window.average_or_last(spec));
            json.field("closeTime").number(call.unit.of(last_trade));
        });
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_minutes_hours_or_days_within_their_bounds() {
        for (text, minutes) in
            [("1m", 1), ("59m", 59), ("1h", 60), ("23h", 1_380), ("1d", 1_440), ("7d", 10_080)]
        {
            assert_eq!(window_minutes(text), Some(minutes), "{text}");
        }
        for other in ["", "m", "0m", "60m", "24h", "8d", "01h", "1w", "1M", "-1m", "+1m", "1", "é", "1é"] {
            assert_eq!(window_minutes(other), None, "{other}");
        }
    }
}
