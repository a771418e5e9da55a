//! The corner cases that have broken exchanges before, at the level of slots: an order's whole trip from account
//! to book and back. `docs/corner-cases.md` is the list; those of the book alone are tested beside it.
//!
//! Every command on a [`Desk`] ends with the auditor judging the whole exchange, so what is asserted here is
//! only what each case is about.

use lightning_exchange::{
    domain::{
        book::BookLimits,
        catalogue::{AssetDefinition, FeeDefinition, SymbolDefinition},
        command::{
            AccountCommand, AmendOrder, Answer, Balance, CancelAll, CancelOrder, OrderRef, ReplaceMode,
            ReplaceOrder, Replaced, Transfer,
        },
        id::{AccountId, AssetId, ClientOrderId, CommandId, OrderId, SymbolId},
        money::{Amount, Lots, Price},
        order::{EndReason, NewOrder, Order, OrderKind, OrderStatus, Side, StpMode, TimeInForce},
        reject::{Filter, Reject},
        symbol::SymbolStatus,
        time::Timestamp,
    },
    sim::Desk,
};
use rust_decimal::Decimal;

/// Slots 1 and 2, so that a trade between them crosses slots.
const ALICE: AccountId = AccountId::new(1025);
const BOB: AccountId = AccountId::new(1026);
const COIN: AssetId = AssetId::new(1);
const CASH: AssetId = AssetId::new(2);
const MARKET: SymbolId = SymbolId::new(1);

/// One coin is 100 lots, one unit of cash is 100 ticks; a lot at a price of one tick is one unit.
fn definition() -> SymbolDefinition {
    SymbolDefinition {
        id: 1,
        name: "COINCASH".to_owned(),
        base: "COIN".to_owned(),
        quote: "CASH".to_owned(),
        status: SymbolStatus::Trading,
        tick_size: Decimal::new(1, 2),
        min_price: Decimal::new(1, 2),
        max_price: Decimal::from(1_000_000),
        step_size: Decimal::new(1, 2),
        min_qty: Decimal::new(1, 2),
        max_qty: Decimal::from(100_000),
        market_min_qty: Decimal::ZERO,
        market_max_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        apply_min_to_market: false,
        max_notional: Decimal::ZERO,
        apply_max_to_market: false,
        bid_multiplier_up: Decimal::ZERO,
        bid_multiplier_down: Decimal::ZERO,
        ask_multiplier_up: Decimal::ZERO,
        ask_multiplier_down: Decimal::ZERO,
        max_num_orders: 200,
        market_collar: Decimal::new(5, 1),
        fees: vec![FeeDefinition { maker: Decimal::ZERO, taker: Decimal::ZERO }],
    }
}

fn desk_of(definition: SymbolDefinition, limits: BookLimits) -> Desk {
    let asset = |id, name: &str, scale| AssetDefinition { id, name: name.to_owned(), scale };
    let assets = [asset(1, "COIN", 2), asset(2, "CASH", 4)];
    let mut desk = Desk::open(&assets, &[definition], limits).unwrap();
    for account in [ALICE, BOB] {
        desk.fund(account, COIN, 1_000).unwrap();
        desk.fund(account, CASH, 1_000_000).unwrap();
    }
    desk
}

fn desk() -> Desk {
    desk_of(definition(), BookLimits::default())
}

fn limit(account: AccountId, side: Side, price: u64, lots: u64) -> NewOrder {
    NewOrder {
        account,
        symbol: MARKET,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::Gtc,
        price: Some(Price::from_ticks(price)),
        quantity: Some(Lots::new(lots)),
        quote_quantity: None,
        client_id: None,
        stp: StpMode::None,
        expires_at: None,
        reference: None,
    }
}

fn market(account: AccountId, side: Side, lots: u64, reference: u64) -> NewOrder {
    NewOrder {
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Ioc,
        price: None,
        reference: Some(Price::from_ticks(reference)),
        ..limit(account, side, 0, lots)
    }
}

fn by_quote(account: AccountId, side: Side, units: i128, reference: u64) -> NewOrder {
    NewOrder {
        quantity: None,
        quote_quantity: Some(Amount::new(units)),
        ..market(account, side, 0, reference)
    }
}

fn try_place(desk: &mut Desk, order: NewOrder) -> Result<Order, Reject> {
    match desk.ask(AccountCommand::Place(order)).unwrap()? {
        Answer::Placed { order, .. } => Ok(order),
        answer => panic!("{answer:?}"),
    }
}

fn place(desk: &mut Desk, order: NewOrder) -> Order {
    try_place(desk, order).unwrap()
}

fn named(order: NewOrder, name: &str) -> NewOrder {
    NewOrder { client_id: ClientOrderId::parse(name), ..order }
}

fn by_id(id: OrderId) -> OrderRef {
    OrderRef { id: Some(id), client_id: None }
}

