//! Limits over the wire, on a clock that stands still.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::Ordering,
};

use awc::http::Method;
use lightning_exchange::{actors::Clock, domain::types::time::Timestamp};
use serde_json::json;

use crate::{
    api::{Answer, Api, limit, sign, two_accounts},
    support::{KeyPair, TestServer, block_on},
};

/// Ten seconds before a minute ends, on the first of ten seconds.
const NOW: u64 = 1_700_000_030_000;

fn with_manual_clock(
    settings: &str,
) -> (TestServer, tempfile::TempDir, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual(Timestamp::from_millis(NOW));
    (TestServer::start_with(directory.path(), settings, clock), directory, time)
}

async fn forwarded(api: &Api, path: &str, address: &str) -> Answer {
    api.send(Method::GET, path, &[("X-Forwarded-For", address)], "").await
}

const STRICT: &str = "[server]\ntrusted-proxies = [\"127.0.0.1\"]\n\
    [limits]\nrequest-weight-per-minute = 10\nconnections-per-5-minutes = 2\nrefusals-before-ban = 2\n";

#[test]
fn an_address_that_exceeds_its_limits_is_warned_then_banned() {
    let (server, _directory, time) = with_manual_clock(STRICT);
    block_on(async {
        let api = Api::new(server.url());
        let depth = "/api/v3/depth?symbol=BTCUSDT";
        for used in ["5", "10"] {
            let answer = forwarded(&api, depth, "203.0.113.7").await;
            assert_eq!((answer.status.as_u16(), answer.header("x-mbx-used-weight-1m")), (200, Some(used)));
        }
        let text = "Too much request weight used; current limit is 10 request weight per 1 MINUTE. Please use \
                    WebSocket Streams for live updates to avoid polling the API.";
        for path in [depth, "/api/v3/nothing"] {
            let refused = forwarded(&api, path, "203.0.113.7").await;
            assert_eq!(refused.refusal(), (429, -1003, text));
            assert_eq!(refused.header("retry-after"), Some("10"));
        }
        let until = NOW + 120_000;
        let text = format!(
            "Way too much request weight used; IP banned until {until}. Please use WebSocket Streams for live \
             updates to avoid bans."
        );
        for _ in 0..2 {
            let banned = forwarded(&api, depth, "203.0.113.7").await;
            assert_eq!(banned.refusal(), (418, -1003, text.as_str()));
            assert_eq!(banned.header("retry-after"), Some("120"));
        }
        let socket = forwarded(&api, "/ws", "203.0.113.7").await;
        assert_eq!(socket.refusal().0, 418);
        assert_eq!(forwarded(&api, depth, "203.0.113.8").await.status, 200, "another address");
        assert_eq!(forwarded(&api, "/health/live", "203.0.113.7").await.status, 200, "a probe");
        time.store(until * 1_000, Ordering::Relaxed);
        assert_eq!(forwarded(&api, depth, "203.0.113.7").await.status, 200, "the ban is over");
        let limits = forwarded(&api, "/x/v1/rateLimit", "203.0.113.7").await;
        let expected = json!([{
            "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 10, "count": 6,
        }]);
        assert_eq!(limits.json, expected);
        let info = forwarded(&api, "/api/v3/exchangeInfo", "127.0.0.1").await;
        assert_eq!(info.json["rateLimits"][0]["limit"], 10);
        assert_eq!(info.json["rateLimits"][3]["limit"], 300_000);
    });
    server.stop();
}

#[test]
fn connections_are_limited_and_this_machine_is_not() {
    let (server, _directory, _) = with_manual_clock(STRICT);
    block_on(async {
        let api = Api::new(server.url());
        for status in [426, 426, 429] {
            assert_eq!(forwarded(&api, "/ws", "203.0.113.9").await.status, status);
        }
        for _ in 0..5 {
            assert_eq!(api.send(Method::GET, "/ws", &[], "").await.status, 426);
            assert_eq!(api.send(Method::GET, "/api/v3/depth?symbol=BTCUSDT", &[], "").await.status, 200);
        }
    });
    server.stop();
}

