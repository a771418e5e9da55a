//! Private events: the acknowledgement first, then every event once and in order, across any disconnection.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use awc::http::Method;
use serde_json::{Value, json};

use super::{Talk, limit, refusal, signed};
use crate::{
    api::{Api, limit as form, now_millis, two_accounts},
    support::{KeyPair, TestServer, block_on},
};

const SUBSCRIBE: &str = "userDataStream.subscribe.signature";

/// The two trade with each other.
async fn trade(url: &str, (seller, buyer): &(KeyPair, KeyPair), times: usize) {
    let api = Api::new(url);
    let (sell, buy) = (form("SELL", "0.001", "45000"), form("BUY", "0.001", "45000"));
    for _ in 0..times {
        futures_util::future::join(api.order(seller, &sell), api.order(buyer, &buy)).await;
    }
}

#[test]
fn the_acknowledgement_comes_first_and_then_every_event() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut talk = Talk::open(&server, "").await;
        let url = server.url().to_owned();
        let keys = (seller.clone(), buyer.clone());
        let trading = actix_web::rt::spawn(async move { trade(&url, &keys, 40).await });
        for round in 0..10 {
            let id = talk.send(SUBSCRIBE, &signed(&seller, json!({}))).await;
            let first = talk.socket.json().await;
            assert_eq!((&first["id"], &first["status"]), (&json!(id), &json!(200)), "{first}");
            assert_eq!(first["result"]["subscriptionId"], round);
            let seq = first["result"]["seq"].as_u64().unwrap();
            talk.done(&seller, "order.place", limit("SELL", "0.001", "60000")).await;
            talk.events(seq, seq + 2).await;
            let again = talk.signed(&seller, SUBSCRIBE, json!({})).await;
            assert_eq!(refusal(&again), (400, -2035, "User Data Stream subscription already active."));
            let ended = talk.ask("userDataStream.unsubscribe", json!({ "subscriptionId": round })).await;
            assert_eq!(ended["result"], json!({}), "{ended}");
            let mut last = talk.event().await;
            while last["seq"].is_u64() {
                last = talk.event().await;
            }
            let farewell = (&last["subscriptionId"], &last["event"]["e"]);
            assert_eq!(farewell, (&json!(round), &json!("eventStreamTerminated")));
            let again = talk.ask("userDataStream.unsubscribe", json!({ "subscriptionId": round })).await;
            assert_eq!(refusal(&again), (400, -2036, "User Data Stream subscription not active."));
            assert!(talk.events.is_empty(), "nothing comes after the farewell");
        }
        trading.await.unwrap();
    });
    server.stop();
}

