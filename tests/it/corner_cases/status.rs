//! Markets that close and open while orders are on their way (C45), and end for good (C46).

use super::*;
use lightning_exchange::domain::{
    instruments::edit::{FeeEdit, SymbolEdit},
    orders::{ListOrders, PlaceList, Trigger},
};

fn change(harness: &mut Harness, edit: &SymbolEdit) {
    let now = harness.time();
    let rules = harness.world_ref().instruments().edited("COINCASH", edit).unwrap();
    harness.world().change_rules(rules, now);
}

fn set(harness: &mut Harness, status: SymbolStatus) {
    change(harness, &SymbolEdit { status: Some(status), ..SymbolEdit::default() });
}

fn stop(side: Side, stop: u64, price: u64, lots: u64) -> NewOrder {
    let trigger = Trigger { stop: Some(Price::from_ticks(stop)), trailing: None };
    NewOrder { kind: OrderType::StopLossLimit, trigger: Some(trigger), ..limit(ALICE, side, price, lots) }
}

#[test]
fn c45_a_closed_market_takes_cancels_and_reductions_and_no_order() {
    for status in [SymbolStatus::CancelOnly, SymbolStatus::Halt] {
        let mut harness = harness();
        let first = place(&mut harness, limit(ALICE, Side::Sell, 100, 10));
        let second = place(&mut harness, limit(ALICE, Side::Sell, 101, 10));
        set(&mut harness, status);
        assert_eq!(try_place(&mut harness, limit(BOB, Side::Buy, 100, 10)), Err(Reject::MarketClosed));
        let maker = NewOrder { kind: OrderType::LimitMaker, ..limit(BOB, Side::Buy, 90, 1) };
        assert_eq!(try_place(&mut harness, maker), Err(Reject::MarketClosed));
        harness.ask(amend(&first, 4, None)).unwrap().unwrap();
        harness.ask(cancel(&second)).unwrap().unwrap();
        assert_eq!(levels(&harness, Side::Sell), [(100, 4)]);
        set(&mut harness, SymbolStatus::Trading);
        place(&mut harness, limit(BOB, Side::Buy, 100, 4));
        assert_eq!((levels(&harness, Side::Sell), balance(&harness, BOB, COIN)), (vec![], (1_004, 0)));
    }
}

#[test]
fn c45_an_order_on_its_way_when_the_market_closes_ends_and_holds_nothing() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 10));
    let (command, _) = send(&mut harness, AccountCommand::Place(limit(BOB, Side::Buy, 100, 10)));
    assert_eq!(balance(&harness, BOB, CASH).1, 1_000, "held when it left");
    set(&mut harness, SymbolStatus::Halt);
    harness.settle().unwrap();
    let Some(Ok(Answer::Placed { order, fills, .. })) = harness.answer(command) else { panic!("not placed") };
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::MarketClosed)));
    assert!(fills.is_empty() && harness.trades(MARKET).is_empty());
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000, 0));
}

#[test]
fn c45_a_pair_on_its_way_waits_in_the_closed_market_and_ends_with_the_delisted_one() {
    for status in [SymbolStatus::CancelOnly, SymbolStatus::Delisted] {
        let mut harness = harness();
        place(&mut harness, limit(BOB, Side::Buy, 90, 1));
        let above = NewOrder { kind: OrderType::LimitMaker, ..limit(ALICE, Side::Sell, 110, 5) };
        let orders = ListOrders::Pair([above, stop(Side::Sell, 80, 79, 5)]);
        let list = PlaceList { account: ALICE, symbol: MARKET, client_id: None, orders };
        send(&mut harness, AccountCommand::PlaceList(Box::new(list)));
        assert_eq!(balance(&harness, ALICE, COIN), (995, 5));
        set(&mut harness, status);
        harness.settle().unwrap();
        let (open, held) = if status == SymbolStatus::Delisted { (0, 0) } else { (2, 5) };
        assert_eq!((harness.open_orders(ALICE).len(), balance(&harness, ALICE, COIN).1), (open, held));
    }
}

#[test]
fn c45_what_protects_a_position_is_placed_although_the_market_has_closed() {
    let mut harness = harness();
    let working = limit(ALICE, Side::Buy, 100, 5);
    let orders = ListOrders::Then(working, stop(Side::Sell, 80, 79, 5));
    let list = PlaceList { account: ALICE, symbol: MARKET, client_id: None, orders };
    harness.ask(AccountCommand::PlaceList(Box::new(list))).unwrap().unwrap();
    let (_, order) = send(&mut harness, AccountCommand::Place(limit(BOB, Side::Sell, 100, 5)));
    assert!(order.is_some());
    // The trade is made, and Alice's side of it is under way.
    let now = harness.time();
    let lanes = harness.world().lanes() / 2;
    for lane in 0..lanes {
        while harness.world().waiting_in(lane) > 0 {
            harness.world().deliver(lane, now).unwrap();
        }
    }
    set(&mut harness, SymbolStatus::Halt);
    harness.settle().unwrap();
    let open = harness.open_orders(ALICE);
    assert_eq!((open.len(), open[0].status), (1, OrderStatus::ConditionalPending));
    assert_eq!(balance(&harness, ALICE, COIN), (1_000, 5));
}

