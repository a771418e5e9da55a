//! Three-day candles start on the configured phase of their symbol, and a changed configuration changes how old trades
//! are shown.

use std::sync::atomic::Ordering;

use awc::http::Method;
use lightning_exchange::{actors::Clock, config::DEFAULTS, domain::types::time::Timestamp};
use serde_json::Value;

use crate::{
    api::{Api, limit, two_accounts},
    support::{TestServer, block_on},
};

const DAY: u64 = 86_400_000;
/// A day whose number is a multiple of 3.
const FIRST: u64 = 19_674 * DAY;
const DAYS: u64 = 10;

/// BTCUSDT, the first symbol, with three-day candles of this phase.
fn settings(phase: u8) -> String {
    let instruments = &DEFAULTS[DEFAULTS.find("# Assets: ids").unwrap()..];
    instruments.replacen("name = \"BTCUSDT\"", &format!("name = \"BTCUSDT\"\nthree-day-phase = {phase}"), 1)
}

/// The days, counted from the first, on which candles begin, and how many trades each has.
async fn candles(api: &Api, query: &str) -> Vec<(u64, u64)> {
    let path = format!("/api/v3/klines?symbol=BTCUSDT&interval=3d{query}");
    let answer = api.send(Method::GET, &path, &[], "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let row = |candle: &Value| {
        let (open, close) = (candle[0].as_u64().unwrap(), candle[6].as_u64().unwrap());
        assert_eq!(close, open + 3 * DAY - 1);
        (open / DAY + 3 - FIRST / DAY, candle[8].as_u64().unwrap())
    };
    answer.json.as_array().unwrap().iter().map(row).collect()
}

#[test]
fn each_phase_is_used_and_may_change_at_a_restart() {
    let (seller, buyer, accounts) = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual(Timestamp::from_millis(FIRST));
    let history = "[history]\nenabled = true\n";
    for phase in [1, 2, 0, 1] {
        let settings = format!("{history}{accounts}{}", settings(phase));
        let server = TestServer::start_with(directory.path(), &settings, clock.clone());
        block_on(async {
            let api = Api::new(server.url());
            if time.load(Ordering::Relaxed) == FIRST * 1_000 {
                // A trade on each day.
                for day in 0..DAYS {
                    let now = FIRST + day * DAY;
                    time.store(now * 1_000, Ordering::Relaxed);
                    for (key, side) in [(&seller, "SELL"), (&buyer, "BUY")] {
                        let order = limit(side, "0.01", "45000");
                        let placed = api.signed_at(key, Method::POST, "/api/v3/order", &order, now).await;
                        assert_eq!(placed.status, 200, "{placed:?}");
                    }
                }
            }
            // Counted so that the first day is 3.
            let expected: &[(u64, u64)] = match phase {
                0 => &[(3, 3), (6, 3), (9, 3), (12, 1)],
                1 => &[(1, 1), (4, 3), (7, 3), (10, 3)],
                _ => &[(2, 2), (5, 3), (8, 3), (11, 2)],
            };
            assert_eq!(candles(&api, "").await, expected, "phase {phase}");
            let from = format!("&startTime={}", FIRST + 3 * DAY);
            let later: Vec<_> = expected.iter().copied().filter(|(day, _)| *day >= 6).collect();
            assert_eq!(candles(&api, &from).await, later, "phase {phase}");
        });
        server.stop();
    }
}

#[test]
fn a_phase_beyond_two_is_refused() {
    let config = lightning_exchange::config::Layers::defaults().text("the test", &settings(3)).load();
    let refused = config.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("symbol BTCUSDT: three-day-phase 3 must be 0 to 2"), "{refused}");
}
