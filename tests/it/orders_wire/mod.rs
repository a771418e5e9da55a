//! Conditional orders, lists, batches and other order features, as clients see them.

mod amendments;
mod lists;
mod refused;
mod single;
mod spot_v2;

use awc::http::Method;
use serde_json::Value;

use crate::{
    api::{Api, limit},
    support::KeyPair,
};

/// Trades a little at a price, so that it is the market's last.
async fn trade_at(api: &Api, (seller, buyer): (&KeyPair, &KeyPair), price: &str) {
    assert_eq!(api.order(seller, &limit("SELL", "0.01", price)).await.json["status"], "NEW");
    assert_eq!(api.order(buyer, &limit("BUY", "0.01", price)).await.json["status"], "FILLED");
}

/// Asks for an order until it is in this state: a triggered order is matched after the trade that triggered it was
/// answered.
async fn until(api: &Api, key: &KeyPair, name: &str, status: &str, is_working: bool) -> Value {
    let query = format!("symbol=BTCUSDT&origClientOrderId={name}");
    let mut seen = Value::Null;
    for _ in 0..2_000 {
        seen = api.signed(key, Method::GET, "/api/v3/order", &query).await.json;
        if seen["status"] == status && seen["isWorking"] == is_working {
            return seen;
        }
    }
    panic!("{name} never became {status}: {seen}");
}
