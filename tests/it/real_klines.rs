//! Recorded candles, trades and depth of real venues through the exchange's own code: what they published must come out.

use std::{collections::BTreeMap, fs::File, io::Read, path::Path};

use flate2::read::MultiGzDecoder;
use lightning_exchange::domain::{
    market_data::{Candle, Candles, Interval, MarketImage, Zone, roll_up},
    matching::{PublicEvent, PublicTrade},
    orders::Side,
    types::{
        decimal::parse_units,
        id::{OrderId, SymbolId, TradeId},
        money::{Lots, Price},
        time::Timestamp,
    },
};
use serde_json::Value;

use crate::support::data;

/// Open, high, low, close in ticks, and volume in lots, by opening.
type Rows = BTreeMap<Timestamp, ([u64; 4], u128)>;

fn gunzip(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Reads a decimal as a number of 10^-8.
fn fixed(text: &str) -> u64 {
    u64::try_from(parse_units(text.trim(), 8).unwrap()).unwrap()
}

/// Reads `2025-03-01 03:00:00`, with whatever follows the seconds but a fraction ignored.
fn time(text: &str) -> Timestamp {
    let number = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days since 1970, from the year that begins in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let clock = (number(11..13) * 60 + number(14..16)) * 60 + number(17..19);
    let fraction = text[19..].strip_prefix('.').map_or(0, |fraction| fraction[..6].parse::<u64>().unwrap());
    Timestamp::from_micros((days * 86_400 + clock) * 1_000_000 + fraction)
}

/// Reads rows of time, four prices and a volume.
fn rows(text: &[u8], opening: impl Fn(&str) -> Timestamp) -> Rows {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let records = reader.records().map(Result::unwrap);
    let is_row = |record: &csv::StringRecord| record[0].starts_with(|first: char| first.is_ascii_digit());
    let row = |record: csv::StringRecord| {
        (opening(&record[0]), ([1, 2, 3, 4].map(|index| fixed(&record[index])), fixed(&record[5]).into()))
    };
    records.filter(is_row).map(row).collect()
}

/// A published candle as ours; how many trades it had is not known, but whether it had any.
fn candle((&open_time, &([open, high, low, close], lots)): (&Timestamp, &([u64; 4], u128))) -> Candle {
    let [open, high, low, close] = [open, high, low, close].map(Price::from_ticks);
    Candle { open, high, low, lots, trades: u64::from(lots > 0), ..Candle::flat(open_time, close) }
}

fn row(candle: &Candle) -> (Timestamp, ([u64; 4], u128)) {
    (candle.open_time, ([candle.open, candle.high, candle.low, candle.close].map(Price::ticks), candle.lots))
}

fn rolled(rows: &Rows, interval: Interval) -> Rows {
    roll_up(rows.iter().map(candle), interval, Zone::UTC).map(|candle| row(&candle)).collect()
}

#[test]
fn a_month_of_minutes_rolls_up_to_the_published_five_minutes() {
    let Some(directory) = data("kline/binance") else { return };
    let read = |name: &str| rows(&gunzip(&directory.join(name)), time);
    let (minutes, fives) = (read("BTCUSDT_1m_2025-03.csv.gz"), read("BTCUSDT_5m_2025-03.csv.gz"));
    assert_eq!((minutes.len(), fives.len()), (44_640, 8_928));
    assert_eq!(rolled(&minutes, Interval::Minute5), fives);
}

#[test]
fn fifteen_intervals_of_one_market_roll_up_into_each_other() {
    let Some(directory) = data("kline/binance") else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), gunzip(&directory.join("ADA_BTC_15intervals_2020-04-28.sqlite.gz"))).unwrap();
    let database = rusqlite::Connection::open(file.path()).unwrap();
    let mut published: BTreeMap<Interval, Rows> = BTreeMap::new();
    let mut statement = database.prepare("SELECT time_frame, candle FROM ohlcv").unwrap();
    let text = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    for found in statement.query_map([], text).unwrap() {
        let (interval, numbers) = found.unwrap();
        let numbers: [f64; 6] = serde_json::from_str(&numbers).unwrap();
        // Prices have eight digits, volumes are whole: the nearest integer is the published one.
        let [open_time, open, high, low, close, volume] = numbers;
        let prices = [open, high, low, close].map(|price| (price * 1e8).round() as u64);
        let open_time = Timestamp::from_millis(open_time as u64 * 1_000);
        let interval = Interval::parse(&interval).unwrap();
        published.entry(interval).or_default().insert(open_time, (prices, volume as u128));
    }
    assert_eq!(published.len(), 15);
    // The last candle of each was still growing.
    published.values_mut().for_each(|rows| {
        rows.pop_last();
    });
    let mut compared = BTreeMap::new();
    for (&long, candles) in &published {
        for (&short, parts) in published.range(..long) {
            let sums = rolled(parts, long);
            let is_whole = |open: Timestamp| {
                let end = long.end(open, Zone::UTC);
                let mut at = open;
                while at < end && parts.contains_key(&at) {
                    at = short.end(at, Zone::UTC);
                }
                at == end
            };
            for (&open, expected) in candles.iter().filter(|&(&open, _)| is_whole(open)) {
                assert_eq!(sums.get(&open), Some(expected), "{} to {}", short.name(), long.name());
                *compared.entry(long).or_insert(0) += 1;
            }
        }
    }
    // Every interval above the shortest has been compared with some other.
    assert_eq!(compared.len(), 14, "{compared:?}");
    assert!(compared.values().sum::<usize>() > 3_000, "{compared:?}");
}

