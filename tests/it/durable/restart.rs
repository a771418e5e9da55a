//! A restart restores the earlier state, and trading continues.

use std::{collections::BTreeMap, io::Write, net::TcpStream};

use awc::http::Method;
use serde_json::json;

use super::{operate, place, seen, trade};
use crate::{
    api::{Api, limit, now_millis, sign, two_accounts},
    support::{KeyPair, Process, TestServer, block_on, on_directory, printed},
};

#[test]
fn a_clean_stop_and_start_show_the_same_exchange() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), &settings);
    let (made, before) = block_on(async {
        let api = Api::new(server.url());
        trade(&api, &seller, &buyer).await;
        // An account and a key that are in no configuration.
        let created = operate(&api, "accounts", json!({ "id": 77 })).await;
        assert_eq!(created.status.as_u16() / 100, 2, "{created:?}");
        let deposit = json!({ "accountId": 77, "asset": "USDT", "amount": "1234.5", "requestId": "d" });
        assert_eq!(operate(&api, "deposit", deposit).await.status, 200);
        let key = json!({ "accountId": 77, "permissions": ["TRADE", "USER_DATA"] });
        let key = operate(&api, "keys", key).await.json;
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        let made = KeyPair { key: text("apiKey"), secret: text("secretKey") };
        place(&api, &made, &limit("BUY", "0.01", "43000")).await;
        let before = seen(&api, &[&seller, &buyer, &made]).await;
        (made, before)
    });
    server.stop();
    // Nothing is configured any more: all of it comes from the disk.
    for _ in 0..2 {
        let server = TestServer::start_on(root.path(), "");
        block_on(async {
            let api = Api::new(server.url());
            assert_eq!(seen(&api, &[&seller, &buyer, &made]).await, before);
        });
        server.stop();
    }
    let server = TestServer::start_on(root.path(), &settings);
    block_on(async {
        let api = Api::new(server.url());
        // Starting balances are given once.
        assert_eq!(seen(&api, &[&seller, &buyer, &made]).await, before);
        let largest = |orders: serde_json::Value| {
            orders.as_array().unwrap().iter().map(|order| order["orderId"].as_u64().unwrap()).max().unwrap()
        };
        let trades = api.send(Method::GET, "/api/v3/trades?symbol=BTCUSDT", &[], "").await.json;
        let last_trade = trades.as_array().unwrap().last().unwrap()["id"].as_u64().unwrap();
        for key in [&seller, &buyer, &made] {
            let orders = api.signed(key, Method::GET, "/api/v3/allOrders", "symbol=BTCUSDT").await.json;
            let newest = largest(orders);
            assert!(place(&api, key, &limit("BUY", "0.001", "42000")).await > newest);
        }
        let taken = api.order(&seller, &limit("SELL", "0.01", "43990")).await.json;
        assert_eq!(taken["status"], "FILLED", "{taken}");
        assert_eq!(taken["fills"][0]["tradeId"].as_u64(), Some(last_trade + 1));
        let repeated = json!({ "accountId": 77, "asset": "USDT", "amount": "1234.5", "requestId": "d" });
        let repeated = operate(&api, "deposit", repeated).await;
        assert_eq!(repeated.status, 200, "{repeated:?}");
        // It answers as the first time and changes nothing.
        assert_eq!(repeated.json["free"], "1234.50000000", "{repeated:?}");
        let account = api.signed(&made, Method::GET, "/api/v3/account", "omitZeroBalances=true").await.json;
        assert_eq!(account["balances"][0]["free"], "762.50000000", "{account}");
    });
    server.stop();
}

