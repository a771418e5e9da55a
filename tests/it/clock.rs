//! A wall clock that leaps: what the exchange believes, what it stamps, and what heals.

use std::{path::Path, sync::atomic::Ordering};

use awc::http::Method;
use lightning_exchange::{
    actors::{Clock, Hands},
    domain::types::time::Timestamp,
};
use serde_json::{Value, json};

use crate::{
    api::{Api, limit, two_accounts},
    support::{KeyPair, TestServer, block_on, wait_until_async},
};

const START: u64 = 1_700_000_000_000;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// The furthest the exchange's time may be from the right one while the wall clock is wrong, in milliseconds.
const APART: u64 = 200;

/// A server whose clocks the test moves.
struct Timed {
    server: TestServer,
    seller: KeyPair,
    buyer: KeyPair,
    clock: Clock,
    hands: Hands,
}

impl Timed {
    fn start(directory: &Path, at: u64, extra: &str) -> Self {
        let (seller, buyer, settings) = two_accounts();
        let (clock, hands) = Clock::on_hands(Timestamp::from_millis(at));
        let server = TestServer::start_with(directory, &format!("{settings}{extra}"), clock.clone());
        Self { server, seller, buyer, clock, hands }
    }

    /// A client: it belongs to the runtime it is made in.
    fn api(&self) -> Api {
        Api::new(self.server.url())
    }

    /// The right time, in milliseconds.
    fn right(&self) -> u64 {
        self.hands.steady.load(Ordering::Relaxed) / 1_000
    }

    /// Sets the wall clock wrong, or right again.
    fn leap(&self, micros: i64) {
        self.hands.wall_ahead.fetch_add(micros, Ordering::Relaxed);
    }

    /// Lets tenths of a second pass, looking at the wall clock after each.
    fn pass(&self, tenths: u64) {
        for _ in 0..tenths {
            self.hands.steady.fetch_add(100_000, Ordering::Relaxed);
            self.clock.look();
        }
    }

    async fn signed(&self, key: &KeyPair, method: Method, path: &str, params: &str) -> Value {
        let answer = self.api().signed_at(key, method, path, params, self.clock.now().millis()).await;
        assert_eq!(answer.status, 200, "{path} {params}: {}", answer.json);
        answer.json
    }

    async fn get(&self, path: &str) -> Value {
        self.api().send(Method::GET, path, &[], "").await.json
    }

    async fn order(&self, key: &KeyPair, params: &str) -> Value {
        self.signed(key, Method::POST, "/api/v3/order", params).await
    }

    /// Trades once, and returns the time the trade was stamped with.
    async fn trade(&self) -> u64 {
        self.order(&self.seller, &limit("SELL", "0.01", "45000")).await;
        let taken = self.order(&self.buyer, &limit("BUY", "0.01", "45000")).await;
        assert_eq!(taken["status"], "FILLED", "{taken}");
        taken["transactTime"].as_u64().unwrap()
    }

    /// Places a bid that ends so many milliseconds from the exchange's time on, and returns its id.
    async fn bid_until(&self, millis: u64) -> u64 {
        let until = self.clock.now().millis() + millis;
        let order = limit("BUY", "0.01", "44000").replace("GTC", "GTD");
        let order = self.order(&self.buyer, &format!("{order}&goodTillDate={until}")).await;
        order["orderId"].as_u64().unwrap()
    }

    /// Waits until an order of the buyer has this status: shards look at the time ten times a second.
    async fn becomes(&self, order: u64, status: &str) {
        wait_until_async(&format!("order {order} is {status}"), async || {
            let query = format!("symbol=BTCUSDT&orderId={order}");
            let found = self.signed(&self.buyer, Method::GET, "/api/v3/order", &query).await;
            assert!(found["status"] == status || found["status"] == "NEW", "{found}");
            found["status"] == status
        })
        .await;
    }
}

