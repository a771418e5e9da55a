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
            ReplaceOrder, Transfer,
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
