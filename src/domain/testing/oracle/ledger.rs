//! The slow ledger: a plain list of the entries of each account, summed anew for every query.
//!
//! It shares no arithmetic with the real one. Prices, quantities and rates come from the configuration as written (a
//! mantissa and a number of digits), every amount is computed from those by the definition, and no balance is kept:
//! available and held are always sums over the whole history.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::domain::{
    instruments::{AssetDefinition, FeeDefinition, SymbolDefinition},
    messages::command::Balance,
    orders::Side,
    types::{
        id::{AccountId, AssetId, OrderId, SymbolId, TradeId},
        money::{Amount, Lots, Price},
    },
};

/// A decimal as written: `mantissa × 10^-digits`.
#[derive(Debug, Clone, Copy)]
struct Written {
    mantissa: i128,
    digits: u32,
}

impl From<Decimal> for Written {
    fn from(value: Decimal) -> Self {
        Self { mantissa: value.mantissa(), digits: value.scale() }
    }
}

/// The ledger's data of a symbol.
#[derive(Debug, Clone)]
struct Market {
    base: (AssetId, u32),
    quote: (AssetId, u32),
    tick: Written,
    step: Written,
    /// Maker and taker by tier.
    fees: Vec<(Written, Written)>,
}

/// The amount an order holds when it enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// A limit buy: its limit for every lot left. A sell: every lot left.
    PerLot,
    /// A market buy by quantity: this much per lot, but no more than is available.
    Capped,
    /// A market buy by quote amount: the amount.
    Whole(Amount),
}

/// The data of an order the ledger needs.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its id.
    pub order: OrderId,
    /// The account of the order.
    pub account: AccountId,
    /// The symbol.
    pub symbol: SymbolId,
    /// The side.
    pub side: Side,
    /// Its limit, or the collar of a market order.
    pub limit: Price,
    /// The maximum quantity it may trade.
    pub lots: Lots,
    /// Its hold.
    pub hold: Hold,
    /// The other leg of its OCO: while both are open they hold the larger of their needs, once.
    pub pair: Option<OrderId>,
}

/// One side of one trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeSide {
    /// The trade.
    pub trade: TradeId,
    /// The account of this side.
    pub order: OrderId,
    /// The price.
    pub price: Price,
    /// The quantity.
    pub lots: Lots,
    /// Whether this side was the maker.
    pub is_maker: bool,
}

/// One entry of an account's history.
#[derive(Debug, Clone, Copy)]
enum Fact {
    Moved {
        asset: AssetId,
        units: i128,
    },
    /// With the fee rate in force when the account settled it.
    Traded {
        entry: Entry,
        side: TradeSide,
        rate: Written,
    },
}

/// An open order: its initial data and what is left of it.
#[derive(Debug, Clone, Copy)]
struct Open {
    entry: Entry,
    left: u64,
    /// The amount held for a market buy, and the part its trades have spent.
    budget: i128,
    spent: i128,
    /// The amount it needed when it came.
    initial_hold: i128,
}

/// The history of one account.
#[derive(Debug, Clone, Default)]
struct History {
    tier: usize,
    facts: Vec<Fact>,
    requests: BTreeSet<String>,
    open: BTreeMap<OrderId, Open>,
}

/// The slow ledger.
#[derive(Debug, Clone, Default)]
pub struct SlowLedger {
    markets: BTreeMap<SymbolId, Market>,
    accounts: BTreeMap<AccountId, History>,
    settled: BTreeSet<(SymbolId, TradeId, OrderId)>,
}

impl SlowLedger {
    /// Creates an empty ledger of an exchange with these assets and symbols.
    pub fn new(assets: &[AssetDefinition], symbols: &[SymbolDefinition]) -> Self {
        let asset = |name: &str| {
            let found = assets.iter().find(|asset| asset.name == name);
            found.map(|asset| (AssetId::new(asset.id), u32::from(asset.scale)))
        };
        let market = |symbol: &SymbolDefinition| {
            let fees = symbol.fees.iter().map(|fee| (fee.maker.into(), fee.taker.into())).collect();
            let (base, quote) = (asset(&symbol.base)?, asset(&symbol.quote)?);
            let (tick, step) = (symbol.tick_size.into(), symbol.step_size.into());
            Some((SymbolId::new(symbol.id), Market { base, quote, tick, step, fees }))
        };
        Self { markets: symbols.iter().filter_map(market).collect(), ..Self::default() }
    }

    /// Records a new account.
    pub fn opened(&mut self, account: AccountId, tier: u8) {
        let history = History { tier: usize::from(tier), ..History::default() };
        self.accounts.insert(account, history);
    }

