//! C38: icebergs display a part of their quantity at a time.

use super::*;

/// An order that displays at most `peak` lots.
fn iceberg(order: SubmitOrder, peak: u64) -> SubmitOrder {
    order.with(|extras| extras.peak = Some(Lots::new(peak)))
}

impl Desk {
    /// Returns (order, displayed, remaining) of a side's orders, in matching order.
    fn parts(&self, side: Side) -> Vec<(u64, u64, u64)> {
        let part = |order: Resting| (order.order.get(), order.shown.get(), order.remaining.get());
        self.book.orders(side).map(part).collect()
    }

    /// Returns (maker, lots, remaining quantity of the maker) of the preventions of the last command.
    fn preventions(&self) -> Vec<(u64, u64, u64)> {
        let prevention = |event: &BookEvent| match *event {
            BookEvent::Prevented { maker, maker_account, price, lots, maker_remaining } => {
                assert_eq!((maker_account, price), (AccountId::new(1), Price::from_ticks(100)));
                Some((maker.get(), lots.get(), maker_remaining.get()))
            }
            _ => None,
        };
        self.events.iter().filter_map(prevention).collect()
    }

    /// Rebuilds the book from its image.
    fn restart(&mut self) {
        let restored = Book::restore(&self.book.image(), self.book.limits()).unwrap();
        assert_eq!((restored.hash(), restored.image()), (self.book.hash(), self.book.image()));
        self.book = restored;
    }
}

#[test]
fn c38_what_is_hidden_is_in_no_level_total() {
    let mut desk = Desk::new(AMPLE);
    let handle = desk.rest(1, iceberg(sell(100, 10), 4));
    let shown =
        BookEvent::LevelChanged { side: Side::Sell, price: Price::from_ticks(100), total: Lots::new(4) };
    assert_eq!(desk.events, [shown]);
    assert_eq!(desk.depth(Side::Sell), [(100, 4)]);
    let resting = desk.book.get(handle).unwrap();
    assert_eq!((resting.remaining, resting.shown), (Lots::new(10), Lots::new(4)));
    assert_eq!(resting.peak, Some(Lots::new(4)));
}

#[test]
fn c38_the_next_part_shows_at_once_and_waits_behind_the_others() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, iceberg(sell(100, 10), 4));
    desk.rest(2, sell(100, 3));
    assert_eq!(desk.submit(3, buy(100, 4)), Outcome::Filled);
    assert_eq!(desk.parts(Side::Sell), [(2, 3, 3), (1, 4, 6)]);
    assert_eq!(desk.depth(Side::Sell), [(100, 7)]);
    assert_eq!(
        desk.submit(3, buy(100, 12)),
        Outcome::Rested { handle: Handle::new(1, 3), remaining: Lots::new(3) }
    );
    assert_eq!(desk.trades(), [(2, 100, 3), (1, 100, 4), (1, 100, 2)], "met again after the others");
    assert!(desk.depth(Side::Sell).is_empty());
}

#[test]
fn c38_a_partly_traded_part_keeps_its_place() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, iceberg(sell(100, 10), 4));
    desk.rest(2, sell(100, 3));
    desk.submit(3, buy(100, 3));
    assert_eq!(desk.parts(Side::Sell), [(1, 1, 7), (2, 3, 3)]);
    assert_eq!(desk.depth(Side::Sell), [(100, 4)]);
}

#[test]
fn c38_two_icebergs_take_turns_and_no_lot_is_made_or_lost() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, iceberg(sell(100, 5), 2));
    desk.rest(2, iceberg(sell(100, 4), 3));
    let ioc = order(Side::Buy, 100, 20, Policy::Immediate);
    assert_eq!(desk.submit(3, ioc), ended(11, CloseReason::Unfilled));
    assert_eq!(
        desk.trades().iter().map(|(maker, _, lots)| (*maker, *lots)).collect::<Vec<_>>(),
        [(1, 2), (2, 3), (1, 2), (2, 1), (1, 1)]
    );
    let left = |event: &BookEvent| match *event {
        BookEvent::Traded { maker_remaining, .. } => Some(maker_remaining.get()),
        _ => None,
    };
    assert_eq!(desk.events.iter().filter_map(left).collect::<Vec<_>>(), [3, 1, 1, 0, 0]);
    assert!(desk.book.is_empty());
}