fn cancel(order: &Order) -> AccountCommand {
    let (account, symbol) = (order.account, order.symbol);
    AccountCommand::Cancel(CancelOrder { account, symbol, order: by_id(order.id), restriction: None })
}

fn amend(order: &Order, lots: u64, name: Option<&str>) -> AccountCommand {
    AccountCommand::Amend(AmendOrder {
        account: order.account,
        symbol: order.symbol,
        order: by_id(order.id),
        quantity: Lots::new(lots),
        client_id: name.and_then(ClientOrderId::parse),
    })
}

fn balance(desk: &Desk, account: AccountId, asset: AssetId) -> (i128, i128) {
    let Balance { available, frozen } = desk.balance(account, asset).unwrap();
    (available.units(), frozen.units())
}

fn levels(desk: &Desk, side: Side) -> Vec<(u64, u64)> {
    desk.depth(MARKET, side).into_iter().map(|(price, lots)| (price.ticks(), lots.get())).collect()
}

/// Gives a command without delivering anything, and returns its number and the order it placed, if it did.
fn send(desk: &mut Desk, command: AccountCommand) -> (CommandId, Option<OrderId>) {
    let before = desk.world().recent_orders().last().copied();
    let id = desk.send(command).unwrap();
    let after = desk.world().recent_orders().last().copied();
    (id, after.filter(|_| after != before).map(|(order, ..)| order))
}

#[test]
fn c14_an_order_whose_date_passes_on_the_way_neither_trades_nor_rests() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Sell, 100, 5));
    let expires_at = Some(Timestamp::from_micros(desk.time().micros() + 10));
    let order = NewOrder { time_in_force: TimeInForce::Gtd, expires_at, ..limit(BOB, Side::Buy, 100, 5) };
    let (command, _) = send(&mut desk, AccountCommand::Place(order));
    desk.pass(10);
    desk.settle().unwrap();
    let Some(Ok(Answer::Placed { order, .. })) = desk.answer(command) else { panic!("not placed") };
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::GoodTillDate)));
    assert!(desk.trades(MARKET).is_empty());
}

#[test]
fn c16_a_reference_price_of_nothing_is_none() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Sell, 100, 5));
    let order = place(&mut desk, by_quote(BOB, Side::Buy, 250, 0));
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::NoReference)));
}

#[test]
fn c1_the_stream_shows_the_end_of_a_market_order_whose_amount_buys_no_further_lot() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Sell, 100, 5));
    let order = place(&mut desk, by_quote(BOB, Side::Buy, 250, 100));
    assert_eq!((order.status, order.executed), (OrderStatus::Filled, Lots::new(2)));
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000 - 200, 0), "the rest of the amount is free again");
}

#[test]
fn c5_the_stream_shows_what_a_decrement_set_free() {
    let mut desk = desk();
    let maker = place(&mut desk, limit(ALICE, Side::Sell, 100, 5));
    place(&mut desk, NewOrder { stp: StpMode::Decrement, ..limit(ALICE, Side::Buy, 100, 3) });
    assert_eq!(desk.open_orders(ALICE)[0].id, maker.id);
    assert_eq!(balance(&desk, ALICE, COIN), (998, 2));
}

#[test]
fn c11_two_amends_under_way_each_end_at_the_quantity_asked_for() {
    let mut desk = desk();
    let order = place(&mut desk, named(limit(ALICE, Side::Sell, 100, 10), "first"));
    let (eight, _) = send(&mut desk, amend(&order, 8, Some("second")));
    let (six, _) = send(&mut desk, amend(&order, 6, Some("first")));
    let (seven, _) = send(&mut desk, amend(&order, 7, None));
    desk.settle().unwrap();
    for (command, lots, name) in [(eight, 8, "second"), (six, 6, "first")] {
        let Some(Ok(Answer::Amended { order, .. })) = desk.answer(command) else { panic!("not amended") };
        assert_eq!((order.quantity.get(), order.client_id.as_str()), (lots, name));
    }
    assert_eq!(desk.answer(seven), Some(Err(Reject::AmendIncrease)), "judged when its turn comes");
    assert_eq!(levels(&desk, Side::Sell), [(100, 6)]);
    assert_eq!(balance(&desk, ALICE, COIN), (994, 6));
}

#[test]
fn c11_a_refused_amend_leaves_the_state_as_it_was() {
    let mut desk = desk();
    let taken = ClientOrderId::generated(3 * 1024 + 1); // the name the third order of the slot would be given
    place(&mut desk, NewOrder { client_id: Some(taken), ..limit(ALICE, Side::Sell, 100, 10) });
    let order = place(&mut desk, limit(ALICE, Side::Sell, 100, 10));
    let before = desk.world().hash();
    assert_eq!(desk.ask(amend(&order, 8, None)).unwrap(), Err(Reject::DuplicateClientOrderId));
    assert_eq!(desk.world().hash(), before);
}

