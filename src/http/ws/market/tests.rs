use std::sync::Arc;

use super::*;
use crate::{
    actors::message::Speed,
    domain::{
        market_data::{AggregateTrade, Candle, Interval, Window, Zone},
        types::id::{OrderId, SymbolId, TradeId},
    },
    http::ws::encode::testing::instruments,
};

const SYMBOL: SymbolId = SymbolId::new(1);
const TIME: Timestamp = Timestamp::from_micros(1_700_000_000_000_999);

fn text(topic: Topic, update: &MarketUpdate) -> String {
    encode(topic, update, TimeUnit::Millis, &instruments())
}

fn candle() -> Candle {
    Candle {
        open_time: Timestamp::from_millis(1_699_999_980_000),
        open: Price::from_ticks(4_500_000),
        high: Price::from_ticks(4_500_100),
        low: Price::from_ticks(4_400_000),
        close: Price::from_ticks(4_500_050),
        lots: 150_000,
        tick_lots: 675_007_500_000,
        taker_lots: 100_000,
        taker_tick_lots: 450_000_000_000,
        trades: 3,
        first_trade: 7,
    }
}

fn view() -> WindowView {
    let trade = PublicTrade {
        id: TradeId::new(9),
        price: Price::from_ticks(4_500_050),
        lots: Lots::new(150),
        time: TIME,
        buyer_is_maker: true,
        taker: OrderId::new(1),
    };
    let window = Window {
        open_time: Timestamp::from_millis(1_699_913_580_000),
        close_time: TIME,
        candle: Some(candle()),
        close_before: Some(Price::from_ticks(4_499_999)),
        last: Some(trade),
    };
    let level = |ticks| Some((Price::from_ticks(ticks), Lots::new(2)));
    WindowView {
        symbol: SYMBOL,
        window,
        book: BestQuotes { update_id: 5, bid: level(4_500_000), ask: level(4_500_100) },
    }
}

#[test]
fn an_aggregate_trade_has_the_documented_keys() {
    let trade = AggregateTrade {
        id: 4,
        price: Price::from_ticks(4_500_050),
        lots: Lots::new(150),
        first: 8,
        last: 9,
        time: TIME,
        buyer_is_maker: true,
    };
    assert_eq!(
        text(Topic::AggTrade(SYMBOL), &MarketUpdate::Aggregate(trade)),
        r#"{"e":"aggTrade","E":1700000000000,"s":"BTCUSDT","a":4,"p":"45000.50000000","q":"0.00150000","f":8,"l":9,"T":1700000000000,"m":true,"M":true}"#
    );
}

