//! The checker passes a sound view and finds every way in which the same view is tampered with.

use super::*;
use crate::crash_soak::{
    amount::{ONE, units},
    record::{Answer, Kind as OrderType, PlaceOrder, Record, Request, SeenFill, Transfer},
};

const BTC: Asset = Asset(0);
const USDT: Asset = Asset(1);
const BTCUSDT: Symbol = Symbol(0);
const PRICE: i64 = 50_000 * ONE;
const BUYER: u64 = 1;
const SELLER: u64 = 2;
const BOUGHT: u64 = 1_025;
const CANCELLED: u64 = 2_049;
const RESTING: u64 = 1_026;

fn amount(text: &str) -> i64 {
    units(text).unwrap()
}

fn order(id: u64, name: &str, buy: bool, price: i64, quantities: [&str; 2], status: &str) -> OrderState {
    let [qty, executed] = quantities.map(amount);
    let quote = i64::try_from(product(PRICE, executed)).unwrap();
    let (name, status) = (name.to_owned(), status.to_owned());
    OrderState { id, symbol: BTCUSDT, name, status, buy, price, qty, executed, prevented: 0, quote }
}

fn bought() -> OrderState {
    order(BOUGHT, "a1", true, PRICE, ["0.01", "0.01"], "FILLED")
}

fn cancelled() -> OrderState {
    order(CANCELLED, "a2", true, 40_000 * ONE, ["0.001", "0"], "CANCELED")
}

fn resting() -> OrderState {
    order(RESTING, "b1", false, PRICE, ["0.02", "0.01"], "PARTIALLY_FILLED")
}

fn buyers_fill() -> SeenFill {
    SeenFill { trade: 1, price: PRICE, qty: amount("0.01"), fee: amount("0.00001"), fee_asset: BTC }
}

fn sellers_fill() -> SeenFill {
    SeenFill { fee: amount("0.5"), fee_asset: USDT, ..buyers_fill() }
}

fn place(order: &OrderState) -> Request {
    Request::Place(PlaceOrder {
        symbol: BTCUSDT,
        name: order.name.clone(),
        buy: order.buy,
        kind: OrderType::Gtc,
        price: order.price,
        qty: order.qty,
        stp: "EXPIRE_TAKER".to_owned(),
        response_type: "FULL".to_owned(),
        keyed: false,
    })
}

fn transfer(asset: Asset, text: &str) -> Transfer {
    Transfer { asset, amount: amount(text), deposit: true, id: format!("{}-{text}", asset.name()) }
}

/// A log being written.
#[derive(Default)]
struct Log(Vec<Record>);

impl Log {
    fn sent(&mut self, account: u64, request: Request) -> u64 {
        let op = self.0.len() as u64;
        self.0.push(Record::Invoke { op, at: 0, account, request });
        op
    }

    fn done(&mut self, account: u64, request: Request, answer: Answer) {
        let op = self.sent(account, request);
        self.0.push(Record::Ok { op, at: 0, answer });
    }

    fn lost(&mut self, account: u64, request: Request) {
        let op = self.sent(account, request);
        self.0.push(Record::Info { op, at: 0, reason: "gone".to_owned() });
    }
}

/// A seller rests, a buyer takes half of it, and cancels another order.
fn log() -> Log {
    let mut log = Log::default();
    for (account, asset, text) in [(BUYER, USDT, "1000"), (SELLER, BTC, "1")] {
        let answer = Answer::Transferred { free: amount(text), locked: 0 };
        log.done(account, Request::Transfer(transfer(asset, text)), answer);
    }
    let new = |order: OrderState| OrderState { status: "NEW".to_owned(), executed: 0, quote: 0, ..order };
    let placed = |order: OrderState, fills| (place(&order), Answer::Placed { order, fills });
    let (request, answer) = placed(new(resting()), Vec::new());
    log.done(SELLER, request, answer);
    let (request, answer) = placed(bought(), vec![buyers_fill()]);
    log.done(BUYER, request, answer);
    let (request, answer) = placed(new(cancelled()), Vec::new());
    log.done(BUYER, request, answer);
    let cancel = Request::Cancel { symbol: BTCUSDT, order: Some(CANCELLED), name: "a2".to_owned() };
    log.done(BUYER, cancel, Answer::Cancelled(cancelled()));
    log.0.push(Record::Trade { symbol: BTCUSDT, trade: 1, price: PRICE, qty: amount("0.01") });
    log
}