#[test]
fn c38_the_rest_of_a_taker_hides_too() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(100, 3));
    desk.rest(2, iceberg(buy(100, 10), 2));
    assert_eq!(desk.trades(), [(1, 100, 3)], "as a taker it is whole");
    assert_eq!(desk.parts(Side::Buy), [(2, 2, 7)]);
    desk.rest(2, iceberg(buy(99, 10), 10));
    assert_eq!(desk.parts(Side::Buy)[1], (3, 10, 10), "with so large a peak it is like any other");
}

#[test]
fn c38_an_order_that_hides_nothing_any_more_is_like_any_other() {
    let mut books = Vec::new();
    for peak in [Some(Lots::new(4)), None] {
        let mut desk = Desk::new(AMPLE);
        let handle = desk.rest(1, sell(100, 10).with(|extras| extras.peak = peak));
        assert_eq!(desk.reduce(handle, 1, 6), Some(Lots::new(4)));
        books.push((desk.book.hash(), desk.book.image(), desk.book.get(handle)));
    }
    assert_eq!(books[0], books[1]);
}

#[test]
fn c38_a_reduction_takes_what_is_hidden_first_and_silently() {
    let mut desk = Desk::new(AMPLE);
    let handle = desk.rest(1, iceberg(sell(100, 10), 4));
    desk.rest(2, sell(100, 3));
    desk.events.clear();
    assert_eq!(desk.reduce(handle, 1, 5), Some(Lots::new(5)));
    assert!(desk.events.is_empty(), "the hidden part is not reported");
    assert_eq!(desk.parts(Side::Sell), [(1, 4, 5), (2, 3, 3)]);
    assert_eq!(desk.reduce(handle, 1, 3), Some(Lots::new(2)));
    assert_eq!(desk.parts(Side::Sell), [(1, 2, 2), (2, 3, 3)], "its place is kept");
    assert_eq!(desk.depth(Side::Sell), [(100, 5)]);
    assert_eq!(desk.reduce(handle, 1, 2), None, "nothing would be left");
}

#[test]
fn c38_a_cancel_and_a_date_release_what_is_hidden() {
    let mut desk = Desk::new(AMPLE);
    let handle = desk.rest(1, iceberg(sell(100, 10), 4));
    desk.submit(2, buy(100, 5));
    let removed = desk.cancel(handle, 1).unwrap();
    assert_eq!(removed.remaining, Lots::new(5), "the handle is still good");
    assert!(desk.book.is_empty());

    let date = Policy::RestUntil(Timestamp::from_micros(10));
    desk.rest(1, iceberg(order(Side::Sell, 100, 10, date), 4));
    desk.events.clear();
    desk.book.expire(Timestamp::from_micros(10), 1, &mut desk.events);
    desk.book.check().unwrap();
    assert!(matches!(desk.events[0], BookEvent::Ended { remaining, .. } if remaining == Lots::new(10)));

    desk.rest(1, iceberg(order(Side::Sell, 100, 10, date), 4));
    desk.now = 10;
    desk.submit(2, order(Side::Buy, 100, 1, Policy::Immediate));
    assert!(matches!(desk.events[0], BookEvent::Ended { remaining, .. } if remaining == Lots::new(10)));
}

