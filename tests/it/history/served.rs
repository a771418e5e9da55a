//! The history of a running exchange: queries the shards can no longer answer are answered all the same.

use awc::http::Method;
use serde_json::{Value, json};

use crate::{
    api::{Answer, Api, two_accounts, url_encoded},
    support::{KeyPair, TestServer, block_on, wait_until_async},
};

/// More than a slot remembers.
const BATCHES: usize = 20;
const PER_BATCH: usize = 20;
const ORDERS: usize = BATCHES * PER_BATCH;

fn settings(extra: &str) -> (KeyPair, KeyPair, String) {
    let (seller, buyer, settings) = two_accounts();
    let limits = "[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n";
    (seller, buyer, format!("{settings}{limits}[history]\nenabled = true\n{extra}"))
}

fn batch(order: &Value) -> String {
    format!("batchOrders={}", url_encoded(&Value::Array(vec![order.clone(); PER_BATCH]).to_string()))
}

fn order(side: &str, quantity: &str, price: &str) -> Value {
    json!({ "symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC", "quantity": quantity,
        "price": price })
}

/// Every id of a list, page by page upwards.
async fn page_through(api: &Api, who: &KeyPair, path: &str, (from, id): (&str, &str)) -> (Vec<u64>, bool) {
    let (mut ids, mut is_history) = (Vec::<u64>::new(), false);
    loop {
        let next = ids.last().map_or(0, |last| last + 1);
        let query = format!("symbol=BTCUSDT&limit=50&{from}={next}");
        let page = api.signed(who, Method::GET, path, &query).await;
        assert_eq!(page.header("x-lightning-reach"), None, "{path} {query}: nothing is missing");
        is_history |= page.header("x-lightning-history-seq").is_some();
        let found = page.json.as_array().unwrap();
        if found.is_empty() {
            return (ids, is_history);
        }
        ids.extend(found.iter().map(|item| item[id].as_u64().unwrap()));
    }
}

async fn check(api: &Api, seller: &KeyPair, first: u64, name: &str) {
    let (ids, is_history) = page_through(api, seller, "/api/v3/allOrders", ("orderId", "orderId")).await;
    assert_eq!((ids.len(), is_history), (ORDERS, true));
    assert!(ids.is_sorted() && ids[0] == first);
    let (trades, is_history) = page_through(api, seller, "/api/v3/myTrades", ("fromId", "id")).await;
    assert_eq!((trades, is_history), ((1..=ORDERS as u64).collect(), true));
    for query in [format!("orderId={first}"), format!("origClientOrderId={name}")] {
        let query = format!("symbol=BTCUSDT&{query}");
        let one = api.signed(seller, Method::GET, "/api/v3/order", &query).await;
        assert_eq!((&one.json["status"], &one.json["orderId"]), (&json!("FILLED"), &json!(first)), "{one:?}");
        assert!(one.header("x-lightning-history-seq").is_some(), "{one:?}");
    }
    let unknown = api.signed(seller, Method::GET, "/api/v3/order", "symbol=BTCUSDT&orderId=999").await;
    assert_eq!(unknown.json["code"], -2013);
}

/// Waits until the history has caught up: it may have to ingest everything first.
async fn caught_up(api: &Api, who: &KeyPair) {
    wait_until_async("the history has caught up", async || {
        api.signed(who, Method::GET, "/x/v1/ledger", "").await.status == 200
    })
    .await;
}

async fn ledger(api: &Api, who: &KeyPair) -> Vec<Value> {
    let (mut lines, mut before) = (Vec::<Value>::new(), String::new());
    loop {
        let query = format!("asset=USDT&limit=150{before}");
        let page: Answer = api.signed(who, Method::GET, "/x/v1/ledger", &query).await;
        assert_eq!(page.status, 200, "{page:?}");
        let found = page.json.as_array().unwrap();
        match found.last() {
            Some(last) => before = format!("&before={}", last["id"].as_str().unwrap()),
            None => return lines,
        }
        lines.extend(found.iter().cloned());
    }
}

#[test]
fn what_the_shards_forgot_is_answered_also_after_a_restart_and_with_a_new_database() {
    let (seller, buyer, settings) = settings("");
    let directory = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(directory.path(), &settings);
    let (first, name) = block_on(async {
        let api = Api::new(server.url());
        let mut known = None;
        for _ in 0..BATCHES {
            let sold = batch(&order("SELL", "0.001", "40000"));
            let placed = api.signed(&seller, Method::POST, "/x/v1/batchOrders", &sold).await;
            let one = &placed.json[0];
            known.get_or_insert_with(|| {
                (one["orderId"].as_u64().unwrap(), one["clientOrderId"].as_str().unwrap().to_owned())
            });
            let bought = batch(&order("BUY", "0.001", "40000"));
            let placed = api.signed(&buyer, Method::POST, "/x/v1/batchOrders", &bought).await;
            assert_eq!(placed.json[PER_BATCH - 1]["status"], "FILLED", "{placed:?}");
        }
        let (first, name) = known.unwrap();
        caught_up(&api, &seller).await;
        check(&api, &seller, first, &name).await;
        let lines = ledger(&api, &seller).await;
        assert_eq!(lines.len(), ORDERS + 1, "a line a trade, and the deposit");
        assert_eq!(lines[ORDERS]["type"], "DEPOSIT");
        assert_eq!((&lines[0]["type"], &lines[0]["tradeId"]), (&json!("TRADE"), &json!(ORDERS)));
        let free = api.signed(&seller, Method::GET, "/api/v3/account", "").await;
        let usdt =
            free.json["balances"].as_array().unwrap().iter().find(|one| one["asset"] == "USDT").unwrap();
        assert_eq!(lines[0]["free"], usdt["free"]);
        (first, name)
    });
    server.stop();
    let server = TestServer::start_on(directory.path(), &settings);
    block_on(async {
        let api = Api::new(server.url());
        caught_up(&api, &seller).await;
        check(&api, &seller, first, &name).await;
    });
    server.stop();
    for file in ["history.db", "history.db-wal", "history.db-shm"] {
        let _ = std::fs::remove_file(directory.path().join(file)); // the last two are not always there
    }
    let server = TestServer::start_on(directory.path(), &settings);
    block_on(async {
        let api = Api::new(server.url());
        caught_up(&api, &seller).await;
        check(&api, &seller, first, &name).await;
    });
    server.stop();
}

#[test]
fn without_its_database_the_exchange_trades_and_says_what_it_cannot_answer() {
    // No process listens there: the port was free a moment ago, and is below those the system assigns.
    let (seller, _, settings) = settings("url = \"postgres://nobody@127.0.0.1:1/none\"\n");
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let mut ioc = order("SELL", "0.5", "45000");
        ioc["timeInForce"] = json!("IOC");
        for _ in 0..BATCHES {
            let placed = api.signed(&seller, Method::POST, "/x/v1/batchOrders", &batch(&ioc)).await;
            assert_eq!(placed.json[PER_BATCH - 1]["status"], "EXPIRED", "{placed:?}");
        }
        let all = api.signed(&seller, Method::GET, "/api/v3/allOrders", "symbol=BTCUSDT&orderId=1").await;
        assert!(all.header("x-lightning-reach").is_some(), "{all:?}");
        assert_eq!(all.header("x-lightning-history-seq"), None);
        let ledger = api.signed(&seller, Method::GET, "/x/v1/ledger", "").await;
        assert_eq!((ledger.status.as_u16(), &ledger.json["code"]), (503, &json!(-94_002)), "{ledger:?}");
    });
    server.stop();
}