#[test]
fn a_stream_goes_on_where_it_broke_off_while_others_trade_and_after_a_restart() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), &settings);
    let (after, all, last) = block_on(async {
        let api = Api::new(server.url());
        let mut live = Talk::open(&server, "").await;
        let start = live.done(&seller, SUBSCRIBE, json!({})).await["seq"].as_u64().unwrap();
        let url = server.url().to_owned();
        let keys = (seller.clone(), buyer.clone());
        let trading = actix_web::rt::spawn(async move { trade(&url, &keys, 60).await });
        // Others come and go meanwhile, each from where the one before it broke off.
        let mut seen = start;
        let mut resumed = Vec::new();
        while !trading.is_finished() {
            let mut talk = Talk::open(&server, "").await;
            talk.done(&seller, SUBSCRIBE, json!({ "fromSeq": seen })).await;
            let upto = seen + 7;
            api.order(&seller, &form("SELL", "0.001", "60000")).await;
            api.order(&seller, &form("SELL", "0.001", "60000")).await;
            api.order(&seller, &form("SELL", "0.001", "60000")).await;
            api.order(&seller, &form("SELL", "0.001", "60000")).await;
            resumed.extend(talk.events(seen, upto).await);
            seen = upto;
        }
        let heard = live.events(start, seen).await;
        assert_eq!(resumed, heard, "in pieces it is the same stream");
        let listed = format!("fromSeq={start}&limit=1000");
        let listed = api.signed(&seller, Method::GET, "/x/v1/events", &listed).await.json;
        let last = listed["lastSeq"].as_u64().unwrap();
        assert!(last >= seen);
        let listed = listed["events"].as_array().unwrap().clone();
        let listed: Vec<Value> = listed.into_iter().map(|entry| entry["event"].clone()).collect();
        assert_eq!(listed[..heard.len()], heard);
        (start, listed, last)
    });
    server.stop();
    let server = TestServer::start_on(root.path(), "");
    block_on(async {
        let api = Api::new(server.url());
        let mut talk = Talk::open(&server, "").await;
        let id = talk.send(SUBSCRIBE, &signed(&seller, json!({ "fromSeq": after }))).await;
        let first = talk.socket.json().await;
        assert_eq!((&first["id"], &first["result"]["seq"]), (&json!(id), &json!(last)), "{first}");
        let count = u64::try_from(all.len()).unwrap();
        assert_eq!(talk.events(after, after + count).await, all, "the restart kept them");
        talk.events(after + count, last).await;
        // There was no subscriber while this happened.
        talk.ask("userDataStream.unsubscribe", json!({})).await;
        talk.event().await;
        api.order(&seller, &form("SELL", "0.001", "61000")).await;
        talk.done(&seller, SUBSCRIBE, json!({ "fromSeq": last })).await;
        let missed = talk.events(last, last + 2).await;
        assert_eq!(missed[0]["p"], "61000.00000000");
        talk.ask("userDataStream.unsubscribe", json!({})).await;
        talk.event().await;
        let ahead = talk.signed(&seller, SUBSCRIBE, json!({ "fromSeq": last + 100 })).await;
        assert_eq!(
            (ahead["error"]["code"].as_i64(), &ahead["error"]["data"]),
            (Some(-93003), &json!({ "lastSeq": last + 2 }))
        );
        let old = talk.signed(&seller, SUBSCRIBE, json!({ "fromSeq": 0 })).await;
        assert_eq!(
            (old["error"]["code"].as_i64(), &old["error"]["data"]),
            (Some(-93002), &json!({ "oldestSeq": after + 1 }))
        );
        let listed = talk.ask("session.subscriptions", json!({})).await;
        assert_eq!(listed["result"], json!([]), "a refused subscription is none");
        let events = api.signed(&seller, Method::GET, "/x/v1/events", "fromSeq=0").await;
        assert_eq!(events.refusal().1, -93002);
        // The buyer never had a subscriber: none of its events are kept.
        let unheard = api.signed(&buyer, Method::GET, "/x/v1/events", "fromSeq=1").await;
        assert_eq!(unheard.refusal().1, -93002);
    });
    server.stop();
}