#[test]
fn c1_a_market_buy_by_amount_fills_whole_lots_only_and_never_more_than_the_amount() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Sell, 100, 2));
    place(&mut desk, limit(ALICE, Side::Sell, 130, 9));
    let order = place(&mut desk, by_quote(BOB, Side::Buy, 459, 100));
    assert_eq!((order.executed.get(), order.executed_quote.units()), (3, 330)); // 129 buy no lot at 130
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000 - 330, 0));
    for (units, reject) in [(0, Filter::LotSize), (99, Filter::LotSize)] {
        let refused = try_place(&mut desk, by_quote(BOB, Side::Buy, units, 100));
        assert_eq!(refused, Err(Reject::Filter(reject)), "{units} buy nothing");
    }
}

#[test]
fn c1_a_market_sell_by_amount_sells_no_more_than_it_takes_to_receive_the_amount() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Buy, 100, 2));
    place(&mut desk, limit(ALICE, Side::Buy, 70, 9));
    let order = place(&mut desk, by_quote(BOB, Side::Sell, 350, 100));
    assert_eq!((order.executed.get(), order.executed_quote.units()), (4, 340)); // 2 at 100, then 2 at 70
    assert_eq!(balance(&desk, BOB, COIN), (996, 0));
    assert_eq!(order.status, OrderStatus::Filled);
}

#[test]
fn c1_market_lot_size_binds_a_market_order_by_amount_too() {
    let market_min_qty = Decimal::new(5, 2);
    let mut desk = desk_of(SymbolDefinition { market_min_qty, ..definition() }, BookLimits::default());
    place(&mut desk, limit(ALICE, Side::Sell, 100, 50));
    let refused = try_place(&mut desk, by_quote(BOB, Side::Buy, 499, 100));
    assert_eq!(refused, Err(Reject::Filter(Filter::MarketLotSize)));
    assert_eq!(place(&mut desk, by_quote(BOB, Side::Buy, 500, 100)).executed, Lots::new(5));
}

fn with_fees(maker: Decimal, taker: Decimal) -> Desk {
    let fees = vec![FeeDefinition { maker, taker }];
    desk_of(SymbolDefinition { fees, ..definition() }, BookLimits::default())
}

#[test]
fn c2_a_fee_below_the_smallest_unit_is_rounded_up() {
    let mut desk = with_fees(Decimal::new(1, 3), Decimal::new(1, 3));
    place(&mut desk, limit(ALICE, Side::Sell, 1, 1));
    place(&mut desk, limit(BOB, Side::Buy, 1, 1));
    // 0.1 % of one unit each: nobody trades for nothing.
    assert_eq!(balance(&desk, ALICE, CASH), (1_000_000, 0));
    assert_eq!(balance(&desk, BOB, COIN), (1_000, 0));
    assert_eq!(balance(&desk, BOB, CASH), (999_999, 0));
}

#[test]
fn c3_a_fee_is_never_more_than_what_it_is_taken_from_and_all_of_it_is_credited() {
    let mut desk = with_fees(Decimal::ONE, Decimal::ONE);
    place(&mut desk, limit(ALICE, Side::Sell, 100, 7));
    place(&mut desk, limit(BOB, Side::Buy, 100, 7));
    assert_eq!(balance(&desk, ALICE, CASH), (1_000_000, 0));
    assert_eq!(balance(&desk, BOB, COIN), (1_000, 0));
    let fees = |asset| -> i128 {
        desk.world_ref().account_slots().map(|slot| slot.totals(asset).unwrap().fees.units()).sum()
    };
    assert_eq!((fees(CASH), fees(COIN)), (700, 7));
}

#[test]
fn c3_a_resting_order_keeps_its_hold_whatever_the_fee_of_its_fills() {
    let mut desk = with_fees(Decimal::new(1, 3), Decimal::new(25, 2));
    place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    place(&mut desk, limit(BOB, Side::Sell, 100, 3));
    assert_eq!(balance(&desk, ALICE, CASH), (1_000_000 - 1_000, 700));
    assert_eq!(balance(&desk, ALICE, COIN), (1_002, 0)); // 3 less a fee of 0.003, rounded up
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000 + 225, 0));
}

#[test]
fn c4_what_a_better_price_saves_is_free_at_once_though_the_rest_rests() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Sell, 90, 4));
    let order = place(&mut desk, limit(BOB, Side::Buy, 100, 10));
    assert_eq!(order.status, OrderStatus::PartiallyFilled);
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000 - 4 * 90 - 6 * 100, 6 * 100));
    desk.ask(cancel(&order)).unwrap().unwrap();
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000 - 4 * 90, 0));
}