#[test]
fn c38_the_date_of_an_iceberg_follows_its_place() {
    let mut desk = Desk::new(AMPLE);
    let date = Policy::RestUntil(Timestamp::from_micros(10));
    for _ in 0..2 {
        desk.rest(1, iceberg(order(Side::Sell, 100, 6, date), 2));
    }
    for round in 0..2 {
        desk.submit(2, buy(100, 2));
        assert_eq!(desk.ids(Side::Sell)[0], 2 - round);
    }
    desk.submit(2, buy(100, 2));
    desk.events.clear();
    desk.book.expire(Timestamp::from_micros(10), 10, &mut desk.events);
    desk.book.check().unwrap();
    let ended = |event: &BookEvent| match *event {
        BookEvent::Ended { order, remaining, .. } => Some((order.get(), remaining.get())),
        _ => None,
    };
    assert_eq!(desk.events.iter().filter_map(ended).collect::<Vec<_>>(), [(2, 4), (1, 2)]);
}

#[test]
fn c38_fill_or_kill_counts_what_is_hidden_and_every_part_is_work() {
    let mut desk = Desk::new(BookLimits { fills_max: 4, ..AMPLE });
    desk.rest(1, iceberg(sell(100, 8), 2));
    desk.rest(2, sell(101, 5));
    let whole = |lots, ticks| order(Side::Buy, ticks, lots, Policy::FillOrKill);
    let hash = desk.book.hash();
    assert_eq!(desk.submit(3, whole(9, 100)), Outcome::Refused(CloseReason::Killed), "one lot too many");
    assert_eq!(desk.submit(3, whole(9, 101)), Outcome::Refused(CloseReason::Killed), "a fifth piece of work");
    let own = SubmitOrder { stp: StpMode::Decrement, ..whole(9, 101) };
    assert_eq!(desk.submit(1, own), Outcome::Refused(CloseReason::Killed));
    assert_eq!((desk.book.hash(), desk.events.len()), (hash, 0));
    assert_eq!(desk.submit(3, whole(8, 101)), Outcome::Filled);
    assert_eq!(desk.trades(), [(1, 100, 2); 4]);
}

#[test]
fn c38_a_budget_that_ends_between_two_parts() {
    for (budget, bought) in [(400, 4), (599, 5), (600, 6)] {
        for policy in [Policy::Immediate, Policy::FillOrKill] {
            let mut desk = Desk::new(AMPLE);
            desk.rest(1, iceberg(sell(100, 8), 2));
            let by_quote = by_quote(order(Side::Buy, 100, 50, policy), budget);
            assert_eq!(desk.submit(2, by_quote), Outcome::Filled);
            assert_eq!(desk.trades().iter().map(|(.., lots)| lots).sum::<u64>(), bought);
        }
    }
}

#[test]
fn c38_one_command_shows_only_so_many_parts() {
    let mut desk = Desk::new(BookLimits { fills_max: 3, ..AMPLE });
    desk.rest(1, iceberg(sell(100, 8), 2));
    assert_eq!(desk.submit(2, buy(100, 8)), ended(2, CloseReason::FillLimit));
    assert_eq!(desk.parts(Side::Sell), [(1, 2, 2)]);
}

#[test]
fn c38_post_only_sees_what_shows() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, iceberg(sell(100, 8), 2));
    let post = |ticks| iceberg(order(Side::Buy, ticks, 6, Policy::PostOnly), 2);
    assert_eq!(desk.submit(2, post(100)), Outcome::Refused(CloseReason::WouldTake));
    desk.rest(2, post(99));
    assert_eq!(desk.depth(Side::Buy), [(99, 2)]);
}

#[test]
fn c38_a_decrement_takes_what_shows_and_the_next_part_comes_up() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, iceberg(sell(100, 10), 4));
    desk.rest(2, sell(100, 3));
    let taker = SubmitOrder { stp: StpMode::Decrement, ..buy(100, 9) };
    assert_eq!(desk.submit(1, taker), ended(0, CloseReason::SelfTrade));
    assert_eq!(desk.preventions(), [(1, 4, 6), (1, 2, 4)]);
    assert_eq!(desk.trades(), [(2, 100, 3)], "the other order has come to the front");
    assert_eq!(desk.parts(Side::Sell), [(1, 2, 4)]);
}

