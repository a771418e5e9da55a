//! The actor shells: which parts are actors, how they share a thread, and how a failure is handled.

use std::sync::{Arc, Barrier, Mutex};

use actix::Actor;
use awc::http::Method;
use lightning_exchange::{
    actors::{
        self, AccountActor, Exchange, GateLimits, KeyListener, MarketDataActor, PushActor, Running, Settings,
        SymbolActor, message::Crash,
    },
    config::Layers,
    domain::{
        account::AccountQuery,
        instruments::{edit::SymbolEdit, symbol::SymbolStatus},
        messages::{
            command::{
                AccountCommand, Answer, CancelAll, CreateAccount, CreateApiKey, Permissions, Transfer,
            },
            credential::{KEYS_MAX, KeyMaterial},
            reject::Reject,
        },
        orders::{NewOrder, Side, TimeInForce},
        types::{
            id::{AccountId, AssetId, ClientOrderId, SymbolId},
            money::{Amount, Lots, Price},
            time::Timestamp,
        },
    },
    http::ws::WireEncoder,
    telemetry::ShedReason,
};
use tracing::{Span, span};
use tracing_subscriber::{layer::SubscriberExt, registry::LookupSpan};

use crate::{
    api::{Api, limit, two_accounts},
    support::{TestServer, skip, wait_until},
};

const USDT: AssetId = AssetId::new(2);
/// BTCUSDT and account 1 live on shards of index 1, ETHUSDT and account 2 on those of index 0.
const CALM: (AccountId, SymbolId) = (AccountId::new(1), SymbolId::new(1));
const BUSY: (AccountId, SymbolId) = (AccountId::new(2), SymbolId::new(2));

/// Two shards of each kind on one thread.
fn start(change: impl FnOnce(&mut Settings)) -> Running {
    start_with(Arc::new(()), change)
}

fn start_with(keys: Arc<dyn KeyListener>, change: impl FnOnce(&mut Settings)) -> Running {
    let instruments = Layers::defaults().load().unwrap().instruments;
    let encoder = Box::new(WireEncoder::new(Arc::clone(&instruments)));
    let mut settings = Settings::new(instruments);
    (settings.account_shards, settings.symbol_shards, settings.arbiters) = (2, 2, 1);
    change(&mut settings);
    actors::start(settings, encoder, keys)
}

async fn ask(exchange: &Exchange, command: AccountCommand) -> Result<Answer, Reject> {
    exchange.command(command, None, Span::none()).await
}

async fn found(exchange: &Exchange, id: AccountId) {
    ask(
        exchange,
        AccountCommand::CreateAccount(CreateAccount { id: Some(id), tier: 0, is_unlimited: false }),
    )
    .await
    .unwrap();
    let amount = Amount::new(10_i128.pow(20));
    let deposit = Transfer { account: id, asset: USDT, amount, request_id: None };
    ask(exchange, AccountCommand::Deposit(deposit)).await.unwrap();
}

fn buy((account, symbol): (AccountId, SymbolId)) -> AccountCommand {
    let (price, lots) = (Price::from_ticks(100_000), Lots::new(10_000));
    let order = NewOrder::limit(account, symbol, Side::Buy, price, lots);
    AccountCommand::Place(NewOrder { time_in_force: TimeInForce::Ioc, ..order })
}

/// A bid that rests under this name.
fn bid(who_and_where: (AccountId, SymbolId), name: &str) -> AccountCommand {
    let AccountCommand::Place(order) = buy(who_and_where) else { panic!("not an order") };
    let client_id = ClientOrderId::parse(name);
    AccountCommand::Place(NewOrder { time_in_force: TimeInForce::Gtc, client_id, ..order })
}

fn api_key(account: AccountId, key: String) -> AccountCommand {
    AccountCommand::CreateApiKey(CreateApiKey {
        account,
        key,
        material: KeyMaterial::Hmac(String::new()),
        permissions: Permissions::default(),
        label: String::new(),
        created_at: Timestamp::default(),
    })
}

fn in_system(test: impl Future<Output = ()>) {
    actix::System::new().block_on(test);
}

