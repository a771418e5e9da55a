//! The reports of refused orders: a refusal to the sender, one REJECTED on the private stream, nothing in lists. An
//! order acknowledged with its list is an order whatever its outcome.

use awc::http::Method;
use serde_json::{Value, json};

use super::{trade_at, until};
use crate::{
    api::{Answer, Api, limit, two_accounts},
    support::{KeyPair, TestServer, block_on},
};

const HISTORY: &str = "[history]\nenabled = true\n";

/// An account whose private events are kept, in a market that last traded at 45,000 and asks 45,010 for 1.
struct Harness {
    api: Api,
    own: KeyPair,
    other: KeyPair,
    /// The last event seen.
    seen: u64,
}

impl Harness {
    async fn open(server: &TestServer, own: &KeyPair, other: &KeyPair) -> Self {
        let api = Api::new(server.url());
        trade_at(&api, (other, own), "45000").await;
        assert_eq!(api.order(other, &limit("SELL", "1", "45010")).await.status, 200);
        let mut harness = Self { api, own: own.clone(), other: other.clone(), seen: 0 };
        let mut talk = crate::ws_api::Talk::open(server, "").await;
        let heard = talk.done(own, "userDataStream.subscribe.signature", json!({})).await;
        harness.seen = heard["seq"].as_u64().unwrap();
        harness
    }

    async fn post(&self, path: &str, params: &str) -> Answer {
        self.api.signed(&self.own, Method::POST, &format!("/api/v3/{path}"), params).await
    }

    async fn get(&self, path: &str, params: &str) -> Value {
        self.api.signed(&self.own, Method::GET, path, params).await.json
    }

    /// Returns the events since the last call.
    async fn news(&mut self) -> Vec<Value> {
        let listed = self.get("/x/v1/events", &format!("fromSeq={}&limit=1000", self.seen)).await;
        self.seen = listed["lastSeq"].as_u64().unwrap();
        listed["events"].as_array().unwrap().iter().map(|entry| entry["event"].clone()).collect()
    }
}

/// Returns kind, status and reason of every event: for lists their statuses, for balances only that they came.
fn summaries(events: &[Value]) -> Vec<String> {
    let one = |event: &Value| match event["e"].as_str().unwrap() {
        "executionReport" => {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            [text("x"), text("X"), text("r")].join(" ")
        }
        "listStatus" => format!("list {}", event["L"].as_str().unwrap()),
        other => other.to_owned(),
    };
    events.iter().map(one).collect()
}

const TAKES: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=45020";
const TRIGGERS: &str = "symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.1&price=45030\
    &stopPrice=44990";
const TRIGGERS_MARKET: &str = "symbol=BTCUSDT&side=SELL&type=TAKE_PROFIT&quantity=0.1&stopPrice=44990";

/// A pair whose maker would take, and one whose stop is reached.
const PAIRS: [&str; 2] = [
    "symbol=BTCUSDT&side=BUY&quantity=0.1&aboveType=STOP_LOSS_LIMIT&aboveStopPrice=45100&abovePrice=45200\
     &aboveTimeInForce=GTC&belowType=LIMIT_MAKER&belowPrice=45020",
    "symbol=BTCUSDT&side=BUY&quantity=0.1&aboveType=STOP_LOSS_LIMIT&aboveStopPrice=44990&abovePrice=45200\
     &aboveTimeInForce=GTC&belowType=LIMIT_MAKER&belowPrice=44000",
];
const OTO: &str = "symbol=BTCUSDT&workingType=LIMIT_MAKER&workingSide=BUY&workingPrice=45020&workingQuantity=0.1\
    &pendingType=LIMIT&pendingTimeInForce=GTC&pendingSide=SELL&pendingPrice=46000&pendingQuantity=0.1";
const OTOCO: &str = "symbol=BTCUSDT&workingType=LIMIT_MAKER&workingSide=BUY&workingPrice=45020&workingQuantity=0.1\
    &pendingSide=SELL&pendingQuantity=0.1&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=46000\
    &pendingBelowType=STOP_LOSS&pendingBelowStopPrice=44000";

