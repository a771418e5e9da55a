//! Drives the book and the slow book with the same random commands and compares all their output.
//!
//! The commands aim at collisions: few prices, few accounts, tiny sizes, stale handles, tight limits.

use super::book::SlowBook;
use crate::domain::{
    book::{Book, BookEvent, BookLimits, Outcome},
    messages::message::{OrderExtras, SubmitOrder},
    orders::{Handle, Policy, Side, StpMode},
    types::{
        id::{AccountId, OrderId, SymbolId},
        money::{Lots, Price},
        random::Random,
        time::Timestamp,
    },
};

/// The number of commands one pair of books lives for.
const EPISODE: u64 = 5_000;
/// The time a pair of books starts at, in microseconds.
const START: u64 = 1_000;
/// The number of commands after which everything is compared and checked.
const CHECK_EVERY: u64 = 500;
/// The number of levels of each side compared after every command.
const LEVELS: usize = 4;
/// The symbol of every order.
const SYMBOL: SymbolId = SymbolId::new(1);
/// The number of orders, resting and gone, that cancels and amends choose from.
const KNOWN: usize = 64;

/// One command to both books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An order enters. The driver assigns its id.
    Submit(SubmitOrder),
    /// A cancel of an order that rested once; it may be gone.
    Cancel {
        /// The index among the known orders.
        known: usize,
    },
    /// A cancel that refers to the wrong order.
    CancelOther {
        /// The index among the known orders.
        known: usize,
    },
    /// An order that rested once is cancelled and enters again at another price with the same id.
    Move {
        /// The index among the known orders.
        known: usize,
        /// Its new price.
        price: Price,
    },
    /// A reduction of an order that rested once; it may be gone.
    Reduce {
        /// The index among the known orders.
        known: usize,
        /// The reduction.
        by: Lots,
    },
    /// Orders past their date end.
    Expire {
        /// The maximum number.
        limit: usize,
    },
    /// The time is now this.
    Now(Timestamp),
}

/// The coverage of a run; tests use it to show that the generator reaches its targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Commands compared.
    pub commands: u64,
    /// Trades.
    pub traded: u64,
    /// Self-trade preventions.
    pub prevented: u64,
    /// Orders met twice by one other: icebergs that displayed their next part.
    pub refilled: u64,
    /// Resting orders ended by a rule.
    pub ended: u64,
    /// Orders that came to rest.
    pub rested: u64,
    /// Orders filled at once.
    pub filled: u64,
    /// Orders ended by a rule as they entered.
    pub cut: u64,
    /// Rejected orders.
    pub refused: u64,
    /// Cancelled orders.
    pub cancelled: u64,
    /// Reduced orders.
    pub reduced: u64,
    /// Cancels and amends of orders that were gone.
    pub stale: u64,
}

/// An order that rested once, and what each book calls it.
#[derive(Debug, Clone, Copy)]
struct Known {
    order: OrderId,
    fast: Handle,
    slow: Handle,
}

/// The two books side by side.
#[derive(Debug)]
pub struct Pair {
    fast: Book,
    slow: SlowBook,
    now: Timestamp,
    orders_made: u64,
    known: Vec<Known>,
    fast_events: Vec<BookEvent>,
    slow_events: Vec<BookEvent>,
    stats: Stats,
}

