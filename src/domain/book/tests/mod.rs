//! The corner cases that have broken order books before, by their number in `docs/corner-cases.md`.

use super::*;
use crate::domain::{
    messages::message::SubmitOrder,
    orders::{CloseReason, Handle, Policy, Side, StpMode},
    types::{
        id::{AccountId, OrderId, SymbolId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

mod iceberg;

const AMPLE: BookLimits = BookLimits { orders_max: 1_000_000, fills_max: 10_000 };

/// A book with a clock that counts orders; an order's id is its place in the sequence, from 1.
struct Desk {
    book: Book,
    events: Vec<BookEvent>,
    now: u64,
    next: u64,
}

impl Desk {
    fn new(limits: BookLimits) -> Self {
        Self { book: Book::new(limits), events: Vec::new(), now: 0, next: 1 }
    }

    /// Submits an order of `account` and verifies the book after it.
    fn submit(&mut self, account: u64, order: SubmitOrder) -> Outcome {
        self.events.clear();
        let order = SubmitOrder { order: OrderId::new(self.next), account: AccountId::new(account), ..order };
        self.next += 1;
        let outcome = self.book.submit(&order, Timestamp::from_micros(self.now), &mut self.events);
        self.book.check().unwrap();
        outcome
    }

    fn rest(&mut self, account: u64, order: SubmitOrder) -> Handle {
        match self.submit(account, order) {
            Outcome::Rested { handle, .. } => handle,
            other => panic!("{other:?}"),
        }
    }

    fn cancel(&mut self, handle: Handle, order: u64) -> Option<Removed> {
        self.events.clear();
        let removed = self.book.cancel(handle, OrderId::new(order), &mut self.events);
        self.book.check().unwrap();
        removed
    }

    fn reduce(&mut self, handle: Handle, order: u64, by: u64) -> Option<Lots> {
        let left = self.book.reduce(handle, OrderId::new(order), Lots::new(by), &mut self.events);
        self.book.check().unwrap();
        left
    }

    /// Returns (maker, price, lots) of the trades of the last command.
    fn trades(&self) -> Vec<(u64, u64, u64)> {
        let trade = |event: &BookEvent| match *event {
            BookEvent::Traded { maker, price, lots, .. } => Some((maker.get(), price.ticks(), lots.get())),
            _ => None,
        };
        self.events.iter().filter_map(trade).collect()
    }

    fn ids(&self, side: Side) -> Vec<u64> {
        self.book.orders(side).map(|order| order.order.get()).collect()
    }

    fn depth(&self, side: Side) -> Vec<(u64, u64)> {
        self.book.depth(side).map(|(price, total)| (price.ticks(), total.get())).collect()
    }
}

fn order(side: Side, ticks: u64, lots: u64, policy: Policy) -> SubmitOrder {
    SubmitOrder {
        order: OrderId::new(0),
        account: AccountId::new(0),
        symbol: SymbolId::new(1),
        side,
        limit: Price::from_ticks(ticks),
        lots: Lots::new(lots),
        policy,
        stp: StpMode::None,
        extras: None,
    }
}

fn buy(ticks: u64, lots: u64) -> SubmitOrder {
    order(Side::Buy, ticks, lots, Policy::Rest)
}

fn within(budget: u128, order: SubmitOrder) -> SubmitOrder {
    order.with(|extras| extras.budget = Some(budget))
}

fn by_quote(order: SubmitOrder, budget: u128) -> SubmitOrder {
    within(budget, order).with(|extras| extras.by_quote = true)
}

fn sell(ticks: u64, lots: u64) -> SubmitOrder {
    order(Side::Sell, ticks, lots, Policy::Rest)
}

fn ended(remaining: u64, reason: CloseReason) -> Outcome {
    Outcome::Ended { remaining: Lots::new(remaining), reason }
}

#[test]
fn c1_a_market_buy_by_quote_amount_never_fills_zero_lots() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(100, 5));
    desk.rest(1, sell(101, 5));
    let by_quote = |budget| by_quote(order(Side::Buy, u64::MAX, u64::MAX, Policy::Immediate), budget);
    assert_eq!(desk.submit(2, by_quote(99)), ended(u64::MAX, CloseReason::Collar), "not one lot");
    assert!(desk.events.is_empty());
    assert_eq!(desk.submit(2, by_quote(600)), Outcome::Filled);
    assert_eq!(desk.trades(), [(1, 100, 5)], "the 100 left buy no lot at 101");
    assert_eq!(desk.submit(2, by_quote(10_000)), ended(u64::MAX - 5, CloseReason::Unfilled));
}

#[test]
fn c1_a_budget_that_is_not_what_was_ordered_ends_the_order_unfilled() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(100, 5));
    let buy = within(350, order(Side::Buy, 100, 5, Policy::Immediate));
    assert_eq!(desk.submit(2, buy), ended(2, CloseReason::Collar));
    assert_eq!(desk.trades(), [(1, 100, 3)]);
}