    /// Records a change of an account's fee tier: trades from now on pay its fees.
    pub fn moved_to_tier(&mut self, account: AccountId, tier: u8) {
        if let Some(history) = self.accounts.get_mut(&account) {
            history.tier = usize::from(tier);
        }
    }

    /// Returns whether an account has neither an open order nor a balance.
    pub fn is_empty(&self, account: AccountId) -> bool {
        let has_orders = self.accounts.get(&account).is_some_and(|history| !history.open.is_empty());
        !has_orders && self.balances(account).values().all(|balance| *balance == Balance::default())
    }

    /// Records a deposit (positive) or withdrawal; one of a request id already seen is ignored.
    pub fn moved(&mut self, account: AccountId, asset: AssetId, units: i128, request: Option<&str>) {
        let Some(history) = self.accounts.get_mut(&account) else { return };
        if request.is_none_or(|request| history.requests.insert(request.to_owned())) {
            history.facts.push(Fact::Moved { asset, units });
        }
    }

    /// Records the fee rates of a symbol from now on.
    pub fn fees_set(&mut self, symbol: SymbolId, fees: &[FeeDefinition]) {
        if let Some(market) = self.markets.get_mut(&symbol) {
            market.fees = fees.iter().map(|fee| (fee.maker.into(), fee.taker.into())).collect();
        }
    }

    /// Records an order that has left its account for the book.
    pub fn entered(&mut self, entry: Entry) {
        let Some(market) = self.markets.get(&entry.symbol) else { return };
        let budget = match entry.hold {
            Hold::PerLot => 0,
            Hold::Whole(amount) => amount.units(),
            Hold::Capped => {
                let free = self.balances(entry.account).get(&market.quote.0).copied().unwrap_or_default();
                // The amount the other leg of its OCO holds already is there for both.
                let open = self.accounts.get(&entry.account).map(|history| &history.open);
                let other = open.zip(entry.pair).and_then(|(open, pair)| open.get(&pair));
                let shared = other.map_or(0, |other| other.initial_hold);
                market.quote_units(entry.limit, entry.lots.get()).min(free.available.units() + shared)
            }
        };
        let mut open = Open { entry, left: entry.lots.get(), budget, spent: 0, initial_hold: 0 };
        open.initial_hold = market.held(&open).1;
        let Some(history) = self.accounts.get_mut(&entry.account) else { return };
        history.open.insert(entry.order, open);
    }

    /// Records one side of a trade. A repeated one counts once.
    ///
    /// # Errors
    /// The order is not open.
    pub fn traded(&mut self, account: AccountId, symbol: SymbolId, side: TradeSide) -> Result<(), String> {
        if !self.settled.insert((symbol, side.trade, side.order)) {
            return Ok(());
        }
        let market = self.markets.get(&symbol);
        let history = self.accounts.get_mut(&account);
        let (Some(market), Some(history)) = (market, history) else {
            return Err(format!("trade {} of an unknown account or symbol", side.trade));
        };
        let Some(open) = history.open.get_mut(&side.order) else {
            return Err(format!("trade {} of order {}, which is not open", side.trade, side.order));
        };
        open.left = open.left.saturating_sub(side.lots.get());
        open.spent += market.quote_units(side.price, side.lots.get());
        let (maker, taker) = market.fees.get(history.tier).copied().unwrap_or(market.fees[0]);
        let rate = if side.is_maker { maker } else { taker };
        history.facts.push(Fact::Traded { entry: open.entry, side, rate });
        Ok(())
    }

    /// Records that an order was triggered: the other leg of its OCO needs no hold any more, though the report of its end
    /// may arrive later.
    pub fn triggered(&mut self, account: AccountId, order: OrderId) {
        let Some(history) = self.accounts.get_mut(&account) else { return };
        let pair = history.open.get_mut(&order).and_then(|open| open.entry.pair.take());
        if let Some(other) = pair.and_then(|pair| history.open.get_mut(&pair)) {
            other.entry.pair = None;
            (other.left, other.budget, other.spent) = (0, 0, 0);
        }
    }

    /// Records that an order can trade this much less.
    pub fn shrunk(&mut self, account: AccountId, order: OrderId, lots: Lots) {
        let open = self.accounts.get_mut(&account).and_then(|history| history.open.get_mut(&order));
        if let Some(open) = open {
            open.left = open.left.saturating_sub(lots.get());
        }
    }

    /// Records that an order has ended.
    pub fn ended(&mut self, account: AccountId, order: OrderId) {
        if let Some(history) = self.accounts.get_mut(&account) {
            history.open.remove(&order);
        }
    }