fn built(trades: impl Iterator<Item = (Timestamp, u64, u64)>) -> Candles {
    let mut candles = Candles::default();
    for ((time, price, lots), id) in trades.zip(1..) {
        candles.add(&PublicTrade {
            id: TradeId::new(id),
            price: Price::from_ticks(price),
            lots: Lots::new(lots),
            time,
            buyer_is_maker: false,
            taker: OrderId::new(id),
        });
    }
    candles
}

fn kept(candles: &Candles, interval: Interval) -> Rows {
    candles.since(interval, Timestamp::default()).map(|candle| row(&candle)).collect()
}

#[test]
fn twelve_thousand_trades_make_the_published_candles() {
    let (Some(kline), Some(derived)) = (data("kline/binance"), data("derived")) else { return };
    let trades: Vec<Value> =
        serde_json::from_slice(&gunzip(&kline.join("XRP_ETH-aggTrades-2019-10-11_13.json.gz"))).unwrap();
    assert_eq!(trades.len(), 12_477);
    let text = |trade: &Value, key: &str| trade["info"][key].as_str().unwrap().to_owned();
    let candles = built(trades.iter().map(|trade| {
        let time = Timestamp::from_millis(trade["info"]["T"].as_u64().unwrap());
        (time, fixed(&text(trade, "p")), fixed(&text(trade, "q")))
    }));
    for (interval, name, count) in
        [(Interval::Minute1, "XRP_ETH-1m.csv.gz", 2_469), (Interval::Minute5, "XRP_ETH-5m.csv.gz", 706)]
    {
        let published = rows(&gunzip(&derived.join(name)), time);
        assert_eq!((published.len(), &kept(&candles, interval)), (count, &published), "{name}");
    }
}

#[test]
fn a_futures_trades_make_the_published_minutes() {
    let Some(derived) = data("derived") else { return };
    let text = gunzip(&derived.join("ESU4_trades.csv.gz"));
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let trades = reader.records().map(Result::unwrap).filter(|record| &record[2] == "T");
    let candles = built(trades.map(|record| (time(&record[0]), fixed(&record[4]), fixed(&record[5]))));
    let text = gunzip(&derived.join("ESU4_NQU4_ohlcv-1m.csv.gz"));
    let of_es: Vec<u8> = String::from_utf8(text)
        .unwrap()
        .lines()
        .filter(|line| line.ends_with("ESU4"))
        .flat_map(|line| [line.as_bytes(), b"\n"].concat())
        .collect();
    let published = rows(&of_es, time);
    let ours = kept(&candles, Interval::Minute1);
    // The recording begins within its first minute and ends within its last.
    let whole: Vec<_> = ours.keys().filter(|open| published.contains_key(open)).collect();
    let equal = whole.iter().filter(|open| ours.get(open) == published.get(open)).count();
    assert_eq!((whole.len(), equal), (4, 4), "{ours:?}");
}

