//! The decisions of the synthetic market. Pure: it uses no clock, no network and no answers.

use super::rules::Rules;
use crate::domain::{orders::Side, types::random::Random};

/// Quotes on each side.
pub(super) const LEVELS: usize = 12;
/// So many of a hundred actions are takers'.
const TAKES: u64 = 22;

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Place the quote of this rank, replacing the current one.
    Quote {
        /// Its rank: 0 is the best of its side.
        level: usize,
        /// Its side.
        side: Side,
        /// In ticks.
        price: u64,
        /// In lots.
        lots: u64,
    },
    /// Trade at the market.
    Take {
        /// The aggressor's side.
        side: Side,
        /// In lots.
        lots: u64,
    },
}

/// The trading of several actions, as one trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// The taker's side.
    pub side: Side,
    /// In ticks.
    pub price: u64,
    /// In lots.
    pub lots: u64,
}

/// One symbol's market maker and takers.
#[derive(Debug, Clone)]
pub struct Market {
    rules: Rules,
    random: Random,
    /// The fair value of the asset, in 1/1024 ticks.
    fair: u64,
    /// Buyers outnumber sellers for a while, then the other way round: −40 to 40.
    mood: i64,
    opening: usize,
}

impl Market {
    /// Starts the market of a symbol.
    pub fn new(rules: Rules, seed: u64, symbol: u64) -> Self {
        Self { rules, random: Random::stream(seed, symbol), fair: rules.start << 10, mood: 0, opening: 0 }
    }

    /// Starts the walk at a price, in ticks, in place of where the symbol's walk starts.
    #[must_use]
    pub fn starting_at(mut self, price: u64) -> Self {
        self.fair = self.within_bounds(i128::from(price) << 10);
        self
    }

    /// Skips a number of actions and returns what takers traded meanwhile as one trade at the end: the sum of their
    /// quantities, at the best quote of the side most of it was traded on.
    pub fn pass(&mut self, actions: u32) -> Trade {
        let mut lots_of = [0_u64; 2];
        for _ in 0..actions {
            self.walk();
            if self.random.chance(TAKES)
                && let Action::Take { side, lots } = self.take()
            {
                lots_of[side.index()] = lots_of[side.index()].saturating_add(lots);
            }
        }
        let [bought, sold] = lots_of;
        let side = if bought >= sold { Side::Buy } else { Side::Sell };
        let price = self.quote_price(0, side.opposite());
        Trade { side, price, lots: self.fit(bought.saturating_add(sold)) }
    }

    /// Returns the next action. The first actions place every quote, best first.
    pub fn decide(&mut self) -> Action {
        if self.opening < 2 * LEVELS {
            let place = self.opening;
            self.opening += 1;
            let side = if place.is_multiple_of(2) { Side::Buy } else { Side::Sell };
            return self.quote(place / 2, side);
        }
        self.walk();
        if self.random.chance(TAKES) { self.take() } else { self.requote() }
    }

    /// The walk: up to 30 millionths a step, pulled back to where it started, harder the further it is away.
    fn walk(&mut self) {
        let fair = i128::from(self.fair);
        let start = i128::from(self.rules.start << 10);
        let step = i128::from(self.random.below(61)) - 30 + i128::from(self.mood) / 20;
        let pull = (start - fair) * 40 / start.max(1);
        let moved = fair + fair * (step + pull) / 1_000_000;
        self.fair = self.within_bounds(moved);
        if self.random.chance(2) {
            self.mood = self.random.below(81) as i64 - 40;
        }
    }

    fn within_bounds(&self, fair: i128) -> u64 {
        let floor = (2 * LEVELS as i128) << 10;
        let ceiling = i128::from(self.rules.price_max) * 1024 * 9 / 10;
        u64::try_from(fair.clamp(floor, ceiling.max(floor))).unwrap_or(self.fair)
    }

    fn requote(&mut self) -> Action {
        // Good prices are requoted more often than far ones.
        let level = self.random.below(LEVELS as u64).min(self.random.below(LEVELS as u64)) as usize;
        let side = if self.random.chance(50) { Side::Buy } else { Side::Sell };
        self.quote(level, side)
    }

    fn quote(&mut self, level: usize, side: Side) -> Action {
        let price = self.quote_price(level, side);
        // Quotes grow with the distance, and no two are alike.
        let typical = self.rules.quote_lots;
        let lots = typical / 4 + self.random.below(typical.max(1)) + typical * level as u64 / 6;
        Action::Quote { level, side, price, lots: self.fit(lots) }
    }

