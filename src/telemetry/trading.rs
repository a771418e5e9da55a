//! The metrics of commands, orders and trades.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    histogram::{Histogram, Scale, Writer},
    labels::ShardLabels,
    list,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SymbolLabels {
    symbol: String,
}

/// Why a command was turned away before any shard saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShedReason {
    /// The account shard has no permit left.
    AccountShardFull,
    /// The symbol shard has no permit left.
    SymbolShardFull,
    /// Its shard is out of service.
    OutOfService,
    /// The exchange is stopping.
    Stopping,
    /// An audit has stopped trading.
    Halted,
    /// The disk is nearly full.
    DiskFull,
}

impl ShedReason {
    const NAMES: [&'static str; 6] =
        ["account_shard_full", "symbol_shard_full", "out_of_service", "stopping", "halted", "disk_full"];
}

/// Why a shard rejected an order, by class: what has to change for it to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectClass {
    /// The request itself, or what it names.
    Invalid,
    /// Its price, quantity or value, for a filter of the symbol.
    Filter,
    /// The balance.
    Funds,
    /// The number of orders there are.
    Limit,
    /// The state of the market.
    Market,
    /// The status of the account.
    Account,
    /// The time: its window had ended.
    Late,
    /// The exchange: a fault, a halt, a full disk, a stop.
    Unavailable,
}

impl RejectClass {
    /// How many there are.
    pub const COUNT: usize = 8;
    const NAMES: [&'static str; Self::COUNT] =
        ["invalid", "filter", "funds", "limit", "market", "account", "late", "unavailable"];
}

/// A counter for each symbol, found by the symbol's id.
#[derive(Debug, Clone, Default)]
pub struct SymbolCounters(Vec<(u64, Counter)>);

impl SymbolCounters {
    fn register(registry: &mut Registry, metric: &list::Metric, symbols: &[(u64, String)]) -> Self {
        let family = Family::<SymbolLabels, Counter>::default();
        metric.register(registry, family.clone());
        let counter = |name: &String| family.get_or_create(&SymbolLabels { symbol: name.clone() }).clone();
        let mut counters: Vec<_> = symbols.iter().map(|(id, name)| (*id, counter(name))).collect();
        counters.sort_by_key(|(id, _)| *id);
        Self(counters)
    }

    /// Returns the sum over all symbols.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, counter)| counter.get()).sum()
    }

    /// Adds to the counter of a symbol.
    pub fn add(&self, symbol: u64, count: u64) {
        if let Ok(index) = self.0.binary_search_by_key(&symbol, |(id, _)| *id)
            && let Some((_, counter)) = self.0.get(index)
        {
            counter.inc_by(count);
        }
    }
}

/// Commands, orders and trades.
#[derive(Debug)]
pub struct Trading {
    /// Commands that were given a permit.
    pub admitted: Counter,
    /// Orders accepted, by symbol.
    pub accepted: SymbolCounters,
    /// Trades, by symbol.
    pub trades: SymbolCounters,
    /// Whether an audit has stopped trading.
    pub(super) halted: Gauge,
    shed: [Counter; ShedReason::NAMES.len()],
    rejected: [Counter; RejectClass::COUNT],
    commands: Vec<Writer>,
    in_flight: Vec<(Gauge, Gauge)>,
}

impl Trading {
    /// Registers them. `shards` are the names of all shards, `account_shards` of them, the first, of accounts.
    pub(super) fn register(
        registry: &mut Registry,
        shards: &[String],
        account_shards: usize,
        symbols: &[(u64, String)],
    ) -> Self {
        let admitted = Counter::default();
        list::COMMANDS_ADMITTED.register(registry, admitted.clone());
        let shed = reasons(registry, &list::COMMANDS_SHED, ShedReason::NAMES);
        let in_flight = in_flight(registry, shards);
        let commands =
            Family::<ShardLabels, Histogram, _>::new_with_constructor(|| Histogram::new(Scale::LATENCY, 1));
        let of_shard = |shard: &String| commands.get_or_create(&ShardLabels::new(shard)).writer(0);
        let writers = shards.iter().take(account_shards).map(of_shard).collect();
        list::COMMAND.register(registry, commands.clone());
        let accepted = SymbolCounters::register(registry, &list::ORDERS_ACCEPTED, symbols);
        let rejected = reasons(registry, &list::ORDERS_REJECTED, RejectClass::NAMES);
        let trades = SymbolCounters::register(registry, &list::TRADES, symbols);
        let halted = Gauge::default();
        list::HALTED.register(registry, halted.clone());
        Self { admitted, accepted, trades, halted, shed, rejected, commands: writers, in_flight }
    }

    /// Returns the counter of a reason.
    pub fn shed(&self, reason: ShedReason) -> &Counter {
        &self.shed[reason as usize]
    }

    /// Returns the counter of a class.
    pub fn rejected(&self, class: RejectClass) -> &Counter {
        &self.rejected[class as usize]
    }

    /// Adds to the counters of all classes, in their order.
    pub fn add_rejected(&self, counts: [u32; RejectClass::COUNT]) {
        for (counter, count) in self.rejected.iter().zip(counts) {
            if count != 0 {
                counter.inc_by(u64::from(count));
            }
        }
    }

    /// Returns where an account shard records the latency of its commands: each has a histogram of its own, so that
    /// shards never wait for each other to count.
    pub fn commands_of(&self, account_shard: usize) -> Option<Writer> {
        self.commands.get(account_shard).cloned()
    }

    /// Sets how many permits of a shard are in use, of how many.
    pub fn set_in_flight(&self, shard: usize, inside: usize, most: usize) {
        if let Some((gauge, limit)) = self.in_flight.get(shard) {
            gauge.set(i64::try_from(inside).unwrap_or(i64::MAX));
            limit.set(i64::try_from(most).unwrap_or(i64::MAX));
        }
    }
}

/// Registers a counter for every reason of a metric.
fn reasons<const N: usize>(
    registry: &mut Registry,
    metric: &list::Metric,
    names: [&'static str; N],
) -> [Counter; N] {
    let family = Family::<ReasonLabels, Counter>::default();
    metric.register(registry, family.clone());
    names.map(|reason| family.get_or_create(&ReasonLabels { reason }).clone())
}

fn in_flight(registry: &mut Registry, shards: &[String]) -> Vec<(Gauge, Gauge)> {
    let [inside, most] = [&list::COMMANDS_IN_FLIGHT, &list::COMMANDS_IN_FLIGHT_MAX].map(|metric| {
        let family = Family::<ShardLabels, Gauge>::default();
        metric.register(registry, family.clone());
        family
    });
    let of_shard = |shard: &String| {
        let labels = ShardLabels::new(shard);
        (inside.get_or_create(&labels).clone(), most.get_or_create(&labels).clone())
    };
    shards.iter().map(of_shard).collect()
}
