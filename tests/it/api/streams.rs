//! WebSocket streams: acknowledgement first, diffs without gaps, slow clients disconnected, private events kept
//! private.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use actix_http::ws::CloseCode;
use awc::http::Method;
use lightning_exchange::{actors::Clock, domain::types::time::Timestamp};
use serde_json::{Value, json};

use super::{
    Api, limit, two_accounts,
    web::{Said, Socket},
};
use crate::support::{KeyPair, TestServer, block_on};

const SUBSCRIBE: &str = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","nobody@trade"],"id":"my id"}"#;

#[test]
fn the_acknowledgement_is_the_first_frame_and_carries_the_id() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let mut socket = Socket::open(server.url(), "/ws/0", &[]).await.ok().unwrap();
        socket.send(SUBSCRIBE).await;
        assert_eq!(socket.json().await, json!({ "result": null, "id": "my id" }));
        api.order(&seller, &limit("SELL", "0.5", "45000")).await;
        api.order(&buyer, &limit("BUY", "0.2", "45000")).await;
        let trade = socket.json().await;
        assert_eq!((&trade["e"], &trade["t"], &trade["m"]), (&json!("trade"), &json!(1), &json!(false)));
        socket.ping().await;
        assert!(matches!(socket.hear().await, Said::Pong));
        socket.send(r#"{"method":"LIST_SUBSCRIPTIONS","id":null}"#).await;
        let listed = socket.json().await;
        assert_eq!(listed, json!({ "result": ["0", "btcusdt@trade", "nobody@trade"], "id": null }));
    });
    server.stop();
}

#[test]
fn a_client_that_talks_too_much_is_closed() {
    // However long it takes, no second passes.
    let (clock, _) = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
    let server = TestServer::start_at(clock, "");
    block_on(async {
        let mut socket = Socket::open(server.url(), "/stream?streams=", &[]).await.ok().unwrap();
        for _ in 0..40 {
            socket.send(r#"{"method":"GET_PROPERTY","params":["combined"],"id":1}"#).await;
        }
        assert_eq!(socket.json().await, json!({ "result": true, "id": 1 }));
        assert_eq!(socket.end().await, Some(CloseCode::Policy));
    });
    server.stop();
}

/// Applies diffs to levels by price, as a client does.
fn apply(book: &mut BTreeMap<String, String>, levels: &Value) {
    for level in levels.as_array().unwrap() {
        let text = |index: usize| level[index].as_str().unwrap().to_owned();
        if text(1) == "0.00000000" {
            book.remove(&text(0));
        } else {
            book.insert(text(0), text(1));
        }
    }
}

#[test]
fn diffs_follow_each_other_and_add_up_to_the_snapshot() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let mut socket = Socket::open(server.url(), "/ws/btcusdt@depth@100ms", &[]).await.ok().unwrap();
        for step in 0..60 {
            let price = 45_000 + step % 20;
            api.order(&seller, &limit("SELL", "0.01", &price.to_string())).await;
        }
        api.signed(&seller, Method::DELETE, "/api/v3/openOrders", "symbol=BTCUSDT").await;
        api.order(&seller, &limit("SELL", "0.02", "45123")).await;
        let snapshot = api.send(Method::GET, "/api/v3/depth?symbol=BTCUSDT&limit=5000", &[], "").await.json;
        let (mut last, mut asks) = (None, BTreeMap::new());
        while last < snapshot["lastUpdateId"].as_u64() {
            let diff = socket.json().await;
            let (first_id, last_id) = (diff["U"].as_u64().unwrap(), diff["u"].as_u64().unwrap());
            assert!(first_id <= last_id && last.is_none_or(|last| first_id == last + 1), "{diff}");
            apply(&mut asks, &diff["a"]);
            last = Some(last_id);
        }
        let mut expected = BTreeMap::new();
        apply(&mut expected, &snapshot["asks"]);
        assert_eq!(asks, expected);
        assert_eq!(last, snapshot["lastUpdateId"].as_u64());
    });
    server.stop();
}

#[test]
fn f5_every_update_that_moves_the_top_is_published_once_and_as_it_stood() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let mut socket = Socket::open(server.url(), "/ws/btcusdt@bookTicker", &[]).await.ok().unwrap();
        let mut last = 0;
        for round in 0..5 {
            for (price, expected) in
                [("45002", "45002"), ("45001", "45001"), ("45000", "45000"), ("45003", "45000")]
            {
                api.order(&seller, &limit("SELL", "0.01", price)).await;
                if price != "45003" {
                    let ticker = socket.json().await;
                    assert_eq!(ticker["a"], format!("{expected}.00000000"), "round {round}: {ticker}");
                    assert!(ticker["u"].as_u64().unwrap() > last, "round {round}: {ticker} after {last}");
                    last = ticker["u"].as_u64().unwrap();
                }
            }
            // It sweeps three levels and leaves a bid: one update, one frame.
            api.order(&buyer, &limit("BUY", "0.05", "45002")).await;
            let ticker = socket.json().await;
            assert_eq!(
                (&ticker["b"], &ticker["B"], &ticker["a"]),
                (&json!("45002.00000000"), &json!("0.02000000"), &json!("45003.00000000")),
                "round {round}"
            );
            assert!(ticker["u"].as_u64().unwrap() > last, "round {round}: {ticker} after {last}");
            last = ticker["u"].as_u64().unwrap();
            let best = api.send(Method::GET, "/api/v3/depth?symbol=BTCUSDT&limit=5", &[], "").await.json;
            assert_eq!(best["lastUpdateId"], last);
            for key in [&seller, &buyer] {
                api.signed(key, Method::DELETE, "/api/v3/openOrders", "symbol=BTCUSDT").await;
                let ticker = socket.json().await;
                assert!(ticker["u"].as_u64().unwrap() > last, "round {round}: {ticker} after {last}");
                last = ticker["u"].as_u64().unwrap();
            }
        }
    });
    server.stop();
}