#[test]
fn c5_the_rest_of_a_taker_ended_by_self_trade_prevention_does_not_rest() {
    let mut desk = desk();
    place(&mut desk, limit(BOB, Side::Sell, 100, 2));
    place(&mut desk, limit(ALICE, Side::Sell, 101, 2));
    for stp in [StpMode::ExpireTaker, StpMode::ExpireBoth] {
        let order = place(&mut desk, NewOrder { stp, ..limit(ALICE, Side::Buy, 105, 9) });
        assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::SelfTrade)));
        assert_eq!(levels(&desk, Side::Buy), []);
        assert_eq!(balance(&desk, ALICE, CASH).1, 0);
    }
    assert_eq!(levels(&desk, Side::Sell), [], "EXPIRE_BOTH took the resting one, too");
}

#[test]
fn c5_a_decrement_makes_and_loses_no_units() {
    let mut desk = desk();
    let maker = place(&mut desk, limit(ALICE, Side::Sell, 100, 8));
    let order = place(&mut desk, NewOrder { stp: StpMode::Decrement, ..limit(ALICE, Side::Buy, 100, 20) });
    assert_eq!((order.prevented.get(), order.remaining().get()), (8, 12));
    assert_eq!(levels(&desk, Side::Sell), []);
    assert_eq!(levels(&desk, Side::Buy), [(100, 12)]);
    assert!(!desk.open_orders(ALICE).iter().any(|order| order.id == maker.id));
    assert_eq!(balance(&desk, ALICE, COIN), (1_000, 0));
    assert_eq!(balance(&desk, ALICE, CASH), (1_000_000 - 1_200, 1_200));
}

#[test]
fn c6_fill_or_kill_does_not_count_the_accounts_own_orders() {
    let mut desk = desk();
    place(&mut desk, limit(BOB, Side::Sell, 100, 5));
    place(&mut desk, limit(ALICE, Side::Sell, 100, 5));
    let before = desk.depth(MARKET, Side::Sell);
    for stp in [StpMode::ExpireTaker, StpMode::ExpireMaker, StpMode::ExpireBoth, StpMode::Decrement] {
        let order = limit(ALICE, Side::Buy, 100, 10);
        let order = place(&mut desk, NewOrder { time_in_force: TimeInForce::Fok, stp, ..order });
        assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::Killed)), "{stp:?}");
        assert_eq!(desk.depth(MARKET, Side::Sell), before, "{stp:?}: nothing happened");
    }
    assert!(desk.trades(MARKET).is_empty());
}

#[test]
fn c7_a_post_only_order_that_would_take_is_refused_without_a_trace() {
    let mut desk = desk();
    place(&mut desk, limit(BOB, Side::Sell, 100, 5));
    let post_only = |price| NewOrder { kind: OrderKind::LimitMaker, ..limit(ALICE, Side::Buy, price, 5) };
    assert_eq!(try_place(&mut desk, post_only(100)), Err(Reject::WouldTake));
    assert_eq!(balance(&desk, ALICE, CASH), (1_000_000, 0));
    assert_eq!(place(&mut desk, post_only(99)).status, OrderStatus::Pending);
}

#[test]
fn c7_two_post_only_orders_on_their_way_at_once_never_take() {
    let mut desk = desk();
    let post_only = |account, side| NewOrder { kind: OrderKind::LimitMaker, ..limit(account, side, 100, 5) };
    let (first, _) = send(&mut desk, AccountCommand::Place(post_only(ALICE, Side::Buy)));
    let (second, _) = send(&mut desk, AccountCommand::Place(post_only(BOB, Side::Sell)));
    desk.settle().unwrap();
    let refused = [first, second].map(|command| desk.answer(command).unwrap().is_err());
    assert_eq!(refused.iter().filter(|refused| **refused).count(), 1);
    assert!(desk.trades(MARKET).is_empty());
}

#[test]
fn c8_the_rest_of_an_immediate_order_does_not_rest_and_its_hold_is_free() {
    let mut desk = desk();
    place(&mut desk, limit(BOB, Side::Sell, 100, 5));
    let order = NewOrder { time_in_force: TimeInForce::Ioc, ..limit(ALICE, Side::Buy, 100, 8) };
    let order = place(&mut desk, order);
    assert_eq!((order.status, order.executed.get()), (OrderStatus::Expired, 5));
    assert_eq!(levels(&desk, Side::Buy), []);
    assert_eq!(balance(&desk, ALICE, CASH), (999_500, 0));
}

#[test]
fn c9_cancelling_a_partly_filled_order_gives_back_what_is_left_of_its_hold() {
    let mut desk = desk();
    let order = place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    place(&mut desk, limit(BOB, Side::Sell, 100, 4));
    let Ok(Answer::Cancelled(cancelled)) = desk.ask(cancel(&order)).unwrap() else { panic!("not cancelled") };
    assert_eq!((cancelled.executed.get(), cancelled.status), (4, OrderStatus::Cancelled));
    assert_eq!(balance(&desk, ALICE, CASH), (999_600, 0));
}

