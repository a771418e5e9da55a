//! The past of an account, page by page, over all symbols.

use awc::http::Method;
use serde_json::Value;

use crate::{
    api::Api,
    support::{KeyPair, TestServer, block_on},
};

const HISTORY: &str = "[history]\nenabled = true\n";

/// An account that trades with another, and now and then with itself.
struct Harness {
    api: Api,
    maker: KeyPair,
    taker: KeyPair,
}

impl Harness {
    fn settings() -> (KeyPair, KeyPair, String) {
        let (maker, taker) = (KeyPair::number(11), KeyPair::number(12));
        let rich = [("BTC", "10"), ("ETH", "100"), ("USDT", "1000000")];
        let settings = maker.account(11, &rich) + &taker.account(12, &rich) + HISTORY;
        (maker, taker, settings)
    }

    async fn place(&self, key: &KeyPair, symbol: &str, side: &str, price: &str, more: &str) {
        let params = format!(
            "symbol={symbol}&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.1&price={price}{more}"
        );
        let placed = self.api.order(key, &params).await;
        assert_eq!(placed.status, 200, "{placed:?}");
    }

    /// Trades on three symbols in turns, and leaves an order that rests and one that was taken back.
    async fn trade(&self) {
        for round in 0..8 {
            for (symbol, price) in [("BTCUSDT", "45000"), ("ETHUSDT", "2000"), ("ETHBTC", "0.05")] {
                self.place(&self.maker, symbol, "SELL", price, "").await;
                // Now and then the maker takes its own order: that trade has two rows.
                let taker = if round % 4 == 3 { &self.maker } else { &self.taker };
                self.place(taker, symbol, "BUY", price, "").await;
            }
        }
        self.place(&self.maker, "BTCUSDT", "BUY", "40000", "").await;
        self.place(&self.maker, "ETHUSDT", "BUY", "1900", "").await;
        let all = self.api.signed(&self.maker, Method::DELETE, "/api/v3/openOrders", "symbol=ETHUSDT").await;
        assert_eq!(all.status, 200, "{all:?}");
    }

    async fn list(&self, path: &str, params: &str) -> Vec<Value> {
        let answer = self.api.signed(&self.maker, Method::GET, path, params).await;
        assert_eq!(answer.status, 200, "{params}: {answer:?}");
        answer.json.as_array().unwrap().clone()
    }

    /// Pages back to the first.
    async fn pages(&self, path: &str, params: &str, cursor: &str, size: usize) -> Vec<Value> {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let before = found.last().map(|row| match &row[cursor] {
                Value::String(text) => format!("&before={text}"),
                other => format!("&before={other}"),
            });
            let asked = format!("{params}&limit={size}{}", before.unwrap_or_default());
            let page = self.list(path, asked.trim_start_matches('&')).await;
            assert!(page.len() <= size);
            let is_last = page.len() < size;
            found.extend(page);
            if is_last {
                return found;
            }
        }
    }
}

fn harness(test: impl AsyncFnOnce(&Harness)) {
    let (maker, taker, settings) = Harness::settings();
    let server = TestServer::start(&settings);
    block_on(async {
        let harness = Harness { api: Api::new(server.url()), maker, taker };
        harness.trade().await;
        test(&harness).await;
    });
}

