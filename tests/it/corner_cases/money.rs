//! Amounts, fees, holds and what cannot be paid (C1 to C4, C15, C16, C27).

use super::*;

#[test]
fn c16_a_reference_price_of_nothing_is_none() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 5));
    let order = place(&mut harness, by_quote(BOB, Side::Buy, 250, 0));
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(CloseReason::NoReference)));
}

#[test]
fn c1_the_stream_shows_the_end_of_a_market_order_whose_amount_buys_no_further_lot() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 5));
    let order = place(&mut harness, by_quote(BOB, Side::Buy, 250, 100));
    assert_eq!((order.status, order.executed), (OrderStatus::Filled, Lots::new(2)));
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000 - 200, 0), "the rest of the amount is free again");
}

#[test]
fn c1_a_market_buy_by_amount_fills_whole_lots_only_and_never_more_than_the_amount() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 100, 2));
    place(&mut harness, limit(ALICE, Side::Sell, 130, 9));
    let order = place(&mut harness, by_quote(BOB, Side::Buy, 459, 100));
    assert_eq!((order.executed.get(), order.executed_quote.units()), (3, 330)); // 129 buy no lot at 130
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000 - 330, 0));
    for (units, reject) in [(0, Filter::LotSize), (99, Filter::LotSize)] {
        let refused = try_place(&mut harness, by_quote(BOB, Side::Buy, units, 100));
        assert_eq!(refused, Err(Reject::Filter(reject)), "{units} buy nothing");
    }
}

#[test]
fn c1_a_market_sell_by_amount_sells_no_more_than_it_takes_to_receive_the_amount() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Buy, 100, 2));
    place(&mut harness, limit(ALICE, Side::Buy, 70, 9));
    let order = place(&mut harness, by_quote(BOB, Side::Sell, 350, 100));
    assert_eq!((order.executed.get(), order.executed_quote.units()), (4, 340)); // 2 at 100, then 2 at 70
    assert_eq!(balance(&harness, BOB, COIN), (996, 0));
    assert_eq!(order.status, OrderStatus::Filled);
}

#[test]
fn c1_market_lot_size_binds_a_market_order_by_amount_too() {
    let market_min_qty = Decimal::new(5, 2);
    let mut harness = desk_of(SymbolDefinition { market_min_qty, ..definition() }, BookLimits::default());
    place(&mut harness, limit(ALICE, Side::Sell, 100, 50));
    let refused = try_place(&mut harness, by_quote(BOB, Side::Buy, 499, 100));
    assert_eq!(refused, Err(Reject::Filter(Filter::MarketLotSize)));
    assert_eq!(place(&mut harness, by_quote(BOB, Side::Buy, 500, 100)).executed, Lots::new(5));
}

fn with_fees(maker: Decimal, taker: Decimal) -> Harness {
    let fees = vec![FeeDefinition { maker, taker }];
    desk_of(SymbolDefinition { fees, ..definition() }, BookLimits::default())
}

#[test]
fn c2_a_fee_below_the_smallest_unit_is_rounded_up() {
    let mut harness = with_fees(Decimal::new(1, 3), Decimal::new(1, 3));
    place(&mut harness, limit(ALICE, Side::Sell, 1, 1));
    place(&mut harness, limit(BOB, Side::Buy, 1, 1));
    // 0.1 % of one unit each: no trade is free of fees.
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000, 0));
    assert_eq!(balance(&harness, BOB, COIN), (1_000, 0));
    assert_eq!(balance(&harness, BOB, CASH), (999_999, 0));
}

#[test]
fn c3_a_fee_is_never_more_than_what_it_is_taken_from_and_all_of_it_is_credited() {
    let mut harness = with_fees(Decimal::ONE, Decimal::ONE);
    place(&mut harness, limit(ALICE, Side::Sell, 100, 7));
    place(&mut harness, limit(BOB, Side::Buy, 100, 7));
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000, 0));
    assert_eq!(balance(&harness, BOB, COIN), (1_000, 0));
    let fees = |asset| -> i128 {
        harness.world_ref().account_slots().map(|slot| slot.totals(asset).unwrap().fees.units()).sum()
    };
    assert_eq!((fees(CASH), fees(COIN)), (700, 7));
}