#[test]
fn c9_a_filled_or_cancelled_order_cannot_be_cancelled_again() {
    let mut desk = desk();
    let order = place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    place(&mut desk, limit(BOB, Side::Sell, 100, 10));
    assert_eq!(desk.ask(cancel(&order)).unwrap(), Err(Reject::UnknownOrder));
    let order = place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    desk.ask(cancel(&order)).unwrap().unwrap();
    assert_eq!(desk.ask(cancel(&order)).unwrap(), Err(Reject::UnknownOrder));
}

#[test]
fn c9_of_two_cancels_under_way_one_succeeds() {
    let mut desk = desk();
    let order = place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    let (first, _) = send(&mut desk, cancel(&order));
    let (second, _) = send(&mut desk, cancel(&order));
    desk.settle().unwrap();
    assert!(desk.answer(first).unwrap().is_ok());
    assert_eq!(desk.answer(second), Some(Err(Reject::UnknownOrder)));
}

#[test]
fn c10_a_cancel_sent_before_the_book_has_answered_cancels() {
    let mut desk = desk();
    let (placing, order) = send(&mut desk, AccountCommand::Place(limit(ALICE, Side::Buy, 100, 10)));
    let order = by_id(order.unwrap());
    let cancel = CancelOrder { account: ALICE, symbol: MARKET, order, restriction: None };
    let (cancelling, _) = send(&mut desk, AccountCommand::Cancel(cancel));
    assert_eq!(desk.answer(cancelling), None, "it waits for the book");
    desk.settle().unwrap();
    assert!(desk.answer(placing).unwrap().is_ok());
    assert!(matches!(desk.answer(cancelling), Some(Ok(Answer::Cancelled(_)))));
    assert_eq!(balance(&desk, ALICE, CASH), (1_000_000, 0));
}

#[test]
fn c10_a_cancel_of_an_order_that_fills_on_arrival_is_answered() {
    let mut desk = desk();
    place(&mut desk, limit(BOB, Side::Sell, 100, 10));
    let (placing, order) = send(&mut desk, AccountCommand::Place(limit(ALICE, Side::Buy, 100, 10)));
    let order = by_id(order.unwrap());
    let cancel = CancelOrder { account: ALICE, symbol: MARKET, order, restriction: None };
    let (cancelling, _) = send(&mut desk, AccountCommand::Cancel(cancel));
    let all = CancelAll { account: ALICE, symbol: MARKET };
    let (cancelling_all, _) = send(&mut desk, AccountCommand::CancelAll(all));
    desk.settle().unwrap();
    let Some(Ok(Answer::Placed { order, .. })) = desk.answer(placing) else { panic!("not placed") };
    assert_eq!(order.status, OrderStatus::Filled);
    assert_eq!(desk.answer(cancelling), Some(Err(Reject::UnknownOrder)));
    assert_eq!(desk.answer(cancelling_all), Some(Err(Reject::UnknownOrder)));
}

fn replace(order: &Order, mode: ReplaceMode, new: NewOrder) -> AccountCommand {
    AccountCommand::Replace(Box::new(ReplaceOrder {
        cancel: by_id(order.id),
        restriction: None,
        mode,
        order: new,
    }))
}

fn nothing_replaced() -> Answer {
    Answer::Replaced(Box::new(Replaced { cancelled: Err(Reject::UnknownOrder), placed: None }))
}

#[test]
fn c11_a_replace_whose_cancel_fails_places_only_when_told_to_go_on() {
    let mut desk = desk();
    let gone = place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    desk.ask(cancel(&gone)).unwrap().unwrap();
    let new = limit(ALICE, Side::Buy, 90, 5);
    let answer = desk.ask(replace(&gone, ReplaceMode::StopOnFailure, new)).unwrap();
    assert_eq!(answer, Ok(nothing_replaced()));
    assert_eq!(levels(&desk, Side::Buy), []);
    let answer = desk.ask(replace(&gone, ReplaceMode::AllowFailure, new)).unwrap();
    let Ok(Answer::Replaced(replaced)) = answer else { panic!("{answer:?}") };
    assert_eq!(replaced.cancelled, Err(Reject::UnknownOrder));
    assert!(matches!(replaced.placed, Some(Ok(_))), "{replaced:?}");
    assert_eq!(levels(&desk, Side::Buy), [(90, 5)]);
}

