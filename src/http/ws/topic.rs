//! Names of streams and their topics.

use crate::{
    actors::message::{Speed, TickerWindow, Topic},
    domain::{
        instruments::Instruments,
        market_data::{Interval, Zone},
        types::id::SymbolId,
    },
};

/// The longest stream name that is stored, in bytes.
pub(super) const NAME_LEN_MAX: usize = 64;

/// Reads a stream's name; `None` for an unknown stream. Symbols are lower case.
pub(super) fn parse(name: &str, instruments: &Instruments) -> Option<Topic> {
    if let Some(name) = name.strip_prefix('!') {
        return parse_all(name);
    }
    let (symbol, stream) = name.split_once('@')?;
    if symbol.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let spec = instruments.symbol_named(&symbol.to_ascii_uppercase())?;
    let symbol = spec.id;
    if let Some(topic) = parse_plain(stream, symbol) {
        return Some(topic);
    }
    if let Some(kline) = stream.strip_prefix("kline_") {
        let (interval, zone) = match kline.split_once('@') {
            None => (Interval::parse(kline)?, Zone::UTC),
            // In a query string a plus is a space.
            Some((interval, "+08:00" | " 08:00")) => (Interval::parse(interval)?, Zone::EIGHT),
            Some(_) => return None,
        };
        return Some(Topic::Kline(symbol, interval, zone.for_symbol(interval, spec.three_day_phase)));
    }
    let (kind, speed) = match stream.split_once('@') {
        None => (stream, Speed::Slow),
        Some((kind, "100ms")) => (kind, Speed::Fast),
        Some((kind, "1000ms")) => (kind, Speed::Slow),
        Some(_) => return None,
    };
    match kind {
        "depth" => Some(Topic::Depth(symbol, speed)),
        "depth5" => Some(Topic::PartialDepth(symbol, 5, speed)),
        "depth10" => Some(Topic::PartialDepth(symbol, 10, speed)),
        "depth20" => Some(Topic::PartialDepth(symbol, 20, speed)),
        "depthSnapshot" => Some(Topic::DepthSnapshot(symbol, speed)),
        _ => None,
    }
}

/// Reads the stream of one symbol that has no suffix.
fn parse_plain(stream: &str, symbol: SymbolId) -> Option<Topic> {
    match stream {
        "trade" => Some(Topic::Trade(symbol)),
        "aggTrade" => Some(Topic::AggTrade(symbol)),
        "bookTicker" => Some(Topic::BookTicker(symbol)),
        "miniTicker" => Some(Topic::MiniTicker(symbol)),
        "ticker" => Some(Topic::Ticker(symbol)),
        "avgPrice" => Some(Topic::AveragePrice(symbol)),
        _ => Some(Topic::WindowTicker(symbol, parse_window(stream.strip_prefix("ticker_")?)?)),
    }
}

/// Reads a stream of all symbols. Old clients append a speed to the name, which has no effect.
fn parse_all(name: &str) -> Option<Topic> {
    let name = ["@1000ms", "@3000ms"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    match name.strip_suffix("@arr")? {
        "miniTicker" => Some(Topic::AllMiniTickers),
        "ticker" => Some(Topic::AllTickers),
        other => Some(Topic::AllWindowTickers(parse_window(other.strip_prefix("ticker_")?)?)),
    }
}

fn parse_window(text: &str) -> Option<TickerWindow> {
    TickerWindow::ALL.into_iter().find(|window| window_name(*window) == text)
}

/// Returns the name of a ticker's window, e.g. `4h`.
pub(super) const fn window_name(window: TickerWindow) -> &'static str {
    match window {
        TickerWindow::Hour1 => "1h",
        TickerWindow::Hour4 => "4h",
        TickerWindow::Day1 => "1d",
    }
}

