//! The checksum of a book's top: CRC-32 over the ten best levels as the wire prints them, after Kraken's book channel.
//! A client that keeps a book from diffs compares it and detects at once whether it has missed something.

use crc32fast::Hasher;

use crate::domain::{
    instruments::symbol::SymbolSpec,
    types::{
        decimal::Units,
        money::{Lots, Price},
    },
};

/// The number of levels of each side that count.
pub const CHECKSUM_LEVELS: usize = 10;

/// Returns the checksum of the ten best levels of each side, best first.
pub fn checksum(spec: &SymbolSpec, asks: &[(Price, Lots)], bids: &[(Price, Lots)]) -> u32 {
    let mut digest = Digest::default();
    for side in [asks, bids] {
        for &(price, lots) in side.iter().take(CHECKSUM_LEVELS) {
            digest.units(spec.price_units(price));
            digest.units(spec.lots_units(lots));
        }
    }
    digest.0.finalize()
}

/// The digest so far.
#[derive(Default)]
struct Digest(Hasher);

impl Digest {
    fn units(&mut self, value: Units) {
        self.text(value.write_into(&mut [0; 64]));
    }

    /// Digests a number without its point and without its leading zeros.
    fn text(&mut self, number: &str) {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole = whole.trim_start_matches('0');
        let fraction = if whole.is_empty() { fraction.trim_start_matches('0') } else { fraction };
        self.0.update(whole.as_bytes());
        self.0.update(fraction.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::sample;

    /// The example of Kraken's own guide (book checksum, WebSocket v2), asks then bids.
    const KRAKEN: [[&str; 2]; 20] = [
        ["45285.2", "0.00100000"],
        ["45286.4", "1.54571953"],
        ["45286.6", "1.54571109"],
        ["45289.6", "1.54560911"],
        ["45290.2", "0.15890660"],
        ["45291.8", "1.54553491"],
        ["45294.7", "0.04454749"],
        ["45296.1", "0.35380000"],
        ["45297.5", "0.09945542"],
        ["45299.5", "0.18772827"],
        ["45283.5", "0.10000000"],
        ["45283.4", "1.54582015"],
        ["45282.1", "0.10000000"],
        ["45281.0", "0.10000000"],
        ["45280.3", "1.54592586"],
        ["45279.0", "0.07990000"],
        ["45277.6", "0.03310103"],
        ["45277.5", "0.30000000"],
        ["45277.3", "1.54602737"],
        ["45276.6", "0.15445238"],
    ];

    #[test]
    fn krakens_example_comes_out() {
        let mut digest = Digest::default();
        KRAKEN.iter().flatten().for_each(|number| digest.text(number));
        assert_eq!(digest.0.finalize(), 3_310_070_434);
    }

    #[test]
    fn it_is_the_crc_of_the_wires_digits() {
        let instruments = sample::instruments().unwrap();
        let spec = instruments.symbols().next().unwrap();
        let level = |price, lots| (Price::from_ticks(price), Lots::new(lots));
        let (asks, bids) = ([level(201, 5), level(202, 10)], [level(199, 1)]);
        let mut text = String::new();
        for (price, lots) in [asks[0], asks[1], bids[0]] {
            for number in [spec.price_units(price).to_string(), spec.lots_units(lots).to_string()] {
                text += number.replace('.', "").trim_start_matches('0');
            }
        }
        assert_eq!(checksum(spec, &asks, &bids), crc32fast::hash(text.as_bytes()));
        assert_eq!(checksum(spec, &[], &[]), 0);
    }

    #[test]
    fn the_documented_example_comes_out() {
        let instruments = sample::instruments().unwrap();
        let spec = instruments.symbols().next().unwrap();
        let level = |ticks, lots| [(Price::from_ticks(ticks), Lots::new(lots))];
        assert_eq!(checksum(spec, &level(4_500_100, 200), &level(4_500_000, 100)), 2_995_821_269);
    }

    #[test]
    fn the_eleventh_level_does_not_count() {
        let instruments = sample::instruments().unwrap();
        let spec = instruments.symbols().next().unwrap();
        let levels: Vec<_> = (1..=11).map(|index| (Price::from_ticks(index), Lots::new(index))).collect();
        assert_eq!(checksum(spec, &levels, &[]), checksum(spec, &levels[..10], &[]));
        assert_ne!(checksum(spec, &levels, &[]), checksum(spec, &levels[..9], &[]));
        assert_ne!(checksum(spec, &levels[..1], &levels[1..2]), checksum(spec, &levels[1..2], &levels[..1]));
    }
}