#[test]
fn every_shard_is_an_actor_with_its_own_mailbox() {
    fn is_actor<A: Actor>() {}
    is_actor::<AccountActor>();
    is_actor::<SymbolActor>();
    is_actor::<MarketDataActor>();
    is_actor::<PushActor>();
    in_system(async {
        let running = start(|settings| (settings.account_shards, settings.symbol_shards) = (10, 10));
        let topology = running.topology();
        assert_eq!((topology.accounts.len(), topology.symbols.len()), (10, 10));
        for (index, shard) in topology.accounts.iter().enumerate() {
            assert!(shard.connected() && topology.accounts[index + 1..].iter().all(|other| other != shard));
        }
        for (index, shard) in topology.symbols.iter().enumerate() {
            assert!(shard.connected() && topology.symbols[index + 1..].iter().all(|other| other != shard));
        }
        running.stop();
    });
}

/// Records the order in which shards make keys; in the first one the shard's thread blocks until the test releases it.
#[derive(Debug)]
struct Keys {
    made: Mutex<Vec<String>>,
    hold: Mutex<Option<Arc<Barrier>>>,
}

impl Keys {
    /// The first wait at the barrier ends when the thread stands still, the second lets it go.
    fn new() -> (Arc<Self>, Arc<Barrier>) {
        let hold = Arc::new(Barrier::new(2));
        let keys = Self { made: Mutex::default(), hold: Mutex::new(Some(Arc::clone(&hold))) };
        (Arc::new(keys), hold)
    }
}

impl KeyListener for Keys {
    fn api_key_created(&self, key: &CreateApiKey) {
        let hold = self.hold.lock().unwrap().take();
        if let Some(hold) = hold {
            hold.wait();
            hold.wait();
        }
        self.made.lock().unwrap().push(key.key.clone());
    }
}

#[test]
fn a_busy_shard_does_not_starve_its_neighbour_on_the_same_thread() {
    const FLOOD: usize = 2_000;
    const BATCH: usize = 16;
    in_system(async {
        let (keys, hold) = Keys::new();
        let running =
            start_with(Arc::clone(&keys) as Arc<dyn KeyListener>, |settings| settings.batch = BATCH);
        let exchange = &running.exchange;
        found(exchange, CALM.0).await;
        // An account may have only so many keys: the busy slot has as many accounts as it takes.
        let busy = |index: usize| AccountId::new(BUSY.0.get() + (index / KEYS_MAX) as u64 * 1_024);
        for index in (0..FLOOD).step_by(KEYS_MAX) {
            found(exchange, busy(index)).await;
        }
        let make = |account, key| exchange.dispatch(api_key(account, key), None, None, Span::none()).unwrap();
        // The shards' thread stands still in the first key until the flood and the calm one are queued behind it.
        let flood: Vec<_> = (0..FLOOD).map(|index| make(busy(index), format!("busy{index}"))).collect();
        let calm = make(CALM.0, "calm".to_owned());
        hold.wait();
        hold.wait();
        calm.await.unwrap().answer.unwrap();
        for answer in flood {
            answer.await.unwrap().answer.unwrap();
        }
        let made = keys.made.lock().unwrap();
        let before = made.iter().position(|key| key == "calm").unwrap();
        // tokio looks for wake-ups from other threads every 31 polls; until then the busy shard may have its turns.
        assert!(before <= 40 * BATCH, "{before} of {FLOOD} went first");
        running.stop();
    });
}

#[test]
fn a_poisoned_symbol_shard_stops_serving_and_its_neighbours_go_on() {
    in_system(async {
        let running = start(|_| ());
        let exchange = &running.exchange;
        found(exchange, CALM.0).await;
        found(exchange, BUSY.0).await;
        let topology = running.topology();
        topology.symbol_shard(BUSY.1.slot()).do_send(Crash);
        // Commands in flight get the error, and so do later ones.
        let under_way = ask(exchange, buy(BUSY)).await;
        assert_eq!(under_way, Err(Reject::OutOfService));
        assert_eq!(ask(exchange, buy(BUSY)).await, Err(Reject::OutOfService));
        assert_eq!(exchange.out_of_service(), ["symbol-0"]);
        assert!(ask(exchange, buy(CALM)).await.is_ok());
        assert_eq!(topology.symbol_gates[0].inside(), 0, "its places came back");
        running.stop();
    });
}