#[test]
fn a_leap_under_load_that_is_corrected_leaves_no_mark_before_and_after_a_restart() {
    for leap in [SECOND, -SECOND, HOUR, -HOUR, 400 * 24 * HOUR, -400 * 24 * HOUR] {
        let directory = tempfile::tempdir().unwrap();
        let timed = Timed::start(directory.path(), START, "");
        let stamps = block_on(async {
            let mut stamps = vec![timed.trade().await];
            timed.leap(leap);
            for _ in 0..4 {
                timed.pass(5);
                stamps.push(timed.trade().await);
                assert!(stamps.last().unwrap().abs_diff(timed.right()) <= APART, "{leap}: {stamps:?}");
            }
            let ready = timed.get("/health/ready").await;
            assert_eq!(ready["status"], "ready", "{ready}");
            assert_eq!(ready["clock"].is_string(), leap.abs() > SECOND, "{leap}: {ready}");
            let soon = timed.bid_until(3_000).await;
            timed.leap(-leap);
            for _ in 0..4 {
                timed.pass(5);
                stamps.push(timed.trade().await);
                assert!(stamps.last().unwrap().abs_diff(timed.right()) <= APART, "{leap}: {stamps:?}");
            }
            assert_eq!(timed.get("/health/ready").await, json!({ "status": "ready", "outOfService": [] }));
            timed.pass(20);
            timed.becomes(soon, "EXPIRED").await;
            stamps
        });
        assert!(stamps.is_sorted_by(|earlier, later| earlier < later), "{leap}: {stamps:?}");
        let right = timed.right();
        timed.server.stop();
        let timed = Timed::start(directory.path(), right, "");
        block_on(async {
            // One-second candles have gone on, each where its trades are.
            let candles = timed.get("/api/v3/klines?symbol=BTCUSDT&interval=1s").await;
            let traded = candles.as_array().unwrap().iter().filter(|candle| candle[8] != 0);
            let opened: Vec<u64> = traded.map(|candle| candle[0].as_u64().unwrap()).collect();
            let mut expected: Vec<u64> = stamps.iter().map(|stamp| stamp / 1_000 * 1_000).collect();
            expected.dedup();
            assert_eq!(opened, expected, "{leap}");
            assert!(timed.trade().await.abs_diff(right) <= APART);
        });
        timed.server.stop();
    }
}

#[test]
fn a_leap_that_lasts_is_followed_and_said() {
    let directory = tempfile::tempdir().unwrap();
    let timed = Timed::start(directory.path(), START, "");
    block_on(async {
        timed.trade().await;
        timed.leap(HOUR);
        timed.pass(590);
        assert!(timed.trade().await.abs_diff(timed.right()) <= APART, "a minute has not passed");
        timed.pass(20);
        let right = timed.right() + 3_600_000;
        assert!(timed.trade().await.abs_diff(right) <= APART);
        assert_eq!(timed.get("/api/v3/time").await["serverTime"], timed.clock.now().millis());
        let metrics = timed.server.exchange().render_metrics();
        assert!(metrics.contains("lightning_clock_leaps_total 1\n"), "{metrics}");
        assert!(metrics.contains("lightning_clock_skew_seconds 0"), "{metrics}");
    });
    timed.server.stop();
}

#[test]
fn what_a_wrong_clock_stamped_in_the_future_does_not_hold_timers_up() {
    const LIMITS: &str = "[limits]\norders-per-10-seconds = 2\n";
    for ahead in [3_600_000, 400 * 24 * 3_600_000] {
        let directory = tempfile::tempdir().unwrap();
        let timed = Timed::start(directory.path(), START + ahead, LIMITS);
        let stamped = block_on(async { timed.trade().await });
        timed.server.stop();
        let timed = Timed::start(directory.path(), START, LIMITS);
        block_on(async {
            assert_eq!(timed.get("/api/v3/time").await["serverTime"], START);
            assert!(timed.trade().await >= stamped, "time within the exchange never goes back");
            let soon = timed.bid_until(3_000).await;
            let switch = "countdownTime=5000";
            timed.signed(&timed.buyer, Method::POST, "/x/v1/cancelAllAfter", switch).await;
            let stays = timed.order(&timed.buyer, &limit("BUY", "0.01", "43000")).await;
            let stays = stays["orderId"].as_u64().unwrap();
            let millis = timed.clock.now().millis();
            let third = limit("BUY", "0.01", "42000");
            let third =
                timed.api().signed_at(&timed.buyer, Method::POST, "/api/v3/order", &third, millis).await;
            assert_eq!(third.refusal().1, -1015, "{third:?}");
            timed.pass(30);
            timed.becomes(soon, "EXPIRED").await;
            timed.pass(20);
            timed.becomes(stays, "CANCELED").await;
            timed.pass(50);
            timed.order(&timed.buyer, &limit("BUY", "0.01", "42000")).await;
        });
        let right = timed.right();
        // A clean stop folds the journal, so what was done by the clock is done again and compared.
        timed.server.stop();
        let timed = Timed::start(directory.path(), right, LIMITS);
        block_on(async {
            let open = timed.signed(&timed.buyer, Method::GET, "/api/v3/openOrders", "").await;
            assert_eq!(open.as_array().unwrap().len(), 1, "{open}");
        });
        timed.server.stop();
    }
}
