//! What is traded: the symbols and assets of the built-in configuration, by number.

use serde::{Deserialize, Serialize};

use super::amount::ONE;

/// An asset, by its place in [`ASSETS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Asset(pub(super) usize);

/// A symbol, by its place in [`MARKETS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Symbol(pub(super) usize);

/// What a symbol trades and around which price.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) name: &'static str,
    pub(super) base: Asset,
    pub(super) quote: Asset,
    /// The middle of the few prices orders are placed at, in units.
    pub(super) middle: i64,
    /// How far apart those prices are.
    pub(super) step: i64,
    /// The smallest quantity orders are made of.
    pub(super) lot: i64,
    /// The most of those an order has.
    pub(super) lots_max: u64,
}

/// How many assets there are.
pub(super) const ASSET_COUNT: usize = 3;

pub(super) const ASSETS: [&str; ASSET_COUNT] = ["BTC", "USDT", "ETH"];

pub(super) const MARKETS: [Market; 3] = [
    Market {
        name: "BTCUSDT",
        base: Asset(0),
        quote: Asset(1),
        middle: 50_000 * ONE,
        step: 10 * ONE,
        lot: ONE / 1_000,
        lots_max: 20,
    },
    Market {
        name: "ETHUSDT",
        base: Asset(2),
        quote: Asset(1),
        middle: 3_000 * ONE,
        step: ONE,
        lot: ONE / 100,
        lots_max: 40,
    },
    Market {
        name: "ETHBTC",
        base: Asset(2),
        quote: Asset(0),
        middle: 6 * ONE / 100,
        step: ONE / 10_000,
        lot: ONE / 100,
        lots_max: 40,
    },
];

impl Asset {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..ASSET_COUNT).map(Self)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        ASSETS.iter().position(|known| *known == name).map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        ASSETS[self.0]
    }
}

impl Symbol {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..MARKETS.len()).map(Self)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        MARKETS.iter().position(|known| known.name == name).map(Self)
    }

    pub(super) fn market(self) -> &'static Market {
        &MARKETS[self.0]
    }

    pub(super) fn name(self) -> &'static str {
        self.market().name
    }
}

impl TryFrom<String> for Asset {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or(name)
    }
}

impl From<Asset> for String {
    fn from(asset: Asset) -> Self {
        asset.name().to_owned()
    }
}

impl TryFrom<String> for Symbol {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or(name)
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.name().to_owned()
    }
}
