//! Decisions of the book, seen from the accounts (C5 to C8, C13, C14, C18 to C23, C37).

use super::*;

#[test]
fn c14_an_order_whose_date_passes_on_the_way_neither_trades_nor_rests() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 5));
    let expires_at = Some(Timestamp::from_micros(harness.time().micros() + 10));
    let order = NewOrder { time_in_force: TimeInForce::Gtd, expires_at, ..limit(BOB, Side::Buy, 100, 5) };
    let (command, _) = send(&mut harness, AccountCommand::Place(order));
    harness.pass(10);
    harness.settle().unwrap();
    let Some(Ok(Answer::Placed { order, .. })) = harness.answer(command) else { panic!("not placed") };
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::GoodTillDate)));
    assert!(harness.trades(MARKET).is_empty());
}

#[test]
fn c5_the_stream_shows_what_a_decrement_set_free() {
    let mut harness = harness();
    let maker = place(&mut harness, limit(ALICE, Side::Sell, 100, 5));
    place(&mut harness, NewOrder { stp: StpMode::Decrement, ..limit(ALICE, Side::Buy, 100, 3) });
    assert_eq!(harness.open_orders(ALICE)[0].id, maker.id);
    assert_eq!(balance(&harness, ALICE, COIN), (998, 2));
}

#[test]
fn c5_the_rest_of_a_taker_ended_by_self_trade_prevention_does_not_rest() {
    let mut harness = harness();
    place(&mut harness, limit(BOB, Side::Sell, 100, 2));
    place(&mut harness, limit(ALICE, Side::Sell, 101, 2));
    for stp in [StpMode::ExpireTaker, StpMode::ExpireBoth] {
        let order = place(&mut harness, NewOrder { stp, ..limit(ALICE, Side::Buy, 105, 9) });
        assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::SelfTrade)));
        assert_eq!(levels(&harness, Side::Buy), []);
        assert_eq!(balance(&harness, ALICE, CASH).1, 0);
    }
    assert_eq!(levels(&harness, Side::Sell), [], "EXPIRE_BOTH took the resting one, too");
}

#[test]
fn c5_a_decrement_makes_and_loses_no_units() {
    let mut harness = harness();
    let maker = place(&mut harness, limit(ALICE, Side::Sell, 100, 8));
    let order = place(&mut harness, NewOrder { stp: StpMode::Decrement, ..limit(ALICE, Side::Buy, 100, 20) });
    assert_eq!((order.prevented().get(), order.remaining().get()), (8, 12));
    assert_eq!(levels(&harness, Side::Sell), []);
    assert_eq!(levels(&harness, Side::Buy), [(100, 12)]);
    assert!(!harness.open_orders(ALICE).iter().any(|order| order.id == maker.id));
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 0));
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000 - 1_200, 1_200));
}

#[test]
fn c6_fill_or_kill_does_not_count_the_accounts_own_orders() {
    let mut harness = harness();
    place(&mut harness, limit(BOB, Side::Sell, 100, 5));
    place(&mut harness, limit(ALICE, Side::Sell, 100, 5));
    let before = harness.depth(MARKET, Side::Sell);
    for stp in [StpMode::ExpireTaker, StpMode::ExpireMaker, StpMode::ExpireBoth, StpMode::Decrement] {
        let order = limit(ALICE, Side::Buy, 100, 10);
        let order = place(&mut harness, NewOrder { time_in_force: TimeInForce::Fok, stp, ..order });
        assert_eq!(
            (order.status, order.reason),
            (OrderStatus::Expired, Some(CloseReason::Killed)),
            "{stp:?}"
        );
        assert_eq!(harness.depth(MARKET, Side::Sell), before, "{stp:?}: nothing happened");
    }
    assert!(harness.trades(MARKET).is_empty());
}

#[test]
fn c7_a_post_only_order_that_would_take_is_refused_without_a_trace() {
    let mut harness = harness();
    place(&mut harness, limit(BOB, Side::Sell, 100, 5));
    let post_only = |price| NewOrder { kind: OrderType::LimitMaker, ..limit(ALICE, Side::Buy, price, 5) };
    assert_eq!(try_place(&mut harness, post_only(100)), Err(Reject::WouldTake));
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000, 0));
    assert_eq!(place(&mut harness, post_only(99)).status, OrderStatus::Pending);
}