#[test]
fn a_slow_listener_is_closed_and_no_other_is_affected() {
    let (trader, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    let address = server.url().strip_prefix("http://").unwrap().to_owned();
    block_on(async {
        let mut slow = deaf(&address);
        let mut quick = Socket::open(server.url(), "/ws/btcusdt@trade", &[]).await.ok().unwrap();
        let (done, is_done) = tokio::sync::oneshot::channel();
        let url = server.url().to_owned();
        let flood = actix_web::rt::spawn(async move {
            flood(&url, &trader, is_done).await;
        });
        // Its socket buffers fill, then its backlog; meanwhile every trade reaches the other in order.
        let mut last = 0;
        for _ in 0..3_000 {
            let id = quick.json().await["t"].as_u64().unwrap();
            assert_eq!(id, last + 1);
            last = id;
        }
        let _ = done.send(());
        flood.await.unwrap();
        let heard = actix_web::web::block(move || drain(&mut slow)).await.unwrap();
        assert!(heard.ends_with(b"too slow"), "{:?}", &heard[heard.len().saturating_sub(40)..]);
    });
    server.stop();
}

/// Trades with itself, two orders a trade, until signalled to stop.
async fn flood(url: &str, trader: &KeyPair, mut done: tokio::sync::oneshot::Receiver<()>) {
    let api = Api::new(url);
    while done.try_recv().is_err() {
        let pair = async || {
            api.order(trader, &limit("SELL", "0.001", "45000")).await;
            api.order(trader, &limit("BUY", "0.001", "45000")).await;
        };
        futures_util::future::join_all((0..16).map(|_| pair())).await;
    }
}

/// Shakes hands and reads nothing.
fn deaf(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    socket2::SockRef::from(&stream).set_recv_buffer_size(4_096).unwrap();
    let streams = "btcusdt@trade/btcusdt@bookTicker";
    write!(
        stream,
        "GET /stream?streams={streams} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    .unwrap();
    stream
}

fn drain(stream: &mut TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut heard = Vec::new();
    let mut piece = [0; 65_536];
    while let Ok(count) = stream.read(&mut piece) {
        if count == 0 {
            break;
        }
        heard.extend_from_slice(&piece[..count]);
    }
    heard
}

#[test]
fn private_events_come_to_a_logged_in_page_of_our_own_alone() {
    let server = TestServer::start("[demo]\nenabled = true\n");
    block_on(async {
        let api = Api::new(server.url());
        let demo_session = api.send(Method::POST, "/x/v1/session/demo", &[], "").await;
        let cookie = demo_session.header("set-cookie").unwrap().split(';').next().unwrap();
        let token = demo_session.json["csrfToken"].as_str().unwrap();
        let own = ("Origin", server.url());
        for (headers, status) in [
            (vec![own], 401),
            (vec![("Cookie", cookie)], 403),
            (vec![("Cookie", cookie), ("Origin", "http://evil.page")], 403),
        ] {
            let refused = Socket::open(server.url(), "/x/v1/stream", &headers).await;
            assert_eq!(refused.err().map(|status| status.as_u16()), Some(status), "{headers:?}");
        }
        let path = "/x/v1/stream?timeUnit=MICROSECOND";
        let mut socket = Socket::open(server.url(), path, &[("Cookie", cookie), own]).await.ok().unwrap();
        socket.send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#).await;
        assert_eq!(socket.json().await, json!({ "result": [], "id": 1 }));
        let both = [("Cookie", cookie), ("X-CSRF-Token", token)];
        let order = limit("SELL", "0.1", "45000") + "&newClientOrderId=mine";
        api.send(Method::POST, "/api/v3/order", &both, &order).await;
        let (report, balances) = (socket.json().await, socket.json().await);
        assert_eq!((&report["stream"], &balances["stream"]), (&json!("user"), &json!("user")));
        let event = &report["data"]["event"];
        assert_eq!(
            (&event["e"], &event["x"], &event["c"]),
            (&json!("executionReport"), &json!("NEW"), &json!("mine"))
        );
        assert!(event["E"].as_u64().unwrap() > 1_000_000_000_000_000);
        assert_eq!(balances["data"]["event"]["e"], "outboundAccountPosition");
        assert_eq!(balances["data"]["seq"].as_u64().unwrap(), report["data"]["seq"].as_u64().unwrap() + 1);
        api.send(Method::DELETE, "/x/v1/session", &both, "").await;
        assert_eq!(socket.end().await, Some(CloseCode::Policy), "logging out closes the stream");
    });
    server.stop();
}

#[test]
fn a_stop_is_announced_and_closes_going_away() {
    let server = TestServer::start("");
    block_on(async {
        let mut socket = Socket::open(server.url(), "/stream?streams=btcusdt@trade", &[]).await.ok().unwrap();
        socket.send(r#"{"method":"GET_PROPERTY","params":["combined"],"id":1}"#).await;
        socket.json().await;
        server.stop();
        let notice = socket.json().await;
        assert_eq!(
            (&notice["stream"], &notice["data"]["e"]),
            (&json!("!serverShutdown"), &json!("serverShutdown"))
        );
        assert_eq!(socket.end().await, Some(CloseCode::Away));
    });
}
