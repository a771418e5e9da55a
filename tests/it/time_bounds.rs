//! Bounds of time: a row that shows a time is found by it, and ranges that adjoin leave nothing out and show nothing twice.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
};

use awc::http::Method;
use lightning_exchange::{actors::Clock, domain::types::time::Timestamp};
use serde_json::Value;

use crate::{
    api::{Answer, Api, limit, sign, two_accounts},
    support::{KeyPair, TestServer, block_on},
};

const START: u64 = 1_700_000_000_000_000;
/// Several in one millisecond, on both its edges, and the next.
const STEPS: [u64; 9] = [0, 1, 500, 999, 1_000, 1_999, 2_000, 2_750, 4_001];

struct Market {
    server: TestServer,
    seller: KeyPair,
    buyer: KeyPair,
    _directory: tempfile::TempDir,
}

/// A list with a range of times: its path, what it needs besides, where its rows show their time and id, and who asks.
const LISTS: [(&str, &str, &str, &str, bool); 7] = [
    ("/api/v3/aggTrades", "symbol=BTCUSDT", "T", "a", false),
    ("/api/v3/myTrades", "symbol=BTCUSDT", "time", "id", true),
    ("/api/v3/allOrders", "symbol=BTCUSDT", "time", "orderId", true),
    ("/x/v1/trades", "", "time", "cursor", true),
    ("/x/v1/trades", "symbol=BTCUSDT", "time", "cursor", true),
    ("/x/v1/orders", "", "time", "orderId", true),
    ("/x/v1/ledger", "type=TRADE", "time", "id", true),
];

impl Market {
    fn traded() -> Self {
        let (seller, buyer, settings) = two_accounts();
        let settings = format!("{settings}[history]\nenabled = true\n");
        let (clock, time): (Clock, Arc<AtomicU64>) = Clock::manual(Timestamp::from_micros(START));
        let directory = tempfile::tempdir().unwrap();
        let server = TestServer::start_with(directory.path(), &settings, clock);
        let market = Self { server, seller, buyer, _directory: directory };
        block_on(async {
            for step in STEPS {
                time.store(START + step, Ordering::Relaxed);
                for (key, side) in [(&market.seller, "SELL"), (&market.buyer, "BUY")] {
                    let millis = (START + step) / 1_000;
                    let order = limit(side, "0.01", "45000");
                    let placed =
                        market.api().signed_at(key, Method::POST, "/api/v3/order", &order, millis).await;
                    assert_eq!(placed.status, 200, "{placed:?}");
                }
            }
        });
        market
    }

    /// A client: it belongs to the runtime it is made in.
    fn api(&self) -> Api {
        Api::new(self.server.url())
    }

    async fn ask(&self, path: &str, params: &str, is_private: bool, is_micros: bool) -> Answer {
        let params = params.trim_matches('&');
        let (query, mut headers) = match is_private {
            true => {
                let text = format!("{params}&timestamp={}", START / 1_000);
                (
                    sign(&self.buyer, text.trim_start_matches('&')),
                    vec![("X-MBX-APIKEY", self.buyer.key.as_str())],
                )
            }
            false => (params.to_owned(), Vec::new()),
        };
        if is_micros {
            headers.push(("X-MBX-TIME-UNIT", "MICROSECOND"));
        }
        self.api().send(Method::GET, &format!("{path}?{query}"), &headers, "").await
    }

    /// The rows of a list from a time to another, as pairs of time and id.
    async fn rows(
        &self,
        (path, params, time, id, is_private): (&str, &str, &str, &str, bool),
        range: Option<(u64, u64)>,
        is_micros: bool,
    ) -> Vec<(u64, String)> {
        let range = range.map(|(start, end)| format!("&startTime={start}&endTime={end}")).unwrap_or_default();
        let answer = self.ask(path, &format!("{params}{range}"), is_private, is_micros).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let row = |row: &Value| (row[time].as_u64().unwrap(), row[id].to_string());
        answer.json.as_array().unwrap().iter().map(row).collect()
    }
}