#[test]
fn f31_a_refused_order_is_reported_once_and_never_as_accepted() {
    let (own, other, settings) = two_accounts();
    let server = TestServer::start(&(settings + HISTORY));
    block_on(async {
        let mut harness = Harness::open(&server, &own, &other).await;
        let before = harness.get("/api/v3/account", "").await["balances"].clone();
        let takes = "REJECTED REJECTED WOULD_MATCH_IMMEDIATELY";
        let triggers = "REJECTED REJECTED STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY";
        for (order, reason) in [(TAKES, takes), (TRIGGERS, triggers), (TRIGGERS_MARKET, triggers)] {
            assert_eq!(harness.post("order", order).await.refusal().1, -2010, "{order}");
            let news = harness.news().await;
            // The balances are reported as they were before: other events may have shown them with the hold.
            assert_eq!(summaries(&news), [reason, "outboundAccountPosition"], "{order}");
            assert_eq!(news[1]["B"][0]["l"], "0.00000000", "{order}");
            let query = format!("symbol=BTCUSDT&orderId={}", news[0]["i"]);
            assert_eq!(harness.get("/api/v3/order", &query).await["code"], -2013);
        }
        for (path, list) in [
            ("orderList/oco", PAIRS[0]),
            ("orderList/oco", PAIRS[1]),
            ("orderList/oto", OTO),
            ("orderList/otoco", OTOCO),
        ] {
            assert_eq!(harness.post(path, list).await.refusal().1, -2010, "{path}");
            let news = summaries(&harness.news().await);
            let (last, rest) = news.split_last().unwrap();
            assert_eq!(last, "list REJECT", "{news:?}");
            let (balances, orders): (Vec<_>, Vec<_>) =
                rest.iter().partition(|summary| *summary == "outboundAccountPosition");
            assert_eq!(balances.len(), 1, "{news:?}");
            assert!(
                orders.len() >= 2 && orders.iter().all(|summary| summary.starts_with("REJECTED REJECTED")),
                "{news:?}"
            );
        }
        for list in ["openOrders", "openOrderList", "allOrders?symbol=BTCUSDT"] {
            let (path, params) = list.split_once('?').unwrap_or((list, ""));
            let listed = harness.get(&format!("/api/v3/{path}"), params).await;
            assert!(
                listed.as_array().unwrap().iter().all(|order| order["status"] == "FILLED"),
                "{list}: {listed}"
            );
        }
        assert_eq!(harness.get("/api/v3/account", "").await["balances"], before);
        let rows = harness.get("/x/v1/orders", "").await;
        assert_eq!(rows.as_array().unwrap().len(), 1, "the history has the trade alone: {rows}");
    });
    server.stop();
}

#[test]
fn f31_of_a_cancel_replace_that_places_nothing_only_the_cancel_is_reported() {
    let (own, other, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut harness = Harness::open(&server, &own, &other).await;
        let resting = harness.post("order", &limit("BUY", "0.1", "44000")).await.json;
        harness.news().await;
        let replace =
            format!("{TAKES}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId={}", resting["orderId"]);
        assert_eq!(
            harness.post("order/cancelReplace", &replace).await.refusal(),
            (409, -2021, "Order cancel-replace partially failed.")
        );
        assert_eq!(
            summaries(&harness.news().await),
            [
                "CANCELED CANCELED NONE",
                "outboundAccountPosition",
                "REJECTED REJECTED WOULD_MATCH_IMMEDIATELY",
                "outboundAccountPosition"
            ]
        );
        // A failed amend is reported only to its sender.
        let resting = harness.post("order", &limit("BUY", "0.1", "44000")).await.json;
        harness.news().await;
        let amend = format!("symbol=BTCUSDT&orderId={}&newQty=0.2", resting["orderId"]);
        let refused = harness.api.signed(&own, Method::PUT, "/api/v3/order/amend/keepPriority", &amend).await;
        assert_eq!(refused.refusal().1, -2038);
        assert!(harness.news().await.is_empty());
    });
    server.stop();
}

#[test]
fn f31_what_rests_is_reported_as_new_with_what_it_holds() {
    let (own, other, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut harness = Harness::open(&server, &own, &other).await;
        let maker = TAKES.replace("45020", "44000");
        for order in
            [maker.clone(), TRIGGERS.replace("44990", "45100"), TRIGGERS_MARKET.replace("44990", "46000")]
        {
            assert_eq!(harness.post("order", &order).await.status, 200, "{order}");
            assert_eq!(
                summaries(&harness.news().await),
                ["NEW NEW NONE", "outboundAccountPosition"],
                "{order}"
            );
        }
        assert_eq!(harness.post("orderList/oco", &PAIRS[0].replace("45020", "44000")).await.status, 200);
        let pair = ["list EXECUTING", "NEW NEW NONE", "NEW NEW NONE", "outboundAccountPosition"];
        assert_eq!(summaries(&harness.news().await), pair);
        assert_eq!(harness.post("orderList/oto", &OTO.replace("45020", "44000")).await.status, 200);
        let then = ["list EXECUTING", "NEW NEW NONE", "outboundAccountPosition", "NEW PENDING_NEW NONE"];
        assert_eq!(summaries(&harness.news().await), then);
        // One that takes what it can and expires is accepted first, as on the venue.
        let fok = limit("BUY", "5", "45010").replace("GTC", "FOK");
        assert_eq!(harness.post("order", &fok).await.json["status"], "EXPIRED");
        let expired =
            ["NEW NEW NONE", "outboundAccountPosition", "EXPIRED EXPIRED NONE", "outboundAccountPosition"];
        assert_eq!(summaries(&harness.news().await), expired);
    });
    server.stop();
}