#[test]
fn what_waits_for_a_symbol_shard_that_is_lost_moves_on() {
    in_system(async {
        // The calm account and symbol have one thread, the busy ones the other.
        let (keys, hold) = Keys::new();
        let running = start_with(keys, |settings| settings.arbiters = 2);
        let (exchange, lost) = (&running.exchange, (CALM.0, BUSY.1));
        let neighbour = AccountId::new(CALM.0.get() + 1_024);
        for account in [CALM.0, BUSY.0, neighbour] {
            found(exchange, account).await;
        }
        for order in [bid(lost, "lost"), bid(CALM, "calm"), bid((neighbour, CALM.1), "next")] {
            ask(exchange, order).await.unwrap();
        }
        let send = |command| exchange.dispatch(command, None, None, Span::none()).unwrap();
        // The answer comes when the calm account shard has worked on all it was sent before.
        let settled = async || exchange.query(CALM.0, AccountQuery::Account, Span::none()).await.unwrap();
        // The lost shard's thread is blocked: it handles the crash before any later message.
        let key = send(api_key(BUSY.0, "key".to_owned()));
        hold.wait();
        running.topology().symbol_shard(BUSY.1.slot()).do_send(Crash);
        let cancel_all = send(AccountCommand::CancelAll(CancelAll { account: lost.0, symbol: lost.1 }));
        let order = send(bid(lost, "new"));
        let behind = send(bid(lost, "new"));
        let mut line = [bid(CALM, "new"), bid(CALM, "lost")].map(send);
        let free = send(bid(CALM, "free"));
        let mut other = send(bid((neighbour, CALM.1), "next"));
        settled().await;
        let duplicate = Err(Reject::DuplicateClientOrderId);
        assert_eq!(
            other.try_recv().unwrap().answer,
            duplicate,
            "whose orders are cancelled is not its concern"
        );
        assert!(line.iter_mut().all(|reply| reply.try_recv().is_err()), "the names may be about to be free");
        hold.wait();
        for unanswered in [cancel_all, order, behind] {
            assert!(unanswered.await.is_err(), "out of service");
        }
        settled().await;
        assert_eq!(
            line.map(|mut reply| reply.try_recv().unwrap().answer),
            [duplicate.clone(), duplicate.clone()]
        );
        assert!(free.await.unwrap().answer.is_ok());
        // The pending answers never arrive, and no task waits for them any more, now or later.
        assert_eq!(ask(exchange, bid(CALM, "lost")).await, duplicate);
        assert_eq!(ask(exchange, bid(CALM, "calm")).await, duplicate);
        key.await.unwrap().answer.unwrap();
        running.drain().await;
        running.stop();
    });
}

#[test]
fn a_poisoned_account_shard_stops_serving_and_its_neighbours_go_on() {
    in_system(async {
        let running = start(|_| ());
        let exchange = &running.exchange;
        found(exchange, CALM.0).await;
        found(exchange, BUSY.0).await;
        running.topology().account_shard(BUSY.0.slot()).do_send(Crash);
        assert_eq!(ask(exchange, buy(BUSY)).await, Err(Reject::OutOfService));
        assert_eq!(exchange.out_of_service(), ["account-0"]);
        assert!(ask(exchange, buy(CALM)).await.is_ok());
        running.stop();
    });
}

#[test]
fn rules_change_although_a_shard_is_lost() {
    in_system(async {
        let running = start(|_| ());
        let exchange = &running.exchange;
        found(exchange, CALM.0).await;
        running.topology().account_shard(BUSY.0.slot()).do_send(Crash);
        let instruments = exchange.instruments();
        let name = &instruments.symbol(CALM.1).unwrap().name;
        let halt = SymbolEdit { status: Some(SymbolStatus::Halt), ..SymbolEdit::default() };
        let open = SymbolEdit { status: Some(SymbolStatus::Trading), ..SymbolEdit::default() };
        // Both are sent before the first is made: one follows the other.
        let (halted, opened) = futures_util::join!(
            exchange.change_rules(name, halt.clone(), "a test"),
            exchange.change_rules(name, open, "a test")
        );
        let (halted, opened) = (halted.unwrap().unwrap(), opened.unwrap().unwrap());
        assert_eq!((halted.spec.status, opened.spec.status), (SymbolStatus::Halt, SymbolStatus::Trading));
        assert!(halted.position < opened.position);
        assert!(ask(exchange, buy(CALM)).await.is_ok());
        exchange.change_rules(name, halt, "a test").await.unwrap().unwrap();
        assert_eq!(ask(exchange, buy(CALM)).await, Err(Reject::MarketClosed));
        assert_eq!(exchange.instruments().symbol(CALM.1).unwrap().status, SymbolStatus::Halt);
        running.stop();
    });
}

