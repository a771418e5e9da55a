//! Names of streams and what they stand for.

use crate::{
    actors::message::{Speed, Topic},
    domain::{catalogue::Catalogue, id::SymbolId},
};

/// The most bytes a stream's name may have to be remembered.
pub(super) const NAME_LEN_MAX: usize = 64;

/// Reads a stream's name; `None` for a stream there is not. Symbols are lower case.
pub(super) fn parse(name: &str, catalogue: &Catalogue) -> Option<Topic> {
    let (symbol, stream) = name.split_once('@')?;
    if symbol.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let symbol = catalogue.symbol_named(&symbol.to_ascii_uppercase())?.id;
    let (kind, speed) = match stream.split_once('@') {
        None => (stream, Speed::Slow),
        Some((kind, "100ms")) => (kind, Speed::Fast),
        Some((kind, "1000ms")) => (kind, Speed::Slow),
        Some(_) => return None,
    };
    match kind {
        "trade" if stream == kind => Some(Topic::Trade(symbol)),
        "bookTicker" if stream == kind => Some(Topic::BookTicker(symbol)),
        "depth" => Some(Topic::Depth(symbol, speed)),
        "depth5" => Some(Topic::PartialDepth(symbol, 5, speed)),
        "depth10" => Some(Topic::PartialDepth(symbol, 10, speed)),
        "depth20" => Some(Topic::PartialDepth(symbol, 20, speed)),
        _ => None,
    }
}

/// Returns a stream's name.
pub(super) fn name(topic: Topic, catalogue: &Catalogue) -> String {
    let symbol =
        |id: SymbolId| catalogue.symbol(id).map(|spec| spec.name.to_ascii_lowercase()).unwrap_or_default();
    let suffix = |speed: Speed| match speed {
        Speed::Fast => "@100ms",
        Speed::Slow => "",
    };
    match topic {
        Topic::Trade(id) => format!("{}@trade", symbol(id)),
        Topic::BookTicker(id) => format!("{}@bookTicker", symbol(id)),
        Topic::Depth(id, speed) => format!("{}@depth{}", symbol(id), suffix(speed)),
        Topic::PartialDepth(id, levels, speed) => {
            format!("{}@depth{levels}{}", symbol(id), suffix(speed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::encode::testing::catalogue, *};

    #[test]
    fn every_name_reads_back_as_its_topic() {
        let catalogue = catalogue();
        let symbol = catalogue.symbol_named("BTCUSDT").unwrap().id;
        let mut topics = vec![Topic::Trade(symbol), Topic::BookTicker(symbol)];
        for speed in [Speed::Fast, Speed::Slow] {
            topics.push(Topic::Depth(symbol, speed));
            topics.extend([5, 10, 20].map(|levels| Topic::PartialDepth(symbol, levels, speed)));
        }
        for topic in topics {
            assert_eq!(parse(&name(topic, &catalogue), &catalogue), Some(topic));
        }
        assert_eq!(
            parse("btcusdt@depth5@1000ms", &catalogue),
            Some(Topic::PartialDepth(symbol, 5, Speed::Slow))
        );
    }

    #[test]
    fn other_names_are_no_streams() {
        let catalogue = catalogue();
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
            "!miniTicker@arr@1000ms",
        ] {
            assert_eq!(parse(other, &catalogue), None, "{other}");
        }
    }
}