/// The working order of each is a buy at 44,900 that is filled below; what waits for it is refused then.
const PENDING: [(&str, &str, usize); 3] = [
    (
        "orderList/oto",
        "pendingType=LIMIT_MAKER&pendingSide=SELL&pendingPrice=44800&pendingQuantity=0.1\
         &pendingClientOrderId=p0",
        1,
    ),
    (
        "orderList/oto",
        "pendingType=STOP_LOSS&pendingSide=SELL&pendingStopPrice=44950&pendingQuantity=0.1\
         &pendingClientOrderId=p0",
        1,
    ),
    (
        "orderList/otoco",
        "pendingSide=SELL&pendingQuantity=0.1&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=44800\
         &pendingAboveClientOrderId=p0&pendingBelowType=STOP_LOSS&pendingBelowStopPrice=44000\
         &pendingBelowClientOrderId=p1",
        2,
    ),
];

#[test]
fn f16_an_acknowledged_order_that_is_refused_when_its_turn_comes_stays_an_order() {
    let (own, other, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), &(settings.clone() + HISTORY));
    let mut rejected = Vec::new();
    block_on(async {
        let mut harness = Harness::open(&server, &own, &other).await;
        // Who would take: a bid at 44,850 stands while the list waits.
        assert_eq!(harness.api.order(&other, &limit("BUY", "0.5", "44850")).await.status, 200);
        for (round, (path, pending, count)) in PENDING.into_iter().enumerate() {
            let pending = pending.replace("OrderId=p", &format!("OrderId=r{round}p"));
            let list = format!(
                "symbol=BTCUSDT&workingType=LIMIT&workingTimeInForce=GTC&workingSide=BUY&workingPrice=44900\
                 &workingQuantity=0.1&{pending}"
            );
            let placed = harness.post(path, &list).await;
            assert_eq!(placed.status, 200, "{placed:?}");
            assert_eq!(placed.json["orderReports"][1]["status"], "PENDING_NEW");
            harness.news().await;
            assert_eq!(
                harness.api.order(&harness.other, &limit("SELL", "0.1", "44900")).await.json["status"],
                "FILLED"
            );
            for leg in 0..count {
                rejected.push(until(&harness.api, &own, &format!("r{round}p{leg}"), "REJECTED", false).await);
            }
            let news = summaries(&harness.news().await);
            let of_pending: Vec<_> = news.iter().filter(|summary| !summary.starts_with("TRADE")).collect();
            assert_eq!(
                of_pending.iter().filter(|summary| summary.starts_with("REJECTED REJECTED")).count(),
                count,
                "{news:?}"
            );
            assert!(!news.iter().any(|summary| summary.starts_with("NEW")), "{news:?}");
            assert_eq!(news.last().unwrap(), "list ALL_DONE");
            let query = format!("orderListId={}", placed.json["orderListId"]);
            assert_eq!(harness.get("/api/v3/orderList", &query).await["listOrderStatus"], "ALL_DONE");
        }
        assert_eq!(harness.get("/api/v3/openOrders", "").await, json!([]));
        let all = harness.get("/api/v3/allOrders", "symbol=BTCUSDT").await;
        let listed: Vec<Value> =
            all.as_array().unwrap().iter().filter(|order| order["status"] == "REJECTED").cloned().collect();
        assert_eq!(listed, rejected);
    });
    server.stop();
    // The journal and the history say the same.
    let server = TestServer::start_on(root.path(), &(settings + HISTORY));
    block_on(async {
        let api = Api::new(server.url());
        let rows = api.signed(&own, Method::GET, "/x/v1/orders", "status=REJECTED").await.json;
        rejected.reverse();
        assert_eq!(rows, json!(rejected));
        for order in &rejected {
            let query = format!("symbol=BTCUSDT&orderId={}", order["orderId"]);
            assert_eq!(api.signed(&own, Method::GET, "/api/v3/order", &query).await.json, *order);
        }
    });
    server.stop();
}