#[test]
fn a_full_shard_turns_commands_away_but_not_cancels() {
    in_system(async {
        let running = start(|settings| settings.symbol_gate = GateLimits { commands: 0, cancels: 1 });
        let exchange = &running.exchange;
        found(exchange, CALM.0).await;
        assert_eq!(ask(exchange, buy(CALM)).await, Err(Reject::Busy));
        let cancel = AccountCommand::CancelAll(CancelAll { account: CALM.0, symbol: CALM.1 });
        assert_eq!(ask(exchange, cancel).await, Err(Reject::UnknownOrder), "it got through");
        assert_eq!(exchange.metrics().trading.shed(ShedReason::SymbolShardFull).get(), 1);
        running.stop();
    });
}

#[test]
fn a_full_shard_is_503_with_retry_after_on_the_wire() {
    let (_, buyer, accounts) = two_accounts();
    let server = TestServer::start(&format!(
        "[engine]\nsymbol-commands-in-flight = 1\nsymbol-cancels-in-flight = 1\nsymbol-shards = 1\n{accounts}"
    ));
    crate::support::block_on(async {
        let api = Api::new(server.url());
        let order = limit("BUY", "0.001", "45000");
        let placed = api.order(&buyer, &order).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        // Another order has the only place of the symbol's shard, once the first has given it back: that follows its answer.
        let occupy = || server.exchange().occupy(&buy(CALM));
        let mut place = None;
        wait_until("the place is free", || {
            place = occupy().ok();
            place.is_some()
        });
        let refused = api.order(&buyer, &order).await;
        assert_eq!((refused.status.as_u16(), &refused.json["code"]), (503, &(-1008).into()), "{refused:?}");
        let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds >= 1, "{refused:?}");
        let all = api.signed(&buyer, Method::DELETE, "/api/v3/openOrders", "symbol=BTCUSDT").await;
        assert_eq!((all.status.as_u16(), all.json.as_array().unwrap().len()), (200, 1), "{all:?}");
        drop(place);
        wait_until("the places are free", || occupy().is_ok());
        let placed = api.order(&buyer, &order).await;
        assert_eq!(placed.status, 200, "{placed:?}");
    });
    server.stop();
}

/// Remembers the names of every span with those of its ancestors.
#[derive(Debug, Clone, Default)]
struct Lineages(Arc<Mutex<Vec<Vec<&'static str>>>>);

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Lineages {
    fn on_new_span(
        &self,
        _: &span::Attributes<'_>,
        id: &span::Id,
        context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let scope = context.span(id).into_iter().flat_map(|span| span.scope());
        self.0.lock().unwrap().push(scope.map(|span| span.name()).collect());
    }
}

#[test]
fn the_span_of_an_order_crosses_from_http_to_account_to_symbol_and_back() {
    let lineages = Lineages::default();
    // The threads of the actors have only the global subscriber; nextest gives every test its own process.
    if tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lineages.clone())).is_err()
    {
        skip("another test of this process took the global subscriber");
        return;
    }
    let (_, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    crate::support::block_on(async {
        let api = Api::new(server.url());
        lineages.0.lock().unwrap().clear();
        let placed = api.order(&buyer, &limit("BUY", "0.001", "45000")).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        let seen = lineages.0.lock().unwrap().clone();
        for expected in [
            &["request"][..],
            &["account.command", "request"],
            &["symbol.match", "account.command", "request"],
            &["account.settle", "symbol.match", "account.command", "request"],
        ] {
            assert!(seen.iter().any(|lineage| lineage == expected), "{expected:?} not in {seen:?}");
        }
    });
}