#[test]
fn c11_a_replace_that_loses_the_race_against_a_fill_places_nothing() {
    let mut desk = desk();
    let order = place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    let (filling, _) = send(&mut desk, AccountCommand::Place(limit(BOB, Side::Sell, 100, 10)));
    let new = limit(ALICE, Side::Buy, 100, 10);
    let (replacing, _) = send(&mut desk, replace(&order, ReplaceMode::StopOnFailure, new));
    // Bob's slot is the second, its lane to the only symbol slot is lane 1: his order arrives first.
    let now = desk.time();
    desk.world().deliver(1, now).unwrap();
    desk.settle().unwrap();
    assert!(desk.answer(filling).unwrap().is_ok());
    let answer = desk.answer(replacing);
    let expected = nothing_replaced();
    assert_eq!(answer, Some(Ok(expected)));
    assert_eq!(levels(&desk, Side::Buy), []);
}

#[test]
fn c11_a_replace_into_the_spread_trades_and_never_crosses() {
    let mut desk = desk();
    let order = place(&mut desk, limit(ALICE, Side::Buy, 90, 10));
    place(&mut desk, limit(BOB, Side::Sell, 100, 4));
    let new = limit(ALICE, Side::Buy, 100, 10);
    desk.ask(replace(&order, ReplaceMode::StopOnFailure, new)).unwrap().unwrap();
    assert_eq!(levels(&desk, Side::Sell), []);
    assert_eq!(levels(&desk, Side::Buy), [(100, 6)]);
}

#[test]
fn c11_a_replace_may_use_the_funds_its_cancel_sets_free() {
    let mut desk = desk();
    let order = place(&mut desk, limit(ALICE, Side::Buy, 1_000, 1_000)); // all her cash
    let new = limit(ALICE, Side::Buy, 500, 2_000);
    desk.ask(replace(&order, ReplaceMode::StopOnFailure, new)).unwrap().unwrap();
    assert_eq!(balance(&desk, ALICE, CASH), (0, 1_000_000));
}

#[test]
fn c11_a_new_order_that_can_never_be_placed_does_not_cost_the_old_one() {
    let mut desk = desk();
    let order = place(&mut desk, limit(ALICE, Side::Buy, 100, 10));
    let refused = desk.ask(replace(&order, ReplaceMode::StopOnFailure, limit(ALICE, Side::Buy, 100, 0)));
    assert_eq!(refused.unwrap(), Err(Reject::Filter(Filter::LotSize)));
    assert_eq!(levels(&desk, Side::Buy), [(100, 10)]);
}

#[test]
fn c13_a_taker_pays_the_makers_prices_and_never_beyond_its_own_limit() {
    let mut desk = desk();
    for price in [98, 99, 103] {
        place(&mut desk, limit(ALICE, Side::Sell, price, 2));
    }
    let order = place(&mut desk, limit(BOB, Side::Buy, 102, 6));
    assert_eq!(order.executed_quote, Amount::new(2 * 98 + 2 * 99));
    assert_eq!(levels(&desk, Side::Sell), [(103, 2)]);
    assert_eq!(levels(&desk, Side::Buy), [(102, 2)]);
}

#[test]
fn c14_a_maker_past_its_date_does_not_trade_and_its_hold_is_free() {
    let mut desk = desk();
    let expires_at = Some(Timestamp::from_micros(desk.time().micros() + 10));
    place(
        &mut desk,
        NewOrder { time_in_force: TimeInForce::Gtd, expires_at, ..limit(ALICE, Side::Sell, 100, 5) },
    );
    place(&mut desk, limit(ALICE, Side::Sell, 101, 5));
    desk.pass(10);
    let order = place(&mut desk, limit(BOB, Side::Buy, 101, 5));
    assert_eq!(order.executed_quote, Amount::new(505), "the one at 100 was over");
    assert_eq!(balance(&desk, ALICE, COIN), (995, 0));
}

#[test]
fn c14_a_cancel_and_the_date_in_the_same_instant_end_the_order_once() {
    let mut desk = desk();
    let expires_at = Some(Timestamp::from_micros(desk.time().micros() + 10));
    let order = place(
        &mut desk,
        NewOrder { time_in_force: TimeInForce::Gtd, expires_at, ..limit(ALICE, Side::Sell, 100, 5) },
    );
    desk.pass(10);
    let (cancelling, _) = send(&mut desk, cancel(&order));
    desk.tick().unwrap(); // the symbol slot sees the tick first
    assert_eq!(desk.answer(cancelling), Some(Err(Reject::UnknownOrder)));
    assert_eq!(balance(&desk, ALICE, COIN), (1_000, 0));
}

