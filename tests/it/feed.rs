//! The synthetic market inside a serving exchange: alive on every symbol, its book never crossed, gone at the end.

use std::time::{Duration, Instant};

use lightning_exchange::feed::client::Client;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::{TestServer, block_on};

const PATIENCE: Duration = Duration::from_secs(30);

async fn depth(client: &Client, symbol: &str) -> (Vec<Decimal>, Vec<Decimal>) {
    let depth = client.get("/api/v3/depth", &[("symbol", symbol), ("limit", "20")]).await.unwrap();
    let prices = |side: &Value| -> Vec<Decimal> {
        let levels = side.as_array().unwrap().iter();
        levels.map(|level| level[0].as_str().unwrap().parse().unwrap()).collect()
    };
    (prices(&depth["bids"]), prices(&depth["asks"]))
}

#[test]
fn every_symbol_has_a_deep_book_and_trades() {
    let server = TestServer::start("[feed]\nsynthetic = true\nactions-per-second = 400\n");
    block_on(async {
        let client = server.client();
        for symbol in ["BTCUSDT", "ETHUSDT", "ETHBTC"] {
            let until = Instant::now() + PATIENCE;
            loop {
                let (bids, asks) = depth(&client, symbol).await;
                if let (Some(bid), Some(ask)) = (bids.first(), asks.first()) {
                    assert!(bid < ask, "{symbol} is crossed: {bid} {ask}");
                }
                let trades =
                    client.get("/api/v3/trades", &[("symbol", symbol), ("limit", "50")]).await.unwrap();
                let traded = trades.as_array().unwrap().len();
                if bids.len() >= 5 && asks.len() >= 5 && traded >= 50 {
                    break;
                }
                assert!(
                    Instant::now() < until,
                    "{symbol}: {} bids, {} asks, {traded} trades",
                    bids.len(),
                    asks.len()
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    server.stop();
}
