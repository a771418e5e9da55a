//! Requests and logins.

use std::collections::BTreeSet;

use actix_http::ws::CloseCode;
use awc::http::Method;
use serde_json::{Value, json};

use super::{Talk, limit, pong_and_replies, refusal, signed};
use crate::{
    api::{Api, limit as form, now_millis, two_accounts},
    support::{KeyPair, TestServer, block_on},
};

#[test]
fn every_method_answers_as_rest_does() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let (api, mut talk) = (Api::new(server.url()), Talk::open(&server, "").await);
        let pong = talk.ask("ping", json!({})).await;
        assert_eq!((&pong["status"], &pong["result"]), (&json!(200), &json!({})));
        assert_eq!(pong["rateLimits"][0]["rateLimitType"], "REQUEST_WEIGHT");
        let time = talk.ask("v3/time", Value::Null).await;
        assert!(time["result"]["serverTime"].as_u64().unwrap() <= now_millis());
        let answer = talk.signed(&seller, "order.place", limit("SELL", "0.5", "45000")).await;
        let limits = answer["rateLimits"].as_array().unwrap();
        let kinds: Vec<&Value> = limits.iter().map(|limit| &limit["rateLimitType"]).collect();
        assert_eq!(kinds, ["ORDERS", "ORDERS", "REQUEST_WEIGHT"], "{answer}");
        assert_eq!((&limits[0]["count"], &limits[1]["count"]), (&json!(1), &json!(1)));
        let placed = answer["result"].clone();
        let id = placed["orderId"].as_u64().unwrap();
        assert_eq!(placed["status"], "NEW", "{placed}");
        let taken = talk.done(&buyer, "order.place", limit("BUY", "0.2", "45000")).await;
        assert_eq!(taken["status"], "FILLED", "{taken}");
        assert_eq!(talk.done(&buyer, "order.test", limit("BUY", "0.2", "44000")).await, json!({}));
        for (method, path, params) in [
            ("exchangeInfo", "exchangeInfo", json!({ "symbols": ["BTCUSDT", "ETHUSDT"] })),
            ("depth", "depth", json!({ "symbol": "BTCUSDT", "limit": 5 })),
            ("trades.recent", "trades", json!({ "symbol": "BTCUSDT" })),
            ("ticker.price", "ticker/price", json!({ "symbol": "BTCUSDT" })),
            ("ticker.book", "ticker/bookTicker", json!({ "symbol": "BTCUSDT" })),
        ] {
            let query: Vec<String> = params.as_object().unwrap().iter().map(pair).collect();
            let path = format!("/api/v3/{path}?{}", query.join("&"));
            let expected = api.send(Method::GET, &path, &[], "").await.json;
            let reply = talk.ask(method, params).await;
            // The time is another; all the rest is the same.
            let of = |value: &Value| match method {
                "exchangeInfo" => value["symbols"].clone(),
                _ => value.clone(),
            };
            assert_eq!(of(&reply["result"]), of(&expected), "{method}");
        }
        let one = json!({ "symbol": "BTCUSDT", "orderId": id.to_string() });
        let symbol = json!({ "symbol": "BTCUSDT" });
        let list = "symbol=BTCUSDT";
        for (method, path, params, query) in [
            ("order.status", "order", one.clone(), format!("{list}&orderId={id}")),
            ("openOrders.status", "openOrders", symbol.clone(), list.to_owned()),
            ("allOrders", "allOrders", symbol.clone(), list.to_owned()),
            ("myTrades", "myTrades", symbol.clone(), list.to_owned()),
            (
                "account.status",
                "account",
                json!({ "omitZeroBalances": true }),
                "omitZeroBalances=true".to_owned(),
            ),
        ] {
            let expected = api.signed(&seller, Method::GET, &format!("/api/v3/{path}"), &query).await.json;
            assert_eq!(talk.done(&seller, method, params).await, expected, "{method}");
        }
        let amend = json!({ "symbol": "BTCUSDT", "orderId": id, "newQty": "0.4" });
        let amended = talk.done(&seller, "order.amend.keepPriority", amend).await;
        assert_eq!(amended["amendedOrder"]["qty"], "0.40000000", "{amended}");
        let mut replace = limit("SELL", "0.1", "46000");
        replace["cancelReplaceMode"] = json!("STOP_ON_FAILURE");
        replace["cancelOrderId"] = json!(id);
        let replaced = talk.done(&seller, "order.cancelReplace", replace).await;
        assert_eq!(replaced["cancelResult"], "SUCCESS", "{replaced}");
        let id = replaced["newOrderResponse"]["orderId"].clone();
        let cancelled =
            talk.done(&seller, "order.cancel", json!({ "symbol": "BTCUSDT", "orderId": id })).await;
        assert_eq!(cancelled["status"], "CANCELED", "{cancelled}");
        talk.done(&seller, "order.place", limit("SELL", "0.1", "46000")).await;
        let all = talk.done(&seller, "openOrders.cancelAll", symbol).await;
        assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
        let unknown = talk.signed(&seller, "order.cancel", one).await;
        assert_eq!(refusal(&unknown), (400, -2011, "Unknown order sent."));
    });
    server.stop();
}

