//! Real shards on a clock that stands still: what a turn is, what is lost with a shard, who is let in, and what comes first.

use std::sync::atomic::Ordering;

use lightning_exchange::{
    actors::{
        GateLimits,
        message::{Acknowledgement, Crash, Drain, MarketQuery, MarketView, StateHash},
    },
    domain::{
        messages::{
            command::{AccountCommand, Answer, CancelAll, CreateAccount, Transfer},
            reject::Reject,
        },
        orders::{NewOrder, Side},
        types::{
            id::{AccountId, AssetId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    },
    telemetry::ShedReason,
};
use tokio::sync::oneshot;
use tracing::Span;

use crate::support::{
    shards::{START, Shards},
    wait_until,
};

/// It lives on the account shard of index 1.
const ACCOUNT: AccountId = AccountId::new(1);
/// It lives on the symbol shard of index 0: on two threads, not on that of the account.
const ETHUSDT: SymbolId = SymbolId::new(2);
const SECOND: u64 = 1_000_000;

type Reply = oneshot::Receiver<Acknowledgement>;

fn send(shards: &Shards, command: AccountCommand, deadline: Option<Timestamp>) -> Result<Reply, Reject> {
    shards.running.exchange.dispatch(command, None, deadline, Span::none())
}

fn bid() -> AccountCommand {
    let (price, lots) = (Price::from_ticks(100_000), Lots::new(10_000));
    AccountCommand::Place(NewOrder::limit(ACCOUNT, ETHUSDT, Side::Buy, price, lots))
}

async fn open(shards: &Shards) {
    let create = CreateAccount { id: Some(ACCOUNT), tier: 0, is_unlimited: true };
    let deposit = Transfer {
        account: ACCOUNT,
        asset: AssetId::new(2),
        amount: Amount::new(10_i128.pow(18)),
        request_id: None,
    };
    for command in [AccountCommand::CreateAccount(create), AccountCommand::Deposit(deposit)] {
        send(shards, command, None).unwrap().await.unwrap().answer.unwrap();
    }
}

/// The state of the symbol's shard after every message sent to it before.
async fn of_symbol_shard(shards: &Shards) -> u128 {
    let (reply, hash) = oneshot::channel();
    shards.running.topology().symbol_shard(ETHUSDT.slot()).do_send(StateHash(reply));
    hash.await.unwrap()
}

/// Waits until both shards have handled every message sent to them before.
async fn settled(shards: &Shards) {
    let topology = shards.running.topology();
    for _ in 0..2 {
        let (done, processed) = oneshot::channel();
        topology.account_shard(ACCOUNT.slot()).do_send(Drain(done));
        processed.await.unwrap();
        of_symbol_shard(shards).await;
    }
}

fn placed_at(answer: &Result<Answer, Reject>) -> u64 {
    let Ok(Answer::Placed { order, .. }) = answer else { panic!("{answer:?}") };
    order.created_at.micros() - START.micros()
}

#[test]
fn a_turn_is_a_batch_at_one_time() {
    actix::System::new().block_on(async {
        let mut shards = Shards::start(|settings| settings.batch = 2);
        open(&shards).await;
        let first = shards.hold(ACCOUNT);
        first.stands();
        // All of it is there when the thread goes on, but a turn takes two: the last order is not in that of the key.
        let before = send(&shards, bid(), None).unwrap();
        let second = shards.hold(ACCOUNT);
        let behind = [bid(), bid()].map(|order| send(&shards, order, None).unwrap());
        first.go();
        second.stands();
        shards.clock.store(START.micros() + SECOND, Ordering::Relaxed);
        second.go();
        assert_eq!(placed_at(&before.await.unwrap().answer), 0);
        let [_, last] = behind;
        assert_eq!(placed_at(&last.await.unwrap().answer), SECOND);
        shards.running.stop();
    });
}

#[test]
fn messages_leave_after_the_end_of_the_turn() {
    actix::System::new().block_on(async {
        let mut shards = Shards::start(|settings| settings.arbiters = 2);
        open(&shards).await;
        settled(&shards).await;
        let before = of_symbol_shard(&shards).await;
        let first = shards.hold(ACCOUNT);
        first.stands();
        let placed = send(&shards, bid(), None).unwrap();
        let second = shards.hold(ACCOUNT);
        first.go();
        // The account has held the funds; its frames and what it tells the world are queued. The book's thread is free and
        // has heard nothing yet: a crash now leaves an order that was held and not matched, never the other way round.
        second.stands();
        assert_eq!(of_symbol_shard(&shards).await, before);
        second.go();
        placed.await.unwrap().answer.unwrap();
        settled(&shards).await;
        assert_ne!(of_symbol_shard(&shards).await, before);
        shards.running.stop();
    });
}

#[test]
fn a_turn_that_fails_sends_nothing() {
    actix::System::new().block_on(async {
        let mut shards = Shards::start(|settings| settings.arbiters = 2);
        open(&shards).await;
        settled(&shards).await;
        let before = of_symbol_shard(&shards).await;
        let hold = shards.hold(ACCOUNT);
        hold.stands();
        // The order is taken up, and the same turn fails after it.
        let placed = send(&shards, bid(), None).unwrap();
        shards.running.topology().account_shard(ACCOUNT.slot()).do_send(Crash);
        let behind = send(&shards, bid(), None).unwrap();
        hold.go();
        assert!(placed.await.is_err() && behind.await.is_err(), "nobody is left to answer");
        assert_eq!(shards.running.exchange.out_of_service(), ["account-1"]);
        assert_eq!(send(&shards, bid(), None).err(), Some(Reject::OutOfService));
        assert_eq!(of_symbol_shard(&shards).await, before, "the book has not heard of the order");
        let depth = MarketQuery::Depth { symbol: ETHUSDT, levels: 5 };
        let Ok(MarketView::Depth(depth)) = shards.running.exchange.market(depth).await else { panic!() };
        assert!(depth.bids.is_empty(), "{depth:?}");
        let topology = shards.running.topology();
        // A place is dropped right after the reply it belongs to.
        wait_until("the places came back", || {
            topology.account_gates[1].inside() + topology.symbol_gates[0].inside() == 0
        });
        shards.running.stop();
    });
}

#[test]
fn places_are_held_until_the_answer_and_some_are_left_for_cancels() {
    actix::System::new().block_on(async {
        let limits = GateLimits { commands: 2, cancels: 1 };
        // The key that holds the thread has a place of the account shard too.
        let mut shards = Shards::start(|settings| settings.symbol_gate = limits);
        open(&shards).await;
        let hold = shards.hold(ACCOUNT);
        hold.stands();
        let orders = [bid(), bid()].map(|order| send(&shards, order, None).unwrap());
        assert_eq!(send(&shards, bid(), None).err(), Some(Reject::Busy));
        let cancel = || AccountCommand::CancelAll(CancelAll { account: ACCOUNT, symbol: ETHUSDT });
        let cancelled = send(&shards, cancel(), None).unwrap();
        assert_eq!(send(&shards, cancel(), None).err(), Some(Reject::Busy));
        assert_eq!(shards.running.exchange.metrics().trading.shed(ShedReason::SymbolShardFull).get(), 2);
        hold.go();
        for order in orders {
            order.await.unwrap().answer.unwrap();
        }
        let Ok(Answer::AllCancelled(all)) = cancelled.await.unwrap().answer else { panic!() };
        assert_eq!(all.len(), 2);
        settled(&shards).await;
        assert_eq!(shards.running.topology().symbol_gates[0].inside(), 0);
        send(&shards, bid(), None).unwrap().await.unwrap().answer.unwrap();
        shards.running.stop();
    });
}

#[test]
fn a_command_that_waited_past_its_deadline_is_refused() {
    actix::System::new().block_on(async {
        let mut shards = Shards::start(|_| ());
        open(&shards).await;
        let hold = shards.hold(ACCOUNT);
        hold.stands();
        let deadline = |micros| Some(Timestamp::from_micros(START.micros() + micros));
        let late = send(&shards, bid(), deadline(SECOND - 1)).unwrap();
        let in_time = send(&shards, bid(), deadline(SECOND)).unwrap();
        shards.clock.store(START.micros() + SECOND, Ordering::Relaxed);
        hold.go();
        assert_eq!(late.await.unwrap().answer, Err(Reject::TooLate));
        assert_eq!(placed_at(&in_time.await.unwrap().answer), SECOND);
        shards.running.stop();
    });
}
