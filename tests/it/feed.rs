//! The synthetic market inside a serving exchange: alive on every symbol, its book never crossed, gone at the end; and the
//! history a new exchange begins with.

use std::path::Path;

use lightning_exchange::{actors::Clock, client::Client, domain::types::time::Timestamp};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::{Process, TestServer, block_on, wait_until_async};

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
            wait_until_async(&format!("{symbol} has five levels a side and 50 trades"), async || {
                let (bids, asks) = depth(&client, symbol).await;
                if let (Some(bid), Some(ask)) = (bids.first(), asks.first()) {
                    assert!(bid < ask, "{symbol} is crossed: {bid} {ask}");
                }
                let trades =
                    client.get("/api/v3/trades", &[("symbol", symbol), ("limit", "50")]).await.unwrap();
                let traded = trades.as_array().unwrap().len();
                bids.len() >= 5 && asks.len() >= 5 && traded >= 50
            })
            .await;
        }
    });
    server.stop();
}

/// 2027-01-15 08:00:00 UTC, and a third of a second.
const NOW: u64 = 1_800_000_000_333;
const MINUTE: u64 = 60_000;

/// Starts an exchange at `NOW` whose synthetic market has a past of two hours.
fn with_history(directory: &Path) -> TestServer {
    let (clock, _) = Clock::manual(Timestamp::from_millis(NOW));
    TestServer::start_with(directory, "[feed]\nsynthetic = true\nhistory-hours = 2\n", clock)
}

/// Returns what the first query of each symbol finds: its one-minute candles and its trades, or of a later time.
async fn market_history(client: &Client, symbol: &str) -> (Vec<Value>, Vec<Value>) {
    let rows = |rows: Value| rows.as_array().unwrap().clone();
    let candles = [("symbol", symbol), ("interval", "1m"), ("limit", "1000"), ("endTime", "1800000000332")];
    let candles = rows(client.get("/api/v3/klines", &candles).await.unwrap());
    let trades = [("symbol", symbol), ("limit", "1000"), ("fromId", "0")];
    (candles, rows(client.get("/api/v3/historicalTrades", &trades).await.unwrap()))
}

#[test]
fn a_new_exchange_starts_with_hours_of_trading_and_an_old_one_gets_no_more() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = with_history(first.path());
    let mut found = Vec::new();
    block_on(async {
        for symbol in ["BTCUSDT", "ETHUSDT", "ETHBTC"] {
            let (candles, trades) = market_history(&server.client(), symbol).await;
            // Two hours of four trades a minute, the last of them within the last quarter of a minute.
            assert_eq!((candles.len(), trades.len()), (120, 480), "{symbol}");
            for (minute, candle) in candles.iter().enumerate() {
                let open = NOW / MINUTE * MINUTE - (120 - minute as u64) * MINUTE;
                assert_eq!((candle[0].as_u64(), candle[8].as_u64()), (Some(open), Some(4)), "{symbol}");
            }
            let times: Vec<u64> = trades.iter().map(|trade| trade["time"].as_u64().unwrap()).collect();
            assert!(times.is_sorted() && times[479] <= NOW && times[479] > NOW - 16_000, "{symbol}");
            assert!(times[0] >= NOW / 1_000 * 1_000 - 120 * MINUTE, "{symbol}");
            let prices: std::collections::BTreeSet<&str> =
                trades.iter().map(|trade| trade["price"].as_str().unwrap()).collect();
            assert!(prices.len() > 20, "{symbol} has {} prices", prices.len());
            found.push((candles, trades));
        }
    });
    server.stop();
    let again = |directory: &Path| {
        let server = with_history(directory);
        let mut seen = Vec::new();
        block_on(async {
            for symbol in ["BTCUSDT", "ETHUSDT", "ETHBTC"] {
                let (candles, mut trades) = market_history(&server.client(), symbol).await;
                trades.truncate(480); // the market may trade by now
                seen.push((candles, trades));
            }
        });
        server.stop();
        seen
    };
    // Another directory begins with the same, and a second start of the first adds nothing.
    assert!(again(second.path()) == found);
    assert!(again(first.path()) == found);
}

#[test]
fn an_interrupted_first_start_is_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, _) = Clock::manual(Timestamp::from_millis(NOW));
    let shorter = "[feed]\nsynthetic = true\nhistory-hours = 1\n";
    TestServer::start_with(directory.path(), shorter, clock).stop();
    // The snapshot is of the stop, which an interrupted start has none of.
    std::fs::remove_dir_all(directory.path().join("snapshots")).unwrap();
    std::fs::write(directory.path().join("first-start"), "").unwrap();
    let refused = crate::support::complaint(&crate::support::on_directory("verify", directory.path()));
    assert!(refused.contains("its first start was interrupted or is under way"), "{refused}");
    let server = with_history(directory.path());
    let (candles, trades) = block_on(async { market_history(&server.client(), "BTCUSDT").await });
    assert_eq!((candles.len(), trades.len()), (120, 480));
    server.stop();
    assert!(!directory.path().join("first-start").exists());
}

#[test]
fn an_exchange_started_again_and_again_keeps_its_synthetic_market() {
    let directory = tempfile::tempdir().unwrap();
    let settings = "[feed]\nsynthetic = true\nhistory-hours = 0\nactions-per-second = 200\n";
    for start in 0..=lightning_exchange::domain::messages::credential::KEYS_MAX {
        let on = ["env", "LIGHTNING_FEED_SYNTHETIC=true"];
        let server = Process::start_under(&on, directory.path(), settings);
        // It trades with keys of its own once it has quotes.
        block_on(async {
            let client = Client::new(server.url());
            wait_until_async("the synthetic market quotes", async || {
                let log = server.log();
                assert!(!log.contains("the synthetic market did not start"), "start {start}: {log}");
                !depth(&client, "BTCUSDT").await.0.is_empty()
            })
            .await;
        });
        server.kill();
    }
}