fn sorted(rows: impl IntoIterator<Item = (u64, String)>) -> BTreeSet<(u64, String)> {
    rows.into_iter().collect()
}

#[test]
fn a_row_is_found_by_the_time_it_shows_and_adjoining_ranges_are_whole() {
    let market = Market::traded();
    block_on(async {
        for list in LISTS {
            for is_micros in [false, true] {
                let all = market.rows(list, None, is_micros).await;
                let many = if list.0.contains("ledger") { 2 } else { 1 };
                assert_eq!(all.len(), STEPS.len() * many, "{list:?}: {all:?}");
                for (shown, _) in &all {
                    let found = market.rows(list, Some((*shown, *shown)), is_micros).await;
                    let expected = all.iter().filter(|(time, _)| time == shown).cloned();
                    assert_eq!(sorted(found), sorted(expected), "{list:?} at {shown}");
                }
                // Adjoining ranges of three of the unit.
                let unit = if is_micros { 1 } else { 1_000 };
                let (first, last) = (START / unit - 1, (START + STEPS[STEPS.len() - 1]) / unit + 1);
                let width = if is_micros { 700 } else { 2 };
                let (mut start, mut together) = (first, Vec::new());
                while start <= last {
                    together.extend(market.rows(list, Some((start, start + width - 1)), is_micros).await);
                    start += width;
                }
                assert_eq!(together.len(), all.len(), "{list:?}: nothing twice");
                assert_eq!(sorted(together), sorted(all), "{list:?}: nothing left out");
            }
        }
    });
    market.server.stop();
}

#[test]
fn a_reversed_range_is_refused_alike_everywhere_and_says_which() {
    let market = Market::traded();
    block_on(async {
        let (start, end) = (START / 1_000 + 1, START / 1_000);
        let text =
            format!("Combination of optional parameters invalid: endTime {end} is before startTime {start}.");
        let range = format!("&startTime={start}&endTime={end}");
        let candles = ["klines", "uiKlines"].map(|name| format!("/api/v3/{name}"));
        for (path, params, is_private) in candles
            .iter()
            .map(|path| (path.as_str(), "symbol=BTCUSDT&interval=1m", false))
            .chain([("/api/v3/allOrderList", "", true)])
            .chain(LISTS.map(|(path, params, _, _, is_private)| (path, params, is_private)))
        {
            let answer = market.ask(path, &format!("{params}{range}"), is_private, false).await;
            assert_eq!(answer.refusal(), (400, -1128, text.as_str()), "{path}");
        }
    });
    market.server.stop();
}

#[test]
fn a_timestamp_that_is_too_large_is_not_refused_for_its_characters() {
    let market = Market::traded();
    block_on(async {
        let headers = [("X-MBX-APIKEY", market.buyer.key.as_str())];
        for (timestamp, code, text) in [
            ("99999999999999999999", -1108, "Parameter 'timestamp' overflowed."),
            (
                "18446744073709551615",
                -1021,
                "Timestamp for this request was 1000ms ahead of the server's time.",
            ),
            (
                "170000000000x",
                -1100,
                "Illegal characters found in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'.",
            ),
        ] {
            let query = sign(&market.buyer, &format!("timestamp={timestamp}"));
            let answer =
                market.api().send(Method::GET, &format!("/api/v3/account?{query}"), &headers, "").await;
            assert_eq!(answer.refusal(), (400, code, text));
        }
    });
    market.server.stop();
}

#[test]
fn bounds_beyond_all_time_find_nothing_or_everything() {
    let market = Market::traded();
    block_on(async {
        for list in LISTS {
            let all = market.rows(list, None, false).await;
            let most = u64::MAX;
            let (path, params, _, _, is_private) = list;
            let after = market.ask(path, &format!("{params}&startTime={most}"), is_private, false).await;
            assert_eq!(after.json.as_array().map(Vec::len), Some(0), "{path}: {after:?}");
            let before = market.ask(path, &format!("{params}&endTime={most}"), is_private, false).await;
            assert_eq!(before.json.as_array().map(Vec::len), Some(all.len()), "{path}: {before:?}");
        }
    });
    market.server.stop();
}