    /// Returns every asset the account ever touched with the available and held amounts.
    pub fn balances(&self, account: AccountId) -> BTreeMap<AssetId, Balance> {
        let mut sums: BTreeMap<AssetId, (i128, i128)> = BTreeMap::new();
        let Some(history) = self.accounts.get(&account) else { return BTreeMap::new() };
        for fact in &history.facts {
            match fact {
                Fact::Moved { asset, units } => sums.entry(*asset).or_default().0 += units,
                Fact::Traded { entry, side, rate } => {
                    let Some(market) = self.markets.get(&entry.symbol) else { continue };
                    let legs = market.legs(entry.side, side, *rate);
                    sums.entry(legs.paid.0).or_default().0 -= legs.paid.1;
                    sums.entry(legs.received.0).or_default().0 += legs.received.1 - legs.fee;
                }
            }
        }
        for open in history.open.values() {
            let Some(market) = self.markets.get(&open.entry.symbol) else { continue };
            let (asset, mut units) = market.held(open);
            if let Some(other) = open.entry.pair.and_then(|pair| history.open.get(&pair)) {
                let is_first = open.entry.order < other.entry.order;
                units = if is_first { open.initial_hold.max(other.initial_hold) } else { 0 };
            }
            let sum = sums.entry(asset).or_default();
            sum.0 -= units;
            sum.1 += units;
        }
        let balance = |(free, held)| Balance { available: Amount::new(free), held: Amount::new(held) };
        sums.into_iter().map(|(asset, sum)| (asset, balance(sum))).collect()
    }

    /// Returns all fees ever collected, by asset.
    pub fn fees(&self) -> BTreeMap<AssetId, i128> {
        let mut sums = BTreeMap::new();
        for history in self.accounts.values() {
            for fact in &history.facts {
                if let Fact::Traded { entry, side, rate } = fact
                    && let Some(market) = self.markets.get(&entry.symbol)
                {
                    let legs = market.legs(entry.side, side, *rate);
                    *sums.entry(legs.received.0).or_default() += legs.fee;
                }
            }
        }
        sums
    }

    /// Returns deposits less withdrawals, by asset.
    pub fn supply(&self) -> BTreeMap<AssetId, i128> {
        let mut sums = BTreeMap::new();
        for fact in self.accounts.values().flat_map(|history| &history.facts) {
            if let Fact::Moved { asset, units } = fact {
                *sums.entry(*asset).or_default() += units;
            }
        }
        sums
    }

    /// Returns the accounts.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.accounts.keys().copied()
    }
}

/// The amounts one side of a trade moves.
struct Legs {
    paid: (AssetId, i128),
    received: (AssetId, i128),
    fee: i128,
}

impl Market {
    /// `price × quantity` in the quote asset's smallest units.
    fn quote_units(&self, price: Price, lots: u64) -> i128 {
        let mantissa = i128::from(price.ticks()) * self.tick.mantissa * i128::from(lots) * self.step.mantissa;
        shift(mantissa, self.tick.digits + self.step.digits, self.quote.1)
    }

    /// The quantity in the base asset's smallest units.
    fn base_units(&self, lots: u64) -> i128 {
        shift(i128::from(lots) * self.step.mantissa, self.step.digits, self.base.1)
    }

    fn legs(&self, side: Side, trade: &TradeSide, rate: Written) -> Legs {
        let quote = (self.quote.0, self.quote_units(trade.price, trade.lots.get()));
        let base = (self.base.0, self.base_units(trade.lots.get()));
        let (paid, received) = if side == Side::Buy { (quote, base) } else { (base, quote) };
        // The next whole unit at or above the exact fee.
        let product = received.1 * rate.mantissa;
        let whole = 10_i128.pow(rate.digits);
        let fee = product / whole + i128::from(product % whole != 0);
        Legs { paid, received, fee }
    }

    fn held(&self, open: &Open) -> (AssetId, i128) {
        match (open.entry.side, open.entry.hold) {
            (Side::Sell, _) => (self.base.0, self.base_units(open.left)),
            (Side::Buy, Hold::PerLot) => (self.quote.0, self.quote_units(open.entry.limit, open.left)),
            (Side::Buy, _) => (self.quote.0, open.budget - open.spent),
        }
    }
}

/// Converts `mantissa × 10^-digits` to a number of `10^-scale` units. The configuration admits only symbols for which
/// that is a whole number.
fn shift(mantissa: i128, digits: u32, scale: u32) -> i128 {
    if scale >= digits {
        mantissa * 10_i128.pow(scale - digits)
    } else {
        let excess = 10_i128.pow(digits - scale);
        debug_assert!(mantissa % excess == 0, "an amount finer than its asset");
        mantissa / excess
    }
}