#[test]
fn only_a_trusted_proxy_is_believed() {
    let settings = "[limits]\nloopback = true\nrequest-weight-per-minute = 10\n";
    let (server, _directory, _) = with_manual_clock(settings);
    block_on(async {
        let api = Api::new(server.url());
        for (address, status) in [("203.0.113.1", 200), ("203.0.113.2", 200), ("203.0.113.3", 429)] {
            assert_eq!(forwarded(&api, "/api/v3/depth?symbol=BTCUSDT", address).await.status, status);
        }
    });
    server.stop();
}

fn counts(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (answer.header("x-mbx-order-count-10s"), answer.header("x-mbx-order-count-1d"))
}

async fn post(api: &Api, key: &KeyPair, path: &str, params: &str, millis: u64) -> Answer {
    api.signed_at(key, Method::POST, path, params, millis).await
}

#[test]
fn unfilled_orders_are_limited_also_after_a_restart_and_fills_release_them() {
    let (seller, buyer, accounts) = two_accounts();
    let maker = KeyPair::number(13);
    let unlimited = maker.account(13, &[("BTC", "10")]).replace("id = 13", "id = 13\nunlimited = true");
    let settings = format!("{accounts}{unlimited}[limits]\norders-per-10-seconds = 3\norders-per-day = 4\n");
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual(Timestamp::from_millis(NOW));
    let server = TestServer::start_with(directory.path(), &settings, clock.clone());
    let order = "/api/v3/order";
    let text =
        |limit: u32, per: &str| format!("Too many new orders; current limit is {limit} orders per {per}.");
    block_on(async {
        let api = Api::new(server.url());
        for count in ["1", "2", "3"] {
            let placed = post(&api, &seller, order, &limit("SELL", "0.5", "45000"), NOW).await;
            assert_eq!((placed.status.as_u16(), counts(&placed)), (200, (Some(count), Some(count))));
        }
        let refused = post(&api, &seller, order, &limit("SELL", "0.5", "45000"), NOW).await;
        assert_eq!(refused.refusal(), (429, -1015, text(3, "10 SECOND").as_str()));
        assert_eq!((refused.header("retry-after"), counts(&refused)), (Some("10"), (None, None)));
        for _ in 0..5 {
            let placed = post(&api, &maker, order, &limit("SELL", "0.5", "45000"), NOW).await;
            assert_eq!(placed.status, 200, "a market maker: {placed:?}");
        }
    });
    server.stop();
    let server = TestServer::start_with(directory.path(), &settings, clock);
    block_on(async {
        let api = Api::new(server.url());
        let refused = post(&api, &seller, order, &limit("SELL", "0.5", "45000"), NOW).await;
        assert_eq!(refused.refusal().0, 429, "a restart forgets nothing");
        let read = async |key: &KeyPair, millis| {
            let answer = api.signed_at(key, Method::GET, "/api/v3/rateLimit/order", "", millis).await;
            let limits = answer.json.as_array().unwrap().clone();
            let fields = ["interval", "intervalNum", "limit", "count"];
            limits.into_iter().map(|limit| fields.map(|field| limit[field].clone())).collect::<Vec<_>>()
        };
        let expected = |ten_seconds: u32, day: u32| {
            vec![
                [json!("SECOND"), json!(10), json!(3), json!(ten_seconds)],
                [json!("DAY"), json!(1), json!(4), json!(day)],
            ]
        };
        assert_eq!(read(&seller, NOW).await, expected(3, 3));
        // Taking gives its own back; being taken gives five back.
        let taken = post(&api, &buyer, order, &limit("BUY", "0.1", "45000"), NOW).await;
        assert_eq!(counts(&taken), (Some("0"), Some("0")));
        assert_eq!(read(&seller, NOW).await, expected(0, 0));
        let later = NOW + 10_000;
        for millis in [NOW, NOW, NOW, later] {
            time.store(millis * 1_000, Ordering::Relaxed);
            let placed = post(&api, &seller, order, &limit("SELL", "0.5", "46000"), millis).await;
            assert_eq!(placed.status, 200, "{placed:?}");
        }
        assert_eq!(read(&seller, later).await, expected(1, 4));
        let refused = post(&api, &seller, order, &limit("SELL", "0.5", "46000"), later).await;
        assert_eq!(refused.refusal(), (429, -1015, text(4, "1 DAY").as_str()));
        assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 3_600);
    });
    server.stop();
}

