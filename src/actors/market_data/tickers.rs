//! The updates that the ticker streams send each second.

use std::collections::BTreeMap;

use super::book::{Market, Updates};
use crate::{
    actors::message::{MarketUpdate, Span, TickerWindow, Topic, WindowView},
    domain::{
        market_data::{Interval, average_open, rolling_open},
        types::{id::SymbolId, time::Timestamp},
    },
};

/// Returns what was traded of a symbol in a span that ends now.
pub(super) fn view(market: &Market, span: Span) -> WindowView {
    let now = market.image.time();
    let open_time = match span {
        Span::Minutes(minutes) => rolling_open(now, minutes),
        Span::Average => average_open(now),
        Span::Day(zone) => Interval::Day1.open(now, zone),
    };
    let mut window = market.image.window(open_time);
    if let Span::Day(zone) = span {
        let end = Interval::Day1.end(now, zone);
        window.close_time = Timestamp::from_micros(end.micros().saturating_sub(1));
    }
    WindowView { symbol: market.spec.id, window, book: market.quotes }
}

/// The windows of one second, each computed once.
struct Second<'a> {
    markets: &'a BTreeMap<SymbolId, Market>,
    views: BTreeMap<(SymbolId, Span), WindowView>,
}

impl Second<'_> {
    fn view(&mut self, symbol: SymbolId, span: Span) -> Option<WindowView> {
        let market = self.markets.get(&symbol)?;
        Some(*self.views.entry((symbol, span)).or_insert_with(|| view(market, span)))
    }

    fn one(&mut self, symbol: SymbolId, span: Span) -> Option<MarketUpdate> {
        self.view(symbol, span).map(MarketUpdate::Ticker)
    }

    /// The symbols with changes; `None` if there are none.
    fn all(&mut self, span: Span, has_changed: impl Fn(&Market) -> bool) -> Option<MarketUpdate> {
        let markets = self.markets;
        let changed = markets.iter().filter(|(_, market)| has_changed(market));
        let views: Vec<WindowView> = changed.filter_map(|(symbol, _)| self.view(*symbol, span)).collect();
        (!views.is_empty()).then_some(MarketUpdate::Tickers(views))
    }
}

/// Adds a second's updates of the topics watched.
pub(super) fn publish<'a>(
    markets: &BTreeMap<SymbolId, Market>,
    watched: impl Iterator<Item = &'a Topic>,
    updates: &mut Updates,
) {
    let mut second = Second { markets, views: BTreeMap::new() };
    let day = Span::Minutes(TickerWindow::Day1.minutes());
    for &topic in watched {
        let update = match topic {
            Topic::MiniTicker(symbol) | Topic::Ticker(symbol) => second.one(symbol, day),
            Topic::WindowTicker(symbol, window) => second.one(symbol, Span::Minutes(window.minutes())),
            Topic::AveragePrice(symbol) => second.one(symbol, Span::Average),
            Topic::AllMiniTickers => second.all(day, |market| market.has_traded),
            Topic::AllTickers => second.all(day, |market| market.has_traded || market.has_requoted),
            Topic::AllWindowTickers(window) => {
                second.all(Span::Minutes(window.minutes()), |market| market.has_traded)
            }
            Topic::Trade(_)
            | Topic::BookTicker(_)
            | Topic::Depth(..)
            | Topic::PartialDepth(..)
            | Topic::DepthSnapshot(..)
            | Topic::AggTrade(_)
            | Topic::Kline(..) => None,
        };
        updates.extend(update.map(|update| (topic, update)));
    }
}
