//! F1 at the shards: commands that arrive while their book has not answered yet are handled in the order they arrived.

use std::sync::atomic::Ordering;

use lightning_exchange::{
    actors::{Exchange, message::Acknowledgement},
    domain::{
        messages::{
            command::{
                AccountCommand, AmendOrder, Answer, CancelAll, CancelList, CancelOrder, CreateAccount,
                OrderRef, ReplaceMode, ReplaceOrder, Transfer,
            },
            reject::Reject,
        },
        orders::{ListOrders, NewOrder, OrderListRef, OrderStatus, OrderType, PlaceList, Side, TimeInForce},
        types::{
            id::{AccountId, AssetId, ClientOrderId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    },
};
use tokio::sync::oneshot;
use tracing::Span;

use crate::support::shards::{Hold, START, Shards};

const ACCOUNT: AccountId = AccountId::new(1);
const BTCUSDT: SymbolId = SymbolId::new(1);
const ETHUSDT: SymbolId = SymbolId::new(2);
const PRICE: u64 = 100_000;

/// An exchange whose shards share one thread, which the test can hold, and whose clock stands still unless it is moved.
struct Held(Shards);

type Reply = oneshot::Receiver<Acknowledgement>;

impl Held {
    async fn start() -> Self {
        let held = Self(Shards::start(|_| ()));
        let create = CreateAccount { id: Some(ACCOUNT), tier: 0, is_unlimited: true };
        held.ask(AccountCommand::CreateAccount(create)).await.unwrap();
        for asset in [1, 2] {
            let amount = Amount::new(10_i128.pow(18));
            let deposit = Transfer { account: ACCOUNT, asset: AssetId::new(asset), amount, request_id: None };
            held.ask(AccountCommand::Deposit(deposit)).await.unwrap();
        }
        held
    }

    fn exchange(&self) -> &Exchange {
        &self.0.running.exchange
    }

    async fn ask(&self, command: AccountCommand) -> Result<Answer, Reject> {
        self.exchange().command(command, None, Span::none()).await
    }

    fn dispatch(&self, command: AccountCommand, deadline: Option<Timestamp>) -> Reply {
        self.exchange().dispatch(command, None, deadline, Span::none()).unwrap()
    }

    /// Sends a key that holds the shards' thread when it is made.
    fn hold(&mut self) -> Hold {
        self.0.hold(ACCOUNT)
    }

    /// Sends all of these before the shards do the first, so that no book answers in between.
    async fn at_once<const N: usize>(
        &mut self,
        commands: [AccountCommand; N],
    ) -> [Result<Answer, Reject>; N] {
        let hold = self.hold();
        hold.stands();
        let replies = commands.map(|command| self.dispatch(command, None));
        hold.go();
        heard(replies).await
    }
}

async fn heard<const N: usize>(replies: [Reply; N]) -> [Result<Answer, Reject>; N] {
    let mut heard = Vec::new();
    for reply in replies {
        heard.push(reply.await.unwrap().answer);
    }
    heard.try_into().unwrap()
}

fn name(text: &str) -> ClientOrderId {
    ClientOrderId::parse(text).unwrap()
}

fn named(text: &str) -> OrderRef {
    OrderRef { id: None, client_id: Some(name(text)) }
}

fn order(side: Side, text: &str, lots: u64) -> NewOrder {
    let order = NewOrder::limit(ACCOUNT, BTCUSDT, side, Price::from_ticks(PRICE), Lots::new(lots));
    NewOrder { client_id: Some(name(text)), ..order }
}

fn sell(text: &str, lots: u64) -> AccountCommand {
    AccountCommand::Place(order(Side::Sell, text, lots))
}

fn take(lots: u64) -> AccountCommand {
    let order = order(Side::Buy, "taker", lots);
    AccountCommand::Place(NewOrder { time_in_force: TimeInForce::Ioc, client_id: None, ..order })
}

fn cancel(text: &str) -> AccountCommand {
    let order = named(text);
    let cancel = CancelOrder { account: ACCOUNT, symbol: BTCUSDT, order, restriction: None, name: None };
    AccountCommand::Cancel(cancel)
}

fn cancel_all() -> AccountCommand {
    AccountCommand::CancelAll(CancelAll { account: ACCOUNT, symbol: BTCUSDT })
}

fn amend(text: &str, lots: u64) -> AccountCommand {
    let (order, client_id) = (named(text), Some(name(text)));
    let quantity = Lots::new(lots);
    AccountCommand::Amend(AmendOrder { account: ACCOUNT, symbol: BTCUSDT, order, quantity, client_id })
}

fn replace(text: &str, by: NewOrder) -> AccountCommand {
    AccountCommand::Replace(Box::new(ReplaceOrder {
        cancel: named(text),
        restriction: None,
        mode: ReplaceMode::StopOnFailure,
        order: by,
        cancels_when_limited: false,
    }))
}

/// An order on the other symbol.
fn buy_ether(text: &str) -> NewOrder {
    NewOrder { symbol: ETHUSDT, ..order(Side::Buy, text, 10_000) }
}

/// An order of this kind and, when it is filled, another.
fn list(text: &str, kind: OrderType) -> AccountCommand {
    let order = |side| NewOrder { client_id: None, ..order(side, "unnamed", 1_000) };
    let orders = ListOrders::Then(NewOrder { kind, ..order(Side::Buy) }, order(Side::Sell));
    let client_id = Some(name(text));
    AccountCommand::PlaceList(Box::new(PlaceList { account: ACCOUNT, symbol: BTCUSDT, client_id, orders }))
}

fn cancel_list(text: &str) -> AccountCommand {
    let list = OrderListRef { id: None, client_id: Some(name(text)) };
    AccountCommand::CancelList(CancelList { account: ACCOUNT, symbol: BTCUSDT, list, name: None })
}

/// What became of a command, in a word.
fn outcome(answer: &Result<Answer, Reject>) -> String {
    match answer {
        Ok(Answer::Placed { order, fills, .. }) => {
            format!("{:?} {}", order.status, fills.iter().map(|fill| fill.lots.get()).sum::<u64>())
        }
        Ok(Answer::Cancelled(order)) => format!("{:?}", order.status),
        Ok(Answer::AllCancelled(orders)) => format!("{} cancelled", orders.len()),
        Ok(Answer::Amended { order, .. }) => format!("amended to {}", order.quantity.get()),
        Ok(Answer::Replaced(replaced)) => match (&replaced.cancelled, &replaced.placed) {
            (Ok(_), Some(Ok((order, _)))) => format!("replaced by {}", order.client_id.as_str()),
            other => format!("{other:?}"),
        },
        Ok(Answer::ListPlaced(report) | Answer::ListCancelled(report)) => {
            format!("list {} {:?}", report.list.client_id, report.list.status)
        }
        other => format!("{other:?}"),
    }
}

fn check(commands: impl AsyncFnOnce(&mut Held) -> Vec<Result<Answer, Reject>>, expected: &[&str]) {
    actix::System::new().block_on(async {
        let mut held = Held::start().await;
        let answers = commands(&mut held).await;
        assert_eq!(answers.iter().map(outcome).collect::<Vec<_>>(), expected);
        held.0.running.stop();
    });
}

#[test]
fn what_was_cancelled_is_gone_before_the_next_order_comes() {
    check(
        async |held| held.at_once([sell("x", 1_000), cancel("x"), take(1_000)]).await.into(),
        &["Pending 0", "Cancelled", "Expired 0"],
    );
    check(
        async |held| {
            held.at_once([sell("x", 1_000), sell("y", 1_000), cancel_all(), take(1_000)]).await.into()
        },
        &["Pending 0", "Pending 0", "2 cancelled", "Expired 0"],
    );
}

#[test]
fn amends_of_an_order_on_its_way_are_made_one_after_the_other() {
    check(
        async |held| {
            held.at_once([sell("x", 3_000), amend("x", 2_000), amend("x", 1_000), take(5_000), cancel("x")])
                .await
                .into()
        },
        &["Pending 0", "amended to 2000", "amended to 1000", "Expired 1000", "Err(UnknownOrder)"],
    );
}

#[test]
fn an_order_after_two_amends_matches_what_they_left() {
    check(
        async |held| {
            held.ask(sell("x", 3_000)).await.unwrap();
            held.at_once([amend("x", 2_000), amend("x", 1_000), take(5_000)]).await.into()
        },
        &["amended to 2000", "amended to 1000", "Expired 1000"],
    );
}

#[test]
fn what_follows_a_cancel_replace_comes_after_both_halves() {
    check(
        async |held| {
            held.ask(sell("x", 1_000)).await.unwrap();
            let by = order(Side::Sell, "y", 1_000);
            let answers = held.at_once([replace("x", by), cancel("y"), take(1_000), sell("x", 1_000)]).await;
            answers.into()
        },
        &["replaced by y", "Cancelled", "Expired 0", "Pending 0"],
    );
}

#[test]
fn the_new_order_of_a_cancel_replace_keeps_its_place_before_what_was_sent_after_it() {
    actix::System::new().block_on(async {
        let mut held = Held::start().await;
        held.ask(sell("x", 1_000)).await.unwrap();
        let by = order(Side::Sell, "y", 1_000);
        let answers = held.at_once([replace("x", by), sell("z", 1_000), take(1_000), cancel("z")]).await;
        let outcomes: Vec<String> = answers.iter().map(outcome).collect();
        assert_eq!(outcomes, ["replaced by y", "Pending 0", "Filled 1000", "Cancelled"]);
        let Ok(Answer::Cancelled(left)) = &answers[3] else { panic!("{answers:?}") };
        assert_eq!((left.status, left.executed), (OrderStatus::Cancelled, Lots::ZERO), "y was there first");
        held.0.running.stop();
    });
}

#[test]
fn a_name_is_free_again_for_the_order_that_follows_its_cancel() {
    check(
        async |held| {
            held.at_once([sell("x", 1_000), cancel("x"), sell("x", 2_000), cancel("x")]).await.into()
        },
        &["Pending 0", "Cancelled", "Pending 0", "Cancelled"],
    );
}

#[test]
fn a_cancel_replace_waits_for_its_new_orders_name() {
    check(
        async |held| {
            held.ask(sell("x", 1_000)).await.unwrap();
            held.ask(AccountCommand::Place(buy_ether("y"))).await.unwrap();
            held.at_once([cancel("x"), replace("y", buy_ether("x"))]).await.into()
        },
        &["Cancelled", "replaced by x"],
    );
}

#[test]
fn the_name_of_a_list_is_free_again_for_the_list_that_follows_its_cancel() {
    let limit = |text| list(text, OrderType::Limit);
    check(
        async |held| held.at_once([limit("l"), cancel_list("l"), limit("l"), cancel_list("l")]).await.into(),
        &["list l Executing", "list l AllDone", "list l Executing", "list l AllDone"],
    );
    check(
        async |held| {
            held.ask(limit("l")).await.unwrap();
            held.at_once([cancel_all(), limit("l")]).await.into()
        },
        &["2 cancelled", "list l Executing"],
    );
}

#[test]
fn the_name_of_a_list_its_book_refuses_is_free_again_for_the_list_that_follows() {
    check(
        async |held| {
            held.ask(sell("x", 1_000)).await.unwrap();
            held.at_once([list("l", OrderType::LimitMaker), list("l", OrderType::Limit)]).await.into()
        },
        &["Err(WouldTake)", "list l Executing"],
    );
}

#[test]
fn what_has_waited_in_line_too_long_is_refused_and_what_is_behind_it_goes_on() {
    actix::System::new().block_on(async {
        let mut held = Held::start().await;
        let deadline = Timestamp::from_micros(START.micros() + 1_000_000);
        let first = held.hold();
        first.stands();
        let placed = held.dispatch(sell("x", 2_000), None);
        let in_time = held.dispatch(amend("x", 1_000), Some(Timestamp::from_micros(deadline.micros() + 1)));
        let late = held.dispatch(cancel("x"), Some(deadline));
        let behind = held.dispatch(cancel("x"), None);
        let second = held.hold();
        first.go();
        // The order is accepted, and the others wait in line behind it; its book has not received it yet.
        second.stands();
        held.0.clock.store(deadline.micros() + 1, Ordering::Relaxed);
        second.go();
        let answers = heard([placed, in_time, late, behind]).await;
        let outcomes = answers.each_ref().map(outcome);
        assert_eq!(outcomes, ["Pending 0", "amended to 1000", "Err(TooLate)", "Cancelled"]);
        held.0.running.stop();
    });
}
