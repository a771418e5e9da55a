//! The book alone, on the yardstick's workloads: commands per second of CPU time, latency, memory.

use std::{hint::black_box, path::Path, time::Instant};

use lightning_exchange::domain::{
    book::{Book, BookEvent, BookLimits, Outcome},
    messages::message::SubmitOrder,
    orders::{Handle, Policy, Side, StpMode},
    types::{
        id::{AccountId, OrderId, SymbolId},
        money::{Lots, Price},
        time::Timestamp,
    },
};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use super::yardstick::{Operation, Record, TradeHash, Workload};

/// How many commands a turn of a symbol shard handles at most: it loads what they touch before the first of them.
const TURN: usize = 64;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All measured commands, in turns as a symbol shard handles them.
    Throughput,
    /// Each command by itself; reading the clock is inside the figures and reported beside them.
    Latency,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Throughput => "tput",
            Self::Latency => "lat",
        }
    }
}

/// The outcome of one run; one line of JSON like the yardstick's.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was measured: `lightning:book`.
    pub engine: &'static str,
    /// The workload, `W1` to `W3`.
    pub w: String,
    /// `tput` or `lat`.
    pub mode: &'static str,
    /// Measured commands.
    pub ops: usize,
    /// Commands per second of this thread's CPU time: the figure to compare on a shared machine.
    pub cpu_ops_s: f64,
    /// CPU nanoseconds per command.
    pub cpu_ns_op: f64,
    /// Commands per second by the wall clock.
    pub wall_ops_s: f64,
    /// CPU nanoseconds per command before the measured ones.
    pub prefill_ns: f64,
    /// Resting orders when measuring starts.
    pub resting: usize,
    /// The book's own memory then, in bytes.
    pub book_bytes: usize,
    /// The same per resting order.
    pub bytes_per_order: f64,
    /// Trades, those before the measured commands included.
    pub trades: u64,
    /// Whether trade count, lots and hash are as the header says.
    pub hash_ok: bool,
    /// Whether the final book is as the header says and all its invariants hold.
    pub state_ok: bool,
    /// Cancels and moves the book did not know the order of; must be 0.
    pub errors: u64,
    /// The percentiles in [`Mode::Latency`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

/// Nanoseconds from call to return.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// The cost of reading the clock that every figure includes.
    pub timer_ns: u64,
    /// All commands.
    pub all: Percentiles,
    /// Orders that rest or end without a trade.
    pub add: Percentiles,
    /// Cancels.
    pub cancel: Percentiles,
    /// Moves that do not trade.
    #[serde(rename = "move")]
    pub moved: Percentiles,
    /// Commands that trade.
    pub trade: Percentiles,
}

/// Nanoseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Percentiles {
    /// How many commands.
    pub n: usize,
    /// The median.
    pub p50: u64,
    /// 99 %.
    pub p99: u64,
    /// 99.9 %.
    pub p999: u64,
    /// The largest.
    pub max: u64,
}

/// The book and what its account slots would keep beside it: the handle of every order.
struct Driver {
    book: Book,
    handles: Vec<Handle>,
    events: Vec<BookEvent>,
    hash: TradeHash,
    trades: u64,
    lots: u64,
    errors: u64,
}

/// Some records of a turn, by index. They are chosen without a branch, which would be mispredicted for every other one.
struct Chosen {
    indices: [u8; TURN],
    len: usize,
}

impl Default for Chosen {
    fn default() -> Self {
        Self { indices: [0; TURN], len: 0 }
    }
}

impl Chosen {
    fn add_if(&mut self, is_one: bool, index: usize) {
        self.indices[self.len % TURN] = index as u8;
        self.len += usize::from(is_one);
    }

    fn of<'a>(&'a self, records: &'a [Record]) -> impl Iterator<Item = &'a Record> {
        self.indices[..self.len].iter().map(|&index| &records[usize::from(index)])
    }
}