#[test]
fn a_replace_at_the_limit_does_nothing_or_only_cancels() {
    let (seller, _, accounts) = two_accounts();
    let (server, _directory, _) =
        with_manual_clock(&format!("{accounts}[limits]\norders-per-10-seconds = 1\n"));
    block_on(async {
        let api = Api::new(server.url());
        let old = limit("SELL", "0.5", "45000") + "&newClientOrderId=old";
        assert_eq!(post(&api, &seller, "/api/v3/order", &old, NOW).await.status, 200);
        let replace = limit("SELL", "0.4", "46000")
            + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=old&orderRateLimitExceededMode=";
        let path = "/api/v3/order/cancelReplace";
        let text = "Too many new orders; current limit is 1 orders per 10 SECOND.";
        let nothing = post(&api, &seller, path, &(replace.clone() + "DO_NOTHING"), NOW).await;
        assert_eq!(nothing.refusal(), (429, -1015, text));
        let open = api.signed_at(&seller, Method::GET, "/api/v3/openOrders", "", NOW).await;
        assert_eq!(open.json.as_array().unwrap().len(), 1, "nothing happened");
        let only = post(&api, &seller, path, &(replace + "CANCEL_ONLY"), NOW).await;
        assert_eq!(only.refusal(), (429, -2021, "Order cancel-replace partially failed."));
        assert_eq!(only.json["data"]["cancelResult"], "SUCCESS");
        assert_eq!(only.json["data"]["newOrderResponse"], json!({ "code": -1015, "msg": text }));
        assert_eq!(only.header("retry-after"), Some("10"));
    });
    server.stop();
}

#[test]
fn each_order_of_a_list_counts_and_a_list_is_placed_whole_or_not() {
    let (seller, _, accounts) = two_accounts();
    let (server, _directory, _) =
        with_manual_clock(&format!("{accounts}[limits]\norders-per-10-seconds = 3\n"));
    block_on(async {
        let api = Api::new(server.url());
        let list = "symbol=BTCUSDT&workingType=LIMIT&workingSide=SELL&workingPrice=45000&workingQuantity=0.5\
            &workingTimeInForce=GTC&pendingType=LIMIT&pendingSide=BUY&pendingPrice=44000&pendingQuantity=0.5\
            &pendingTimeInForce=GTC";
        let placed = post(&api, &seller, "/api/v3/orderList/oto", list, NOW).await;
        assert_eq!((placed.status.as_u16(), counts(&placed)), (200, (Some("2"), Some("2"))), "{placed:?}");
        let refused = post(&api, &seller, "/api/v3/orderList/oto", list, NOW).await;
        let text = "Too many new orders; current limit is 3 orders per 10 SECOND.";
        assert_eq!(refused.refusal(), (429, -1015, text), "one is left, two are asked for");
        let open = api.signed_at(&seller, Method::GET, "/api/v3/openOrders", "", NOW).await;
        assert_eq!(open.json.as_array().unwrap().len(), 2, "none of the second list");
        let one = post(&api, &seller, "/api/v3/order", &limit("SELL", "0.5", "45000"), NOW).await;
        assert_eq!((one.status.as_u16(), counts(&one)), (200, (Some("3"), Some("3"))));
    });
    server.stop();
}

/// Sends a request as it stands and returns status and body.
fn raw(server: &TestServer, target: &str, key: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nX-MBX-APIKEY: {key}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn a_raw_quote_in_a_query_is_read_and_verified_as_sent() {
    let (seller, _, accounts) = two_accounts();
    let (server, _directory, _) = with_manual_clock(&accounts);
    let (status, body) = raw(&server, "/api/v3/ticker/price?symbols=[\"BTCUSDT\",\"ETHUSDT\"]", "");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"symbol\":\"BTCUSDT\"") && body.contains("\"symbol\":\"ETHUSDT\""), "{body}");
    // Signed as sent: the refusal is for the unknown parameter, not the signature.
    let query = sign(&seller, &format!("note=\"{{a}}\"&timestamp={NOW}"));
    let (status, body) = raw(&server, &format!("/api/v3/account?{query}"), &seller.key);
    let text = "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.";
    assert_eq!((status, body), (400, json!({ "code": -1104, "msg": text }).to_string()));
    let forged = query.replace("{a}", "{b}");
    let (status, body) = raw(&server, &format!("/api/v3/account?{forged}"), &seller.key);
    assert!(status == 400 && body.contains("-1022"), "{status} {body}");
    server.stop();
}