#[test]
fn c15_amounts_that_do_not_fit_are_refused() {
    let mut desk = desk();
    for (price, lots) in [(u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        let refused = try_place(&mut desk, limit(ALICE, Side::Buy, price, lots));
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
    assert_eq!(desk.ask(deposit(i128::MAX)).unwrap(), Err(Reject::Overflow));
    let mut quote = by_quote(ALICE, Side::Buy, i128::MAX, 1);
    assert_eq!(try_place(&mut desk, quote), Err(Reject::InsufficientBalance));
    quote.quote_quantity = Some(Amount::new(-5));
    assert!(try_place(&mut desk, quote).is_err());
}

#[test]
fn c16_zero_and_negative_amounts_are_refused() {
    let mut desk = desk();
    for order in [limit(ALICE, Side::Buy, 0, 1), limit(ALICE, Side::Buy, 1, 0)] {
        assert!(matches!(try_place(&mut desk, order), Err(Reject::Filter(_))));
    }
    for units in [0, -1] {
        let transfer = Transfer { account: ALICE, asset: CASH, amount: Amount::new(units), request_id: None };
        for command in [AccountCommand::Deposit(transfer.clone()), AccountCommand::Withdraw(transfer)] {
            assert_eq!(desk.ask(command).unwrap(), Err(Reject::ZeroAmount));
        }
    }
}

#[test]
fn c17_a_client_order_id_is_taken_once_while_its_order_is_open_and_free_again_after() {
    let mut desk = desk();
    let mine = |price| named(limit(ALICE, Side::Buy, price, 1), "mine");
    let order = place(&mut desk, mine(100));
    assert_eq!(try_place(&mut desk, mine(99)), Err(Reject::DuplicateClientOrderId));
    place(&mut desk, named(limit(BOB, Side::Buy, 98, 1), "mine")); // names are the account's own
    desk.ask(cancel(&order)).unwrap().unwrap();
    place(&mut desk, mine(97));
}

#[test]
fn c17_a_client_order_id_is_taken_from_the_moment_its_order_is_under_way() {
    let mut desk = desk();
    let mine = AccountCommand::Place(named(limit(ALICE, Side::Buy, 100, 1), "mine"));
    let (first, _) = send(&mut desk, mine.clone());
    let (second, _) = send(&mut desk, mine);
    desk.settle().unwrap();
    assert!(desk.answer(first).unwrap().is_ok());
    assert_eq!(desk.answer(second), Some(Err(Reject::DuplicateClientOrderId)));
}

#[test]
fn c18_the_level_a_cancel_empties_is_gone_for_everybody() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Buy, 99, 1));
    let best = place(&mut desk, limit(ALICE, Side::Buy, 100, 1));
    desk.ask(cancel(&best)).unwrap().unwrap();
    assert_eq!(levels(&desk, Side::Buy), [(99, 1)]);
    assert_eq!(place(&mut desk, limit(BOB, Side::Sell, 100, 1)).executed, Lots::ZERO);
}

#[test]
fn c19_cancelling_the_middle_order_of_a_level_leaves_the_others_in_order() {
    let mut desk = desk();
    let orders: Vec<Order> = (0..3).map(|_| place(&mut desk, limit(ALICE, Side::Buy, 100, 2))).collect();
    desk.ask(cancel(&orders[1])).unwrap().unwrap();
    place(&mut desk, limit(BOB, Side::Sell, 100, 3));
    let open = desk.open_orders(ALICE);
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].id, open[0].executed.get()), (orders[2].id, 1), "the first traded first");
}

#[test]
fn c20_a_command_stops_at_its_number_of_fills_and_the_rest_is_given_back() {
    let mut desk = desk_of(definition(), BookLimits { orders_max: 100, fills_max: 3 });
    for _ in 0..5 {
        place(&mut desk, limit(ALICE, Side::Sell, 100, 1));
    }
    let order = place(&mut desk, limit(BOB, Side::Buy, 100, 5));
    assert_eq!((order.executed.get(), order.reason), (3, Some(EndReason::FillLimit)));
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000 - 300, 0));
}

#[test]
fn c21_orders_of_one_instant_and_of_clocks_that_step_back_keep_their_order() {
    let mut desk = desk();
    let first = place(&mut desk, limit(ALICE, Side::Buy, 100, 1));
    let earlier = Timestamp::from_micros(1);
    desk.world().command(AccountCommand::Place(limit(ALICE, Side::Buy, 100, 1)), earlier).unwrap();
    desk.world().drain(earlier).unwrap();
    place(&mut desk, limit(BOB, Side::Sell, 100, 1));
    assert!(desk.open_orders(ALICE).iter().all(|order| order.id != first.id));
}

#[test]
fn c22_prices_far_apart_rest_and_trade() {
    let mut desk = desk();
    for price in [1, 1_000, 90_000_000] {
        place(&mut desk, limit(ALICE, Side::Sell, price, 1));
    }
    assert_eq!(levels(&desk, Side::Sell), [(1, 1), (1_000, 1), (90_000_000, 1)]);
    let order = place(&mut desk, limit(BOB, Side::Buy, 2_000, 3));
    assert_eq!((order.executed.get(), order.executed_quote.units()), (2, 1_001));
}