impl Driver {
    fn new(workload: &Workload) -> Self {
        Self {
            book: Book::new(BookLimits::default()),
            handles: vec![Handle::new(u32::MAX, 0); workload.order_max as usize + 1],
            events: Vec::with_capacity(1 << 14),
            hash: TradeHash::default(),
            trades: 0,
            lots: 0,
            errors: 0,
        }
    }

    fn turn(&mut self, records: &[Record]) {
        if self.book.exceeds_near_cache() {
            self.prefetch(records);
        }
        records.iter().for_each(|record| self.apply(record));
    }

    /// Loads what the commands of a turn touch, as a symbol shard does ([`SymbolSlot::prefetch_named`]); the handles,
    /// which arrive with the messages there, first.
    ///
    /// [`SymbolSlot::prefetch_named`]: lightning_exchange::domain::matching::SymbolSlot::prefetch_named
    fn prefetch(&self, records: &[Record]) {
        let (mut ended, mut entering) = (Chosen::default(), Chosen::default());
        for (index, record) in records.iter().enumerate() {
            ended.add_if(matches!(record.operation, Operation::Cancel | Operation::Move), index);
            entering.add_if(matches!(record.operation, Operation::Add | Operation::Move), index);
        }
        let handle = |record: &Record| self.handles[record.order as usize];
        let price = |record: &Record| Price::from_ticks(u64::from(record.price));
        ended.of(records).for_each(|record| {
            black_box(handle(record));
        });
        if !self.book.exceeds_cache() {
            return ended.of(records).for_each(|record| self.book.prefetch_order(handle(record)));
        }
        entering.of(records).for_each(|record| self.book.prefetch_level(price(record)));
        ended.of(records).for_each(|record| self.book.prefetch_order(handle(record)));
        entering.of(records).for_each(|record| self.book.prefetch_queue(price(record)));
        ended.of(records).for_each(|record| self.book.prefetch_neighbours(handle(record)));
    }

    #[inline(always)]
    fn apply(&mut self, record: &Record) {
        self.events.clear();
        match record.operation {
            Operation::Add => self.submit(record, u64::from(record.lots), Policy::Rest),
            Operation::AddImmediate => self.submit(record, u64::from(record.lots), Policy::Immediate),
            Operation::Cancel => {
                self.cancel(record);
            }
            Operation::Move => {
                let remaining = self.cancel(record);
                self.submit(record, remaining, Policy::Rest);
            }
        }
    }

    #[inline(always)]
    fn cancel(&mut self, record: &Record) -> u64 {
        let handle = self.handles[record.order as usize];
        let removed = self.book.cancel(handle, OrderId::new(u64::from(record.order)), &mut self.events);
        self.errors += u64::from(removed.is_none());
        removed.map_or(0, |removed| removed.remaining.get())
    }

    #[inline(always)]
    fn submit(&mut self, record: &Record, lots: u64, policy: Policy) {
        let taker_order = SubmitOrder {
            order: OrderId::new(u64::from(record.order)),
            account: AccountId::new(u64::from(record.account)),
            symbol: SymbolId::new(1),
            side: record.side,
            limit: Price::from_ticks(u64::from(record.price)),
            lots: Lots::new(lots),
            policy,
            stp: StpMode::None,
            extras: None,
        };
        let outcome = self.book.submit(&taker_order, Timestamp::from_micros(1), &mut self.events);
        if let Outcome::Rested { handle, .. } = outcome {
            self.handles[record.order as usize] = handle;
        }
        for event in &self.events {
            if let BookEvent::Traded { maker, price, lots, .. } = *event {
                self.hash.add(taker_order.order.get(), maker.get(), price.ticks(), lots.get());
                self.trades += 1;
                self.lots += lots.get();
            }
        }
    }