/// Returns a stream's name.
pub(super) fn name(topic: Topic, instruments: &Instruments) -> String {
    let symbol =
        |id: SymbolId| instruments.symbol(id).map(|spec| spec.name.to_ascii_lowercase()).unwrap_or_default();
    let suffix = |speed: Speed| match speed {
        Speed::Fast => "@100ms",
        Speed::Slow => "",
    };
    match topic {
        Topic::Trade(id) => format!("{}@trade", symbol(id)),
        Topic::AggTrade(id) => format!("{}@aggTrade", symbol(id)),
        Topic::BookTicker(id) => format!("{}@bookTicker", symbol(id)),
        Topic::Depth(id, speed) => format!("{}@depth{}", symbol(id), suffix(speed)),
        Topic::PartialDepth(id, levels, speed) => {
            format!("{}@depth{levels}{}", symbol(id), suffix(speed))
        }
        Topic::DepthSnapshot(id, speed) => format!("{}@depthSnapshot{}", symbol(id), suffix(speed)),
        Topic::Kline(id, interval, zone) => {
            let zone = if zone.minutes() == Zone::EIGHT.minutes() { "@+08:00" } else { "" };
            format!("{}@kline_{}{zone}", symbol(id), interval.name())
        }
        Topic::MiniTicker(id) => format!("{}@miniTicker", symbol(id)),
        Topic::AllMiniTickers => "!miniTicker@arr".to_owned(),
        Topic::Ticker(id) => format!("{}@ticker", symbol(id)),
        Topic::AllTickers => "!ticker@arr".to_owned(),
        Topic::WindowTicker(id, window) => format!("{}@ticker_{}", symbol(id), window_name(window)),
        Topic::AllWindowTickers(window) => format!("!ticker_{}@arr", window_name(window)),
        Topic::AveragePrice(id) => format!("{}@avgPrice", symbol(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::encode::testing::instruments, *};
    use crate::domain::{instruments::SymbolDefinition, testing::sample};

    #[test]
    fn every_name_reads_back_as_its_topic() {
        let instruments = instruments();
        let symbol = instruments.symbol_named("BTCUSDT").unwrap().id;
        let mut topics = vec![Topic::Trade(symbol), Topic::BookTicker(symbol)];
        for speed in [Speed::Fast, Speed::Slow] {
            topics.push(Topic::Depth(symbol, speed));
            topics.push(Topic::DepthSnapshot(symbol, speed));
            topics.extend([5, 10, 20].map(|levels| Topic::PartialDepth(symbol, levels, speed)));
        }
        topics.extend([Topic::AggTrade(symbol), Topic::AveragePrice(symbol)]);
        topics.extend([Topic::MiniTicker(symbol), Topic::Ticker(symbol)]);
        topics.extend([Topic::AllMiniTickers, Topic::AllTickers]);
        topics.extend(TickerWindow::ALL.map(|window| Topic::WindowTicker(symbol, window)));
        topics.extend(TickerWindow::ALL.map(Topic::AllWindowTickers));
        for zone in [Zone::UTC, Zone::EIGHT] {
            topics.extend(Interval::ALL.map(|interval| Topic::Kline(symbol, interval, zone)));
        }
        for topic in topics {
            assert_eq!(parse(&name(topic, &instruments), &instruments), Some(topic));
        }
        assert_eq!(
            parse("btcusdt@depth5@1000ms", &instruments),
            Some(Topic::PartialDepth(symbol, 5, Speed::Slow))
        );
        for speed in ["@1000ms", "@3000ms"] {
            assert_eq!(parse(&format!("!miniTicker@arr{speed}"), &instruments), Some(Topic::AllMiniTickers));
        }
    }

    #[test]
    fn three_day_candles_are_those_of_the_symbols_phase() {
        let definition = SymbolDefinition { three_day_phase: 2, ..sample::symbol(1, "BTCUSDT") };
        let instruments = Instruments::build(&sample::assets(), &[definition]).unwrap();
        let symbol = SymbolId::new(1);
        for (text, zone) in [("btcusdt@kline_3d", Zone::UTC), ("btcusdt@kline_3d@+08:00", Zone::EIGHT)] {
            let topic = Topic::Kline(symbol, Interval::Day3, zone.for_symbol(Interval::Day3, 2));
            assert_ne!(topic, Topic::Kline(symbol, Interval::Day3, zone));
            assert_eq!(
                (parse(text, &instruments), name(topic, &instruments)),
                (Some(topic), text.to_owned())
            );
        }
        let day = Topic::Kline(symbol, Interval::Day1, Zone::UTC);
        assert_eq!(parse("btcusdt@kline_1d", &instruments), Some(day));
    }

    #[test]
    fn other_names_are_no_streams() {
        let instruments = instruments();
        for other in [
            "",
            "0",
            "btcusdt",
            "btcusdt@",
            "BTCUSDT@trade",
            "dogeusdt@trade",
            "btcusdt@depth7",
            "btcusdt@depth@250ms",
            "btcusdt@trade@100ms",
            "btcusdt@depth@100ms@100ms",
            "!miniTicker",
            "!miniTicker@arr@100ms",
            "!bookTicker",
            "!ticker_2h@arr",
            "btcusdt@kline_2m",
            "btcusdt@kline_1d@+09:00",
            "btcusdt@ticker_1w",
            "btcusdt@aggTrade@100ms",
            "btcusdt@depthSnapshot@250ms",
        ] {
            assert_eq!(parse(other, &instruments), None, "{other}");
        }
    }
}