#[test]
fn c23_a_full_book_says_so_and_holds_nothing() {
    let mut desk = desk_of(definition(), BookLimits { orders_max: 2, fills_max: 100 });
    place(&mut desk, limit(ALICE, Side::Buy, 100, 1));
    place(&mut desk, limit(ALICE, Side::Buy, 99, 1));
    let order = place(&mut desk, limit(BOB, Side::Buy, 98, 1));
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::BookFull)));
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000, 0));
    let post_only = NewOrder { kind: OrderKind::LimitMaker, ..limit(BOB, Side::Buy, 98, 1) };
    assert_eq!(try_place(&mut desk, post_only), Err(Reject::BookFull));
}

#[test]
fn c27_withdrawals_cannot_take_what_is_held_or_the_same_twice() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Buy, 100, 6_000)); // holds 600 000
    let withdraw = |units, id: &str| {
        AccountCommand::Withdraw(Transfer {
            account: ALICE,
            asset: CASH,
            amount: Amount::new(units),
            request_id: Some(id.to_owned()),
        })
    };
    assert_eq!(desk.ask(withdraw(400_001, "a")).unwrap(), Err(Reject::InsufficientBalance));
    let first = desk.ask(withdraw(300_000, "b")).unwrap();
    assert!(first.is_ok());
    assert_eq!(desk.ask(withdraw(300_000, "b")).unwrap(), first, "a retry answers the same");
    assert_eq!(desk.ask(withdraw(300_001, "b")).unwrap(), Err(Reject::RequestConflict));
    assert_eq!(balance(&desk, ALICE, CASH), (100_000, 600_000));
}

#[test]
fn c29_the_state_hash_sees_the_queue_and_not_only_its_sums() {
    let play = |first: u64, second: u64| {
        let mut desk = desk();
        place(&mut desk, limit(ALICE, Side::Buy, 100, first));
        place(&mut desk, limit(ALICE, Side::Buy, 100, second));
        let total = levels(&desk, Side::Buy);
        (total, desk.world().symbol_slot(MARKET).unwrap().hash())
    };
    let (left, right) = (play(3, 5), play(5, 3));
    assert_eq!(left.0, right.0);
    assert_ne!(left.1, right.1);
}

#[test]
fn c35_messages_delivered_again_change_nothing() {
    let mut desk = desk();
    place(&mut desk, limit(ALICE, Side::Sell, 100, 5));
    place(&mut desk, limit(BOB, Side::Buy, 100, 3));
    let before = desk.world().hash();
    desk.world().resend();
    assert!(!desk.world().is_quiet(), "there is something to deliver again");
    desk.settle().unwrap();
    assert_eq!(desk.world().hash(), before);
}

#[test]
fn c37_an_amended_order_keeps_its_place_in_the_queue() {
    let mut desk = desk();
    let first = place(&mut desk, limit(ALICE, Side::Buy, 100, 5));
    place(&mut desk, limit(ALICE, Side::Buy, 100, 5));
    desk.ask(amend(&first, 3, None)).unwrap().unwrap();
    place(&mut desk, limit(BOB, Side::Sell, 100, 3));
    assert!(desk.open_orders(ALICE).iter().all(|order| order.id != first.id), "it traded first");
    assert_eq!(balance(&desk, ALICE, CASH), (1_000_000 - 800, 500));
}

#[test]
fn c37_a_market_order_against_an_empty_or_wholly_own_book_expires() {
    let mut desk = desk();
    let order = place(&mut desk, NewOrder { reference: None, ..market(BOB, Side::Buy, 5, 0) });
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::NoReference)));
    let order = place(&mut desk, market(BOB, Side::Buy, 5, 100));
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::Unfilled)));
    place(&mut desk, limit(BOB, Side::Sell, 100, 5));
    let order = place(&mut desk, NewOrder { stp: StpMode::ExpireTaker, ..market(BOB, Side::Buy, 5, 100) });
    assert_eq!((order.status, order.reason), (OrderStatus::Expired, Some(EndReason::SelfTrade)));
    assert_eq!(balance(&desk, BOB, CASH), (1_000_000, 0));
}

#[test]
fn c37_a_market_order_stops_at_its_price_collar_in_mid_sweep() {
    let mut desk = desk(); // the collar is half the reference price
    place(&mut desk, limit(ALICE, Side::Sell, 100, 2));
    place(&mut desk, limit(ALICE, Side::Sell, 151, 2));
    let order = place(&mut desk, market(BOB, Side::Buy, 4, 100));
    assert_eq!((order.executed.get(), order.status), (2, OrderStatus::Expired));
    assert_eq!(balance(&desk, BOB, CASH), (999_800, 0));
}