    fn is_as_expected(&self, workload: &Workload) -> bool {
        let total = |side| self.book.depth(side).map(|(_, lots)| lots.get()).sum::<u64>();
        let best = |side| self.book.best(side).map_or(0, |(price, _)| price.ticks());
        let expected = &workload.expected;
        self.book.len() as u64 == expected.resting
            && total(Side::Buy) + total(Side::Sell) == expected.resting_lots
            && best(Side::Buy) == expected.best_bid
            && best(Side::Sell) == expected.best_ask
            && self.book.check().is_ok()
    }
}

/// Drives a book through a workload file.
///
/// # Errors
/// The file cannot be read as a workload.
pub fn run(path: &Path, mode: Mode) -> anyhow::Result<Report> {
    let workload = Workload::load(path)?;
    let mut driver = Driver::new(&workload);
    let (prefill, measured) = workload.records.split_at(workload.prefill);
    let mut nanos = vec![1_u32; if mode == Mode::Latency { measured.len() } else { 0 }];
    let start = cpu_ns();
    for record in prefill {
        driver.apply(record);
    }
    let prefill_ns = (cpu_ns() - start) as f64 / prefill.len().max(1) as f64;
    let (resting, book_bytes) = (driver.book.len(), driver.book.memory_bytes());

    let (start, wall) = (cpu_ns(), Instant::now());
    match mode {
        Mode::Throughput => measured.chunks(TURN).for_each(|turn| driver.turn(turn)),
        Mode::Latency => {
            for (record, nanos) in measured.iter().zip(&mut nanos) {
                let start = Instant::now();
                driver.apply(record);
                *nanos = u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX);
            }
        }
    }
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), (cpu_ns() - start) as f64);

    let expected = &workload.expected;
    Ok(Report {
        engine: "lightning:book",
        w: format!("W{}", workload.number),
        mode: mode.name(),
        ops: measured.len(),
        cpu_ops_s: (measured.len() as f64 * 1e9 / cpu).round(),
        cpu_ns_op: tenths(cpu / measured.len() as f64),
        wall_ops_s: (measured.len() as f64 / wall).round(),
        prefill_ns: tenths(prefill_ns),
        resting,
        book_bytes,
        bytes_per_order: tenths(book_bytes as f64 / resting.max(1) as f64),
        trades: driver.trades,
        hash_ok: (driver.trades, driver.lots, driver.hash.0)
            == (expected.trades, expected.lots, expected.hash),
        state_ok: driver.is_as_expected(&workload),
        errors: driver.errors,
        latency: (mode == Mode::Latency).then(|| Latency::of(measured, &nanos)),
    })
}

impl Latency {
    fn of(records: &[Record], nanos: &[u32]) -> Self {
        let of = |wanted: &dyn Fn(&Record) -> bool| {
            let chosen = records.iter().zip(nanos).filter(|(record, _)| wanted(record));
            Percentiles::of(chosen.map(|(_, nanos)| *nanos).collect())
        };
        let quiet = |record: &Record, operation| !record.trades && record.operation == operation;
        Self {
            timer_ns: timer_ns(),
            all: of(&|_| true),
            add: of(&|record| quiet(record, Operation::Add) || quiet(record, Operation::AddImmediate)),
            cancel: of(&|record| quiet(record, Operation::Cancel)),
            moved: of(&|record| quiet(record, Operation::Move)),
            trade: of(&|record| record.trades),
        }
    }
}

impl Percentiles {
    fn of(mut nanos: Vec<u32>) -> Self {
        nanos.sort_unstable();
        let n = nanos.len();
        let at = |rank: usize| nanos.get(rank.min(n.saturating_sub(1))).map_or(0, |nanos| u64::from(*nanos));
        Self { n, p50: at(n / 2), p99: at(n * 99 / 100), p999: at(n * 999 / 1_000), max: at(n) }
    }
}

/// Returns the median cost of reading the clock twice.
fn timer_ns() -> u64 {
    let reading = |_| Instant::now().elapsed().as_nanos() as u32;
    Percentiles::of((0..100_000).map(reading).collect()).p50
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Returns this thread's CPU time: other processes disturb it only through the caches.
fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
