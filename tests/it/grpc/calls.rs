//! The calls of the six methods, with the very JSON their documentation has.

use serde_json::{Value, json};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::client::{Client, serving, with_grpc};
use crate::support::{TestServer, block_on};

pub(super) const DEMO: &str = "[demo]\nenabled = true\n";

fn limit(side: &str, price: &str, quantity: &str) -> Value {
    json!({"symbolId":1,"accountId":1001,"type":"LIMIT","side":side,"price":price,"quantity":quantity})
}

fn balance<'a>(account: &'a Value, currency: &str) -> (&'a str, &'a str) {
    let balances = account["balances"].as_array().unwrap();
    let found = balances.iter().find(|balance| balance["currency"] == currency).unwrap();
    (found["available"].as_str().unwrap(), found["frozen"].as_str().unwrap())
}

#[test]
fn an_account_is_funded_trades_and_is_read() {
    let server = serving(DEMO);
    block_on(async {
        let client = Client::connect(&server).await;
        let unknown = client.refused("getAccount", json!({"accountId":1001})).await;
        let text = "Data sent for parameter 'accountId' is not valid: there is no such account; the operator may open it.";
        assert_eq!(unknown, (-1130, text.to_owned()));

        let funded = client.done("increase", json!({"accountId":1001,"currencyId":1,"amount":"10.5"})).await;
        assert_eq!(funded["balance"]["available"], "10.50000000");
        client.done("increase", json!({"accountId":1001,"currencyId":2,"amount":"100000"})).await;
        let less = client.done("decrease", json!({"accountId":1001,"currencyId":1,"amount":"0.5"})).await;
        assert_eq!(less["balance"]["available"], "10.00000000");

        let bid = client.done("placeOrder", limit("BID", "50000.0", "1.0")).await;
        assert_eq!((&bid["order"]["status"], &bid["order"]["side"]), (&"NEW".into(), &"BID".into()));
        let market = json!({"symbolId":1,"accountId":1001,"type":"MARKET","side":"ASK","quantity":"0.25"});
        let sold = client.done("placeOrder", market).await;
        assert_eq!(sold["order"]["status"], "FILLED");
        assert_eq!(sold["fills"][0]["price"], "50000.00000000");

        let account = client.done("getAccount", json!({"accountId":1001})).await;
        // It sold to itself: 0.1 % of 0.25 BTC and of 12,500 USDT are the fees.
        assert_eq!(balance(&account, "BTC"), ("9.99975000", "0.00000000"));
        assert_eq!(balance(&account, "USDT"), ("62487.50000000", "37500.00000000"));
        assert_eq!(balance(&account, "ETH"), ("0.00000000", "0.00000000"));
        assert_eq!(account["balances"][0]["currencyId"], 1);
        assert_eq!(account["accountId"], "1001");

        let order_id = bid["order"]["orderId"].clone();
        let cancelled = json!({"symbolId":1,"accountId":1001,"orderId":order_id});
        let cancelled = client.done("cancelOrder", cancelled).await;
        assert_eq!(cancelled["order"]["status"], "CANCELED");
        assert_eq!(cancelled["order"]["executedQuantity"], "0.25000000");
        let mut named = limit("ASK", "60000", "1");
        named["clientOrderId"] = "by-name".into();
        client.done("placeOrder", named).await;
        client.done("cancelOrder", json!({"symbolId":1,"accountId":1001,"clientOrderId":"by-name"})).await;
    });
    server.stop();
}

#[test]
fn a_transfer_under_one_id_is_made_once() {
    let server = serving(DEMO);
    block_on(async {
        let client = Client::connect(&server).await;
        let once = json!({"accountId":7,"currencyId":1,"amount":"1","requestId":"r1"});
        for _ in 0..2 {
            assert_eq!(client.done("increase", once.clone()).await["balance"]["available"], "1.00000000");
        }
        let other = json!({"accountId":7,"currencyId":1,"amount":"2","requestId":"r1"});
        let (code, _) = client.refused("increase", other).await;
        assert!(code <= -90_000, "{code}");
    });
    server.stop();
}