fn pair((name, value): (&String, &Value)) -> String {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("{name}={}", value.replace('"', "%22").replace('[', "%5B").replace(']', "%5D"))
}

#[test]
fn what_is_wrong_is_said_with_the_id_as_far_as_it_was_read() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut talk = Talk::open(&server, "/?returnRateLimits=false").await;
        talk.socket.send("{").await;
        let broken =
            json!({ "id": null, "status": 400, "error": { "code": -1135, "msg": "Invalid JSON Request" } });
        assert_eq!(talk.socket.json().await, broken);
        talk.socket.send(r#"{"id":"a-1","method":"ping","params":{"a":1}}"#).await;
        assert_eq!(talk.socket.json().await, json!({ "id": "a-1", "status": 200, "result": {} }));
        let unknown = talk.ask("order.nothing", json!({})).await;
        assert_eq!(refusal(&unknown), (404, -1020, "This operation is not supported."));
        let no_key = talk.ask("account.status", json!({ "timestamp": now_millis() })).await;
        let text = "Mandatory parameter 'apiKey' was not sent, was empty/null, or malformed.";
        assert_eq!(refusal(&no_key), (400, -1102, text));
        let mut forged = signed(&seller, limit("SELL", "0.1", "45000"));
        forged["quantity"] = json!("0.2");
        let forged = talk.ask("order.place", forged).await;
        assert_eq!(refusal(&forged), (400, -1022, "Signature for this request is not valid."));
        let extra = talk
            .signed(&seller, "order.cancel", json!({ "symbol": "BTCUSDT", "orderId": 1, "more": 1 }))
            .await;
        assert_eq!(refusal(&extra).1, -1104);
        // What a client means for itself and sends all the same, as ccxt.pro does.
        let mut order = limit("SELL", "0.1", "45000");
        order["postOnly"] = json!(true);
        let leaked = talk.signed(&seller, "order.place", order).await;
        let unread = "Not all sent parameters were read; read '9' parameter(s) but was sent '10'.";
        assert_eq!(refusal(&leaked), (400, -1104, unread));
        assert!(extra.get("rateLimits").is_none(), "{extra}");
        let asked = talk.ask("ping", json!({ "returnRateLimits": true })).await;
        assert!(asked["rateLimits"].is_array(), "{asked}");
    });
    server.stop();
}

/// A limit order with numbers for text, signed over the text as it stands.
fn raw(key: &KeyPair, quantity: &str, price: &str) -> String {
    let time = now_millis();
    let text = format!(
        "apiKey={}&price={price}&quantity={quantity}&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp={time}&type=LIMIT",
        key.key
    );
    let text = crate::api::sign(key, &text);
    let signature = text.rsplit('=').next().unwrap();
    format!(
        r#"{{"method":"order.place","params":{{"symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC",
        "quantity":{quantity},"price":{price},"timestamp":{time},"apiKey":"{}","signature":"{signature}"}},"id":5}}"#,
        key.key
    )
}