#[test]
fn c5_what_self_trade_prevention_leaves_of_a_taker_never_rests() {
    for (stp, remaining) in [(StpMode::ExpireTaker, 7), (StpMode::ExpireBoth, 7)] {
        let mut desk = Desk::new(AMPLE);
        desk.rest(1, sell(100, 3));
        desk.rest(2, sell(100, 4));
        assert_eq!(
            desk.submit(2, SubmitOrder { stp, ..buy(100, 10) }),
            ended(remaining, CloseReason::SelfTrade)
        );
        assert_eq!(desk.trades(), [(1, 100, 3)], "trades before it stand");
        assert_eq!(desk.book.best(Side::Buy), None);
    }
}

#[test]
fn c5_expire_maker_clears_the_way() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(2, sell(100, 3));
    desk.rest(1, sell(100, 4));
    assert_eq!(desk.submit(2, SubmitOrder { stp: StpMode::ExpireMaker, ..buy(100, 4) }), Outcome::Filled);
    assert_eq!(desk.trades(), [(2, 100, 4)]);
    assert!(desk.book.is_empty());
}

#[test]
fn c6_fill_or_kill_counts_neither_own_nor_expired_orders() {
    for stp in [StpMode::ExpireTaker, StpMode::ExpireMaker, StpMode::ExpireBoth, StpMode::Decrement] {
        let mut desk = Desk::new(AMPLE);
        desk.rest(1, sell(100, 5));
        desk.rest(2, sell(101, 5));
        desk.rest(1, order(Side::Sell, 102, 9, Policy::RestUntil(Timestamp::from_micros(10))));
        desk.now = 10;
        let hash = desk.book.hash();
        let kill = SubmitOrder { stp, policy: Policy::FillOrKill, ..buy(105, 6) };
        assert_eq!(desk.submit(2, kill.clone()), Outcome::Refused(CloseReason::Killed), "{stp:?}");
        assert!(desk.events.is_empty());
        assert_eq!(desk.book.hash(), hash);
        let fill = SubmitOrder { lots: Lots::new(5), ..kill };
        assert_eq!(desk.submit(2, fill), Outcome::Filled, "all it needs lies before the own order");
    }
}

#[test]
fn c6_fill_or_kill_looks_at_the_whole_sweep() {
    let mut desk = Desk::new(AMPLE);
    for ticks in 100..105 {
        desk.rest(1, sell(ticks, 1));
    }
    let whole = SubmitOrder { policy: Policy::FillOrKill, ..buy(104, 5) };
    assert_eq!(
        desk.submit(2, SubmitOrder { lots: Lots::new(6), ..whole.clone() }),
        Outcome::Refused(CloseReason::Killed)
    );
    assert_eq!(desk.submit(2, within(509, whole.clone())), Outcome::Refused(CloseReason::Killed));
    assert_eq!(desk.submit(2, within(510, whole)), Outcome::Filled);
}

#[test]
fn c7_post_only_never_takes_and_a_refusal_changes_nothing() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(2, sell(100, 5));
    let hash = desk.book.hash();
    let post = SubmitOrder { policy: Policy::PostOnly, stp: StpMode::ExpireMaker, ..buy(100, 1) };
    assert_eq!(desk.submit(2, post.clone()), Outcome::Refused(CloseReason::WouldTake));
    assert!(desk.events.is_empty(), "not even the own order is cancelled");
    assert_eq!(desk.book.hash(), hash);
    desk.rest(2, SubmitOrder { limit: Price::from_ticks(99), ..post });
}

#[test]
fn c7_post_only_does_not_see_expired_orders_but_ends_them() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, order(Side::Sell, 100, 5, Policy::RestUntil(Timestamp::from_micros(10))));
    desk.now = 10;
    desk.rest(2, order(Side::Buy, 100, 1, Policy::PostOnly));
    assert_eq!(desk.depth(Side::Sell), []);
    assert_eq!(desk.depth(Side::Buy), [(100, 1)]);
}