#[test]
fn every_bad_request_has_its_code_and_changes_nothing() {
    let server = serving(DEMO);
    block_on(async {
        let client = Client::connect(&server).await;
        client.done("increase", json!({"accountId":1001,"currencyId":1,"amount":"1"})).await;
        let order = |name: &str, value: Value| {
            let mut order = limit("ASK", "50000.0", "1.0");
            match value {
                Value::Null => drop(order.as_object_mut().unwrap().remove(name)),
                value => order[name] = value,
            }
            order
        };
        let cases = [
            ("placeOrder", order("symbolId", json!(9)), -1121),
            ("placeOrder", order("symbolId", Value::Null), -1121),
            ("placeOrder", order("accountId", json!(4242)), -1130),
            ("placeOrder", order("type", Value::Null), -1102),
            ("placeOrder", order("type", json!(9)), -1116),
            ("placeOrder", order("side", Value::Null), -1102),
            ("placeOrder", order("side", json!(9)), -1117),
            ("placeOrder", order("price", Value::Null), -1102),
            ("placeOrder", order("price", json!("5e4")), -1100),
            ("placeOrder", order("price", json!("50000.001")), -1013),
            ("placeOrder", order("quantity", Value::Null), -1102),
            ("placeOrder", order("quantity", json!("-1")), -1100),
            ("placeOrder", order("quantity", json!("2")), -2010),
            ("placeOrder", order("type", json!("MARKET")), -1106),
            ("placeOrder", order("timeInForce", json!("GTX")), -1115),
            ("placeOrder", order("clientOrderId", json!("no spaces")), -1100),
            ("cancelOrder", json!({"symbolId":1,"accountId":1001}), -1102),
            ("cancelOrder", json!({"symbolId":1,"accountId":1001,"orderId":5}), -2011),
            ("cancelOrder", json!({"symbolId":1,"accountId":1001,"clientOrderId":"none"}), -2011),
            ("cancelOrder", json!({"symbolId":9,"accountId":1001,"orderId":5}), -1121),
            ("increase", json!({"accountId":1001,"currencyId":9,"amount":"1"}), -1130),
            ("increase", json!({"accountId":1001,"currencyId":1}), -1100),
            ("increase", json!({"accountId":1001,"currencyId":1,"amount":"0"}), -1130),
            ("increase", json!({"accountId":1001,"currencyId":1,"amount":"1.123456789"}), -1111),
            (
                "increase",
                json!({"accountId":1001,"currencyId":1,"amount":"1","requestId":"x".repeat(65)}),
                -1130,
            ),
            ("decrease", json!({"accountId":1001,"currencyId":1,"amount":"1.1"}), -2010),
            ("decrease", json!({"accountId":4242,"currencyId":1,"amount":"1"}), -1130),
            ("getAccount", json!({}), -1130),
            ("getAccount", json!({"accountId":0}), -1130),
            ("increase", json!({"currencyId":1,"amount":"1"}), -1130),
            ("increase", json!({"accountId":0,"currencyId":1,"amount":"1"}), -1130),
            ("decrease", json!({"currencyId":1,"amount":"1"}), -1130),
            ("placeOrder", order("accountId", Value::Null), -1130),
            ("placeOrder", order("accountId", json!(0)), -1130),
            ("cancelOrder", json!({"symbolId":1,"orderId":5}), -1130),
            ("getOrderBook", json!({"symbolId":9}), -1121),
        ];
        for (method, request, expected) in cases {
            let (code, text) = client.refused(method, request.clone()).await;
            assert_eq!(code, expected, "{method} {request}: {text}");
        }
        let account = client.done("getAccount", json!({"accountId":1001})).await;
        assert_eq!(balance(&account, "BTC"), ("1.00000000", "0.00000000"));
    });
    server.stop();
}

#[test]
fn reflection_names_the_methods_and_health_answers() {
    let server = serving("");
    block_on(async {
        let client = Client::connect(&server).await;
        let six = ["getAccount", "increase", "decrease", "placeOrder", "cancelOrder", "getOrderBook"];
        let streams = ["streamDepth", "streamTrades", "streamAccount"];
        assert_eq!(client.methods(), [&six[..], &streams[..]].concat());
        let mut health = HealthClient::new(client.channel());
        for service in ["", "schema.Lightning"] {
            let service = service.to_owned();
            let answer = health.check(HealthCheckRequest { service }).await.unwrap();
            assert_eq!(answer.get_ref().status, 1, "serving");
        }
        // Health is looked at every second: this waits for the word that it has changed.
        let watched = HealthCheckRequest { service: "schema.Lightning".to_owned() };
        let mut watch = health.watch(watched).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
        server.exchange().halt("a test");
        assert_eq!(watch.message().await.unwrap().unwrap().status, 2, "not serving");
        let status = client.call("getOrderBook", json!({"symbolId":1})).await.unwrap();
        assert_eq!(status["code"], 0, "reads still work");
    });
    server.stop();
}

#[test]
fn an_address_in_use_is_reported_plainly() {
    let server = serving("");
    let address = server.grpc().unwrap();
    let root = tempfile::tempdir().unwrap();
    let settings = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[grpc]\nlisten = \"{address}\"\n[data]\ndirectory = {:?}\n",
        root.path()
    );
    let config = lightning_exchange::config::Layers::defaults().text("test", &settings).load().unwrap();
    let error = block_on(lightning_exchange::app::Application::build(config)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address} for gRPC"));
    server.stop();
}

#[test]
fn it_can_be_switched_off() {
    assert!(TestServer::start("").grpc().is_none());
    assert!(TestServer::start(&with_grpc("")).grpc().is_some());
}
