//! Orders that depend on one another (C39, C41), and the dead-man's switch (C42).

use super::*;
use lightning_exchange::domain::{
    messages::command::{CancelAllAfter, CancelList, ListReport},
    orders::{ListOrders, ListStatus, OrderListRef, PlaceList, Trigger},
};

/// Lets the market trade one lot at this price.
pub(super) fn trade_at(harness: &mut Harness, price: u64) {
    place(harness, limit(BOB, Side::Sell, price, 1));
    place(harness, NewOrder { time_in_force: TimeInForce::Ioc, ..limit(BOB, Side::Buy, price, 1) });
}

pub(super) fn stop(side: Side, stop: u64, price: u64, lots: u64) -> NewOrder {
    let stop = Some(Price::from_ticks(stop));
    NewOrder {
        kind: OrderType::StopLossLimit,
        trigger: Some(Trigger { stop, trailing: None }),
        ..limit(ALICE, side, price, lots)
    }
}

pub(super) fn maker(side: Side, price: u64, lots: u64) -> NewOrder {
    NewOrder { kind: OrderType::LimitMaker, ..limit(ALICE, side, price, lots) }
}

/// Sells 10 at 110, or at 85 when the market is down at 90.
pub(super) fn pair() -> ListOrders {
    ListOrders::Pair([maker(Side::Sell, 110, 10), stop(Side::Sell, 90, 85, 10)])
}

fn list(orders: ListOrders) -> AccountCommand {
    AccountCommand::PlaceList(Box::new(PlaceList { account: ALICE, symbol: MARKET, client_id: None, orders }))
}

pub(super) fn try_list(harness: &mut Harness, orders: ListOrders) -> Result<ListReport, Reject> {
    match harness.ask(list(orders)).unwrap()? {
        Answer::ListPlaced(report) => Ok(*report),
        answer => panic!("{answer:?}"),
    }
}

pub(super) fn statuses(harness: &Harness, report: &ListReport) -> Vec<OrderStatus> {
    use lightning_exchange::domain::account::{AccountQuery, AccountView};
    let slot = harness.world_ref().account_slot(ALICE);
    let of = |id| {
        let query = AccountQuery::Order { symbol: MARKET, order: by_id(id) };
        match slot.query(ALICE, &query, harness.time()) {
            Ok(AccountView::Order(order)) => order.status,
            other => panic!("{other:?}"),
        }
    };
    report.list.orders.iter().map(|(id, _)| of(*id)).collect()
}

#[test]
fn c39_a_pair_has_one_hold() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    try_list(&mut harness, pair()).unwrap();
    assert_eq!(balance(&harness, ALICE, COIN), (990, 10));
    let buys = ListOrders::Pair([stop(Side::Buy, 120, 130, 10), maker(Side::Buy, 80, 10)]);
    try_list(&mut harness, buys).unwrap();
    assert_eq!(balance(&harness, ALICE, CASH), (998_700, 1_300), "the larger of the two");
}

#[test]
fn c39_when_the_maker_of_a_pair_trades_the_stop_ends() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    let report = try_list(&mut harness, pair()).unwrap();
    place(&mut harness, limit(BOB, Side::Buy, 110, 4));
    assert_eq!(statuses(&harness, &report), [OrderStatus::PartiallyFilled, OrderStatus::Expired]);
    assert_eq!(balance(&harness, ALICE, COIN), (990, 6));
    // The stop is gone for good.
    trade_at(&mut harness, 80);
    assert_eq!(statuses(&harness, &report), [OrderStatus::PartiallyFilled, OrderStatus::Expired]);
}

#[test]
fn c39_when_the_stop_of_a_pair_is_triggered_the_maker_ends() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    let report = try_list(&mut harness, pair()).unwrap();
    trade_at(&mut harness, 90);
    assert_eq!(statuses(&harness, &report), [OrderStatus::Expired, OrderStatus::Pending]);
    assert_eq!(levels(&harness, Side::Sell), [(85, 10)]);
    assert_eq!(balance(&harness, ALICE, COIN), (990, 10));
}

#[test]
fn c39_of_a_refused_pair_neither_order_stays() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    place(&mut harness, limit(BOB, Side::Buy, 99, 1));
    let takes = ListOrders::Pair([maker(Side::Sell, 99, 10), stop(Side::Sell, 90, 85, 10)]);
    assert_eq!(try_list(&mut harness, takes), Err(Reject::PriceRelation));
    let triggers = ListOrders::Pair([maker(Side::Sell, 120, 10), stop(Side::Sell, 100, 85, 10)]);
    assert_eq!(try_list(&mut harness, triggers), Err(Reject::PriceRelation));
    assert!(harness.open_orders(ALICE).is_empty());
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 0));
}

#[test]
fn c39_cancelling_one_order_of_a_pair_cancels_both() {
    for index in 0..2 {
        let mut harness = harness();
        trade_at(&mut harness, 100);
        let report = try_list(&mut harness, pair()).unwrap();
        harness.ask(cancel(&report.orders[index])).unwrap().unwrap();
        assert_eq!(statuses(&harness, &report), [OrderStatus::Cancelled; 2]);
        assert_eq!(balance(&harness, ALICE, COIN), (1_000, 0));
    }
}