#[test]
fn c8_the_rest_of_an_immediate_order_never_rests() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(100, 3));
    desk.rest(1, sell(101, 3));
    let taker = order(Side::Buy, 100, 5, Policy::Immediate);
    assert_eq!(desk.submit(2, taker), ended(2, CloseReason::Unfilled));
    assert_eq!(desk.book.best(Side::Buy), None);
}

#[test]
fn c9_a_filled_order_cannot_be_cancelled_and_a_partly_filled_one_releases_its_rest() {
    let mut desk = Desk::new(AMPLE);
    let gone = desk.rest(1, sell(100, 3));
    let part = desk.rest(1, sell(100, 4));
    desk.submit(2, buy(100, 5));
    assert_eq!(desk.cancel(gone, 1), None);
    assert_eq!(desk.cancel(part, 1), None, "the handle of another order");
    assert_eq!(desk.cancel(part, 2).map(|removed| removed.remaining.get()), Some(2));
    assert_eq!(desk.cancel(part, 2), None, "twice");
    let forged = Handle::new(u32::MAX, 1);
    assert_eq!(desk.cancel(forged, 2), None);
}

#[test]
fn c9_a_handle_does_not_reach_the_next_order_in_its_place() {
    let mut desk = Desk::new(AMPLE);
    let old = desk.rest(1, sell(100, 3));
    desk.cancel(old, 1);
    let new = desk.rest(1, sell(100, 3));
    assert_eq!(old.index(), new.index());
    assert_eq!(desk.cancel(old, 2), None);
    assert!(desk.book.get(old).is_none() && desk.book.get(new).is_some());
}

#[test]
fn c11_an_order_moved_into_the_spread_trades_instead_of_crossing() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(100, 3));
    let moved = desk.rest(2, buy(98, 5));
    let removed = desk.cancel(moved, 2).unwrap();
    desk.submit(2, SubmitOrder { lots: removed.remaining, ..buy(100, 0) });
    assert_eq!(desk.trades(), [(1, 100, 3)]);
    assert_eq!((desk.depth(Side::Buy), desk.depth(Side::Sell)), (vec![(100, 2)], vec![]));
}

#[test]
fn c11_a_reduction_to_nothing_is_refused_and_changes_nothing() {
    let mut desk = Desk::new(AMPLE);
    let handle = desk.rest(1, sell(100, 3));
    let hash = desk.book.hash();
    for by in [3, 4, u64::MAX] {
        assert_eq!(desk.reduce(handle, 1, by), None);
    }
    assert_eq!(desk.reduce(handle, 2, 1), None, "another order");
    assert_eq!(desk.book.hash(), hash);
}

#[test]
fn c13_trades_are_at_the_makers_price_and_never_through_the_limit() {
    let mut desk = Desk::new(AMPLE);
    for ticks in [103, 101, 102] {
        desk.rest(1, sell(ticks, 1));
    }
    desk.submit(2, buy(102, 5));
    assert_eq!(desk.trades(), [(2, 101, 1), (3, 102, 1)]);
    assert_eq!((desk.depth(Side::Buy), desk.depth(Side::Sell)), (vec![(102, 3)], vec![(103, 1)]));
}

#[test]
fn c14_an_order_past_its_date_does_not_trade_but_ends() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, order(Side::Sell, 100, 3, Policy::RestUntil(Timestamp::from_micros(10))));
    desk.rest(1, sell(100, 4));
    desk.now = 9;
    desk.submit(2, buy(100, 1));
    assert_eq!(desk.trades(), [(1, 100, 1)], "one microsecond before, it does");
    desk.now = 10;
    desk.submit(2, buy(100, 1));
    let gone = BookEvent::Ended {
        order: OrderId::new(1),
        account: AccountId::new(1),
        remaining: Lots::new(2),
        reason: CloseReason::GoodTillDate,
    };
    assert_eq!(desk.events[0], gone);
    assert_eq!(desk.trades(), [(2, 100, 1)]);
}