/// Trades until the server is killed in the middle of it, and returns what it acknowledged: order to status.
fn trade_until_killed(server: Process, seller: &KeyPair, buyer: &KeyPair) -> BTreeMap<u64, (bool, String)> {
    let url = server.url().to_owned();
    let mut acknowledged = BTreeMap::new();
    let mut server = Some(server);
    block_on(async {
        let client = awc::Client::builder().timeout(std::time::Duration::from_secs(5)).finish();
        for step in 0_u64.. {
            let (key, side) = if step % 2 == 0 { (seller, "SELL") } else { (buyer, "BUY") };
            // Every second pair trades, the others stay.
            let price = match step % 4 {
                0 | 1 => 45_000,
                2 => 45_100 + step,
                _ => 44_900 - step,
            };
            let params = limit(side, "0.001", &price.to_string());
            let text = sign(key, &format!("{params}&timestamp={}", now_millis()));
            if step == 150 {
                // The server's side of the connection has all of it: whether it was taken nobody knows.
                let address = url.strip_prefix("http://").unwrap();
                let request = format!(
                    "POST /api/v3/order HTTP/1.1\r\nHost: {address}\r\nX-MBX-APIKEY: {}\r\nContent-Length: {}\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\n\r\n{text}",
                    key.key,
                    text.len()
                );
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(request.as_bytes()).unwrap();
                server.take().unwrap().kill();
                return;
            }
            let request =
                client.post(format!("{url}/api/v3/order")).insert_header(("X-MBX-APIKEY", key.key.as_str()));
            let mut answer = request.send_body(text).await.unwrap();
            let answer: serde_json::Value = answer.json().await.unwrap();
            let order = answer["orderId"].as_u64().unwrap_or_else(|| panic!("{answer}"));
            acknowledged.insert(order, (step % 2 == 0, answer["status"].as_str().unwrap().to_owned()));
        }
    });
    acknowledged
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let acknowledged = trade_until_killed(Process::start(root.path(), &settings), &seller, &buyer);
    assert_eq!(acknowledged.len(), 150);
    printed(&on_directory("verify --from-genesis", root.path()));
    let server = Process::start(root.path(), &settings);
    block_on(async {
        let api = Api::new(server.url());
        for (order, (is_seller, status)) in &acknowledged {
            let key = if *is_seller { &seller } else { &buyer };
            let params = format!("symbol=BTCUSDT&orderId={order}");
            let found = api.signed(key, Method::GET, "/api/v3/order", &params).await;
            assert_eq!(found.status, 200, "{order}: {found:?}");
            // What rested may have traded since; what was done stays done.
            if status == "FILLED" {
                assert_eq!(found.json["status"], "FILLED", "{order}");
            }
        }
        let own = acknowledged.iter().filter(|(_, (is_seller, _))| *is_seller);
        let largest = *own.map(|(order, _)| order).max().unwrap();
        assert!(place(&api, &seller, &limit("SELL", "0.001", "46000")).await > largest);
    });
    server.stop();
    printed(&on_directory("verify --from-genesis", root.path()));
}

#[test]
fn every_number_of_shards_comes_to_the_same_state() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("data");
    let server = Process::start(&directory, &settings);
    block_on(async { trade(&Api::new(server.url()), &seller, &buyer).await });
    let hash = server.stop().logged("drained", "state_hash").unwrap();
    assert_eq!(hash.len(), 32, "{hash}");
    // `verify` reports the same as the server.
    let verified = printed(&on_directory("verify --from-genesis", &directory));
    assert!(verified.contains(&format!("state hash  {hash}\n")), "{hash}\n{verified}");

    let (copy, again) = (root.path().join("copy"), root.path().join("again"));
    printed(&on_directory(&format!("backup --to {}", copy.display()), &directory));
    printed(&on_directory(&format!("restore --from {}", copy.display()), &again));
    for directory in [&directory, &again] {
        for shards in [1, 2, 4, 10, 16] {
            let engine = format!("[engine]\naccount-shards = {shards}\nsymbol-shards = {shards}\n");
            let stopped = Process::start(directory, &engine).stop();
            assert_eq!(stopped.logged("recovered", "state_hash").as_ref(), Some(&hash), "{shards}");
            assert_eq!(stopped.logged("drained", "state_hash").as_ref(), Some(&hash), "{shards}");
        }
    }
}

#[test]
fn the_other_durabilities_serve_trades_too() {
    let (seller, buyer, settings) = two_accounts();
    for durability in ["async", "none"] {
        let root = tempfile::tempdir().unwrap();
        let settings = format!("[journal]\ndurability = {durability:?}\n{settings}");
        let server = Process::start(root.path(), &settings);
        let before = block_on(async {
            let api = Api::new(server.url());
            trade(&api, &seller, &buyer).await;
            seen(&api, &[&seller, &buyer]).await
        });
        server.stop();
        let server = Process::start(root.path(), &settings);
        let after = block_on(async { seen(&Api::new(server.url()), &[&seller, &buyer]).await });
        assert_eq!(after == before, durability == "async", "{durability}");
        server.stop();
    }
}
