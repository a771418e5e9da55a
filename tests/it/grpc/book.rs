//! The book, as one reply.

use serde_json::{Value, json};

use super::{
    calls::DEMO,
    client::{Client, serving},
};
use crate::support::block_on;

async fn place(client: &Client, side: &str, price: u32) {
    let order = json!({"symbolId":1,"accountId":5,"type":"LIMIT","side":side,"price":price.to_string(),"quantity":"0.01"});
    client.done("placeOrder", order).await;
}

#[test]
fn a_book_has_its_best_prices_and_what_lies_between() {
    let server = serving(&format!("{DEMO}[limits]\norders-per-10-seconds = 0\n"));
    block_on(async {
        let client = Client::connect(&server).await;
        let book = async |request: Value| client.done("getOrderBook", request).await;
        let empty = book(json!({"symbolId":1,"levels":5})).await;
        for name in ["bids", "asks", "bestBid", "bestAsk", "spread", "spreadBps"] {
            assert_eq!(empty[name], Value::Null, "{name}");
        }
        client.done("increase", json!({"accountId":5,"currencyId":1,"amount":"100"})).await;
        client.done("increase", json!({"accountId":5,"currencyId":2,"amount":"10000000"})).await;
        place(&client, "BID", 49_999).await;
        let half = book(json!({"symbolId":1})).await;
        assert_eq!((&half["bestBid"], &half["spread"]), (&"49999.00000000".into(), &Value::Null));
        place(&client, "ASK", 50_001).await;
        for step in 1..110 {
            place(&client, "ASK", 50_001 + step).await;
        }
        let five = book(json!({"symbolId":1,"levels":5})).await;
        assert_eq!(five["symbolId"], 1);
        assert_eq!(five["bids"], json!([{"price":"49999.00000000","quantity":"0.01000000"}]));
        assert_eq!(five["asks"].as_array().unwrap().len(), 5);
        assert_eq!(five["asks"][1]["price"], "50002.00000000");
        assert_eq!(
            (&five["bestBid"], &five["bestAsk"]),
            (&"49999.00000000".into(), &"50001.00000000".into())
        );
        assert_eq!((&five["spread"], &five["spreadBps"]), (&"2.00000000".into(), &"0.40000000".into()));
        assert!(five["timestamp"].as_str().unwrap().parse::<u64>().unwrap() > 1_700_000_000_000);
        for (levels, expected) in [(None, 20), (Some(100), 100), (Some(4_000_000_000_u32), 100)] {
            let book = book(json!({"symbolId":1,"levels":levels})).await;
            assert_eq!(book["asks"].as_array().unwrap().len(), expected, "{levels:?}");
        }
    });
    server.stop();
}
