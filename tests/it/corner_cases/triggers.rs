//! Orders that wait for a price (C40), and a cascade of them (C12).
//!
//! Prices of the FAQ's trailing scenarios (Binance Spot, trailing stop FAQ) are given in whole units of cash.

use super::*;
use lightning_exchange::domain::{
    instruments::SpecialOrders,
    orders::{Bips, Trigger},
};

const MAKER: AccountId = AccountId::new(2_049);

/// Alice and Bob with plenty, and a third account that makes the market trade where it is wanted.
fn rich_desk() -> Harness {
    let mut harness = harness();
    for account in [ALICE, BOB, MAKER] {
        harness.fund(account, COIN, 1_000_000).unwrap();
        harness.fund(account, CASH, 1_000_000_000_000).unwrap();
    }
    harness
}

/// Lets the market trade one lot at this price, between orders far from all others.
fn trade_at(harness: &mut Harness, price: u64) {
    place(harness, limit(BOB, Side::Sell, price, 1));
    place(harness, NewOrder { time_in_force: TimeInForce::Ioc, ..limit(MAKER, Side::Buy, price, 1) });
}

fn waiting(kind: OrderType, side: Side, stop: Option<u64>, bips: Option<u64>, lots: u64) -> NewOrder {
    let trigger = Trigger { stop: stop.map(Price::from_ticks), trailing: bips.and_then(Bips::new) };
    NewOrder {
        kind,
        trigger: Some(trigger),
        price: None,
        time_in_force: TimeInForce::Ioc,
        reference: Some(Price::from_ticks(100)),
        ..limit(ALICE, side, 0, lots)
    }
}

fn is_untriggered(harness: &Harness, order: &Order) -> bool {
    let found = harness.open_orders(ALICE).into_iter().find(|open| open.id == order.id);
    found.is_some_and(|open| open.status == OrderStatus::ConditionalPending)
}

/// Walks the market from price to price: the order has to wait until the last, which triggers it.
fn walk(kind: OrderType, side: Side, stop: Option<u64>, bips: u64, prices: &[u64]) {
    let mut harness = rich_desk();
    let (last, before) = prices.split_last().unwrap();
    trade_at(&mut harness, before[0]);
    let order = waiting(kind, side, stop, Some(bips), 1);
    let order = place(&mut harness, NewOrder { reference: Some(Price::from_ticks(before[0])), ..order });
    for price in &before[1..] {
        trade_at(&mut harness, *price);
        assert!(is_untriggered(&harness, &order), "{kind:?} {side:?} is triggered at {price}");
    }
    trade_at(&mut harness, *last);
    assert!(!is_untriggered(&harness, &order), "{kind:?} {side:?} is not triggered at {last}");
}

#[test]
fn c40_a_trailing_stop_loss_buy_is_triggered_five_percent_above_the_lowest() {
    walk(OrderType::StopLoss, Side::Buy, None, 500, &[41_000, 40_000, 41_999, 42_000]);
}

#[test]
fn c40_a_trailing_stop_loss_sell_is_triggered_as_far_below_the_highest() {
    walk(OrderType::StopLoss, Side::Sell, None, 1_000, &[40_000, 41_000, 36_901, 36_900]);
}

#[test]
fn c40_a_trailing_take_profit_sell_follows_from_its_stop_price_on() {
    let prices = [39_000, 35_000, 41_999, 42_000, 46_500, 43_013, 43_012];
    walk(OrderType::TakeProfit, Side::Sell, Some(42_000), 750, &prices);
}

#[test]
fn c40_a_trailing_take_profit_buy_follows_from_its_stop_price_on() {
    walk(
        OrderType::TakeProfit,
        Side::Buy,
        Some(38_000),
        850,
        &[40_000, 38_001, 38_000, 30_000, 32_549, 32_550],
    );
}

#[test]
fn c40_a_trailing_stop_loss_sell_does_not_see_what_was_before_its_stop_price() {
    walk(OrderType::StopLoss, Side::Sell, Some(39_000), 400, &[45_000, 39_001, 38_000, 36_481, 36_480]);
}

#[test]
fn c40_an_order_whose_stop_price_is_reached_already_is_refused() {
    let mut harness = rich_desk();
    trade_at(&mut harness, 100);
    for (kind, side, stop) in [
        (OrderType::StopLoss, Side::Buy, 100),
        (OrderType::StopLoss, Side::Sell, 100),
        (OrderType::TakeProfit, Side::Buy, 101),
        (OrderType::TakeProfit, Side::Sell, 99),
    ] {
        let refused = try_place(&mut harness, waiting(kind, side, Some(stop), None, 1));
        assert_eq!(refused, Err(Reject::WouldTrigger), "{kind:?} {side:?}");
    }
    assert!(harness.open_orders(ALICE).is_empty());
}

