//! The corner cases that have broken exchanges before, at the level of slots: an order's whole trip from account
//! to book and back. `docs/corner-cases.md` is the list; those of the book alone are tested beside it.
//!
//! Every command on a [`Harness`] ends with the auditor judging the whole exchange, so what is asserted here is
//! only what each case is about.

mod filters;
mod lists;
mod matching;
mod money;
mod standing;
mod status;
mod triggers;
mod trip;

use lab::sim::Harness;
use lightning_exchange::domain::{
    book::BookLimits,
    instruments::{AssetDefinition, FeeDefinition, SymbolDefinition, symbol::SymbolStatus},
    messages::{
        command::{
            AccountCommand, AmendOrder, Answer, Balance, CancelAll, CancelOrder, OrderRef, ReplaceMode,
            ReplaceOrder, Replaced, Transfer,
        },
        reject::{Filter, Reject},
    },
    orders::{CloseReason, NewOrder, Order, OrderStatus, OrderType, Side, StpMode, TimeInForce},
    types::{
        id::{AccountId, AssetId, ClientOrderId, CommandId, OrderId, SymbolId},
        money::{Amount, Lots, Price},
        time::Timestamp,
    },
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
        three_day_phase: lightning_exchange::domain::market_data::THREE_DAY_PHASE,
        special_orders: Default::default(),
    }
}

fn desk_of(definition: SymbolDefinition, limits: BookLimits) -> Harness {
    let asset = |id, name: &str, scale| AssetDefinition { id, name: name.to_owned(), scale };
    let assets = [asset(1, "COIN", 2), asset(2, "CASH", 4)];
    let mut harness = Harness::open(&assets, &[definition], limits).unwrap();
    for account in [ALICE, BOB] {
        harness.fund(account, COIN, 1_000).unwrap();
        harness.fund(account, CASH, 1_000_000).unwrap();
    }
    harness
}

fn harness() -> Harness {
    desk_of(definition(), BookLimits::default())
}

fn limit(account: AccountId, side: Side, price: u64, lots: u64) -> NewOrder {
    NewOrder::limit(account, MARKET, side, Price::from_ticks(price), Lots::new(lots))
}

fn market(account: AccountId, side: Side, lots: u64, reference: u64) -> NewOrder {
    NewOrder {
        kind: OrderType::Market,
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

fn try_place(harness: &mut Harness, order: NewOrder) -> Result<Order, Reject> {
    match harness.ask(AccountCommand::Place(order)).unwrap()? {
        Answer::Placed { order, .. } => Ok(*order),
        answer => panic!("{answer:?}"),
    }
}

fn place(harness: &mut Harness, order: NewOrder) -> Order {
    try_place(harness, order).unwrap()
}

fn named(order: NewOrder, name: &str) -> NewOrder {
    NewOrder { client_id: ClientOrderId::parse(name), ..order }
}

fn by_id(id: OrderId) -> OrderRef {
    OrderRef { id: Some(id), client_id: None }
}

fn cancel(order: &Order) -> AccountCommand {
    let (account, symbol) = (order.account, order.symbol);
    AccountCommand::Cancel(CancelOrder {
        account,
        symbol,
        order: by_id(order.id),
        restriction: None,
        name: None,
    })
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

fn balance(harness: &Harness, account: AccountId, asset: AssetId) -> (i128, i128) {
    let Balance { available, held } = harness.balance(account, asset).unwrap();
    (available.units(), held.units())
}

fn levels(harness: &Harness, side: Side) -> Vec<(u64, u64)> {
    harness.depth(MARKET, side).into_iter().map(|(price, lots)| (price.ticks(), lots.get())).collect()
}

/// Gives a command without delivering anything, and returns its number and the order it placed, if it did.
fn send(harness: &mut Harness, command: AccountCommand) -> (CommandId, Option<OrderId>) {
    let before = harness.world().recent_orders().last().copied();
    let id = harness.send(command).unwrap();
    let after = harness.world().recent_orders().last().copied();
    (id, after.filter(|_| after != before).map(|(order, ..)| order))
}
