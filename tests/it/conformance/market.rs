//! The rows of public market data.

use serde_json::json;

use super::{
    row::Row,
    table::{COMBINATION, REVERSED, invalid, keys, missing_one, traded, unacceptable},
};

const SYMBOLS: &str = r#"^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$"#;
const OTHER_STATUS: &str = "The symbol's status does not match the requested symbolStatus.";
const TICKER_TYPE: &str = "Invalid ticker type.";
const TRADE: [&str; 7] = ["id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isBestMatch"];
/// Of every ticker of a window.
const WINDOW: [&str; 12] = [
    "symbol",
    "openPrice",
    "highPrice",
    "lowPrice",
    "lastPrice",
    "volume",
    "quoteVolume",
    "openTime",
    "closeTime",
    "firstId",
    "lastId",
    "count",
];
/// Of those that are not MINI.
const DERIVED: [&str; 3] = ["priceChange", "priceChangePercent", "weightedAvgPrice"];
/// Of the last day's alone.
const DAY: [&str; 6] = ["prevClosePrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty"];

fn illegal_symbols() -> String {
    format!("Illegal characters found in parameter 'symbols'; legal range is '{SYMBOLS}'.")
}

fn klines(route: &'static str) -> Row {
    traded(Row::of(route))
        .asks("symbol=BTCUSDT&interval=1h")
        .columns(12)
        .weighs(2)
        .needs_symbol()
        .needs("interval")
        .refuses("symbol=BTCUSDT&interval=2m", -1120, "Invalid interval.")
        .refuses("symbol=BTCUSDT&interval=1h&timeZone=14:01", -1130, invalid("timeZone"))
}

/// Every row of public market data.
pub(super) fn rows() -> Vec<Row> {
    let symbol = "symbol=BTCUSDT";
    vec![
        Row::of("GET /api/v3/depth")
            .asks(symbol)
            .keys(&["lastUpdateId", "bids", "asks"])
            .weighs(5)
            .needs_symbol()
            .refuses("symbol=BTCUSDT&limit=0", -1130, unacceptable("limit", "the least is 1"))
            .refuses("symbol=BTCUSDT&symbolStatus=CANCEL_ONLY", -1220, OTHER_STATUS),
        // Future updates are not out of reach.
        Row::of("GET /x/v1/depth/diff")
            .asks("symbol=BTCUSDT&fromU=1000000000")
            .json(json!([]))
            .weighs(5)
            .needs_symbol()
            .needs("fromU")
            .refuses("symbol=BTCUSDT&fromU=2&toU=1", -1128, COMBINATION)
            .refuses("symbol=BTCUSDT&fromU=1&limit=0", -1130, unacceptable("limit", "the least is 1")),
        traded(Row::of("GET /api/v3/trades")).asks(symbol).keys(&TRADE).weighs(25).needs_symbol(),
        traded(Row::of("GET /api/v3/historicalTrades"))
            .asks(symbol)
            .keys(&TRADE)
            .weighs(25)
            .needs_symbol()
            .refuses("symbol=BTCUSDT&limit=0", -1130, unacceptable("limit", "the least is 1")),
        traded(Row::of("GET /api/v3/aggTrades"))
            .asks(symbol)
            .keys(&["a", "p", "q", "f", "l", "T", "m", "M"])
            .weighs(4)
            .needs_symbol()
            .refuses("symbol=BTCUSDT&fromId=1&startTime=1", -1128, COMBINATION)
            .refuses("symbol=BTCUSDT&startTime=2&endTime=1", -1128, REVERSED),
        klines("GET /api/v3/klines"),
        klines("GET /api/v3/uiKlines"),
        Row::of("GET /api/v3/historicalBlockTrades")
            .asks("symbol=BTCUSDT&fromId=1")
            .json(json!([]))
            .weighs(25)
            .needs_symbol()
            .needs("fromId"),
        Row::of("GET /api/v3/avgPrice")
            .asks(symbol)
            .keys(&["mins", "price", "closeTime"])
            .weighs(2)
            .needs_symbol(),
        Row::of("GET /api/v3/ticker/24hr")
            .asks(symbol)
            .keys(&keys(&[&WINDOW, &DERIVED, &DAY]))
            .weighs(2)
            .refuses("symbol=DOGEUSDT", -1121, "Invalid symbol.")
            .refuses("symbol=BTCUSDT&type=TINY", -1139, TICKER_TYPE)
            .refuses("symbol=BTCUSDT&symbolStatus=BREAK", -1220, OTHER_STATUS)
            .refuses("symbol=BTCUSDT&symbolStatus=OPEN", -1130, invalid("symbolStatus")),
        Row::of("GET /api/v3/ticker/tradingDay")
            .asks("symbol=BTCUSDT&timeZone=8&type=MINI")
            .keys(&WINDOW)
            .weighs(4)
            .refuses("type=MINI", -1102, missing_one("symbol", "symbols"))
            .refuses("symbol=BTCUSDT&timeZone=14:01", -1130, invalid("timeZone"))
            .refuses("symbol=BTCUSDT&type=TINY", -1139, TICKER_TYPE),
        Row::of("GET /api/v3/ticker")
            .asks("symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D&windowSize=3h")
            .keys(&keys(&[&WINDOW, &DERIVED]))
            .weighs(8)
            .refuses("windowSize=3h", -1102, missing_one("symbol", "symbols"))
            .refuses("symbol=BTCUSDT&windowSize=8d", -1130, invalid("windowSize"))
            .refuses("symbol=BTCUSDT&type=TINY", -1139, TICKER_TYPE),
        Row::of("GET /api/v3/ticker/price")
            .asks(symbol)
            .keys(&["symbol", "price"])
            .weighs(2)
            .refuses("symbol=DOGEUSDT", -1121, "Invalid symbol.")
            .refuses("symbols=BTCUSDT", -1100, illegal_symbols())
            .refuses("symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D", -1128, COMBINATION),
        Row::of("GET /api/v3/ticker/bookTicker")
            .asks("symbols=%5B%22BTCUSDT%22%5D")
            .keys(&["symbol", "bidPrice", "bidQty", "askPrice", "askQty"])
            .weighs(4)
            .refuses(
                "symbols=%5B%22BTCUSDT%22,%22BTCUSDT%22%5D",
                -1151,
                "Symbol is present multiple times in the list.",
            ),
        Row::of("GET /api/v3/referencePrice")
            .asks(symbol)
            .refused_as(400, -2043, "This symbol doesn't have a reference price.")
            .weighs(2)
            .needs_symbol(),
        Row::of("GET /api/v3/referencePrice/calculation")
            .asks(symbol)
            .refused_as(400, -2043, "This symbol doesn't have a reference price.")
            .weighs(2)
            .needs_symbol(),
        Row::of("GET /api/v3/executionRules")
            .asks(symbol)
            .json(json!({ "symbolRules": [] }))
            .weighs(2)
            .refuses("symbol=BTCUSDT&symbolStatus=TRADING", -1128, COMBINATION)
            .refuses("symbolStatus=OPEN", -1130, invalid("symbolStatus")),
    ]
}