fn texts(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// Whether no row comes after the one before it.
fn falls<T: PartialOrd>(keys: &[T]) -> bool {
    keys.windows(2).all(|pair| pair[0] > pair[1])
}

#[test]
fn orders_are_paged_back_over_all_symbols() {
    harness(async |harness| {
        let all = harness.list("/x/v1/orders", "").await;
        // Three symbols, eight rounds, two of them with both sides; one that rests, one that was taken back.
        assert_eq!(all.len(), 3 * (8 + 2) + 2);
        assert!(falls(&all.iter().map(|row| row["orderId"].as_u64().unwrap()).collect::<Vec<_>>()));
        for size in [1, 7, 32] {
            assert_eq!(harness.pages("/x/v1/orders", "", "orderId", size).await, all, "pages of {size}");
        }
        for symbol in ["BTCUSDT", "ETHUSDT", "ETHBTC"] {
            let params = format!("symbol={symbol}");
            let mut known = harness.list("/api/v3/allOrders", &params).await;
            known.reverse();
            assert_eq!(harness.pages("/x/v1/orders", &params, "orderId", 3).await, known);
        }
    });
}

#[test]
fn orders_are_chosen_by_side_status_and_time() {
    harness(async |harness| {
        let all = harness.list("/x/v1/orders", "").await;
        for status in
            ["NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"]
        {
            let params = format!("status={status}");
            let expected: Vec<_> = all.iter().filter(|row| row["status"] == status).cloned().collect();
            assert_eq!(harness.pages("/x/v1/orders", &params, "orderId", 4).await, expected, "{status}");
        }
        assert!(all.iter().any(|row| row["status"] == "CANCELED") && all[1]["status"] == "NEW");
        let sells = harness.pages("/x/v1/orders", "side=SELL", "orderId", 5).await;
        assert_eq!((sells.len(), texts(&sells, "side")), (24, vec!["SELL".to_owned(); 24]));
        let time = all[10]["time"].as_u64().unwrap();
        let (later, earlier): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|row| row["time"].as_u64().unwrap() > time);
        assert_eq!(harness.list("/x/v1/orders", &format!("startTime={}", time + 1)).await, later);
        assert_eq!(harness.list("/x/v1/orders", &format!("endTime={time}")).await, earlier);
    });
}

#[test]
fn trades_are_paged_back_over_all_symbols() {
    harness(async |harness| {
        let all = harness.list("/x/v1/trades", "").await;
        assert_eq!(all.len(), 3 * (8 + 2));
        let place = |row: &Value| {
            let parts = row["cursor"].as_str().unwrap().split('-');
            parts.map(|part| part.parse::<u64>().unwrap()).collect::<Vec<_>>()
        };
        assert!(falls(&all.iter().map(place).collect::<Vec<_>>()));
        for size in [1, 2, 7] {
            assert_eq!(harness.pages("/x/v1/trades", "", "cursor", size).await, all, "pages of {size}");
        }
        for symbol in ["BTCUSDT", "ETHUSDT", "ETHBTC"] {
            let params = format!("symbol={symbol}");
            let mut paged = harness.pages("/x/v1/trades", &params, "cursor", 3).await;
            paged.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("cursor")));
            paged.reverse();
            assert_eq!(paged, harness.list("/api/v3/myTrades", &params).await);
        }
        let bought = harness.pages("/x/v1/trades", "side=BUY", "cursor", 4).await;
        let expected: Vec<_> = all.iter().filter(|row| row["isBuyer"] == true).cloned().collect();
        assert_eq!((bought.len(), bought), (6, expected));
        let time = all[9]["time"].as_u64().unwrap();
        let (later, earlier): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|row| row["time"].as_u64().unwrap() > time);
        assert_eq!(harness.list("/x/v1/trades", &format!("startTime={}", time + 1)).await, later);
        assert_eq!(harness.pages("/x/v1/trades", &format!("endTime={time}"), "cursor", 4).await, earlier);
    });
}

#[test]
fn the_statement_is_chosen_by_type() {
    harness(async |harness| {
        let all = harness.list("/x/v1/ledger", "").await;
        for cause in ["DEPOSIT", "WITHDRAWAL", "TRADE"] {
            let expected: Vec<_> = all.iter().filter(|row| row["type"] == cause).cloned().collect();
            let paged = harness.pages("/x/v1/ledger", &format!("type={cause}"), "id", 3).await;
            assert_eq!(paged, expected, "{cause}");
            assert_eq!(paged.is_empty(), cause == "WITHDRAWAL");
        }
    });
}