#[test]
fn a_page_takes_its_stream_up_too() {
    let server = TestServer::start("[demo]\nenabled = true\n");
    block_on(async {
        let api = Api::new(server.url());
        let demo_session = api.send(Method::POST, "/x/v1/session/demo", &[], "").await;
        let cookie = demo_session.header("set-cookie").unwrap().split(';').next().unwrap();
        let token = demo_session.json["csrfToken"].as_str().unwrap();
        let (own, both) = (("Origin", server.url()), [("Cookie", cookie), ("X-CSRF-Token", token)]);
        let open = async |query: &str| {
            let path = format!("/x/v1/stream{query}");
            crate::api::web::Socket::open(server.url(), &path, &[("Cookie", cookie), own]).await.unwrap()
        };
        let mut page = open("").await;
        page.send(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#).await;
        page.json().await;
        let place = async |price: &str| {
            api.send(Method::POST, "/api/v3/order", &both, &form("SELL", "0.01", price)).await
        };
        place("45000").await;
        let first = page.json().await;
        let seq = first["data"]["seq"].as_u64().unwrap();
        drop(page);
        place("45001").await;
        let mut page = open(&format!("?fromSeq={seq}")).await;
        for next in 1..=3 {
            assert_eq!(page.json().await["data"]["seq"], seq + next);
        }
        let mut page = open(&format!("?fromSeq={}", seq + 1_000)).await;
        let refused = page.json().await;
        assert_eq!((&refused["stream"], &refused["data"]["error"]["code"]), (&json!("user"), &json!(-93003)));
    });
    server.stop();
}

#[test]
fn a_revoked_key_ends_its_subscription_and_its_logon() {
    let (_, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let operator = server.client();
        let made = operator.create_key(11, &["USER_DATA"]).await.unwrap();
        let key = KeyPair { key: made.key, secret: made.secret };
        let mut talk = Talk::open(&server, "").await;
        talk.done(&key, SUBSCRIBE, json!({})).await;
        talk.done(&key, "session.logon", json!({})).await;
        operator.revoke_key(11, &key.key).await.unwrap();
        let refused = talk.ask("account.status", json!({ "timestamp": now_millis() })).await;
        assert!(refused["status"] == 401, "{refused}");
        let farewell = talk.event().await;
        assert_eq!(
            (&farewell["subscriptionId"], &farewell["event"]["e"]),
            (&json!(0), &json!("eventStreamTerminated"))
        );
        let ended = talk.ask("userDataStream.unsubscribe", json!({})).await;
        assert_eq!(refusal(&ended), (400, -2036, "User Data Stream subscription not active."));
    });
    server.stop();
}

#[test]
fn a_slow_listener_is_closed_and_the_others_miss_nothing() {
    const EVENTS: u64 = 4_000;
    let (trader, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    let address = server.url().strip_prefix("http://").unwrap().to_owned();
    block_on(async {
        let mut slow = deaf(&address, &trader);
        let mut quick = Talk::open(&server, "").await;
        let start = quick.done(&trader, SUBSCRIBE, json!({})).await["seq"].as_u64().unwrap();
        let (done, is_done) = tokio::sync::oneshot::channel();
        let url = server.url().to_owned();
        let flood = actix_web::rt::spawn(async move { flood(&url, &trader, is_done).await });
        quick.events(start, start + EVENTS).await;
        let _ = done.send(());
        flood.await.unwrap();
        let heard = actix_web::web::block(move || drain(&mut slow)).await.unwrap();
        assert!(heard.ends_with(b"too slow"), "{:?}", &heard[heard.len().saturating_sub(40)..]);
    });
    server.stop();
}

/// Trades with itself until signalled to stop.
async fn flood(url: &str, trader: &KeyPair, mut done: tokio::sync::oneshot::Receiver<()>) {
    let api = Api::new(url);
    while done.try_recv().is_err() {
        let pair = async || {
            api.order(trader, &form("SELL", "0.001", "45000")).await;
            api.order(trader, &form("BUY", "0.001", "45000")).await;
        };
        futures_util::future::join_all((0..16).map(|_| pair())).await;
    }
}

/// Shakes hands, subscribes, waits for the acknowledgement and reads nothing more.
fn deaf(address: &str, key: &KeyPair) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    socket2::SockRef::from(&stream).set_recv_buffer_size(4_096).unwrap();
    write!(
        stream,
        "GET /ws-api/v3 HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    .unwrap();
    let request = json!({ "id": 1, "method": SUBSCRIBE, "params": signed(key, json!({})) }).to_string();
    // One text frame, masked with zeros.
    let length = u16::try_from(request.len()).unwrap().to_be_bytes();
    stream.write_all(&[0x81, 0xfe, length[0], length[1], 0, 0, 0, 0]).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut heard = Vec::new();
    let mut byte = [0];
    while !heard.ends_with(b"\"subscriptionId\":0") {
        stream.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
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
