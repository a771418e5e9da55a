//! F1 on the wire: a client that sends a cancel behind its order without waiting finds the order, on every transport.
//!
//! `LIGHTNING_PAIRS=20000` makes it long (`docs/testing.md`).

use std::{collections::VecDeque, future::Future, pin::Pin, task::Poll};

use futures_util::{poll, stream};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};

use crate::{
    api::{now_millis, sign, web::Socket},
    grpc::client::{Client, serving, with_grpc},
    support::{KeyPair, TestServer, block_on},
    ws_api::signed,
};

/// How many pairs of place and cancel are sent.
fn pairs() -> usize {
    std::env::var("LIGHTNING_PAIRS").ok().and_then(|pairs| pairs.parse().ok()).unwrap_or(200)
}

/// How many requests are under way at once, at most.
const WINDOW: usize = 100;

/// An account without limits, on an exchange that takes messages as fast as they come.
fn unlimited() -> (KeyPair, String) {
    let key = KeyPair::number(21);
    let account = key.account(21, &[("BTC", "1000"), ("USDT", "100000000")]);
    let account = account.replace("id = 21", "id = 21\nunlimited = true");
    (key, format!("{account}[limits]\napi-messages-per-second = 0\n"))
}

fn price(pair: usize) -> String {
    (45_000 + pair % 50).to_string()
}

/// What came of the pairs, in the order they were sent.
#[derive(Debug, Default)]
struct Tally {
    pairs: usize,
    out_of_order: usize,
    last_order: u64,
}

impl Tally {
    /// Counts one pair: the order's number and status, and the status its cancel left it with.
    fn add(&mut self, order: Option<u64>, placed: &str, cancelled: &str) {
        let order = order.unwrap_or_default();
        self.pairs += 1;
        if order <= self.last_order || placed != "NEW" || cancelled != "CANCELED" {
            self.out_of_order += 1;
        }
        self.last_order = order;
    }

    fn check(&self, transport: &str) {
        println!("{transport}: {} of {} pairs out of order", self.out_of_order, self.pairs);
        assert_eq!((self.pairs, self.out_of_order), (pairs(), 0), "{transport}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn over_the_websocket_api() {
    let (key, settings) = unlimited();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut socket = Socket::open(server.url(), "/ws-api/v3?returnRateLimits=false", &[]).await.unwrap();
        socket.send(&request(0, "session.logon", signed(&key, json!({})))).await;
        assert_eq!(socket.json().await["status"], 200);
        let total = 2 * pairs();
        let mut replies: Vec<Option<Value>> = vec![None; total];
        let (mut sent, mut heard) = (0, 0);
        while heard < total {
            while sent < total && sent - heard < WINDOW {
                let (pair, time) = (sent / 2, now_millis());
                let message = if sent % 2 == 0 {
                    json!({ "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
                        "quantity": "0.001", "price": price(pair), "newClientOrderId": format!("p{pair}"),
                        "newOrderRespType": "RESULT", "timestamp": time })
                } else {
                    json!({ "symbol": "BTCUSDT", "origClientOrderId": format!("p{pair}"), "timestamp": time })
                };
                let method = if sent % 2 == 0 { "order.place" } else { "order.cancel" };
                socket.send(&request(sent, method, message)).await;
                sent += 1;
            }
            let reply = socket.json().await;
            let id = reply["id"].as_u64().unwrap();
            replies[usize::try_from(id).unwrap()] = Some(reply["result"].clone());
            heard += 1;
        }
        let mut tally = Tally::default();
        for pair in replies.chunks(2) {
            let [placed, cancelled] = [&pair[0], &pair[1]].map(|reply| reply.clone().unwrap_or_default());
            tally.add(placed["orderId"].as_u64(), text(&placed["status"]), text(&cancelled["status"]));
        }
        tally.check("WebSocket API");
    });
    server.stop();
}

fn request(id: usize, method: &str, params: Value) -> String {
    json!({ "id": id, "method": method, "params": params }).to_string()
}

/// An HTTP/1.1 connection whose requests are sent without waiting for answers.
struct Pipeline {
    stream: TcpStream,
    key: KeyPair,
    buffer: Vec<u8>,
}

impl Pipeline {
    async fn send(&mut self, method: &str, params: &str) {
        self.send_to(method, "/api/v3/order", params).await;
    }

    async fn send_to(&mut self, method: &str, path: &str, params: &str) {
        let body = sign(&self.key, &format!("{params}&recvWindow=60000&timestamp={}", now_millis()));
        let (key, length) = (&self.key.key, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-MBX-APIKEY: {key}\r\nContent-Length: {length}\r\n\r\n"
        );
        self.stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }

    /// Reads the next answer's body.
    async fn hear(&mut self) -> Value {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            let end = self.buffer.windows(END.len()).position(|window| window == END);
            if let Some(end) = end {
                let head = std::str::from_utf8(&self.buffer[..end]).unwrap().to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let whole = end + END.len() + length.unwrap().parse::<usize>().unwrap();
                if self.buffer.len() >= whole {
                    let body = serde_json::from_slice(&self.buffer[end + END.len()..whole]).unwrap();
                    self.buffer.drain(..whole);
                    return body;
                }
            }
            assert_ne!(self.stream.read_buf(&mut self.buffer).await.unwrap(), 0, "the server closed");
        }
    }
}