impl Pair {
    /// Creates two empty books.
    pub fn new(limits: BookLimits) -> Self {
        Self {
            fast: Book::new(limits),
            slow: SlowBook::new(limits),
            now: Timestamp::from_micros(START),
            orders_made: 0,
            known: Vec::with_capacity(KNOWN),
            fast_events: Vec::new(),
            slow_events: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Sends one command to both books and compares events, answers, best levels and hashes.
    ///
    /// # Errors
    /// The first difference.
    pub fn step(&mut self, step: &Step) -> Result<(), String> {
        let hash_before = self.fast.hash();
        self.fast_events.clear();
        self.slow_events.clear();
        self.stats.commands += 1;
        match *step {
            Step::Submit(ref order) => {
                self.orders_made += 1;
                let taker_order = SubmitOrder { order: OrderId::new(self.orders_made), ..order.clone() };
                let outcome = self.submit(&taker_order)?;
                if matches!(outcome, Outcome::Refused(_)) && self.fast.hash() != hash_before {
                    return Err("a refused order changed the book".to_owned());
                }
            }
            Step::Cancel { known } => {
                self.cancel(known, 0)?;
            }
            Step::CancelOther { known } => {
                self.cancel(known, 1 << 40)?;
            }
            Step::Move { known, price } => self.replace(known, price)?,
            Step::Reduce { known, by } => self.reduce(known, by)?,
            Step::Expire { limit } => {
                let fast = self.fast.expire(self.now, limit, &mut self.fast_events);
                let slow = self.slow.expire(self.now, limit, &mut self.slow_events);
                same("expire", &fast, &slow)?;
            }
            Step::Now(time) => self.now = time,
        }
        self.compare()
    }

    /// Compares everything and verifies the book's invariants: O(n).
    ///
    /// # Errors
    /// The first difference, or the broken invariant.
    pub fn check(&self) -> Result<(), String> {
        self.fast.check().map_err(|fault| fault.to_string())?;
        same("next expiry", &self.fast.next_expiry(), &self.slow.next_expiry())?;
        for side in Side::BOTH {
            let no_handle = Handle::new(0, 0);
            let fast: Vec<_> = self.fast.orders(side).collect();
            for resting in &fast {
                same("get", &self.fast.get(resting.handle), &Some(*resting))?;
            }
            let strip = |resting| crate::domain::book::Resting { handle: no_handle, ..resting };
            let fast: Vec<_> = fast.into_iter().map(strip).collect();
            let slow: Vec<_> = self.slow.orders(side).into_iter().map(strip).collect();
            same("orders", &fast, &slow)?;
            let depth: Vec<_> = self.fast.depth(side).collect();
            same("depth", &depth, &self.slow.depth(side, usize::MAX))?;
            for (price, total) in depth {
                same("total", &self.fast.total(side, price), &total)?;
                same("total across", &self.fast.total(side.opposite(), price), &Lots::ZERO)?;
            }
        }
        Ok(())
    }

    /// Returns the book under test.
    pub fn fast(&self) -> &Book {
        &self.fast
    }

    /// Returns the coverage so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    fn submit(&mut self, taker_order: &SubmitOrder) -> Result<Outcome, String> {
        let fast = self.fast.submit(taker_order, self.now, &mut self.fast_events);
        let slow = self.slow.submit(taker_order, self.now, &mut self.slow_events);
        match (fast, slow) {
            (
                Outcome::Rested { handle: fast, remaining },
                Outcome::Rested { handle: slow, remaining: expected },
            ) => {
                same("resting lots", &remaining, &expected)?;
                same("handle", &self.fast.get(fast).map(|resting| resting.order), &Some(taker_order.order))?;
                self.remember(Known { order: taker_order.order, fast, slow });
                self.stats.rested += 1;
            }
            _ => same("outcome", &fast, &slow)?,
        }
        match fast {
            Outcome::Filled => self.stats.filled += 1,
            Outcome::Ended { .. } => self.stats.cut += 1,
            Outcome::Refused(_) => self.stats.refused += 1,
            Outcome::Rested { .. } => {}
        }
        Ok(fast)
    }

    fn remember(&mut self, known: Known) {
        if self.known.len() < KNOWN {
            self.known.push(known);
        } else {
            self.known[(self.stats.rested % KNOWN as u64) as usize] = known;
        }
    }

    fn known(&self, index: usize) -> Option<Known> {
        (!self.known.is_empty()).then(|| self.known[index % self.known.len()])
    }

    fn cancel(&mut self, known: usize, id_offset: u64) -> Result<bool, String> {
        let Some(Known { order, fast, slow }) = self.known(known) else { return Ok(false) };
        let order = OrderId::new(order.get() + id_offset);
        let fast = self.fast.cancel(fast, order, &mut self.fast_events);
        let slow = self.slow.cancel(slow, order, &mut self.slow_events);
        same("cancel", &fast, &slow)?;
        self.stats.cancelled += u64::from(fast.is_some());
        self.stats.stale += u64::from(fast.is_none());
        Ok(fast.is_some())
    }

    fn replace(&mut self, known: usize, price: Price) -> Result<(), String> {
        let Some(order) = self.known(known) else { return Ok(()) };
        let Some(resting) = self.fast.get(order.fast).filter(|resting| resting.order == order.order) else {
            return Ok(());
        };
        if !self.cancel(known, 0)? {
            return Err("an order that rests cannot be cancelled".to_owned());
        }
        let taker_order = SubmitOrder {
            order: resting.order,
            account: resting.account,
            symbol: SYMBOL,
            side: resting.side,
            limit: price,
            lots: resting.remaining,
            policy: Policy::Rest,
            stp: StpMode::None,
            extras: OrderExtras { peak: resting.peak, ..OrderExtras::NONE }.boxed(),
        };
        self.submit(&taker_order).map(|_| ())
    }

    fn reduce(&mut self, known: usize, by: Lots) -> Result<(), String> {
        let Some(Known { order, fast, slow }) = self.known(known) else { return Ok(()) };
        let fast = self.fast.reduce(fast, order, by, &mut self.fast_events);
        let slow = self.slow.reduce(slow, order, by, &mut self.slow_events);
        self.stats.reduced += u64::from(fast.is_some());
        self.stats.stale += u64::from(fast.is_none());
        same("reduce", &fast, &slow)
    }

    fn compare(&mut self) -> Result<(), String> {
        same("events", &self.fast_events, &self.slow_events)?;
        let mut met = std::collections::BTreeSet::new();
        for event in &self.fast_events {
            match event {
                BookEvent::Traded { maker, .. } => {
                    self.stats.traded += 1;
                    self.stats.refilled += u64::from(!met.insert(maker));
                }
                BookEvent::Prevented { .. } => self.stats.prevented += 1,
                BookEvent::Ended { .. } => self.stats.ended += 1,
                BookEvent::LevelChanged { .. } => {}
            }
        }
        same("number of orders", &self.fast.len(), &self.slow.len())?;
        for side in Side::BOTH {
            let slow = self.slow.depth(side, LEVELS);
            if !self.fast.depth(side).take(LEVELS).eq(slow.iter().copied()) {
                let fast: Vec<_> = self.fast.depth(side).take(LEVELS).collect();
                same("levels", &fast, &slow)?;
            }
            same("best", &self.fast.best(side), &slow.first().copied())?;
        }
        same("hash", &self.fast.hash(), &self.slow.hash())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, fast: &T, slow: &T) -> Result<(), String> {
    if fast == slow { Ok(()) } else { Err(format!("{what}: {fast:?}, expected {slow:?}")) }
}

/// Generates random commands.
#[derive(Debug, Clone)]
pub struct Generator {
    random: Random,
    now: u64,
}

impl Generator {
    /// Creates a generator; the same seed generates the same commands.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), now: START }
    }

    /// Generates limits: usually ample, sometimes tight enough to matter.
    pub fn limits(&mut self) -> BookLimits {
        let random = &mut self.random;
        let orders_max = if random.one_in(4) { 1 + random.below(12) as u32 } else { 1_000 };
        let fills_max = if random.one_in(4) { random.below(5) as u32 } else { 10_000 };
        BookLimits { orders_max, fills_max }
    }

    /// Generates a command for books that hold `resting` orders; keeps their number around twenty.
    pub fn step(&mut self, resting: usize) -> Step {
        let dice = self.random.below(64);
        let known = self.random.word() as usize % KNOWN;
        match dice {
            0 => {
                let time = self.random.below(60);
                // Clocks step back, too.
                self.now =
                    if self.random.one_in(8) { self.now - time.min(self.now) } else { self.now + time };
                Step::Now(Timestamp::from_micros(self.now))
            }
            1..=2 => Step::Expire { limit: self.random.below(6) as usize },
            3 => Step::CancelOther { known },
            4..=7 => Step::Reduce { known, by: Lots::new(1 + self.random.below(4)) },
            8..=11 => Step::Move { known, price: self.price() },
            _ if dice < if resting > 24 { 52 } else { 24 } => Step::Cancel { known },
            _ => Step::Submit(self.taker_order()),
        }
    }

    fn price(&mut self) -> Price {
        const FAR: [u64; 12] =
            [1, 2, 63, 64, 4_095, 4_096, 70_000, 1 << 20, 1 << 40, 1 << 63, u64::MAX - 1, u64::MAX];
        let random = &mut self.random;
        Price::from_ticks(if random.one_in(48) { random.pick(&FAR) } else { 1_020 + random.below(8) })
    }

    fn taker_order(&mut self) -> SubmitOrder {
        let side = self.random.pick(&Side::BOTH);
        let limit = self.price();
        let random = &mut self.random;
        let lots = match random.below(64) {
            0 => u64::MAX / 2,
            1..=6 => 1 + random.below(40),
            _ => 1 + random.below(8),
        };
        let budget = random.one_in(6).then(|| u128::from(random.below(12_000)));
        let policy = match random.below(16) {
            0 => Policy::FillOrKill,
            1 => Policy::FillOrKill,
            2..=4 => Policy::Immediate,
            5..=6 => Policy::PostOnly,
            7..=9 => Policy::RestUntil(Timestamp::from_micros(self.now + random.below(80))),
            _ => Policy::Rest,
        };
        // Parts so large that even huge orders have few of them.
        let peak = random.one_in(5).then(|| Lots::new((lots / (1 + random.below(8))).max(1)));
        let modes = [
            StpMode::None,
            StpMode::ExpireTaker,
            StpMode::ExpireMaker,
            StpMode::ExpireBoth,
            StpMode::Decrement,
        ];
        // In the order in which the recorded flow has drawn them.
        let account = AccountId::new(1 + random.below(4));
        let by_quote = budget.is_some() && random.one_in(2);
        let stp = random.pick(&modes);
        SubmitOrder {
            order: OrderId::new(0),
            account,
            symbol: SYMBOL,
            side,
            limit,
            lots: Lots::new(lots),
            policy,
            stp,
            extras: OrderExtras { budget, by_quote, peak, ..OrderExtras::NONE }.boxed(),
        }
    }
}

/// Runs both books through `commands` random commands, over as many lives as that takes.
///
/// # Errors
/// The first difference or broken invariant, with the data needed to reproduce it.
pub fn run(seed: u64, commands: u64) -> Result<Stats, String> {
    let mut generator = Generator::new(seed);
    let mut pair = Pair::new(generator.limits());
    let mut total = Stats::default();
    for count in 1..=commands {
        let step = generator.step(pair.fast.len());
        let describe = |problem| format!("seed {seed}, command {count}: {step:?}: {problem}");
        pair.step(&step).map_err(describe)?;
        if count % CHECK_EVERY == 0 {
            pair.check().map_err(describe)?;
        }
        if count % EPISODE == 0 {
            total = total.plus(pair.stats);
            pair = Pair::new(generator.limits());
            generator.now = START;
        }
    }
    pair.check().map_err(|problem| format!("seed {seed}, at the end: {problem}"))?;
    Ok(total.plus(pair.stats))
}

impl Stats {
    fn plus(self, other: Self) -> Self {
        Self {
            commands: self.commands + other.commands,
            traded: self.traded + other.traded,
            prevented: self.prevented + other.prevented,
            refilled: self.refilled + other.refilled,
            ended: self.ended + other.ended,
            rested: self.rested + other.rested,
            filled: self.filled + other.filled,
            cut: self.cut + other.cut,
            refused: self.refused + other.refused,
            cancelled: self.cancelled + other.cancelled,
            reduced: self.reduced + other.reduced,
            stale: self.stale + other.stale,
        }
    }
}

#[cfg(test)]
mod tests;
