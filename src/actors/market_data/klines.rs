//! The candle streams that have subscribers: the candle in progress from time to time, and every candle once it is
//! final.

use std::collections::BTreeMap;

use super::book::Updates;
use crate::{
    actors::message::{CandleView, MarketUpdate, Topic},
    domain::{
        market_data::{Candle, Interval, MarketImage, Zone},
        types::{id::SymbolId, time::Timestamp},
    },
};

/// About how many candles of one stream are closed at once. Only after a leap of the clock are there more; then the
/// older ones are omitted.
const CLOSINGS_MAX: u64 = 1_000;

/// The candle streams of one symbol.
#[derive(Debug, Default)]
pub(super) struct KlineFeeds(BTreeMap<(Interval, Zone), Feed>);

/// One stream.
#[derive(Debug)]
struct Feed {
    /// When the first candle that was not sent as final yet opens.
    open: Timestamp,
    /// The candle in progress as it was last sent.
    published: Option<Candle>,
}

impl KlineFeeds {
    /// Starts a stream with the candle in progress at `now`.
    pub(super) fn watch(&mut self, interval: Interval, zone: Zone, now: Timestamp) {
        let feed = || Feed { open: interval.open(now, zone), published: None };
        self.0.entry((interval, zone)).or_insert_with(feed);
    }

    /// Ends a stream.
    pub(super) fn unwatch(&mut self, interval: Interval, zone: Zone) {
        self.0.remove(&(interval, zone));
    }

    /// Sends the candles that time has made final, flat ones too. Before the first trade there are none.
    pub(super) fn close(&mut self, symbol: SymbolId, image: &MarketImage, updates: &mut Updates) {
        for (&(interval, zone), feed) in &mut self.0 {
            let end = interval.end(feed.open, zone);
            if end > image.time() {
                continue;
            }
            feed.published = None;
            let reach = (end.micros() - feed.open.micros()).saturating_mul(CLOSINGS_MAX);
            let oldest = Timestamp::from_micros(image.time().micros().saturating_sub(reach));
            feed.open = feed.open.max(interval.open(oldest, zone));
            while interval.end(feed.open, zone) <= image.time() {
                if let Some(candle) = image.candle(interval, zone, feed.open) {
                    updates.push(update(symbol, (interval, zone), candle, true, image.time()));
                }
                feed.open = interval.end(feed.open, zone);
            }
        }
    }

    /// Sends the candles in progress that have changed. Those of a second are sent when they close, which is as often.
    pub(super) fn progress(&mut self, symbol: SymbolId, image: &MarketImage, updates: &mut Updates) {
        for (&(interval, zone), feed) in &mut self.0 {
            let candle = image.candle(interval, zone, feed.open).filter(|candle| candle.trades > 0);
            if interval == Interval::Second1 || candle.is_none() || candle == feed.published {
                continue;
            }
            feed.published = candle;
            let updated = candle.map(|candle| update(symbol, (interval, zone), candle, false, image.time()));
            updates.extend(updated);
        }
    }
}