#[test]
fn c3_a_resting_order_keeps_its_hold_whatever_the_fee_of_its_fills() {
    let mut harness = with_fees(Decimal::new(1, 3), Decimal::new(25, 2));
    place(&mut harness, limit(ALICE, Side::Buy, 100, 10));
    place(&mut harness, limit(BOB, Side::Sell, 100, 3));
    assert_eq!(balance(&harness, ALICE, CASH), (1_000_000 - 1_000, 700));
    assert_eq!(balance(&harness, ALICE, COIN), (1_002, 0)); // 3 less a fee of 0.003, rounded up
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000 + 225, 0));
}

#[test]
fn c4_what_a_better_price_saves_is_free_at_once_though_the_rest_rests() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Sell, 90, 4));
    let order = place(&mut harness, limit(BOB, Side::Buy, 100, 10));
    assert_eq!(order.status, OrderStatus::PartiallyFilled);
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000 - 4 * 90 - 6 * 100, 6 * 100));
    harness.ask(cancel(&order)).unwrap().unwrap();
    assert_eq!(balance(&harness, BOB, CASH), (1_000_000 - 4 * 90, 0));
}

#[test]
fn c15_amounts_that_do_not_fit_are_refused() {
    let mut harness = harness();
    for (price, lots) in [(u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        let refused = try_place(&mut harness, limit(ALICE, Side::Buy, price, lots));
        assert!(matches!(refused, Err(Reject::Filter(_))), "{price} × {lots}: {refused:?}");
    }
    let deposit = |units| {
        AccountCommand::Deposit(Transfer {
            account: ALICE,
            asset: CASH,
            amount: Amount::new(units),
            request_id: None,
        })
    };
    assert_eq!(harness.ask(deposit(i128::MAX)).unwrap(), Err(Reject::Overflow));
    let mut quote = by_quote(ALICE, Side::Buy, i128::MAX, 1);
    assert_eq!(try_place(&mut harness, quote), Err(Reject::InsufficientBalance));
    quote.quote_quantity = Some(Amount::new(-5));
    assert!(try_place(&mut harness, quote).is_err());
}

#[test]
fn c16_zero_and_negative_amounts_are_refused() {
    let mut harness = harness();
    for order in [limit(ALICE, Side::Buy, 0, 1), limit(ALICE, Side::Buy, 1, 0)] {
        assert!(matches!(try_place(&mut harness, order), Err(Reject::Filter(_))));
    }
    for units in [0, -1] {
        let transfer = Transfer { account: ALICE, asset: CASH, amount: Amount::new(units), request_id: None };
        for command in [AccountCommand::Deposit(transfer.clone()), AccountCommand::Withdraw(transfer)] {
            assert_eq!(harness.ask(command).unwrap(), Err(Reject::ZeroAmount));
        }
    }
}

#[test]
fn c27_withdrawals_cannot_take_what_is_held_or_the_same_twice() {
    let mut harness = harness();
    place(&mut harness, limit(ALICE, Side::Buy, 100, 6_000)); // holds 600 000
    let withdraw = |units, id: &str| {
        AccountCommand::Withdraw(Transfer {
            account: ALICE,
            asset: CASH,
            amount: Amount::new(units),
            request_id: Some(id.to_owned()),
        })
    };
    assert_eq!(harness.ask(withdraw(400_001, "a")).unwrap(), Err(Reject::InsufficientBalance));
    let first = harness.ask(withdraw(300_000, "b")).unwrap();
    assert!(first.is_ok());
    assert_eq!(harness.ask(withdraw(300_000, "b")).unwrap(), first, "a retry answers the same");
    assert_eq!(harness.ask(withdraw(300_001, "b")).unwrap(), Err(Reject::RequestConflict));
    assert_eq!(balance(&harness, ALICE, CASH), (100_000, 600_000));
}