#[test]
fn c38_prevention_that_ends_an_iceberg_ends_all_of_it() {
    for stp in [StpMode::ExpireMaker, StpMode::ExpireBoth] {
        let mut desk = Desk::new(AMPLE);
        desk.rest(1, iceberg(sell(100, 10), 4));
        desk.submit(1, SubmitOrder { stp, ..order(Side::Buy, 100, 5, Policy::Immediate) });
        assert_eq!(desk.preventions(), [(1, 0, 10)]);
        assert!(matches!(desk.events[1], BookEvent::Ended { remaining, .. } if remaining == Lots::new(10)));
        assert!(desk.book.is_empty());
    }
}

#[test]
fn c5_every_mode_reports_which_orders_it_kept_from_trading() {
    for (stp, lots, left) in [
        (StpMode::ExpireTaker, 0, 3),
        (StpMode::ExpireMaker, 0, 3),
        (StpMode::ExpireBoth, 0, 3),
        (StpMode::Decrement, 3, 0),
    ] {
        let mut desk = Desk::new(AMPLE);
        desk.rest(1, sell(100, 3));
        desk.submit(1, SubmitOrder { stp, ..order(Side::Buy, 101, 5, Policy::Immediate) });
        assert_eq!(desk.preventions(), [(1, lots, left)], "{stp:?}");
        assert!(matches!(desk.events[0], BookEvent::Prevented { .. }), "before what it does");
    }
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, sell(100, 3));
    desk.submit(1, order(Side::Buy, 100, 5, Policy::Immediate));
    assert_eq!((desk.preventions(), desk.trades().len()), (vec![], 1), "without a mode they trade");
}

#[test]
fn c38_a_part_is_smaller_where_the_level_could_not_add_it_up() {
    let mut desk = Desk::new(AMPLE);
    let half = u64::MAX / 2;
    desk.rest(1, iceberg(sell(100, u64::MAX), half));
    desk.submit(2, buy(100, half - 1));
    desk.rest(2, sell(100, u64::MAX - 1));
    assert_eq!(desk.depth(Side::Sell), [(100, u64::MAX)]);
    assert_eq!(desk.submit(3, buy(100, 1)), Outcome::Filled);
    assert_eq!(desk.parts(Side::Sell), [(3, u64::MAX - 1, u64::MAX - 1), (1, 1, u64::MAX - half)]);
}

#[test]
fn c38_a_restored_book_remembers_what_is_hidden() {
    let mut desk = Desk::new(AMPLE);
    desk.rest(1, iceberg(sell(100, 10), 4));
    desk.rest(2, sell(100, 3));
    desk.submit(3, buy(100, 4));
    desk.restart();
    desk.submit(3, buy(100, 8));
    assert_eq!(desk.trades(), [(2, 100, 3), (1, 100, 4), (1, 100, 1)]);
    desk.restart();
    assert_eq!(desk.parts(Side::Sell), [(1, 1, 1)]);
}

#[test]
fn c38_the_hash_sees_what_is_hidden_and_the_peak() {
    let mut hashes = Vec::new();
    for (lots, peak) in [(10, None), (10, Some(4)), (11, Some(4)), (10, Some(5)), (4, None)] {
        let mut desk = Desk::new(AMPLE);
        desk.rest(1, sell(100, lots).with(|extras| extras.peak = peak.map(Lots::new)));
        assert!(!hashes.contains(&desk.book.hash()), "{lots} {peak:?}");
        hashes.push(desk.book.hash());
    }
}

#[test]
fn c38_what_is_hidden_counts_as_memory_and_is_let_go() {
    let mut desk = Desk::new(AMPLE);
    let handles: Vec<Handle> = (0..200).map(|_| desk.rest(1, iceberg(sell(100, 10), 4))).collect();
    let with = desk.book.memory_bytes();
    let mut plain = Desk::new(AMPLE);
    for _ in 0..200 {
        plain.rest(1, sell(100, 10));
    }
    assert!(with > plain.book.memory_bytes() + 200 * 28);
    for (handle, id) in handles.into_iter().zip(1..) {
        desk.cancel(handle, id);
    }
    desk.restart();
    assert!(desk.book.is_empty());
}
