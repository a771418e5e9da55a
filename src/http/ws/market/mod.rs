//! Encodes the updates of public streams.

use super::{head::write_head, topic::window_name};
use crate::{
    actors::message::{CandleView, DepthView, MarketUpdate, TickerWindow, Topic, WindowView},
    domain::{
        instruments::{Instruments, symbol::SymbolSpec},
        market_data::{AVERAGE_MINUTES, BestQuotes, DepthDiff, base_volume, quote_volume},
        matching::PublicTrade,
        orders::Side,
        types::{
            decimal::Units,
            money::{Lots, Price},
            time::Timestamp,
        },
    },
    http::{
        market_data::{
            figures::Figures,
            klines::last_moment,
            quotes::{write_depth, write_level},
            trades::write_aggregate,
        },
        wire::{json::Json, time_unit::TimeUnit},
    },
};

const ZERO: Units = Units { value: 0, scale: 8 };

/// Returns the payload of an update.
pub(super) fn encode(
    topic: Topic,
    update: &MarketUpdate,
    unit: TimeUnit,
    instruments: &Instruments,
) -> String {
    let mut json = Json::with_capacity(256);
    if let MarketUpdate::Tickers(views) = update {
        json.array(|json| {
            for view in views {
                if let Some(spec) = instruments.symbol(view.symbol) {
                    write_ticker(json.item(), topic, Figures { spec, view }, unit);
                }
            }
        });
        return json.finish();
    }
    let Some(spec) = topic.symbol().and_then(|symbol| instruments.symbol(symbol)) else {
        return "null".to_owned();
    };
    match update {
        MarketUpdate::Trade(trade) => write_trade(&mut json, spec, trade, unit),
        MarketUpdate::Aggregate(trade) => json.object(|json| {
            write_head(json, "aggTrade", trade.time, unit);
            json.field("s").text(&spec.name);
            write_aggregate(json, spec, trade, unit);
        }),
        MarketUpdate::BookTicker(ticker) => write_book_ticker(&mut json, spec, ticker),
        MarketUpdate::PartialDepth(depth) => write_depth(&mut json, spec, depth),
        MarketUpdate::Depth(diff) => write_diff(&mut json, spec, diff, unit),
        MarketUpdate::DepthSnapshot { book, checksum, time } => {
            write_snapshot(&mut json, spec, book, (*checksum, *time), unit);
        }
        MarketUpdate::Candle(view) => write_candle(&mut json, spec, view, unit),
        MarketUpdate::Ticker(view) => write_ticker(&mut json, topic, Figures { spec, view }, unit),
        MarketUpdate::Tickers(_) => {}
    }
    json.finish()
}

/// Writes a `depthUpdate`, with the checksum of the book after it if there is one.
pub(in crate::http) fn write_diff(json: &mut Json, spec: &SymbolSpec, diff: &DepthDiff, unit: TimeUnit) {
    json.object(|json| {
        write_head(json, "depthUpdate", diff.time, unit);
        json.field("s").text(&spec.name);
        json.field("U").number(diff.first_update_id);
        json.field("u").number(diff.last_update_id);
        for (name, side) in [("b", Side::Buy), ("a", Side::Sell)] {
            json.field(name).array(|json| {
                let levels = diff.changes.iter().filter(|(of, ..)| *of == side);
                levels.for_each(|&(_, price, lots)| write_level(json.item(), spec, price, lots));
            });
        }
        if let Some(checksum) = diff.checksum {
            json.field("cs").number(checksum.into());
        }
    });
}

fn write_snapshot(
    json: &mut Json,
    spec: &SymbolSpec,
    book: &DepthView,
    (checksum, time): (u32, Timestamp),
    unit: TimeUnit,
) {
    json.object(|json| {
        write_head(json, "depthSnapshot", time, unit);
        json.field("s").text(&spec.name);
        json.field("lastUpdateId").number(book.last_update_id);
        for (name, levels) in [("bids", &book.bids), ("asks", &book.asks)] {
            json.field(name).array(|json| {
                levels.iter().for_each(|&(price, lots)| write_level(json.item(), spec, price, lots));
            });
        }
        json.field("cs").number(checksum.into());
    });
}

fn write_trade(json: &mut Json, spec: &SymbolSpec, trade: &PublicTrade, unit: TimeUnit) {
    json.object(|json| {
        write_head(json, "trade", trade.time, unit);
        json.field("s").text(&spec.name);
        json.field("t").number(trade.id.get());
        json.field("p").units(spec.price_units(trade.price));
        json.field("q").units(spec.lots_units(trade.lots));
        json.field("T").number(unit.of(trade.time));
        json.field("m").boolean(trade.buyer_is_maker);
        json.field("M").boolean(true);
    });
}

fn write_book_ticker(json: &mut Json, spec: &SymbolSpec, ticker: &BestQuotes) {
    let price = |side: Option<(Price, Lots)>| side.map_or(ZERO, |(price, _)| spec.price_units(price));
    let lots = |side: Option<(Price, Lots)>| side.map_or(ZERO, |(_, lots)| spec.lots_units(lots));
    json.object(|json| {
        json.field("u").number(ticker.update_id);
        json.field("s").text(&spec.name);
        json.field("b").units(price(ticker.bid));
        json.field("B").units(lots(ticker.bid));
        json.field("a").units(price(ticker.ask));
        json.field("A").units(lots(ticker.ask));
    });
}