#[test]
fn c39_a_cancel_of_everything_that_races_the_trigger_finds_the_other_order() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    let report = try_list(&mut harness, pair()).unwrap();
    place(&mut harness, limit(BOB, Side::Sell, 90, 1));
    // The trade that triggers the stop is ahead of the cancel, which asks for the maker.
    let taker = NewOrder { time_in_force: TimeInForce::Ioc, ..limit(BOB, Side::Buy, 90, 1) };
    send(&mut harness, AccountCommand::Place(taker));
    let world = harness.world();
    let now = world.now();
    for lane in 0..world.lanes() {
        if world.waiting_in(lane) > 0 {
            world.deliver(lane, now).unwrap();
            break;
        }
    }
    world.cascade(now).unwrap();
    let (command, _) =
        send(&mut harness, AccountCommand::CancelAll(CancelAll { account: ALICE, symbol: MARKET }));
    harness.settle().unwrap();
    let Some(Ok(Answer::AllCancelled(orders))) = harness.answer(command) else {
        panic!("nothing was cancelled")
    };
    assert_eq!(orders.iter().map(|order| order.id).collect::<Vec<_>>(), [report.orders[1].id]);
    assert!(harness.open_orders(ALICE).is_empty());
}

#[test]
fn c41_a_pending_order_is_placed_when_the_working_one_is_filled() {
    let mut harness = harness();
    let then = ListOrders::Then(limit(ALICE, Side::Buy, 100, 10), limit(ALICE, Side::Sell, 120, 10));
    let report = try_list(&mut harness, then).unwrap();
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 0), "what waits for its list holds nothing");
    place(&mut harness, limit(BOB, Side::Sell, 100, 4));
    assert!(levels(&harness, Side::Sell).is_empty(), "filled in part is not filled");
    place(&mut harness, limit(BOB, Side::Sell, 100, 6));
    assert_eq!(levels(&harness, Side::Sell), [(120, 10)]);
    assert_eq!(statuses(&harness, &report), [OrderStatus::Filled, OrderStatus::Pending]);
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 10));
}

#[test]
fn c41_a_working_order_that_is_filled_at_once_places_the_pair_at_once() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    place(&mut harness, limit(BOB, Side::Sell, 100, 10));
    let pair = [maker(Side::Sell, 110, 10), stop(Side::Sell, 90, 85, 10)];
    let report =
        try_list(&mut harness, ListOrders::ThenPair(limit(ALICE, Side::Buy, 100, 10), pair)).unwrap();
    let now = [OrderStatus::Filled, OrderStatus::Pending, OrderStatus::ConditionalPending];
    assert_eq!(statuses(&harness, &report), now);
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 10));
    place(&mut harness, limit(BOB, Side::Buy, 110, 10));
    assert_eq!(statuses(&harness, &report), [OrderStatus::Filled, OrderStatus::Filled, OrderStatus::Expired]);
}

#[test]
fn c41_with_the_working_order_the_pending_ones_are_cancelled() {
    let mut harness = harness();
    let then = ListOrders::Then(limit(ALICE, Side::Buy, 100, 10), limit(ALICE, Side::Sell, 120, 10));
    let report = try_list(&mut harness, then).unwrap();
    // Either order stands for the list.
    harness.ask(cancel(&report.orders[1])).unwrap().unwrap();
    assert_eq!(statuses(&harness, &report), [OrderStatus::Cancelled; 2]);
    let report = try_list(&mut harness, then).unwrap();
    let list = OrderListRef { id: Some(report.list.id), client_id: None };
    let cancel = CancelList { account: ALICE, symbol: MARKET, list, name: None };
    let answer = harness.ask(AccountCommand::CancelList(cancel)).unwrap();
    let Ok(Answer::ListCancelled(report)) = answer else { panic!("{answer:?}") };
    assert_eq!(report.list.status, ListStatus::AllDone);
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000, 0));
}

#[test]
fn c41_a_pending_order_without_funds_expires() {
    let mut harness = harness();
    let then = ListOrders::Then(limit(ALICE, Side::Sell, 100, 10), limit(ALICE, Side::Buy, 200_000, 10));
    let report = try_list(&mut harness, then).unwrap();
    place(&mut harness, limit(BOB, Side::Buy, 100, 10));
    assert_eq!(statuses(&harness, &report), [OrderStatus::Filled, OrderStatus::Expired]);
    assert!(harness.open_orders(ALICE).is_empty());
}