#[test]
fn c14_expiry_goes_by_date_then_priority_and_in_portions() {
    let mut desk = Desk::new(AMPLE);
    for (ticks, date) in [(90, 20), (91, 10), (92, 10), (91, 30)] {
        desk.rest(1, order(Side::Buy, ticks, 1, Policy::RestUntil(Timestamp::from_micros(date))));
    }
    assert_eq!(desk.book.next_expiry(), Some(Timestamp::from_micros(10)));
    let expire = |desk: &mut Desk, now, limit| {
        desk.events.clear();
        let more = desk.book.expire(Timestamp::from_micros(now), limit, &mut desk.events);
        desk.book.check().unwrap();
        let ended = |event: &BookEvent| match event {
            BookEvent::Ended { order, .. } => Some(order.get()),
            _ => None,
        };
        (more, desk.events.iter().filter_map(ended).collect::<Vec<_>>())
    };
    assert_eq!(expire(&mut desk, 9, 10), (false, vec![]));
    assert_eq!(expire(&mut desk, 20, 2), (true, vec![2, 3]));
    assert_eq!(expire(&mut desk, 20, 2), (false, vec![1]));
    assert_eq!(desk.book.next_expiry(), Some(Timestamp::from_micros(30)));
}

#[test]
fn c15_a_level_total_that_would_overflow_is_refused() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(100, u64::MAX - 1));
    assert_eq!(desk.submit(1, sell(100, 2)), ended(2, CloseReason::BookFull));
    let post = order(Side::Sell, 100, 2, Policy::PostOnly);
    assert_eq!(desk.submit(1, post), Outcome::Refused(CloseReason::BookFull));
    desk.rest(1, sell(100, 1));
    assert_eq!(desk.depth(Side::Sell), [(100, u64::MAX)]);
}

#[test]
fn c15_the_largest_price_times_the_largest_quantity_does_not_overflow() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(u64::MAX, u64::MAX));
    let all = u128::from(u64::MAX) * u128::from(u64::MAX);
    let taker = order(Side::Buy, u64::MAX, u64::MAX, Policy::FillOrKill);
    assert_eq!(desk.submit(2, within(all - 1, taker.clone())), Outcome::Refused(CloseReason::Killed));
    assert_eq!(desk.submit(2, within(all, taker)), Outcome::Filled);
}

#[test]
fn c18_the_touch_moves_when_a_cancel_empties_it() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, buy(90, 1));
    let best = desk.rest(1, buy(95, 1));
    desk.cancel(best, 2);
    assert_eq!(desk.depth(Side::Buy), [(90, 1)]);
    let gone = BookEvent::LevelChanged { side: Side::Buy, price: Price::from_ticks(95), total: Lots::ZERO };
    assert_eq!(desk.events, [gone]);
    assert_eq!(desk.book.best(Side::Buy), Some((Price::from_ticks(90), Lots::new(1))));
}

#[test]
fn c19_removing_from_the_middle_keeps_both_neighbours() {
    let mut desk = Desk::new(AMPLE);
    let handles: Vec<Handle> = (0..5).map(|_| desk.rest(1, sell(100, 1))).collect();
    desk.cancel(handles[2], 3);
    assert_eq!(desk.ids(Side::Sell), [1, 2, 4, 5]);
    desk.cancel(handles[4], 5);
    desk.cancel(handles[0], 1);
    assert_eq!(desk.ids(Side::Sell), [2, 4]);
}

#[test]
fn c20_a_sweep_of_a_hundred_thousand_makers_neither_recurses_nor_exceeds_the_limit() {
    let mut book = Book::new(AMPLE);
    let mut events = Vec::new();
    for id in 0..100_000 {
        let resting = SubmitOrder { order: OrderId::new(id), ..sell(1 + id / 2, 1) };
        book.submit(&resting, Timestamp::default(), &mut events);
    }
    events.clear();
    let sweep = buy(u64::MAX, u64::MAX);
    assert_eq!(
        book.submit(
            &SubmitOrder { policy: Policy::FillOrKill, lots: Lots::new(10_001), ..sweep.clone() },
            Timestamp::default(),
            &mut events
        ),
        Outcome::Refused(CloseReason::Killed)
    );
    let outcome = book.submit(&sweep, Timestamp::default(), &mut events);
    assert_eq!(outcome, ended(u64::MAX - 10_000, CloseReason::FillLimit));
    let trades = events.iter().filter(|event| matches!(event, BookEvent::Traded { .. })).count();
    assert_eq!((trades, book.len()), (10_000, 90_000));
    book.check().unwrap();

    let mut book = Book::new(BookLimits { fills_max: u32::MAX, ..AMPLE });
    for id in 0..100_000 {
        book.submit(
            &SubmitOrder { order: OrderId::new(id), ..sell(1, 1) },
            Timestamp::default(),
            &mut events,
        );
    }
    assert_eq!(book.submit(&buy(1, 100_000), Timestamp::default(), &mut events), Outcome::Filled);
    book.check().unwrap();
}

