//! Shards that are held, full, halted and lost, and a session that takes nothing.

use actix::prelude::*;
use lightning_exchange::{
    actors::{
        Exchange,
        message::{
            Crash, OpenSession, SessionEvent, SessionId, SessionLink, SessionProtocol, Subscribe, TimeUnit,
            Topic,
        },
    },
    domain::{
        messages::{
            command::{AccountCommand, Answer, CreateAccount, Transfer},
            reject::Reject,
        },
        orders::{NewOrder, Side},
        types::{
            id::{AccountId, AssetId, SymbolId},
            money::{Amount, Lots, Price},
        },
    },
};
use tracing::Span;

use crate::{
    monitoring::reading::Reading,
    support::{block_on, shards::Shards, wait_until},
};

pub(super) const SHOWN: &[&str] = &[
    "lightning_commands_in_flight",
    "lightning_commands_in_flight_max",
    "lightning_commands_shed_total",
    "lightning_trading_halted",
    "lightning_stage_queue_messages",
    "lightning_shard_queue_messages",
    "lightning_shard_queue_oldest_seconds",
    "lightning_shard_in_service",
    "lightning_websocket_sessions",
    "lightning_websocket_sessions_too_slow_total",
    "lightning_websocket_backlog_messages",
    "lightning_websocket_backlog_max_messages",
];

const USDT: AssetId = AssetId::new(2);
/// BTCUSDT and account 1 live on shards of index 1, account 2 on one of index 0.
const BTCUSDT: SymbolId = SymbolId::new(1);
const FREE: AccountId = AccountId::new(1);
const HELD: AccountId = AccountId::new(2);

/// Two arbiters: shards of index 0 and market data on the first, shards of index 1 and push on the second.
async fn start() -> Shards {
    let shards = Shards::start(|settings| settings.arbiters = 2);
    for id in [FREE, HELD] {
        let account = CreateAccount { id: Some(id), tier: 0, is_unlimited: true };
        ask(&shards.running.exchange, AccountCommand::CreateAccount(account)).await.unwrap();
        let deposit =
            Transfer { account: id, asset: USDT, amount: Amount::new(10_i128.pow(20)), request_id: None };
        ask(&shards.running.exchange, AccountCommand::Deposit(deposit)).await.unwrap();
    }
    shards
}

async fn ask(exchange: &Exchange, command: AccountCommand) -> Result<Answer, Reject> {
    exchange.command(command, None, Span::none()).await
}

/// A bid of account 1, one tick above the one before it.
fn bid(above: u64) -> AccountCommand {
    let (price, lots) = (Price::from_ticks(4_500_000 + above), Lots::new(1_000));
    AccountCommand::Place(NewOrder::limit(FREE, BTCUSDT, Side::Buy, price, lots))
}

fn read(shards: &Shards) -> Reading {
    Reading::new(shards.running.exchange.render_metrics())
}

#[test]
fn what_waits_for_a_held_thread_is_measured() {
    block_on(async {
        let mut shards = start().await;
        let queue = "lightning_stage_queue_messages{stage=\"market_data\"}";
        wait_until("nothing waits", || read(&shards).of(queue) == Some(0.0));
        let before = read(&shards);
        assert_eq!(before.of("lightning_commands_in_flight_max{shard=\"account-0\"}"), Some(2_048.0));
        let hold = shards.hold(HELD);
        hold.stands();
        // Market data is on the held thread, and what it is to handle is not.
        ask(&shards.running.exchange, bid(0)).await.unwrap();
        let held = read(&shards);
        assert!(held.of(queue) >= Some(1.0));
        assert_eq!(held.of("lightning_commands_in_flight{shard=\"account-0\"}"), Some(1.0));
        assert!(held.of("lightning_shard_queue_messages{shard=\"account-0\"}") >= Some(1.0));
        let age = || read(&shards).of("lightning_shard_queue_oldest_seconds{shard=\"account-0\"}").unwrap();
        let first = age();
        wait_until("the age grows", || age() > first);
        hold.go();
        wait_until("nothing waits any more", || {
            let now = read(&shards);
            let waiting = [
                "lightning_stage_queue_messages",
                "lightning_commands_in_flight",
                "lightning_shard_queue_messages",
            ];
            waiting.iter().all(|metric| now.sum(metric) == 0.0)
        });
        shards.running.stop();
    });
}

