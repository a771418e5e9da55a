//! Workloads whose prices swing: the yardstick's own hardly move, and a book that is good at a quiet market may be bad
//! at a wild one.
//!
//! The market moves along a given path, and what stood where it was stays behind: the book becomes wide, sweeps are
//! long, and new prices are far from old ones. The files are of the yardstick's format, so its books read them too.

use std::collections::VecDeque;

use lightning_exchange::domain::{
    book::{Book, BookEvent, BookLimits, Outcome},
    messages::message::SubmitOrder,
    orders::{Handle, Policy, Side, StpMode},
    types::{
        id::{AccountId, OrderId, SymbolId},
        money::{Lots, Price},
        random::Random,
        time::Timestamp,
    },
};

use super::yardstick::{Expected, Operation, Record, TradeHash, Workload};

/// Where the market goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Up and down by a quarter, four times.
    Quarter,
    /// Up and down by two fifths, four times.
    TwoFifths,
    /// Quiet, then down by three fifths within a hundredth of the time, then half of the way back.
    Crash,
}

impl Path {
    /// Every path, with the number of its workload.
    pub const ALL: [(Self, u32, &'static str); 3] =
        [(Self::Quarter, 4, "swing25"), (Self::TwoFifths, 5, "swing40"), (Self::Crash, 6, "crash")];

    /// Returns the middle of the market, in ticks, at a thousandth of a thousandth of the way.
    fn middle(self, at: u64) -> u64 {
        const START: u64 = 1_000_000;
        // A triangle: up, down below the start, and back.
        let wave = |height: u64| {
            let phase = at * 4 % MILLION;
            let quarter = MILLION / 4;
            match phase / quarter {
                0 => START + height * phase / quarter,
                1 => START + height * (2 * quarter - phase) / quarter,
                2 => START - height * (phase - 2 * quarter) / quarter,
                _ => START - height * (MILLION - phase) / quarter,
            }
        };
        match self {
            Self::Quarter => wave(START / 4),
            Self::TwoFifths => wave(START * 2 / 5),
            Self::Crash => match at {
                0..=499_999 => START,
                500_000..=509_999 => START - START * 3 / 5 * (at - 500_000) / 10_000,
                _ => START * 2 / 5 + START * 3 / 10 * (at - 510_000) / 490_000,
            },
        }
    }
}

const MILLION: u64 = 1_000_000;
const PREFILL: u64 = 20_000;
const ACCOUNTS: u64 = 100_000;
/// So many of the newest orders take most of the cancels and moves.
const RECENT: usize = 2_000;

/// An order that was placed; whether it still rests, the book says.
#[derive(Debug, Clone, Copy)]
struct Placed {
    handle: Handle,
    account: u32,
    side: Side,
}

struct Market {
    book: Book,
    random: Random,
    events: Vec<BookEvent>,
    placed: Vec<Option<Placed>>,
    /// Orders that rested when they were placed, in no order.
    live: Vec<u32>,
    recent: VecDeque<u32>,
    records: Vec<Record>,
    expected: Expected,
    hash: TradeHash,
    middle: u64,
}

/// Makes a workload of `measured` commands behind a prefill: 45 % new orders, 10 % that take, 8 % moves, the rest
/// cancels.
pub fn workload(path: Path, measured: u64, seed: u64) -> Workload {
    let number = Path::ALL.iter().find(|(known, ..)| *known == path).map_or(0, |(_, number, _)| *number);
    let mut market = Market::new(seed);
    (0..PREFILL).for_each(|_| market.place());
    let prefill = market.records.len();
    for index in 0..measured {
        market.middle = path.middle(index * MILLION / measured.max(1));
        match market.random.below(100) {
            0..=44 => market.place(),
            45..=54 => market.take(),
            55..=62 => market.shift(),
            _ => market.cancel(),
        }
    }
    market.into_workload(number, prefill)
}

impl Market {
    fn new(seed: u64) -> Self {
        Self {
            book: Book::new(BookLimits::default()),
            random: Random::stream(seed, 0x0077_696e_6773),
            events: Vec::new(),
            placed: vec![None],
            live: Vec::new(),
            recent: VecDeque::new(),
            records: Vec::new(),
            expected: Expected {
                trades: 0,
                lots: 0,
                hash: 0,
                resting: 0,
                resting_lots: 0,
                best_bid: 0,
                best_ask: 0,
            },
            hash: TradeHash::default(),
            middle: Path::Crash.middle(0),
        }
    }

    /// A distance from the middle: mostly near, sometimes far, as limit orders stand.
    fn distance(&mut self) -> u64 {
        let doublings = self.random.word().trailing_ones().min(16);
        1 + self.random.below(24 << doublings).min(self.middle / 3)
    }

    fn price(&mut self, side: Side) -> u64 {
        let distance = self.distance();
        match side {
            Side::Buy => self.middle - distance.min(self.middle - 1),
            Side::Sell => self.middle + distance,
        }
    }

    fn side(&mut self) -> Side {
        Side::BOTH[self.random.below(2) as usize]
    }

    fn place(&mut self) {
        let side = self.side();
        let price = self.price(side);
        self.submit_new(Operation::Add, side, price);
    }

    /// Takes what stands within a two-hundredth of the middle, and more when the market has just moved.
    fn take(&mut self) {
        let side = self.side();
        let reach = self.middle / 200;
        let price = if side == Side::Buy { self.middle + reach } else { self.middle - reach };
        self.submit_new(Operation::AddImmediate, side, price);
    }

    fn submit_new(&mut self, operation: Operation, side: Side, price: u64) {
        let order = self.placed.len() as u32;
        let account = 1 + self.random.below(ACCOUNTS) as u32;
        let lots = 1 + self.random.below(50) as u32;
        self.placed.push(None);
        let policy = if operation == Operation::Add { Policy::Rest } else { Policy::Immediate };
        let trades = self.submit(order, account, side, price, u64::from(lots), policy);
        let record = Record { operation, side, trades, account, order, price: price as u32, lots };
        self.records.push(record);
        if self.placed[order as usize].is_some() {
            self.live.push(order);
            self.recent.push_back(order);
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
    }

    /// Returns whether it traded.
    fn submit(
        &mut self,
        order: u32,
        account: u32,
        side: Side,
        price: u64,
        lots: u64,
        policy: Policy,
    ) -> bool {
        let submit = SubmitOrder {
            order: OrderId::new(u64::from(order)),
            account: AccountId::new(u64::from(account)),
            symbol: SymbolId::new(1),
            side,
            limit: Price::from_ticks(price),
            lots: Lots::new(lots),
            policy,
            stp: StpMode::None,
            extras: None,
        };
        self.events.clear();
        let outcome = self.book.submit(&submit, Timestamp::from_micros(1), &mut self.events);
        if let Outcome::Rested { handle, .. } = outcome {
            self.placed[order as usize] = Some(Placed { handle, account, side });
        }
        let trades = self.expected.trades;
        for event in &self.events {
            if let BookEvent::Traded { maker, price, lots, .. } = *event {
                self.hash.add(u64::from(order), maker.get(), price.ticks(), lots.get());
                self.expected.trades += 1;
                self.expected.lots += lots.get();
            }
        }
        self.expected.trades > trades
    }

    /// Returns an order that rests: mostly a new one.
    fn chosen(&mut self) -> Option<(u32, Placed, u64, u32)> {
        for _ in 0..64 {
            let is_recent = self.random.chance(80) && !self.recent.is_empty();
            let (order, at) = if is_recent {
                (self.recent[self.random.below(self.recent.len() as u64) as usize], None)
            } else if self.live.is_empty() {
                return None;
            } else {
                let at = self.random.below(self.live.len() as u64) as usize;
                (self.live[at], Some(at))
            };
            let placed = self.placed[order as usize];
            let resting = placed.and_then(|placed| self.book.get(placed.handle));
            let resting = resting.filter(|resting| resting.order.get() == u64::from(order));
            match (placed, resting) {
                (Some(placed), Some(resting)) => {
                    let lots = u32::try_from(resting.remaining.get()).unwrap_or(u32::MAX);
                    return Some((order, placed, resting.price.ticks(), lots));
                }
                _ => {
                    self.placed[order as usize] = None;
                    if let Some(at) = at {
                        self.live.swap_remove(at);
                    }
                }
            }
        }
        None
    }

    fn cancel(&mut self) {
        let Some((order, Placed { handle, account, side }, price, lots)) = self.chosen() else {
            return self.place();
        };
        self.events.clear();
        self.book.cancel(handle, OrderId::new(u64::from(order)), &mut self.events);
        self.placed[order as usize] = None;
        let operation = Operation::Cancel;
        self.records.push(Record {
            operation,
            side,
            trades: false,
            account,
            order,
            price: price as u32,
            lots,
        });
    }

    /// Moves an order to where the market is now.
    fn shift(&mut self) {
        let Some((order, Placed { handle, account, side }, _, lots)) = self.chosen() else {
            return self.place();
        };
        let price = self.price(side);
        self.events.clear();
        self.book.cancel(handle, OrderId::new(u64::from(order)), &mut self.events);
        self.placed[order as usize] = None;
        let trades = self.submit(order, account, side, price, u64::from(lots), Policy::Rest);
        let operation = Operation::Move;
        self.records.push(Record { operation, side, trades, account, order, price: price as u32, lots });
    }

    fn into_workload(self, number: u32, prefill: usize) -> Workload {
        let total = |side| self.book.depth(side).map(|(_, lots)| lots.get()).sum::<u64>();
        let best = |side| self.book.best(side).map_or(0, |(price, _)| price.ticks());
        let expected = Expected {
            hash: self.hash.0,
            resting: self.book.len() as u64,
            resting_lots: total(Side::Buy) + total(Side::Sell),
            best_bid: best(Side::Buy),
            best_ask: best(Side::Sell),
            ..self.expected
        };
        let order_max = self.placed.len() as u32 - 1;
        Workload { number, order_max, prefill, records: self.records, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_market_goes_where_its_path_leads() {
        for (path, lowest, highest) in [
            (Path::Quarter, 750_000, 1_250_000),
            (Path::TwoFifths, 600_000, 1_400_000),
            (Path::Crash, 400_000, 1_000_000),
        ] {
            let middles: Vec<u64> = (0..MILLION).map(|at| path.middle(at)).collect();
            assert_eq!(middles.iter().min(), Some(&lowest), "{path:?}");
            assert_eq!(middles.iter().max(), Some(&highest), "{path:?}");
            let leap = middles.windows(2).map(|two| two[0].abs_diff(two[1])).max();
            assert!(leap <= Some(100), "{path:?}: {leap:?}");
        }
    }

    #[test]
    fn a_workload_is_the_same_each_time_and_has_every_operation() {
        let make = || workload(Path::Crash, 20_000, 7);
        let made = make();
        assert_eq!(made.records, make().records);
        assert_eq!((made.prefill, made.records.len()), (20_000, 40_000));
        for operation in [Operation::Add, Operation::AddImmediate, Operation::Cancel, Operation::Move] {
            assert!(made.records.iter().any(|record| record.operation == operation), "{operation:?}");
        }
        assert!(made.expected.trades > 1_000, "{:?}", made.expected);
    }
}