/// Reads the only file of an archive.
fn unzip(path: &Path) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn seconds_roll_up_to_minutes_and_minutes_to_the_day() {
    let Some(directory) = data("kline/coinbase") else { return };
    let daily = rows(&unzip(&directory.join("btcusd_daily_trade.zip")), |day| {
        time(&format!("{}-{}-{} 00:00:00", &day[..4], &day[4..6], &day[6..8]))
    });
    for (day, count) in [("20161007", 1_419), ("20161008", 1_400)] {
        let midnight = time(&format!("{}-{}-{} 00:00:00", &day[..4], &day[4..6], &day[6..8]));
        let read = |kind: &str| {
            let bytes = unzip(&directory.join(format!("btcusd_{day}_{kind}_trade.zip")));
            rows(&bytes, |millis| {
                Timestamp::from_micros(midnight.micros() + millis.parse::<u64>().unwrap() * 1_000)
            })
        };
        let (seconds, minutes) = (read("second"), read("minute"));
        assert_eq!(minutes.len(), count);
        assert_eq!(rolled(&seconds, Interval::Minute1), minutes, "{day}");
        let days = rolled(&minutes, Interval::Day1);
        assert_eq!(days.get(&midnight), daily.get(&midnight), "{day}");
        assert_eq!(rolled(&seconds, Interval::Day1), days, "{day}");
    }
}

const SYMBOL: SymbolId = SymbolId::new(1);

/// Applies recorded levels to an image.
fn apply(image: &mut MarketImage, side: Side, levels: &Value, update_id: u64) {
    for level in levels.as_array().unwrap() {
        let number = |index: usize| fixed(level[index].as_str().unwrap());
        image.apply(&PublicEvent::BookMoved {
            symbol: SYMBOL,
            update_id,
            side,
            price: Price::from_ticks(number(0) / 1_000_000),
            total: Lots::new(number(1)),
            time: Timestamp::default(),
        });
    }
}

#[test]
fn recorded_diffs_keep_the_book_at_the_recorded_best_quotes() {
    let Some(directory) = data("streams") else { return };
    let bytes = gunzip(&directory.join("binance_spot_ethusdt_20240808.gz"));
    let lines: Vec<Value> = String::from_utf8(bytes)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line.split_once(' ').unwrap().1).unwrap())
        .collect();
    let snapshot = lines.iter().find(|line| line.get("lastUpdateId").is_some()).unwrap();
    let mut image = MarketImage::default();
    let start = snapshot["lastUpdateId"].as_u64().unwrap();
    apply(&mut image, Side::Buy, &snapshot["bids"], start);
    apply(&mut image, Side::Sell, &snapshot["asks"], start);
    let of_stream = |name: &'static str| {
        lines.iter().filter(move |line| line["stream"] == name).map(|line| &line["data"])
    };
    let tickers: BTreeMap<u64, &Value> =
        of_stream("ethusdt@bookTicker").map(|ticker| (ticker["u"].as_u64().unwrap(), ticker)).collect();
    let mut compared = 0;
    for diff in of_stream("ethusdt@depth@100ms") {
        let (first, last) = (diff["U"].as_u64().unwrap(), diff["u"].as_u64().unwrap());
        if last <= start {
            continue;
        }
        assert!(first <= image.last_update_id() + 1, "the recording has a gap before {first}");
        apply(&mut image, Side::Buy, &diff["b"], last);
        apply(&mut image, Side::Sell, &diff["a"], last);
        let Some((_, ticker)) = tickers.range(..=last).next_back() else { continue };
        let best = image.best();
        for (level, price, quantity) in [(best.bid, "b", "B"), (best.ask, "a", "A")] {
            let number = |key: &str| fixed(ticker[key].as_str().unwrap());
            let (ticks, lots) = level.unwrap();
            let recorded = (number(price) / 1_000_000, number(quantity));
            assert_eq!((ticks.ticks(), lots.get()), recorded, "after update {last}");
        }
        compared += 1;
    }
    assert_eq!(compared, 3_432);
}