#[test]
fn c12_a_market_that_jumps_over_a_stop_price_triggers_it_at_the_price_it_jumps_to() {
    let mut harness = rich_desk();
    trade_at(&mut harness, 100);
    let stop = place(&mut harness, waiting(OrderType::StopLoss, Side::Sell, Some(90), None, 2));
    place(&mut harness, limit(MAKER, Side::Buy, 60, 5));
    trade_at(&mut harness, 70);
    assert!(!is_untriggered(&harness, &stop));
    let last = *harness.trades(MARKET).last().unwrap();
    assert_eq!((last.price.ticks(), last.lots.get()), (60, 2), "inside half of the 70 that triggered it");
}

#[test]
fn c12_orders_of_one_stop_price_are_triggered_as_they_came_whichever_way_the_market_goes() {
    for (side, stop, jump) in [(Side::Buy, 110, 120), (Side::Sell, 90, 80)] {
        let mut harness = rich_desk();
        trade_at(&mut harness, 100);
        let stops: Vec<OrderId> = (1..=3)
            .map(|_| place(&mut harness, waiting(OrderType::StopLoss, side, Some(stop), None, 1)).id)
            .collect();
        place(&mut harness, limit(MAKER, side.opposite(), jump, 5));
        trade_at(&mut harness, jump);
        let takers: Vec<OrderId> = harness.sides(MARKET).iter().map(|(_, _, taker)| *taker).collect();
        assert_eq!(takers[takers.len() - 3..], stops, "{side:?}");
    }
}

#[test]
fn c12_a_cascade_of_a_thousand_stops_comes_to_its_end() {
    let special_orders = SpecialOrders { max_num_algo_orders: 0, ..SpecialOrders::default() };
    let definition = SymbolDefinition { max_num_orders: 2_000, special_orders, ..definition() };
    let mut harness = desk_of(definition, BookLimits::default());
    for account in [ALICE, BOB, MAKER] {
        harness.fund(account, COIN, 1_000_000).unwrap();
        harness.fund(account, CASH, 1_000_000_000_000).unwrap();
    }
    trade_at(&mut harness, 10_000);
    // Each stop sells into the bid that is there to trigger the next.
    for step in 1..=1_000 {
        harness.send(AccountCommand::Place(limit(MAKER, Side::Buy, 10_000 - step, 1))).unwrap();
        let stop = waiting(OrderType::StopLoss, Side::Sell, Some(10_000 - step), None, 1);
        harness.send(AccountCommand::Place(stop)).unwrap();
    }
    harness.settle().unwrap();
    assert_eq!(harness.world().symbol_slot(MARKET).unwrap().stop_order_count(MARKET), 1_000);
    place(&mut harness, NewOrder { time_in_force: TimeInForce::Ioc, ..limit(BOB, Side::Sell, 9_999, 1) });
    assert_eq!(harness.world().symbol_slot(MARKET).unwrap().stop_order_count(MARKET), 0);
    assert_eq!(harness.trades(MARKET).last().unwrap().price.ticks(), 9_000);
}

#[test]
fn c40_a_cancel_that_races_the_trigger_takes_the_order_out_where_it_rests() {
    let mut harness = rich_desk();
    trade_at(&mut harness, 100);
    let stop = NewOrder {
        kind: OrderType::StopLossLimit,
        time_in_force: TimeInForce::Gtc,
        price: Some(Price::from_ticks(105)),
        ..waiting(OrderType::StopLossLimit, Side::Buy, Some(110), None, 4)
    };
    let stop = place(&mut harness, stop);
    // The trade is ahead of the cancel at the book: the order rests when it is asked for among those that wait.
    place(&mut harness, limit(BOB, Side::Sell, 110, 1));
    let taker = NewOrder { time_in_force: TimeInForce::Ioc, ..limit(MAKER, Side::Buy, 110, 1) };
    let (_, taker) = send(&mut harness, AccountCommand::Place(taker));
    assert!(taker.is_some());
    let (cancelled, _) = send(&mut harness, cancel(&stop));
    harness.settle().unwrap();
    let Some(Ok(Answer::Cancelled(order))) = harness.answer(cancelled) else { panic!("not cancelled") };
    assert_eq!((order.id, order.executed, order.status), (stop.id, Lots::ZERO, OrderStatus::Cancelled));
    assert!(harness.open_orders(ALICE).is_empty());
}

#[test]
fn c40_an_untriggered_order_holds_its_funds_and_releases_them() {
    let mut harness = rich_desk();
    trade_at(&mut harness, 100);
    let (free, held) = balance(&harness, ALICE, COIN);
    let stop = place(&mut harness, waiting(OrderType::StopLoss, Side::Sell, Some(90), None, 7));
    assert_eq!(balance(&harness, ALICE, COIN), (free - 7, held + 7));
    harness.ask(cancel(&stop)).unwrap().unwrap();
    assert_eq!(balance(&harness, ALICE, COIN), (free, held));
}
