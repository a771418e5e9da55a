//! Acknowledged work survives: restarts, kills, copies, other shard counts; and untrustworthy data is refused.

mod bounds;
mod disk;
mod halt;
mod idempotency;
mod lost;
mod private;
mod refused;
mod restart;
mod rules;
mod tools;

use awc::http::Method;
use serde_json::{Value, json};

use crate::{
    api::{Api, limit},
    support::{KeyPair, OPERATOR_TOKEN},
};

/// Places an order that must be taken and returns its id.
pub(crate) async fn place(api: &Api, key: &KeyPair, params: &str) -> u64 {
    let placed = api.order(key, params).await;
    assert_eq!(placed.status, 200, "{placed:?}");
    placed.json["orderId"].as_u64().unwrap()
}

/// Some of everything: orders that rest, trade in part, trade whole, are cancelled, and a market order.
pub(crate) async fn trade(api: &Api, seller: &KeyPair, buyer: &KeyPair) {
    for step in 0..10 {
        place(api, seller, &limit("SELL", "0.05", &(45_000 + step).to_string())).await;
        place(api, buyer, &limit("BUY", "0.03", &(44_000 - step).to_string())).await;
    }
    place(api, buyer, &limit("BUY", "0.12", "45003")).await;
    place(api, seller, "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.04").await;
    let gone = place(api, seller, &limit("SELL", "0.5", "50000")).await;
    let cancel = format!("symbol=BTCUSDT&orderId={gone}");
    let cancelled = api.signed(seller, Method::DELETE, "/api/v3/order", &cancel).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
}

/// Everything two clients and the public can see.
async fn seen(api: &Api, keys: &[&KeyPair]) -> Value {
    let mut all = Vec::new();
    for key in keys {
        for (path, params) in [
            ("/api/v3/account", ""),
            ("/api/v3/openOrders", "symbol=BTCUSDT"),
            ("/api/v3/allOrders", "symbol=BTCUSDT"),
            ("/api/v3/myTrades", "symbol=BTCUSDT"),
        ] {
            let answer = api.signed(key, Method::GET, path, params).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            all.push(json!({ path: answer.json }));
        }
    }
    for path in ["/api/v3/depth?symbol=BTCUSDT", "/api/v3/trades?symbol=BTCUSDT"] {
        let answer = api.send(Method::GET, path, &[], "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        all.push(json!({ path: answer.json }));
    }
    Value::Array(all)
}

/// Calls the operator's API.
pub(crate) async fn operate(api: &Api, path: &str, body: Value) -> crate::api::Answer {
    let token = format!("Bearer {OPERATOR_TOKEN}");
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    api.send(Method::POST, &format!("/x/v1/operator/{path}"), &headers, &body.to_string()).await
}
