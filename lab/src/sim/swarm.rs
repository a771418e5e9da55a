//! The setup of one episode: instruments, accounts, limits, and which kinds of faults are on. Each seed
//! turns on a random subset, so that rare combinations come up often (swarm testing).

use lightning_exchange::domain::{
    book::BookLimits,
    instruments::{AssetDefinition, FeeDefinition, SpecialOrders, SymbolDefinition, symbol::SymbolStatus},
    types::{
        id::{AccountId, SlotId},
        random::Random,
    },
};
use rust_decimal::Decimal;

/// Which kinds of commands and faults an episode has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of switches is what it is")]
pub struct Features {
    /// Self-trade prevention in all its modes.
    pub stp: bool,
    /// Post-only orders.
    pub post_only: bool,
    /// Immediate-or-cancel orders.
    pub immediate: bool,
    /// Fill-or-kill orders.
    pub all_or_none: bool,
    /// Orders with a date.
    pub dated: bool,
    /// Market orders by quantity.
    pub market: bool,
    /// Market orders by quote amount.
    pub market_by_quote: bool,
    /// Orders that wait for a price.
    pub conditional: bool,
    /// Orders that show a part of themselves at a time.
    pub icebergs: bool,
    /// Lists of orders.
    pub lists: bool,
    /// Dead-man's switches.
    pub countdowns: bool,
    /// Amends.
    pub amend: bool,
    /// Cancel-replaces.
    pub replace: bool,
    /// Cancelling everything on a symbol.
    pub cancel_all: bool,
    /// Orders with names, reused.
    pub names: bool,
    /// Withdrawals and repeated request ids.
    pub transfers: bool,
    /// Unknown accounts, symbols and orders, and nonsensical combinations.
    pub nonsense: bool,
    /// Prices far from the touch.
    pub far_prices: bool,
    /// Senders that send again what is not known to be applied.
    pub restarts: bool,
    /// Clocks that differ between slots and step back.
    pub skewed_clocks: bool,
    /// Some lanes are slow.
    pub slow_lanes: bool,
    /// Accounts whose private stream is followed.
    pub streams: bool,
    /// Trading rules that change.
    pub rule_changes: bool,
    /// Operators who change the status and the fee tier of accounts.
    pub standing: bool,
}

/// The setup of one episode.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The assets.
    pub assets: Vec<AssetDefinition>,
    /// The symbols.
    pub symbols: Vec<SymbolDefinition>,
    /// The limits of the books.
    pub limits: BookLimits,
    /// The account slots.
    pub slots: Vec<SlotId>,
    /// The accounts and their fee tiers.
    pub accounts: Vec<(AccountId, u8)>,
    /// Which kinds of commands and faults there are.
    pub features: Features,
    /// The middle of the prices in use, in ticks.
    pub middle: u64,
    /// How many different prices are in use.
    pub prices: u64,
    /// One in how many steps goes to a cascade, while there is one.
    pub cascade_every: u64,
    /// The largest usual order, in lots.
    pub lots: u64,
    /// How many commands are sent per delivery: 1 in this many steps is a command.
    pub calm: u64,
}

/// How an asset pair counts: scales, tick and step.
struct Grain {
    base_scale: u8,
    quote_scale: u8,
    tick: Decimal,
    step: Decimal,
}

impl Setup {
    /// Draws the setup of a seed.
    pub fn draw(random: &mut Random) -> Self {
        let on = |random: &mut Random| random.one_in(2);
        let mut features = Features {
            stp: on(random),
            post_only: on(random),
            immediate: on(random),
            all_or_none: on(random),
            dated: on(random),
            market: on(random),
            market_by_quote: on(random),
            conditional: on(random),
            icebergs: on(random),
            lists: on(random),
            countdowns: on(random),
            amend: on(random),
            replace: on(random),
            cancel_all: on(random),
            names: on(random),
            transfers: on(random),
            nonsense: on(random),
            far_prices: random.one_in(4),
            restarts: on(random),
            skewed_clocks: on(random),
            slow_lanes: on(random),
            streams: on(random),
            rule_changes: false,
            standing: false,
        };
        let (assets, symbols) = market(random, features.far_prices);
        let slots = slots(random);
        let accounts = (0..2 + random.below(6)).map(|index| {
            let slot = slots[index as usize % slots.len()];
            (AccountId::new(u64::from(slot.get()) + 1024 * (1 + index)), random.below(2) as u8)
        });
        let accounts = accounts.collect();
        let orders_max = if random.one_in(5) { 2 + random.below(12) as u32 } else { 1_000 };
        let fills_max = if random.one_in(4) { 1 + random.below(4) as u32 } else { 10_000 };
        // From a copy, so that a seed without them plays as it did before there were these features.
        let mut apart = random.clone();
        features.standing = on(&mut apart);
        features.rule_changes = on(&mut apart);
        Self {
            assets,
            symbols,
            limits: BookLimits { orders_max, fills_max },
            slots,
            accounts,
            features,
            middle: if features.far_prices { 1 << 20 } else { random.pick(&[12, 100, 1_000, 40_000]) },
            prices: random.pick(&[2, 4, 8]),
            cascade_every: random.pick(&[2, 8, 32]),
            lots: random.pick(&[3, 8, 20]),
            calm: random.pick(&[2, 3, 6, 12]),
        }
    }
}