#[test]
fn c41_a_cancel_of_a_list_that_races_the_fill_of_its_working_order_finds_the_pending_one() {
    let mut harness = harness();
    let then = ListOrders::Then(limit(ALICE, Side::Buy, 100, 10), limit(ALICE, Side::Sell, 120, 10));
    let report = try_list(&mut harness, then).unwrap();
    send(&mut harness, AccountCommand::Place(limit(BOB, Side::Sell, 100, 10)));
    let world = harness.world();
    let now = world.now();
    let lane = (0..world.lanes()).find(|lane| world.waiting_in(*lane) > 0).unwrap();
    world.deliver(lane, now).unwrap();
    let (command, _) = send(&mut harness, cancel(&report.orders[1]));
    harness.settle().unwrap();
    let Some(Ok(Answer::Cancelled(order))) = harness.answer(command) else { panic!("not cancelled") };
    assert_eq!(order.id, report.orders[1].id);
    assert_eq!(statuses(&harness, &report), [OrderStatus::Filled, OrderStatus::Cancelled]);
}

#[test]
fn c42_a_client_that_is_not_heard_of_in_time_has_nothing_left() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    try_list(&mut harness, pair()).unwrap();
    place(&mut harness, limit(ALICE, Side::Buy, 50, 1));
    let after =
        |micros| AccountCommand::CancelAllAfter(CancelAllAfter { account: ALICE, after_micros: micros });
    harness.ask(after(Some(1_000))).unwrap().unwrap();
    harness.pass(999);
    harness.tick().unwrap();
    assert_eq!(harness.open_orders(ALICE).len(), 3);
    harness.ask(after(Some(1_000))).unwrap().unwrap();
    harness.pass(999);
    harness.tick().unwrap();
    assert_eq!(harness.open_orders(ALICE).len(), 3, "restarted in time");
    harness.pass(1);
    harness.tick().unwrap();
    assert!(harness.open_orders(ALICE).is_empty());
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 0));
}

/// What of an account is announced: its open orders as a query shows them.
fn shown(harness: &Harness) -> usize {
    harness.open_orders(ALICE).len()
}

#[test]
fn f31_what_a_book_may_still_refuse_is_not_published() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    send(&mut harness, AccountCommand::Place(maker(Side::Sell, 110, 10)));
    assert_eq!((shown(&harness), balance(&harness, ALICE, COIN)), (0, (990, 10)), "it is held and not shown");
    harness.settle().unwrap();
    assert_eq!(shown(&harness), 1);
    send(&mut harness, AccountCommand::Place(limit(ALICE, Side::Sell, 120, 10)));
    assert_eq!(shown(&harness), 2, "nothing can refuse a limit order");
    harness.settle().unwrap();
    send(&mut harness, list(pair()));
    assert_eq!(shown(&harness), 2);
    harness.settle().unwrap();
    assert_eq!(shown(&harness), 4);
}

#[test]
fn f31_a_pair_of_which_one_is_cancelled_before_the_other_arrives_is_announced_first() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    let stop = named(stop(Side::Sell, 90, 85, 10), "below");
    let (placing, _) = send(&mut harness, list(ListOrders::Pair([maker(Side::Sell, 110, 10), stop])));
    let named = OrderRef { id: None, client_id: ClientOrderId::parse("below") };
    let cancel = CancelOrder { account: ALICE, symbol: MARKET, order: named, restriction: None, name: None };
    let (cancelling, _) = send(&mut harness, AccountCommand::Cancel(cancel));
    // The auditor judges the stream: NEW before CANCELED, and nothing after an end.
    harness.settle().unwrap();
    assert!(matches!(harness.answer(placing), Some(Ok(Answer::ListPlaced(_)))));
    assert!(matches!(harness.answer(cancelling), Some(Ok(Answer::Cancelled(_)))));
    assert_eq!((shown(&harness), balance(&harness, ALICE, COIN)), (0, (1_000, 0)));
}

#[test]
fn f16_pending_orders_that_are_refused_are_rejected_and_known() {
    let mut harness = harness();
    trade_at(&mut harness, 100);
    place(&mut harness, limit(BOB, Side::Buy, 80, 10));
    let working = limit(ALICE, Side::Buy, 99, 10);
    for pending in [
        ListOrders::Then(working, maker(Side::Sell, 80, 10)),
        ListOrders::Then(working, stop(Side::Sell, 100, 70, 10)),
        ListOrders::ThenPair(working, [maker(Side::Sell, 80, 10), stop(Side::Sell, 70, 60, 10)]),
        ListOrders::ThenPair(working, [maker(Side::Sell, 120, 10), stop(Side::Sell, 100, 60, 10)]),
    ] {
        let report = try_list(&mut harness, pending).unwrap();
        place(&mut harness, limit(BOB, Side::Sell, 99, 10));
        let (first, rest) = (OrderStatus::Filled, OrderStatus::Rejected);
        let now = statuses(&harness, &report);
        assert_eq!(now[0], first);
        assert!(now[1..].iter().all(|status| *status == rest), "{now:?}");
        assert_eq!(shown(&harness), 0);
        // The coins bought are free, and go back for the next round.
        place(&mut harness, limit(BOB, Side::Buy, 99, 10));
        place(&mut harness, limit(ALICE, Side::Sell, 99, 10));
        assert_eq!(balance(&harness, ALICE, COIN), (1_000, 0));
    }
}