#[test]
fn what_is_turned_away_is_counted_by_its_reason() {
    block_on(async {
        let shards = start().await;
        let exchange = shards.running.exchange.clone();
        let shed = |reason: &str| {
            let series = format!("lightning_commands_shed_total{{reason={reason:?}}}");
            Reading::new(exchange.render_metrics()).of(&series).unwrap()
        };
        let mut places = Vec::new();
        while let Ok(place) = exchange.occupy(&bid(0)) {
            places.push(place);
        }
        assert_eq!(shed("account_shard_full"), 1.0);
        drop(places);
        assert_eq!(shed("out_of_service"), 0.0);
        shards.running.topology().symbols[1].do_send(Crash);
        let in_service = |shard: &str| {
            let series = format!("lightning_shard_in_service{{shard={shard:?}}}");
            Reading::new(exchange.render_metrics()).of(&series).unwrap()
        };
        wait_until("the shard is out of service", || in_service("symbol-1") == 0.0);
        assert_eq!(in_service("symbol-0"), 1.0);
        assert_eq!(ask(&exchange, bid(0)).await.unwrap_err(), Reject::OutOfService);
        assert_eq!((shed("out_of_service"), shed("halted")), (1.0, 0.0));
        assert_eq!(read(&shards).sum("lightning_trading_halted"), 0.0);
        exchange.halt("a test");
        assert_eq!(ask(&exchange, bid(0)).await.unwrap_err(), Reject::Halted);
        assert_eq!(shed("halted"), 1.0);
        assert_eq!(read(&shards).sum("lightning_trading_halted"), 1.0);
        shards.running.stop();
    });
}

/// A session that never reports to have taken anything.
struct Silent;

impl Actor for Silent {
    type Context = Context<Self>;
}

impl Handler<SessionEvent> for Silent {
    type Result = ();

    fn handle(&mut self, _: SessionEvent, _: &mut Self::Context) {}
}

#[test]
fn a_session_that_takes_nothing_has_a_backlog_until_it_is_cut() {
    const LIMIT: usize = 5;
    block_on(async {
        let shards = start().await;
        let exchange = shards.running.exchange.clone();
        let sum = |metric: &str| read(&shards).sum(metric);
        let (session, link) = (SessionId(1), SessionLink::new(Silent.start().recipient(), LIMIT));
        let (unit, protocol) = (TimeUnit::Millis, SessionProtocol::Values);
        exchange.push().do_send(OpenSession { session, link, unit, protocol });
        let topics = vec![Topic::BookTicker(BTCUSDT)];
        exchange.push().do_send(Subscribe { session, topics, combined: false, acknowledgement: None });
        wait_until("it is open", || sum("lightning_websocket_sessions") == 1.0);
        assert_eq!(sum("lightning_websocket_backlog_messages"), 0.0);
        ask(&exchange, bid(0)).await.unwrap();
        wait_until("its backlog is measured", || {
            sum("lightning_websocket_backlog_messages") >= 1.0
                && sum("lightning_websocket_backlog_max_messages") >= 1.0
        });
        assert_eq!(sum("lightning_websocket_sessions_too_slow_total"), 0.0);
        for above in 1..=LIMIT as u64 {
            ask(&exchange, bid(above)).await.unwrap();
        }
        wait_until("it is cut", || sum("lightning_websocket_sessions_too_slow_total") == 1.0);
        wait_until("nothing waits for it", || {
            sum("lightning_websocket_sessions") == 0.0 && sum("lightning_websocket_backlog_messages") == 0.0
        });
        shards.running.stop();
    });
}