#[test]
fn a_candle_has_the_documented_keys_and_a_flat_one_no_trades() {
    let topic = Topic::Kline(SYMBOL, Interval::Minute1, Zone::UTC);
    let end = Timestamp::from_millis(1_700_000_040_000);
    let view = CandleView { candle: candle(), interval: Interval::Minute1, end, is_final: false, time: TIME };
    assert_eq!(
        text(topic, &MarketUpdate::Candle(view)),
        concat!(
            r#"{"e":"kline","E":1700000000000,"s":"BTCUSDT","k":{"t":1699999980000,"T":1700000039999,"s":"BTCUSDT","#,
            r#""i":"1m","f":7,"L":9,"o":"45000.00000000","c":"45000.50000000","h":"45001.00000000","#,
            r#""l":"44000.00000000","v":"1.50000000","n":3,"x":false,"q":"67500.75000000","V":"1.00000000","#,
            r#""Q":"45000.00000000","B":"0"}}"#,
        )
    );
    let flat = Candle::flat(candle().open_time, candle().close);
    let closed = CandleView { candle: flat, is_final: true, ..view };
    let flat = text(topic, &MarketUpdate::Candle(closed));
    assert!(flat.contains(r#""f":-1,"L":-1,"#) && flat.contains(r#""n":0,"x":true,"#), "{flat}");
}

#[test]
fn tickers_have_the_documented_keys() {
    let ticker = MarketUpdate::Ticker(view());
    assert_eq!(
        text(Topic::MiniTicker(SYMBOL), &ticker),
        r#"{"e":"24hrMiniTicker","E":1700000000000,"s":"BTCUSDT","c":"45000.50000000","o":"45000.00000000","h":"45001.00000000","l":"44000.00000000","v":"1.50000000","q":"67500.75000000"}"#
    );
    assert_eq!(
        text(Topic::Ticker(SYMBOL), &ticker),
        concat!(
            r#"{"e":"24hrTicker","E":1700000000000,"s":"BTCUSDT","p":"0.50000000","P":"0.001","w":"45000.50000000","#,
            r#""x":"44999.99000000","c":"45000.50000000","Q":"0.00150000","b":"45000.00000000","B":"0.00002000","#,
            r#""a":"45001.00000000","A":"0.00002000","o":"45000.00000000","h":"45001.00000000","l":"44000.00000000","#,
            r#""v":"1.50000000","q":"67500.75000000","O":1699913580000,"C":1700000000000,"F":7,"L":9,"n":3}"#,
        )
    );
    assert_eq!(
        text(Topic::WindowTicker(SYMBOL, TickerWindow::Hour4), &ticker),
        concat!(
            r#"{"e":"4hTicker","E":1700000000000,"s":"BTCUSDT","p":"0.50000000","P":"0.001","o":"45000.00000000","#,
            r#""h":"45001.00000000","l":"44000.00000000","c":"45000.50000000","w":"45000.50000000","v":"1.50000000","#,
            r#""q":"67500.75000000","O":1699913580000,"C":1700000000000,"F":7,"L":9,"n":3}"#,
        )
    );
    assert_eq!(
        text(Topic::AveragePrice(SYMBOL), &ticker),
        r#"{"e":"avgPrice","E":1700000000000,"s":"BTCUSDT","i":"5m","w":"45000.50000000","T":1700000000000}"#
    );
    let all = text(Topic::AllMiniTickers, &MarketUpdate::Tickers(vec![view(), view()]));
    let one = text(Topic::MiniTicker(SYMBOL), &ticker);
    assert_eq!(all, format!("[{one},{one}]"));
}

#[test]
fn a_window_without_trades_says_so() {
    let empty = Window { candle: None, ..view().window };
    let ticker = MarketUpdate::Ticker(WindowView { window: empty, ..view() });
    let text = text(Topic::Ticker(SYMBOL), &ticker);
    assert!(text.contains(r#""P":"0.000","w":"0.00000000""#), "{text}");
    assert!(text.contains(r#""F":-1,"L":-1,"n":0"#), "{text}");
    assert!(text.contains(r#""c":"45000.50000000""#), "{text}");
}

#[test]
fn a_snapshot_says_which_update_it_includes_and_diffs_carry_their_checksum() {
    let level = (Price::from_ticks(4_500_000), Lots::new(1));
    let book = DepthView { last_update_id: 5, bids: vec![level], asks: vec![] };
    assert_eq!(
        text(
            Topic::DepthSnapshot(SYMBOL, Speed::Fast),
            &MarketUpdate::DepthSnapshot { book, checksum: 9, time: TIME }
        ),
        r#"{"e":"depthSnapshot","E":1700000000000,"s":"BTCUSDT","lastUpdateId":5,"bids":[["45000.00000000","0.00001000"]],"asks":[],"cs":9}"#
    );
    let diff =
        DepthDiff { first_update_id: 6, last_update_id: 6, changes: vec![], time: TIME, checksum: None };
    assert_eq!(
        text(Topic::Depth(SYMBOL, Speed::Fast), &MarketUpdate::Depth(Arc::new(diff))),
        r#"{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":6,"u":6,"b":[],"a":[]}"#
    );
}