fn view() -> View {
    let fill =
        |order, buyer, seen: SeenFill| Fill { order, quote: amount("500"), buyer, maker: !buyer, seen };
    let buyer = AccountView {
        failed: None,
        balances: [(amount("0.00999"), 0), (amount("500"), 0), (0, 0)],
        open: Vec::new(),
        orders: vec![bought(), cancelled()],
        fills: vec![(BTCUSDT, fill(BOUGHT, true, buyers_fill()))],
    };
    let seller = AccountView {
        failed: None,
        balances: [(amount("0.98"), amount("0.01")), (amount("499.5"), 0), (0, 0)],
        open: vec![resting()],
        orders: vec![resting()],
        fills: vec![(BTCUSDT, fill(RESTING, false, sellers_fill()))],
    };
    View {
        accounts: [(BUYER, buyer), (SELLER, seller)].into(),
        books: [((BTCUSDT, false, PRICE), amount("0.01"))].into(),
        trades: [((BTCUSDT, 1), (PRICE, amount("0.01")))].into(),
        failed: Vec::new(),
    }
}

fn model_of(log: &Log) -> Model {
    let mut model = Model::default();
    model.add_account(BUYER);
    model.add_account(SELLER);
    for record in &log.0 {
        // The way a log takes: through text.
        let text = serde_json::to_string(record).unwrap();
        model.apply(0, serde_json::from_str(&text).unwrap());
    }
    model.settle_in_flight();
    model
}