#[test]
fn numbers_are_read_as_they_were_written() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let (api, mut talk) = (Api::new(server.url()), Talk::open(&server, "").await);
        talk.socket.send(&raw(&seller, "0.00100", "45000.10")).await;
        let placed = talk.socket.json().await;
        assert_eq!(placed["result"]["price"], "45000.10000000", "{placed}");
        assert_eq!(placed["result"]["origQty"], "0.00100000");
        talk.socket.send(&raw(&seller, "1e-05", "45000")).await;
        let refused = talk.socket.json().await;
        let on_rest = api.order(&seller, &form("SELL", "1e-05", "45000")).await;
        assert_eq!(refusal(&refused), (400, -1100, on_rest.refusal().2));
        assert_eq!(on_rest.refusal().1, -1100);
    });
    server.stop();
}

#[test]
fn after_a_logon_requests_need_no_signature_and_after_a_logout_they_do() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut talk = Talk::open(&server, "?timeUnit=MICROSECOND").await;
        let early = talk.ask("userDataStream.subscribe", json!({})).await;
        assert_eq!(refusal(&early).1, -1002);
        let status = talk.ask("session.status", json!({})).await;
        assert_eq!(
            (&status["result"]["apiKey"], &status["result"]["userDataStream"]),
            (&Value::Null, &json!(false))
        );
        let on = talk.done(&seller, "session.logon", json!({ "recvWindow": 5000 })).await;
        assert_eq!(on["apiKey"], json!(seller.key));
        assert!(on["authorizedSince"].as_u64().unwrap() > 1_000_000_000_000_000, "microseconds: {on}");
        let mut order = limit("SELL", "0.1", "45000");
        let refused = talk.ask("order.place", order.clone()).await;
        let text = "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.";
        assert_eq!(refusal(&refused), (400, -1102, text));
        order["timestamp"] = json!(now_millis() - 60_000);
        assert_eq!(refusal(&talk.ask("order.place", order.clone()).await).1, -1021);
        order["timestamp"] = json!(now_millis());
        let placed = talk.ask("order.place", order.clone()).await;
        assert_eq!(placed["status"], 200, "{placed}");
        // Another key may still be named; then it signs.
        let other = talk.done(&buyer, "account.status", json!({})).await;
        assert_eq!(other["uid"], 12);
        order["apiKey"] = json!(buyer.key);
        assert_eq!(refusal(&talk.ask("order.place", order.clone()).await).1, -1102, "no signature");
        let own = talk.ask("userDataStream.subscribe", json!({})).await;
        assert_eq!(own["result"]["subscriptionId"], 0, "{own}");
        let signed = talk.done(&buyer, "userDataStream.subscribe.signature", json!({})).await;
        assert_eq!(signed["subscriptionId"], 1);
        let listed = talk.ask("session.subscriptions", json!({})).await;
        assert_eq!(listed["result"], json!([{ "subscriptionId": 0 }, { "subscriptionId": 1 }]));
        let off = talk.ask("session.logout", json!({})).await;
        assert_eq!(off["result"]["apiKey"], Value::Null, "{off}");
        let last = talk.event().await;
        assert_eq!(
            (&last["subscriptionId"], &last["event"]["e"]),
            (&json!(0), &json!("eventStreamTerminated"))
        );
        let listed = talk.ask("session.subscriptions", json!({})).await;
        assert_eq!(listed["result"], json!([{ "subscriptionId": 1 }]), "it has a signature of its own");
        let closed = talk.ask("account.status", json!({ "timestamp": now_millis() })).await;
        assert_eq!(refusal(&closed).1, -1102);
    });
    server.stop();
}