#[test]
fn c7_two_post_only_orders_on_their_way_at_once_never_take() {
    let mut harness = harness();
    let post_only = |account, side| NewOrder { kind: OrderType::LimitMaker, ..limit(account, side, 100, 5) };
    let (first, _) = send(&mut harness, AccountCommand::Place(post_only(ALICE, Side::Buy)));
    let (second, _) = send(&mut harness, AccountCommand::Place(post_only(BOB, Side::Sell)));
    harness.settle().unwrap();
    let refused = [first, second].map(|command| harness.answer(command).unwrap().is_err());
    assert_eq!(refused.iter().filter(|refused| **refused).count(), 1);
    assert!(harness.trades(MARKET).is_empty());
}

#[test]
fn c8_the_rest_of_an_immediate_order_does_not_rest_and_its_hold_is_free() {
    let mut harness = harness();
    place(&mut harness, limit(BOB, Side::Sell, 100, 5));
    let order = NewOrder { time_in_force: TimeInForce::Ioc, ..limit(ALICE, Side::Buy, 100, 8) };
    let order = place(&mut harness, order);
    assert_eq!((order.status, order.executed.get()), (OrderStatus::Expired, 5));
    assert_eq!(levels(&harness, Side::Buy), []);
    assert_eq!(balance(&harness, ALICE, CASH), (999_500, 0));
}

#[test]
fn c13_a_taker_pays_the_makers_prices_and_never_beyond_its_own_limit() {
    let mut harness = harness();
    for price in [98, 99, 103] {
        place(&mut harness, limit(ALICE, Side::Sell, price, 2));
    }
    let order = place(&mut harness, limit(BOB, Side::Buy, 102, 6));
    assert_eq!(order.executed_quote, Amount::new(2 * 98 + 2 * 99));
    assert_eq!(levels(&harness, Side::Sell), [(103, 2)]);
    assert_eq!(levels(&harness, Side::Buy), [(102, 2)]);
}

#[test]
fn c14_a_maker_past_its_date_does_not_trade_and_its_hold_is_free() {
    let mut harness = harness();
    let expires_at = Some(Timestamp::from_micros(harness.time().micros() + 10));
    place(
        &mut harness,
        NewOrder { time_in_force: TimeInForce::Gtd, expires_at, ..limit(ALICE, Side::Sell, 100, 5) },
    );
    place(&mut harness, limit(ALICE, Side::Sell, 101, 5));
    harness.pass(10);
    let order = place(&mut harness, limit(BOB, Side::Buy, 101, 5));
    assert_eq!(order.executed_quote, Amount::new(505), "the one at 100 was over");
    assert_eq!(balance(&harness, ALICE, COIN), (995, 0));
}

#[test]
fn c14_a_cancel_and_the_date_in_the_same_instant_end_the_order_once() {
    let mut harness = harness();
    let expires_at = Some(Timestamp::from_micros(harness.time().micros() + 10));
    let order = place(
        &mut harness,
        NewOrder { time_in_force: TimeInForce::Gtd, expires_at, ..limit(ALICE, Side::Sell, 100, 5) },
    );
    harness.pass(10);
    let (cancelling, _) = send(&mut harness, cancel(&order));
    harness.tick().unwrap(); // the symbol slot sees the tick first
    assert_eq!(harness.answer(cancelling), Some(Err(Reject::UnknownOrder)));
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 0));
}

#[test]
fn c18_the_level_a_cancel_empties_is_gone_for_everybody() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Buy, 99, 1));
    let best = place(&mut harness, limit(ALICE, Side::Buy, 100, 1));
    harness.ask(cancel(&best)).unwrap().unwrap();
    assert_eq!(levels(&harness, Side::Buy), [(99, 1)]);
    assert_eq!(place(&mut harness, limit(BOB, Side::Sell, 100, 1)).executed, Lots::ZERO);
}

#[test]
fn c19_cancelling_the_middle_order_of_a_level_leaves_the_others_in_order() {
    let mut harness = harness();
    let orders: Vec<Order> = (0..3).map(|_| place(&mut harness, limit(ALICE, Side::Buy, 100, 2))).collect();
    harness.ask(cancel(&orders[1])).unwrap().unwrap();
    place(&mut harness, limit(BOB, Side::Sell, 100, 3));
    let open = harness.open_orders(ALICE);
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].id, open[0].executed.get()), (orders[2].id, 1), "the first traded first");
}