fn write_candle(json: &mut Json, spec: &SymbolSpec, view: &CandleView, unit: TimeUnit) {
    let CandleView { candle, interval, end, is_final, time } = view;
    json.object(|json| {
        write_head(json, "kline", *time, unit);
        json.field("s").text(&spec.name);
        json.field("k").object(|json| {
            json.field("t").number(unit.of(candle.open_time));
            json.field("T").number(last_moment(*end, unit));
            json.field("s").text(&spec.name);
            json.field("i").text(interval.name());
            match candle.trade_ids() {
                Some((first, last)) => {
                    json.field("f").number(first);
                    json.field("L").number(last);
                }
                None => {
                    json.field("f").raw("-1");
                    json.field("L").raw("-1");
                }
            }
            for (name, price) in
                [("o", candle.open), ("c", candle.close), ("h", candle.high), ("l", candle.low)]
            {
                json.field(name).units(spec.price_units(price));
            }
            json.field("v").units(base_volume(spec, candle.lots));
            json.field("n").number(candle.trades);
            json.field("x").boolean(*is_final);
            json.field("q").units(quote_volume(spec, candle.tick_lots));
            json.field("V").units(base_volume(spec, candle.taker_lots));
            json.field("Q").units(quote_volume(spec, candle.taker_tick_lots));
            json.field("B").text("0");
        });
    });
}

/// Writes a ticker stream's entry for one symbol.
fn write_ticker(json: &mut Json, topic: Topic, figures: Figures<'_>, unit: TimeUnit) {
    match topic {
        Topic::MiniTicker(_) | Topic::AllMiniTickers => write_mini(json, figures, unit),
        Topic::WindowTicker(_, window) | Topic::AllWindowTickers(window) => {
            write_window(json, window, figures, unit);
        }
        Topic::AveragePrice(_) => write_average(json, figures, unit),
        _ => write_day(json, figures, unit),
    }
}

fn write_mini(json: &mut Json, figures: Figures<'_>, unit: TimeUnit) {
    json.object(|json| {
        write_head(json, "24hrMiniTicker", figures.view.window.close_time, unit);
        json.field("s").text(&figures.spec.name);
        json.field("c").units(figures.last_price());
        json.field("o").units(figures.open());
        json.field("h").units(figures.high());
        json.field("l").units(figures.low());
        json.field("v").units(figures.volume());
        json.field("q").units(figures.quote_volume());
    });
}

fn write_day(json: &mut Json, figures: Figures<'_>, unit: TimeUnit) {
    let WindowView { window, book, .. } = figures.view;
    json.object(|json| {
        write_head(json, "24hrTicker", window.close_time, unit);
        json.field("s").text(&figures.spec.name);
        json.field("p").units(figures.change());
        figures.write_change_percent(json.field("P"));
        json.field("w").units(figures.average());
        json.field("x").units(figures.close_before());
        json.field("c").units(figures.last_price());
        json.field("Q").units(figures.last_quantity());
        let (bid, ask) = (figures.quote(book.bid), figures.quote(book.ask));
        for (name, value) in [("b", bid.0), ("B", bid.1), ("a", ask.0), ("A", ask.1)] {
            json.field(name).units(value);
        }
        json.field("o").units(figures.open());
        json.field("h").units(figures.high());
        json.field("l").units(figures.low());
        write_volumes(json, figures, unit);
    });
}

fn write_window(json: &mut Json, window: TickerWindow, figures: Figures<'_>, unit: TimeUnit) {
    json.object(|json| {
        let kind = format!("{}Ticker", window_name(window));
        write_head(json, &kind, figures.view.window.close_time, unit);
        json.field("s").text(&figures.spec.name);
        json.field("p").units(figures.change());
        figures.write_change_percent(json.field("P"));
        json.field("o").units(figures.open());
        json.field("h").units(figures.high());
        json.field("l").units(figures.low());
        json.field("c").units(figures.last_price());
        json.field("w").units(figures.average());
        write_volumes(json, figures, unit);
    });
}

fn write_volumes(json: &mut Json, figures: Figures<'_>, unit: TimeUnit) {
    let window = &figures.view.window;
    json.field("v").units(figures.volume());
    json.field("q").units(figures.quote_volume());
    json.field("O").number(unit.of(window.open_time));
    json.field("C").number(unit.of(window.close_time));
    figures.write_trades(json, ["F", "L", "n"]);
}

fn write_average(json: &mut Json, figures: Figures<'_>, unit: TimeUnit) {
    let window = &figures.view.window;
    json.object(|json| {
        write_head(json, "avgPrice", window.close_time, unit);
        json.field("s").text(&figures.spec.name);
        json.field("i").text(&format!("{AVERAGE_MINUTES}m"));
        json.field("w").units(window.average_or_last(figures.spec));
        json.field("T").number(unit.of(window.last.map(|trade| trade.time).unwrap_or_default()));
    });
}

#[cfg(test)]
mod tests;