fn kinds(log: &Log, view: &View) -> Vec<Kind> {
    let mut kinds: Vec<Kind> =
        check(&mut model_of(log), view).into_iter().map(|violation| violation.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The violations found when the view is tampered with.
fn tampered(tamper: impl FnOnce(&mut View)) -> Vec<Kind> {
    let mut view = view();
    tamper(&mut view);
    kinds(&log(), &view)
}

fn buyer(view: &mut View) -> &mut AccountView {
    view.accounts.get_mut(&BUYER).unwrap()
}

fn seller(view: &mut View) -> &mut AccountView {
    view.accounts.get_mut(&SELLER).unwrap()
}

#[test]
fn a_sound_world_is_sound_and_stays_so() {
    let mut model = model_of(&log());
    assert_eq!(check(&mut model, &view()), []);
    // Nothing happens; nothing is new; the order still rests.
    let mut later = view();
    for seen in later.accounts.values_mut() {
        seen.orders.clear();
        seen.fills.clear();
    }
    assert_eq!(check(&mut model, &later), []);
    assert!(model.accounts[&SELLER].orders.contains_key(&RESTING));
    // Then it is gone.
    seller(&mut later).open.clear();
    let found = check(&mut model, &later);
    assert!(found.iter().any(|violation| violation.kind == Kind::LostOrder), "{found:?}");
}

#[test]
fn a_lost_order_is_found() {
    let found = tampered(|view| buyer(view).orders.retain(|order| order.id != CANCELLED));
    assert_eq!(found, [Kind::LostOrder]);
}

#[test]
fn a_cancel_that_did_not_last_is_found() {
    let found = tampered(|view| {
        let open = order(CANCELLED, "a2", true, 40_000 * ONE, ["0.001", "0"], "NEW");
        let seen = buyer(view);
        seen.orders[1] = open.clone();
        seen.open.push(open);
        seen.balances[1] = (amount("460"), amount("40"));
        view.books.insert((BTCUSDT, true, 40_000 * ONE), amount("0.001"));
    });
    assert_eq!(found, [Kind::LostCancel]);
}

#[test]
fn an_order_that_goes_back_or_ends_otherwise_is_found() {
    assert!(tampered(|view| buyer(view).orders[0].executed = 0).contains(&Kind::ChangedOrder));
    let expired = |view: &mut View| buyer(view).orders[0].status = "EXPIRED".to_owned();
    assert_eq!(tampered(expired), [Kind::ChangedOrder]);
    assert!(tampered(|view| seller(view).orders[0].qty += 1).is_empty(), "the open list counts");
    assert!(tampered(|view| seller(view).open[0].qty += 1).contains(&Kind::ChangedOrder));
}

#[test]
fn lost_doubled_and_wrong_fills_are_found() {
    let lost = tampered(|view| buyer(view).fills.clear());
    for kind in [Kind::LostFill, Kind::WrongFill, Kind::UnpairedTrade, Kind::WrongBalance] {
        assert!(lost.contains(&kind), "{lost:?}");
    }
    let doubled = tampered(|view| {
        let again = buyer(view).fills[0].clone();
        buyer(view).fills.push(again);
    });
    assert!(doubled.contains(&Kind::DoubledFill), "{doubled:?}");
    let wrong = tampered(|view| buyer(view).fills[0].1.seen.price += ONE);
    assert!(wrong.contains(&Kind::WrongFill) && wrong.contains(&Kind::UnpairedTrade), "{wrong:?}");
    let gap = tampered(|view| {
        for seen in view.accounts.values_mut() {
            seen.fills[0].1.seen.trade = 2;
        }
    });
    assert!(gap.contains(&Kind::TradeGap), "{gap:?}");
}

#[test]
fn an_orphaned_hold_is_found() {
    let found = tampered(|view| buyer(view).balances[1] = (amount("460"), amount("40")));
    assert_eq!(found, [Kind::OrphanHold]);
}

#[test]
fn a_balance_off_by_one_unit_is_found() {
    let found = tampered(|view| seller(view).balances[1].0 += 1);
    assert_eq!(found, [Kind::WrongBalance, Kind::NotConserved]);
}

#[test]
fn a_book_that_differs_and_a_false_public_trade_are_found() {
    assert_eq!(tampered(|view| view.books.clear()), [Kind::WrongBook]);
    let far = |view: &mut View| _ = view.trades.insert((BTCUSDT, 2), (PRICE, ONE));
    assert_eq!(tampered(far), [Kind::UnpairedTrade]);
}

#[test]
fn unrequested_and_duplicate_orders_are_found() {
    let ghost = order(3_073, "who", true, 40_000 * ONE, ["0.001", "0"], "EXPIRED");
    let found = tampered(|view| buyer(view).orders.push(ghost));
    assert_eq!(found, [Kind::GhostOrder]);
    let again = OrderState { id: 3_073, ..cancelled() };
    let found = tampered(|view| buyer(view).orders.push(again));
    assert_eq!(found, [Kind::DoubledOrder]);
}

#[test]
fn an_unknown_order_may_be_there_or_not() {
    let unknown = order(3_073, "a3", true, 40_000 * ONE, ["0.001", "0"], "EXPIRED");
    let mut log = log();
    log.lost(BUYER, place(&unknown));
    assert_eq!(kinds(&log, &view()), []);
    let mut there = view();
    buyer(&mut there).orders.push(unknown.clone());
    assert_eq!(kinds(&log, &there), []);
    buyer(&mut there).orders.push(OrderState { id: 4_097, ..unknown });
    assert_eq!(kinds(&log, &there), [Kind::DoubledOrder]);
}

#[test]
fn an_acknowledged_transfer_counts_and_an_amend_lasts() {
    let mut more = log();
    let answer = Answer::Transferred { free: amount("501"), locked: 0 };
    more.done(BUYER, Request::Transfer(transfer(USDT, "1")), answer);
    assert_eq!(kinds(&more, &view()), [Kind::WrongBalance, Kind::NotConserved]);
    let mut less = log();
    let amended = OrderState { qty: amount("0.015"), name: "b2".to_owned(), ..resting() };
    let request = Request::Amend { symbol: BTCUSDT, order: RESTING, qty: amended.qty, name: "b2".to_owned() };
    less.done(SELLER, request, Answer::Amended(amended));
    assert_eq!(kinds(&less, &view()), [Kind::ChangedOrder]);
}

#[test]
fn a_refused_key_is_a_lost_account() {
    let mut log = log();
    let op = log.sent(BUYER, place(&cancelled()));
    let message = "Invalid API-key, IP, or permissions for action.".to_owned();
    log.0.push(Record::Refused { op, at: 0, status: 401, code: -2_015, message });
    assert!(kinds(&log, &view()).contains(&Kind::LostAccount));
    let gone = tampered(|view| buyer(view).failed = Some("unknown".to_owned()));
    assert!(gone.contains(&Kind::LostAccount), "{gone:?}");
}
