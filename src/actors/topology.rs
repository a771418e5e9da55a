//! Which shard owns which slot, and how to reach it: built once when the exchange starts, read-only from then on.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
};

use actix::Addr;
use arc_swap::ArcSwap;

use super::{
    AccountActor, Clock, MarketDataActor, PushActor, RulesActor, SymbolActor, book_versions::BookVersions,
    durable_watermark::DurableWatermark, gate::Gate, outbox::TurnOutbox,
};
use crate::{
    domain::{
        instruments::{Instruments, by_symbol::BySymbol},
        orders::Side,
        types::{
            id::{SlotId, SymbolId},
            money::Price,
        },
    },
    journal::Journal,
    telemetry::Metrics,
};

/// Everything a shard or the edge needs to know about the others.
#[derive(Debug)]
pub struct Topology {
    /// The assets and symbols, under the durable trading rules: for the edge. A shard has its own, which it changes
    /// between two turns.
    pub instruments: ArcSwap<Instruments>,
    /// The account shards; slot `s` lives on shard `s % len`.
    pub accounts: Vec<Addr<AccountActor>>,
    /// The symbol shards; slot `s` lives on shard `s % len`.
    pub symbols: Vec<Addr<SymbolActor>>,
    /// The public image of the market.
    pub market: Addr<MarketDataActor>,
    /// The actor that reaches WebSocket sessions.
    pub push: Addr<PushActor>,
    /// The actor that changes trading rules.
    pub rules: Addr<RulesActor>,
    /// Admission to account shards.
    pub account_gates: Vec<Gate>,
    /// Admission to symbol shards.
    pub symbol_gates: Vec<Gate>,
    /// Last prices for orders that need one.
    pub references: Arc<References>,
    /// How often each book has moved.
    pub book_versions: BookVersions,
    /// What is out of service.
    pub health: Arc<Health>,
    /// The time.
    pub clock: Clock,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Where frames go and outboxes wait; `None` when nothing is stored.
    pub journal: Option<Journal<TurnOutbox>>,
    /// The durable watermark.
    pub watermark: DurableWatermark,
    /// The slot of the next account without an id.
    pub new_accounts: AtomicU16,
}

impl Topology {
    /// Returns the index of the shard that owns the account slot.
    pub fn account_shard_of(&self, slot: SlotId) -> usize {
        slot.index() % self.accounts.len()
    }

    /// Returns the index of the shard that owns the symbol slot.
    pub fn symbol_shard_of(&self, slot: SlotId) -> usize {
        slot.index() % self.symbols.len()
    }

    /// Returns the shard that owns the account slot.
    pub fn account_shard(&self, slot: SlotId) -> &Addr<AccountActor> {
        &self.accounts[self.account_shard_of(slot)]
    }

    /// Returns the shard that owns the symbol slot.
    pub fn symbol_shard(&self, slot: SlotId) -> &Addr<SymbolActor> {
        &self.symbols[self.symbol_shard_of(slot)]
    }

    /// Returns the slot that gives the next new account its id: round robin.
    pub fn next_new_account_slot(&self) -> SlotId {
        SlotId::new(self.new_accounts.fetch_add(1, Ordering::Relaxed))
    }
}

/// Last and best prices by symbol, written by market data and read at the edge. 0 stands for none.
#[derive(Debug, Default)]
pub struct References(BySymbol<[AtomicU64; 3]>);

impl References {
    /// Makes room for the symbols of the instruments.
    pub fn new(instruments: &Instruments) -> Self {
        Self(BySymbol::new(instruments, |_| Default::default()))
    }

    /// Stores the last trade and the best quotes of a symbol.
    pub fn set(&self, symbol: SymbolId, last: Option<Price>, bid: Option<Price>, ask: Option<Price>) {
        if let Some(cells) = self.0.get(symbol) {
            for (cell, price) in cells.iter().zip([bid, ask, last]) {
                cell.store(price.map_or(0, Price::ticks), Ordering::Relaxed);
            }
        }
    }

    /// Returns the last trade's price, else the best price an order of `side` would match.
    pub fn get(&self, symbol: SymbolId, side: Side) -> Option<Price> {
        let cells = self.0.get(symbol)?;
        let read = |index: usize| Some(cells[index].load(Ordering::Relaxed)).filter(|&ticks| ticks != 0);
        read(2).or_else(|| read(side.opposite().index())).map(Price::from_ticks)
    }
}

/// Which shards are out of service, and whether the exchange is stopping.
#[derive(Debug)]
pub struct Health {
    accounts: Vec<AtomicBool>,
    symbols: Vec<AtomicBool>,
    stopping: AtomicBool,
    halted: OnceLock<String>,
}

impl Health {
    /// Everything is in service.
    pub fn new(account_shards: usize, symbol_shards: usize) -> Self {
        let all_well = |count| (0..count).map(|_| AtomicBool::new(false)).collect();
        Self {
            accounts: all_well(account_shards),
            symbols: all_well(symbol_shards),
            stopping: AtomicBool::new(false),
            halted: OnceLock::new(),
        }
    }

    /// Takes an account shard out of service for good.
    pub fn fail_account_shard(&self, shard: usize) {
        self.accounts[shard].store(true, Ordering::Release);
    }

    /// Takes a symbol shard out of service for good.
    pub fn fail_symbol_shard(&self, shard: usize) {
        self.symbols[shard].store(true, Ordering::Release);
    }

    /// Returns whether an account shard is out of service.
    pub fn is_account_shard_down(&self, shard: usize) -> bool {
        self.accounts[shard].load(Ordering::Acquire)
    }

    /// Returns whether a symbol shard is out of service.
    pub fn is_symbol_shard_down(&self, shard: usize) -> bool {
        self.symbols[shard].load(Ordering::Acquire)
    }

    /// Returns the names of the shards that are out of service.
    pub fn out_of_service(&self) -> Vec<String> {
        let name = |kind: &'static str, cells: &[AtomicBool]| {
            let down = cells.iter().enumerate().filter(|(_, cell)| cell.load(Ordering::Acquire));
            down.map(|(index, _)| format!("{kind}-{index}")).collect::<Vec<_>>()
        };
        [name("account", &self.accounts), name("symbol", &self.symbols)].concat()
    }

    /// Stops trading for good; the first reason is kept.
    pub fn halt(&self, reason: &str) {
        let _ = self.halted.set(reason.to_owned()); // halted already
    }

    /// Returns why trading was stopped, if it was.
    pub fn halted(&self) -> Option<&str> {
        self.halted.get().map(String::as_str)
    }

    /// Stops accepting new work.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Returns whether the exchange accepts no new work.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