#[test]
fn c45_a_market_about_to_open_takes_only_what_cannot_trade() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 10));
    let (command, _) = send(&mut harness, AccountCommand::Place(limit(BOB, Side::Buy, 90, 1)));
    set(&mut harness, SymbolStatus::PostOnly);
    harness.settle().unwrap();
    let Some(Ok(Answer::Placed { order, .. })) = harness.answer(command) else { panic!("not placed") };
    assert_eq!(order.reason, Some(CloseReason::MarketClosed), "it could have traded");
    assert_eq!(try_place(&mut harness, limit(BOB, Side::Buy, 90, 1)), Err(Reject::MarketPostOnly));
    let maker = NewOrder { kind: OrderType::LimitMaker, ..limit(BOB, Side::Buy, 90, 1) };
    place(&mut harness, maker);
    let taking = NewOrder { kind: OrderType::LimitMaker, ..limit(BOB, Side::Buy, 100, 1) };
    assert_eq!(try_place(&mut harness, taking), Err(Reject::WouldTake));
    assert_eq!(levels(&harness, Side::Buy), [(90, 1)]);
}

#[test]
fn c45_what_was_triggered_before_the_market_closed_waits_until_it_opens() {
    let mut harness = harness();
    place(&mut harness, limit(BOB, Side::Buy, 80, 5));
    place(&mut harness, limit(BOB, Side::Buy, 95, 1));
    let order = place(&mut harness, stop(Side::Sell, 95, 80, 5));
    // The trade triggers it; before its step is taken the market closes.
    send(&mut harness, AccountCommand::Place(limit(ALICE, Side::Sell, 95, 1)));
    let now = harness.time();
    for lane in 0..harness.world().lanes() {
        while harness.world().waiting_in(lane) > 0 {
            harness.world().deliver(lane, now).unwrap();
        }
    }
    assert!(harness.world().has_triggered());
    set(&mut harness, SymbolStatus::Halt);
    harness.settle().unwrap();
    let open = harness.open_orders(ALICE);
    assert_eq!((open[0].id, open[0].status), (order.id, OrderStatus::ConditionalPending));
    set(&mut harness, SymbolStatus::Trading);
    harness.settle().unwrap();
    assert_eq!((harness.open_orders(ALICE).len(), levels(&harness, Side::Buy)), (0, vec![]));
}

#[test]
fn c46_every_order_of_a_delisted_symbol_ends_and_its_hold_is_free() {
    let mut harness = harness();
    let resting = place(&mut harness, limit(ALICE, Side::Sell, 100, 10));
    place(&mut harness, limit(BOB, Side::Buy, 90, 10));
    place(&mut harness, stop(Side::Buy, 110, 111, 3));
    let above = NewOrder { kind: OrderType::LimitMaker, ..limit(ALICE, Side::Sell, 120, 5) };
    let orders = ListOrders::Pair([above, stop(Side::Sell, 80, 79, 5)]);
    let list = PlaceList { account: ALICE, symbol: MARKET, client_id: None, orders };
    harness.ask(AccountCommand::PlaceList(Box::new(list))).unwrap().unwrap();
    set(&mut harness, SymbolStatus::Delisted);
    assert_eq!(try_place(&mut harness, limit(BOB, Side::Buy, 100, 1)), Err(Reject::MarketClosed));
    harness.tick().unwrap();
    for account in [ALICE, BOB] {
        assert!(harness.open_orders(account).is_empty());
        assert_eq!(
            (balance(&harness, account, COIN), balance(&harness, account, CASH)),
            ((1_000, 0), (1_000_000, 0))
        );
    }
    assert_eq!(harness.ask(cancel(&resting)).unwrap(), Err(Reject::UnknownOrder));
}

#[test]
fn fees_are_those_in_force_where_the_account_settles() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 10));
    place(&mut harness, limit(BOB, Side::Buy, 100, 5));
    assert_eq!(balance(&harness, BOB, COIN), (1_005, 0), "without a fee");
    let fees = vec![FeeEdit { maker: Decimal::ZERO, taker: Decimal::new(2, 1) }];
    change(&mut harness, &SymbolEdit { fees: Some(fees), ..SymbolEdit::default() });
    place(&mut harness, limit(BOB, Side::Buy, 100, 5));
    assert_eq!(balance(&harness, BOB, COIN), (1_009, 0), "a fifth of it is the fee");
}