#[test]
fn c20_a_command_stops_at_its_number_of_fills_and_the_rest_is_released() {
    let mut harness = desk_of(definition(), BookLimits { orders_max: 100, fills_max: 3 });
    for _ in 0..5 {
        place(&mut harness, limit(ALICE, Side::Sell, 100, 1));
    }
    let order = place(&mut harness, limit(BOB, Side::Buy, 100, 5));
    assert_eq!((order.executed.get(), order.reason), (3, Some(CloseReason::FillLimit)));
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000 - 300, 0));
}

#[test]
fn c21_orders_of_one_instant_and_of_clocks_that_step_back_keep_their_order() {
    let mut harness = harness();
    let first = place(&mut harness, limit(ALICE, Side::Buy, 100, 1));
    let earlier = Timestamp::from_micros(1);
    harness.world().command(AccountCommand::Place(limit(ALICE, Side::Buy, 100, 1)), earlier).unwrap();
    harness.world().drain(earlier).unwrap();
    place(&mut harness, limit(BOB, Side::Sell, 100, 1));
    assert!(harness.open_orders(ALICE).iter().all(|order| order.id != first.id));
}

#[test]
fn c22_prices_far_apart_rest_and_trade() {
    let mut harness = harness();
    for price in [1, 1_000, 90_000_000] {
        place(&mut harness, limit(ALICE, Side::Sell, price, 1));
    }
    assert_eq!(levels(&harness, Side::Sell), [(1, 1), (1_000, 1), (90_000_000, 1)]);
    let order = place(&mut harness, limit(BOB, Side::Buy, 2_000, 3));
    assert_eq!((order.executed.get(), order.executed_quote.units()), (2, 1_001));
}

#[test]
fn c23_a_full_book_says_so_and_holds_nothing() {
    let mut harness = desk_of(definition(), BookLimits { orders_max: 2, fills_max: 100 });
    place(&mut harness, limit(ALICE, Side::Buy, 100, 1));
    place(&mut harness, limit(ALICE, Side::Buy, 99, 1));
    let order = place(&mut harness, limit(BOB, Side::Buy, 98, 1));
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::BookFull)));
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000, 0));
    let post_only = NewOrder { kind: OrderType::LimitMaker, ..limit(BOB, Side::Buy, 98, 1) };
    assert_eq!(try_place(&mut harness, post_only), Err(Reject::BookFull));
}

#[test]
fn c37_an_amended_order_keeps_its_place_in_the_queue() {
    let mut harness = harness();
    let first = place(&mut harness, limit(ALICE, Side::Buy, 100, 5));
    place(&mut harness, limit(ALICE, Side::Buy, 100, 5));
    harness.ask(amend(&first, 3, None)).unwrap().unwrap();
    place(&mut harness, limit(BOB, Side::Sell, 100, 3));
    assert!(harness.open_orders(ALICE).iter().all(|order| order.id != first.id), "it traded first");
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000 - 800, 500));
}

#[test]
fn c37_a_market_order_against_an_empty_or_wholly_own_book_expires() {
    let mut harness = harness();
    let order = place(&mut harness, NewOrder { reference: None, ..market(BOB, Side::Buy, 5, 0) });
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::NoReference)));
    let order = place(&mut harness, market(BOB, Side::Buy, 5, 100));
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::Unfilled)));
    place(&mut harness, limit(BOB, Side::Sell, 100, 5));
    let order = place(&mut harness, NewOrder { stp: StpMode::ExpireTaker, ..market(BOB, Side::Buy, 5, 100) });
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::SelfTrade)));
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000, 0));
}

#[test]
fn c37_a_market_order_stops_at_its_price_collar_in_mid_sweep() {
    let mut harness = harness(); // the collar is half the reference price
    place(&mut harness, limit(ALICE, Side::Sell, 100, 2));
    place(&mut harness, limit(ALICE, Side::Sell, 151, 2));
    let order = place(&mut harness, market(BOB, Side::Buy, 4, 100));
    assert_eq!((order.executed.get(), order.status), (2, OrderStatus::Expired));
    assert_eq!(balance(&harness, BOB, CASH), (999_800, 0));
}