#[test]
fn c21_priority_is_the_sequence_whatever_the_clock_says() {
    let mut desk = Desk::new(AMPLE);
    for now in [1_000, 1_000, 500, 0] {
        desk.now = now;
        desk.rest(1, sell(100, 1));
    }
    desk.submit(2, buy(100, 4));
    assert_eq!(desk.trades().iter().map(|(maker, ..)| *maker).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn c22_no_price_is_out_of_range() {
    let mut desk = Desk::new(AMPLE);
    let prices = [1, 63, 64, 4_095, 4_096, 1 << 30, 1 << 62, u64::MAX - 1, u64::MAX];
    for ticks in prices {
        desk.rest(1, sell(ticks, 1));
    }
    assert_eq!(desk.depth(Side::Sell), prices.map(|ticks| (ticks, 1)));
    assert_eq!(desk.submit(2, buy(u64::MAX, 9)), Outcome::Filled);
    assert!(desk.book.memory_bytes() < 256 * 1024);
}

#[test]
fn c23_a_full_book_says_so() {
    let mut desk = Desk::new(BookLimits { orders_max: 2, ..AMPLE });
    desk.rest(1, buy(90, 1));
    let second = desk.rest(1, sell(100, 1));
    assert_eq!(desk.submit(1, buy(91, 1)), ended(1, CloseReason::BookFull));
    let post = order(Side::Buy, 91, 1, Policy::PostOnly);
    assert_eq!(desk.submit(1, post), Outcome::Refused(CloseReason::BookFull));
    desk.rest(2, buy(100, 3));
    assert_eq!(desk.trades(), [(2, 100, 1)], "a trade that makes room lets the rest in");
    assert_eq!(desk.cancel(second, 2), None);
    assert_eq!(desk.submit(2, buy(91, 1)), ended(1, CloseReason::BookFull));
}

#[test]
fn c29_books_equal_in_totals_but_not_in_order_hash_apart() {
    let mut hashes = Vec::new();
    for ids in [[1, 2], [2, 1]] {
        let mut book = Book::new(AMPLE);
        for id in ids {
            let resting = SubmitOrder { order: OrderId::new(id), ..sell(100, 5) };
            book.submit(&resting, Timestamp::default(), &mut Vec::new());
        }
        hashes.push(book.hash());
    }
    assert_ne!(hashes[0], hashes[1]);
}

#[test]
fn c37_an_empty_book_and_one_of_own_orders_only_fill_nothing() {
    let mut desk = Desk::new(AMPLE);
    let market =
        SubmitOrder { stp: StpMode::ExpireTaker, ..order(Side::Buy, u64::MAX, 5, Policy::Immediate) };
    assert_eq!(desk.submit(1, market.clone()), ended(5, CloseReason::Unfilled));
    desk.rest(1, sell(100, 5));
    assert_eq!(desk.submit(1, market.clone()), ended(5, CloseReason::SelfTrade));
    assert_eq!(desk.depth(Side::Sell), [(100, 5)]);
    let maker_goes = SubmitOrder { stp: StpMode::ExpireMaker, ..market };
    assert_eq!(desk.submit(1, maker_goes), ended(5, CloseReason::Unfilled));
    assert!(desk.book.is_empty());
}

#[test]
fn c37_an_amended_order_keeps_its_place() {
    let mut desk = Desk::new(AMPLE);
    let first = desk.rest(1, sell(100, 5));
    desk.rest(1, sell(100, 5));
    assert_eq!(desk.reduce(first, 1, 2), Some(Lots::new(3)));
    desk.submit(2, buy(100, 4));
    assert_eq!(desk.trades(), [(1, 100, 3), (2, 100, 1)]);
}

#[test]
fn c37_decrement_takes_whole_lots_from_both_and_from_no_other() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(2, sell(100, 3));
    desk.rest(1, sell(100, 4));
    let taker = SubmitOrder { stp: StpMode::Decrement, ..buy(100, 5) };
    assert_eq!(desk.submit(2, taker), Outcome::Filled);
    assert_eq!(desk.trades(), [(2, 100, 2)]);
    assert_eq!(desk.depth(Side::Sell), [(100, 2)]);
    let other = SubmitOrder { stp: StpMode::Decrement, ..buy(100, 1) };
    assert_eq!(desk.submit(1, other), ended(0, CloseReason::SelfTrade));
    assert_eq!(desk.depth(Side::Sell), [(100, 1)]);
}