fn update(
    symbol: SymbolId,
    (interval, zone): (Interval, Zone),
    candle: Candle,
    is_final: bool,
    time: Timestamp,
) -> (Topic, MarketUpdate) {
    let end = interval.end(candle.open_time, zone);
    let view = CandleView { candle, interval, end, is_final, time };
    (Topic::Kline(symbol, interval, zone), MarketUpdate::Candle(view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        matching::{PublicEvent, PublicTrade},
        types::{
            id::{OrderId, TradeId},
            money::{Lots, Price},
        },
    };

    const SYMBOL: SymbolId = SymbolId::new(1);
    const KEY: (Interval, Zone) = (Interval::Minute1, Zone::UTC);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn trade(id: u64, seconds: u64, price: u64) -> PublicEvent {
        let trade = PublicTrade {
            id: TradeId::new(id),
            price: Price::from_ticks(price),
            lots: Lots::new(1),
            time: at(seconds),
            buyer_is_maker: false,
            taker: OrderId::new(id),
        };
        PublicEvent::TradePrinted { symbol: SYMBOL, trade }
    }

    const fn passed(seconds: u64) -> PublicEvent {
        PublicEvent::TimePassed { symbol: SYMBOL, time: Timestamp::from_millis(seconds * 1_000) }
    }

    /// The fields that a step sends: opening in minutes, close, trades, whether it is final.
    fn published(step: impl FnOnce(&mut Updates)) -> Vec<(u64, u64, u64, bool)> {
        let mut updates = Vec::new();
        step(&mut updates);
        let row = |(topic, update): (Topic, MarketUpdate)| match update {
            MarketUpdate::Candle(view) => {
                assert_eq!(topic, Topic::Kline(SYMBOL, KEY.0, KEY.1));
                let Candle { open_time, close, trades, .. } = view.candle;
                (open_time.millis() / 60_000, close.ticks(), trades, view.is_final)
            }
            other => panic!("{other:?}"),
        };
        updates.into_iter().map(row).collect()
    }

    #[test]
    fn every_candle_is_published_final_once_and_in_progress_when_it_changed() {
        let (mut image, mut feeds) = (MarketImage::default(), KlineFeeds::default());
        image.apply(&passed(600));
        feeds.watch(KEY.0, KEY.1, image.time());
        image.apply(&passed(700));
        assert_eq!(published(|updates| feeds.close(SYMBOL, &image, updates)), [], "there is no price yet");
        image.apply(&trade(1, 710, 5));
        assert_eq!(published(|updates| feeds.progress(SYMBOL, &image, updates)), [(11, 5, 1, false)]);
        assert_eq!(published(|updates| feeds.progress(SYMBOL, &image, updates)), []);
        image.apply(&trade(2, 719, 6));
        image.apply(&passed(900));
        let closed = published(|updates| feeds.close(SYMBOL, &image, updates));
        assert_eq!(closed, [(11, 6, 2, true), (12, 6, 0, true), (13, 6, 0, true), (14, 6, 0, true)]);
        assert_eq!(published(|updates| feeds.close(SYMBOL, &image, updates)), []);
        assert_eq!(published(|updates| feeds.progress(SYMBOL, &image, updates)), []);
    }

    #[test]
    fn a_candle_is_not_final_as_long_as_a_trade_of_it_may_come() {
        let (mut image, mut feeds) = (MarketImage::default(), KlineFeeds::default());
        image.apply(&trade(1, 659, 5));
        feeds.watch(KEY.0, KEY.1, image.time());
        image.apply(&passed(659));
        assert_eq!(published(|updates| feeds.close(SYMBOL, &image, updates)), []);
        image.apply(&passed(660));
        assert_eq!(published(|updates| feeds.close(SYMBOL, &image, updates)), [(10, 5, 1, true)]);
    }

    /// An image knows no time before its first event.
    #[test]
    fn a_candle_is_published_though_its_trades_are_the_first_event() {
        let (mut image, mut feeds) = (MarketImage::default(), KlineFeeds::default());
        feeds.watch(KEY.0, KEY.1, at(60 * 1_000_000 + 5));
        image.apply(&trade(1, 60 * 1_000_000 + 6, 5));
        image.apply(&passed(60 * 1_000_001));
        assert_eq!(published(|updates| feeds.close(SYMBOL, &image, updates)), [(1_000_000, 5, 1, true)]);
    }

    #[test]
    fn a_leap_of_the_clock_closes_a_bounded_number_of_candles() {
        let (mut image, mut feeds) = (MarketImage::default(), KlineFeeds::default());
        image.apply(&trade(1, 30, 5));
        feeds.watch(KEY.0, KEY.1, image.time());
        image.apply(&passed(60 * 1_000_000));
        let closed = published(|updates| feeds.close(SYMBOL, &image, updates));
        assert_eq!((closed.len() as u64, closed.last()), (CLOSINGS_MAX, Some(&(999_999, 5, 0, true))));
        image.apply(&passed(60 * 1_000_001));
        assert_eq!(published(|updates| feeds.close(SYMBOL, &image, updates)), [(1_000_000, 5, 0, true)]);
        feeds.unwatch(KEY.0, KEY.1);
        image.apply(&passed(60 * 1_000_009));
        assert_eq!(published(|updates| feeds.close(SYMBOL, &image, updates)), []);
    }
}