#[test]
fn a_connection_answers_pings_while_its_requests_are_on_their_way() {
    const REQUESTS: usize = 100;
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut talk = Talk::open(&server, "").await;
        for step in 0..REQUESTS {
            let order = signed(&seller, limit("SELL", "0.001", &(45_000 + step).to_string()));
            talk.send("order.place", &order).await;
        }
        talk.socket.ping().await;
        let replies = pong_and_replies(&mut talk.socket, REQUESTS).await;
        let ids: BTreeSet<u64> = replies.iter().map(|reply| reply["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), REQUESTS);
        assert!(replies.iter().all(|reply| reply["status"] == 200), "{replies:?}");
    });
    server.stop();
}

#[test]
fn an_order_sent_again_under_its_key_is_the_same_order_on_both_wires() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let (api, mut talk) = (Api::new(server.url()), Talk::open(&server, "").await);
        let mut order = limit("SELL", "0.1", "45000");
        order["idempotencyKey"] = json!("k1");
        let first = talk.done(&seller, "order.place", order.clone()).await;
        assert_eq!(talk.done(&seller, "order.place", order).await, first);
        let text = crate::api::sign(
            &seller,
            &format!("{}&timestamp={}", form("SELL", "0.1", "45000"), now_millis()),
        );
        let headers = [("X-MBX-APIKEY", seller.key.as_str()), ("X-Idempotency-Key", "k1")];
        let again = api.send(Method::POST, "/api/v3/order", &headers, &text).await;
        assert_eq!(again.json, first);
    });
    server.stop();
}

#[test]
fn acknowledgements_say_their_position_and_reads_wait_for_one() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let (api, mut talk) = (Api::new(server.url()), Talk::open(&server, "").await);
        let mut last = 0;
        for step in 0..10 {
            let price = (45_000 + step).to_string();
            let on_rest = api.order(&seller, &form("SELL", "0.01", &price)).await;
            let position: u64 = on_rest.header("x-engine-seq").unwrap().parse().unwrap();
            assert!(position > last, "{position} follows {last}");
            let placed = talk.signed(&buyer, "order.place", limit("BUY", "0.01", &price)).await;
            last = placed["engineSeq"].as_u64().unwrap();
            assert!(last > position);
            // The other side of the trade, by the other wire, and the public see it.
            let trades = format!("symbol=BTCUSDT&minSeq={last}");
            let mine = api.signed(&seller, Method::GET, "/api/v3/myTrades", &trades).await.json;
            assert_eq!(mine.as_array().unwrap().len(), step + 1, "{mine}");
            let public = json!({ "symbol": "BTCUSDT", "minSeq": last });
            let public = talk.ask("trades.recent", public).await;
            assert_eq!(public["result"].as_array().unwrap().len(), step + 1, "{public}");
        }
        let refused = api.order(&seller, &form("SELL", "20", "45000")).await;
        assert_eq!(refused.refusal().1, -2010);
        assert!(refused.header("x-engine-seq").unwrap().parse::<u64>().unwrap() >= last);
        let ahead = format!("/api/v3/depth?symbol=BTCUSDT&minSeq={}", last + 1_000_000);
        let ahead = api.send(Method::GET, &ahead, &[], "").await;
        assert_eq!(ahead.refusal(), (503, -93001, "The exchange has not reached minSeq yet."));
        let write = api.order(&seller, &(form("SELL", "0.01", "45000") + "&minSeq=1")).await;
        assert_eq!(write.refusal().1, -1104, "only reads wait");
    });
    server.stop();
}

#[test]
fn a_stop_is_announced_and_closes_going_away() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut talk = Talk::open(&server, "").await;
        talk.done(&seller, "userDataStream.subscribe.signature", json!({})).await;
        server.stop();
        let notice = talk.socket.json().await;
        assert_eq!(notice["event"]["e"], "serverShutdown", "{notice}");
        assert_eq!(talk.socket.end().await, Some(CloseCode::Away));
    });
}