fn slots(random: &mut Random) -> Vec<SlotId> {
    let mut numbers = [0, 1, 7, 1023];
    numbers.rotate_left(random.below(4) as usize);
    numbers[..1 + random.below(4) as usize].iter().map(|&number| SlotId::new(number)).collect()
}

fn market(random: &mut Random, has_far_prices: bool) -> (Vec<AssetDefinition>, Vec<SymbolDefinition>) {
    let grain = match random.below(6) {
        0 | 1 => Grain { base_scale: 8, quote_scale: 8, tick: Decimal::new(1, 2), step: Decimal::new(1, 5) },
        2 => Grain { base_scale: 0, quote_scale: 0, tick: Decimal::ONE, step: Decimal::ONE },
        3 => Grain { base_scale: 18, quote_scale: 18, tick: Decimal::new(1, 6), step: Decimal::new(1, 12) },
        4 => Grain { base_scale: 3, quote_scale: 4, tick: Decimal::new(5, 2), step: Decimal::new(25, 2) },
        _ => Grain { base_scale: 0, quote_scale: 18, tick: Decimal::new(5, 2), step: Decimal::new(3, 0) },
    };
    let asset = |id, name: &str, scale| AssetDefinition { id, name: name.to_owned(), scale };
    // The third asset trades against both others, so that symbols share what they hold.
    let assets = vec![
        asset(1, "BASE", grain.base_scale),
        asset(2, "QUOTE", grain.quote_scale),
        asset(3, "OTHER", grain.base_scale),
    ];
    let pairs = [(1, "BASEQUOTE", "BASE"), (2, "OTHERQUOTE", "OTHER"), (1025, "OTHERQUOTE2", "OTHER")];
    let count = 1 + random.below(3) as usize;
    let symbols = pairs[..count].iter().map(|&(id, name, base)| {
        let definition = symbol(random, &grain, has_far_prices);
        SymbolDefinition { id, name: name.to_owned(), base: base.to_owned(), ..definition }
    });
    let symbols = symbols.collect();
    (assets, symbols)
}

fn special(random: &mut Random) -> SpecialOrders {
    let mut rarely = |max: u32| if random.one_in(4) { max } else { 0 };
    SpecialOrders {
        iceberg_parts: rarely(3),
        max_num_algo_orders: rarely(2),
        max_num_iceberg_orders: rarely(1),
        max_num_order_lists: rarely(2),
        max_num_order_amends: rarely(1),
        min_trailing_above_delta: 1,
        max_trailing_above_delta: 10_000,
        min_trailing_below_delta: 1,
        max_trailing_below_delta: 10_000,
        max_position: Decimal::ZERO,
    }
}

fn symbol(random: &mut Random, grain: &Grain, has_far_prices: bool) -> SymbolDefinition {
    let ticks = |count: u64| Decimal::from(count) * grain.tick;
    let lots = |count: u64| Decimal::from(count) * grain.step;
    let notional = |tick_lots: u64| Decimal::from(tick_lots) * grain.tick * grain.step;
    let fee = |maker: Decimal, taker: Decimal| FeeDefinition { maker, taker };
    let fees = match random.below(5) {
        0 => vec![fee(Decimal::ZERO, Decimal::ZERO), fee(Decimal::ZERO, Decimal::new(1, 8))],
        1 => vec![
            fee(Decimal::new(333_333, 8), Decimal::new(777_777, 8)),
            fee(Decimal::new(5, 1), Decimal::ONE),
        ],
        _ => vec![fee(Decimal::new(1, 3), Decimal::new(2, 3)), fee(Decimal::new(5, 4), Decimal::new(1, 3))],
    };
    let sometimes =
        |random: &mut Random, value: Decimal| if random.one_in(3) { value } else { Decimal::ZERO };
    let is_banded = !has_far_prices && random.one_in(4);
    let band = |value: Decimal| if is_banded { value } else { Decimal::ZERO };
    SymbolDefinition {
        id: 0,
        name: String::new(),
        base: String::new(),
        quote: "QUOTE".to_owned(),
        status: SymbolStatus::Trading,
        tick_size: grain.tick,
        min_price: if random.one_in(3) { ticks(9) } else { ticks(1) },
        max_price: if has_far_prices { ticks(1 << 27) } else { ticks(50_000) },
        step_size: grain.step,
        min_qty: if random.one_in(3) { lots(2) } else { lots(1) },
        max_qty: if random.one_in(3) { lots(15) } else { lots(1_000) },
        market_min_qty: if random.one_in(4) { lots(3) } else { Decimal::ZERO },
        market_max_qty: if random.one_in(4) { lots(9) } else { Decimal::ZERO },
        min_notional: sometimes(random, notional(30)),
        apply_min_to_market: random.one_in(2),
        max_notional: sometimes(random, notional(100_000)),
        apply_max_to_market: random.one_in(2),
        bid_multiplier_up: band(Decimal::new(105, 2)),
        bid_multiplier_down: band(Decimal::new(95, 2)),
        ask_multiplier_up: band(Decimal::new(105, 2)),
        ask_multiplier_down: band(Decimal::new(95, 2)),
        max_num_orders: if random.one_in(3) { 3 } else { 200 },
        market_collar: random.pick(&[Decimal::ZERO, Decimal::new(2, 2), Decimal::new(5, 1)]),
        fees,
        three_day_phase: lightning_exchange::domain::market_data::THREE_DAY_PHASE,
        special_orders: special(random),
    }
}