#[test]
fn over_http_with_keep_alive() {
    let (key, settings) = unlimited();
    let server = TestServer::start(&settings);
    block_on(async {
        let stream = TcpStream::connect(server.url().trim_start_matches("http://")).await.unwrap();
        let mut pipeline = Pipeline { stream, key, buffer: Vec::new() };
        let mut tally = Tally::default();
        let mut sent = 0;
        while tally.pairs < pairs() {
            while sent < pairs() && sent - tally.pairs < WINDOW / 2 {
                let order = format!(
                    "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.001&price={}\
                     &newClientOrderId=p{sent}&newOrderRespType=RESULT",
                    price(sent)
                );
                pipeline.send("POST", &order).await;
                pipeline.send("DELETE", &format!("symbol=BTCUSDT&origClientOrderId=p{sent}")).await;
                sent += 1;
            }
            let (placed, cancelled) = (pipeline.hear().await, pipeline.hear().await);
            tally.add(placed["orderId"].as_u64(), text(&placed["status"]), text(&cancelled["status"]));
        }
        tally.check("HTTP/1.1 keep-alive");
    });
    server.stop();
}

type Answer<'a> = Pin<Box<dyn Future<Output = Value> + 'a>>;

/// Starts a call, so that its stream is opened before that of the next; its answer is for later.
async fn send<'a>(client: &Client, method: &'static str, request: Value) -> Answer<'a> {
    let client = client.clone();
    let mut call: Answer<'a> = Box::pin(async move { client.call(method, request).await.unwrap() });
    match poll!(&mut call) {
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
        Poll::Pending => call,
    }
}

fn place(account: u64, name: &str, price: &str) -> Value {
    json!({ "symbolId": 1, "accountId": account, "type": "LIMIT", "side": "ASK", "price": price, "quantity": "0.001",
        "clientOrderId": name })
}

fn cancel(account: u64, name: &str) -> Value {
    json!({ "symbolId": 1, "accountId": account, "clientOrderId": name })
}

#[test]
fn over_grpc() {
    let (key, settings) = unlimited();
    let server = TestServer::start(&with_grpc(&settings));
    block_on(async {
        let client = Client::connect(&server).await;
        let mut tally = Tally::default();
        let mut under_way = VecDeque::new();
        for pair in 0..pairs() {
            let client = client.signing(&key, server.exchange());
            let name = format!("p{pair}");
            under_way.push_back(send(&client, "placeOrder", place(21, &name, &price(pair))).await);
            under_way.push_back(send(&client, "cancelOrder", cancel(21, &name)).await);
            if under_way.len() >= WINDOW || pair + 1 == pairs() {
                let mut answers = std::mem::take(&mut under_way).into_iter();
                while let (Some(placed), Some(cancelled)) = (answers.next(), answers.next()) {
                    let (placed, cancelled) =
                        (placed.await["order"].clone(), cancelled.await["order"].clone());
                    let order = text(&placed["orderId"]).parse().ok();
                    tally.add(order, text(&placed["status"]), text(&cancelled["status"]));
                }
            }
        }
        tally.check("gRPC");
    });
    server.stop();
}

#[test]
fn a_call_whose_message_arrives_late_still_comes_before_those_opened_after_it() {
    let (key, settings) = unlimited();
    let server = serving(&settings);
    block_on(async {
        let client = Client::connect(&server).await.signing(&key, server.exchange());
        let (release, released) = oneshot::channel();
        let withheld = stream::once(async move { released.await.unwrap() });
        let mut placed = Box::pin(client.call_with("placeOrder", place(21, "late", "45000"), withheld));
        assert!(poll!(&mut placed).is_pending());
        let cancelled = send(&client, "cancelOrder", cancel(21, "late")).await;
        // A stream opened after both is answered: both have arrived, the message of the first excepted.
        let mut depth = client.stream("streamDepth", json!({ "symbolId": 1 })).await.unwrap();
        tokio::select! {
            _ = depth.next() => {}
            placed = &mut placed => panic!("{placed:?}"),
        }
        release.send(()).unwrap();
        let (placed, cancelled) = futures_util::join!(placed, cancelled);
        assert_eq!(placed.unwrap()["order"]["status"], "NEW");
        assert_eq!(cancelled["order"]["status"], "CANCELED", "{cancelled}");
    });
    server.stop();
}

#[test]
fn in_one_batch_and_after_it() {
    let (key, settings) = unlimited();
    let server = TestServer::start(&settings);
    block_on(async {
        let stream = TcpStream::connect(server.url().trim_start_matches("http://")).await.unwrap();
        let mut pipeline = Pipeline { stream, key, buffer: Vec::new() };
        for round in 0..pairs() / 20 {
            let orders: Vec<Value> = (0..20)
                .map(|index| {
                    json!({ "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
                        "quantity": "0.001", "price": price(index), "newClientOrderId": format!("b{round}-{index}") })
                })
                .collect();
            let orders = crate::api::url_encoded(&Value::from(orders).to_string());
            pipeline.send_to("POST", "/x/v1/batchOrders", &format!("batchOrders={orders}")).await;
            pipeline.send_to("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").await;
            let (placed, cancelled) = (pipeline.hear().await, pipeline.hear().await);
            let ids = |orders: &Value| -> Vec<u64> {
                let orders = orders.as_array().unwrap_or_else(|| panic!("{orders}"));
                orders.iter().map(|order| order["orderId"].as_u64().unwrap()).collect()
            };
            let placed = ids(&placed);
            assert!(placed.is_sorted() && placed.len() == 20, "{placed:?}");
            assert_eq!(ids(&cancelled), placed);
        }
    });
    server.stop();
}