    fn quote_price(&mut self, level: usize, side: Side) -> u64 {
        let fair = (self.fair >> 10).max(1);
        let spacing = (fair / 20_000).max(1);
        let jitter = self.random.below(spacing.max(2));
        let distance = 1 + spacing * level as u64 + jitter;
        match side {
            Side::Buy => fair.saturating_sub(distance).max(1),
            Side::Sell => (fair + distance).min(self.rules.price_max),
        }
    }

    fn take(&mut self) -> Action {
        let is_buy = (self.random.below(100) as i64) < 50 + self.mood / 2;
        let side = if is_buy { Side::Buy } else { Side::Sell };
        let typical = self.rules.quote_lots.max(1);
        // Mostly small, from time to time one that crosses several levels.
        let lots = if self.random.chance(4) {
            typical + self.random.below(3 * typical)
        } else {
            1 + self.random.below(typical / 3 + 1)
        };
        Action::Take { side, lots: self.fit(lots) }
    }

    fn fit(&self, lots: u64) -> u64 {
        lots.max(self.rules.lots_min).min(self.rules.lots_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        start: 6_400_000,
        price_max: 100_000_000,
        quote_lots: 2_000,
        lots_min: 20,
        lots_max: 9_000_000,
    };

    #[test]
    fn the_seed_decides_everything() {
        let run = |seed, symbol| {
            let mut market = Market::new(RULES, seed, symbol);
            (0..2_000).map(|_| market.decide()).collect::<Vec<_>>()
        };
        assert_eq!(run(7, 1), run(7, 1));
        assert_ne!(run(7, 1), run(8, 1));
        assert_ne!(run(7, 1), run(7, 2));
    }

    #[test]
    fn every_quote_is_put_first_and_stays_within_the_rules() {
        for rules in [RULES, Rules { start: 3, price_max: 100, quote_lots: 1, lots_min: 1, lots_max: 2 }] {
            let mut market = Market::new(rules, 1, 1);
            let mut opened = std::collections::BTreeSet::new();
            let mut takes = 0;
            for index in 0..20_000 {
                match market.decide() {
                    Action::Quote { level, side, price, lots } => {
                        if index < 2 * LEVELS {
                            opened.insert((level, side.index()));
                        }
                        assert!(price >= 1 && price <= rules.price_max);
                        assert!(lots >= rules.lots_min && lots <= rules.lots_max);
                    }
                    Action::Take { lots, .. } => {
                        takes += 1;
                        assert!(lots >= rules.lots_min && lots <= rules.lots_max);
                    }
                }
            }
            assert_eq!(opened.len(), 2 * LEVELS);
            assert!((3_000..6_000).contains(&takes), "{takes}");
        }
    }

    #[test]
    fn a_stretch_goes_on_from_a_price_and_comes_to_one_trade_within_the_rules() {
        for rules in [RULES, Rules { start: 3, price_max: 100, quote_lots: 1, lots_min: 1, lots_max: 2 }] {
            let mut market = Market::new(rules, 1, 1).starting_at(7_000_000);
            let first = market.pass(300);
            for trade in [first, market.pass(0), market.pass(3), market.pass(100_000)] {
                assert!(trade.price >= 1 && trade.price <= rules.price_max, "{trade:?}");
                assert!(trade.lots >= rules.lots_min && trade.lots <= rules.lots_max, "{trade:?}");
            }
            assert_eq!(first, Market::new(rules, 1, 1).starting_at(7_000_000).pass(300));
        }
        let price = Market::new(RULES, 1, 1).starting_at(7_000_000).pass(300).price;
        assert!(price.abs_diff(7_000_000) < 70_000, "{price}");
    }

    #[test]
    fn the_walk_moves_and_stays_near_its_start() {
        let mut market = Market::new(RULES, 3, 1);
        let (mut low, mut high) = (u64::MAX, 0);
        for _ in 0..1_000_000 {
            market.decide();
            low = low.min(market.fair >> 10);
            high = high.max(market.fair >> 10);
        }
        assert!(low > RULES.start / 2 && high < RULES.start * 2, "{low} {high}");
        assert!(high - low > RULES.start / 100, "{low} {high}");
    }
}
