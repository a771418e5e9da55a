//! Unusual requests of clients and their answers: HEAD, handshakes, broken frames, bursts, spare credentials.

use std::collections::BTreeMap;

use actix_http::ws::CloseCode;
use lightning_exchange::http::{ENDPOINTS, Security};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    api::{now_millis, two_accounts, web::Socket},
    grpc::client::still,
    support::{TestServer, block_on},
    ws_api::signed,
};

/// A connection by hand.
struct Raw {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug)]
struct Head {
    status: u16,
    headers: BTreeMap<String, String>,
}

impl Head {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl Raw {
    async fn open(server: &TestServer) -> Self {
        let address = server.url().trim_start_matches("http://");
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Asks for a path with more header lines, each with its end.
    async fn ask(&mut self, method: &str, path: &str, headers: &str) -> Head {
        self.send(format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").as_bytes()).await;
        self.head().await
    }

    async fn head(&mut self) -> Head {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            if let Some(end) = self.buffer.windows(END.len()).position(|window| window == END) {
                let text = String::from_utf8(self.buffer.drain(..end + END.len()).collect()).unwrap();
                let mut lines = text.trim_end().lines();
                let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
                let headers = lines.filter_map(|line| line.split_once(": "));
                let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
                return Head { status, headers: headers.collect() };
            }
            assert!(self.read().await, "closed before an answer");
        }
    }

    async fn body(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.read().await, "closed in an answer");
        }
        self.buffer.drain(..length).collect()
    }

    /// Reads more; `false` at the end.
    async fn read(&mut self) -> bool {
        self.stream.read_buf(&mut self.buffer).await.is_ok_and(|count| count > 0)
    }

    /// Shakes hands for a WebSocket.
    async fn upgrade(&mut self, path: &str, version: &str) -> Head {
        let headers = format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{version}"
        );
        self.ask("GET", path, &headers).await
    }

    /// Returns the code the server closes with.
    async fn close_code(&mut self) -> u16 {
        loop {
            if let [first, length, ..] = self.buffer[..] {
                let frame = self.body(2 + usize::from(length & 0x7f)).await;
                if first == 0x88 {
                    return u16::from_be_bytes([frame[2], frame[3]]);
                }
                continue;
            }
            assert!(self.read().await, "closed without a word");
        }
    }
}

/// A client's frame, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    let head = [first, 0x80 | u8::try_from(payload.len()).unwrap()];
    head.into_iter().chain(MASK).chain(masked).collect()
}

const VERSION_13: &str = "Sec-WebSocket-Version: 13\r\n";

#[test]
fn every_get_answers_head_with_the_same_headers_and_no_body() {
    let (_, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut raw = Raw::open(&server).await;
        let gets = ENDPOINTS.iter().filter(|endpoint| endpoint.method == "GET");
        let mut compared = 0;
        for endpoint in gets {
            let path = match endpoint.path {
                path if path.contains("lines") => format!("{path}?symbol=BTCUSDT&interval=1m"),
                path if endpoint.security == Security::Public => format!("{path}?symbol=BTCUSDT"),
                path => path.to_owned(),
            };
            let headers = |head: &Head| {
                let mut headers = head.headers.clone();
                // What differs between two requests: the time, the request's id, what was used; metrics count requests.
                let passing = ["date", "x-mbx-uuid", "x-mbx-used-weight", "x-mbx-used-weight-1m"];
                passing.iter().for_each(|name| drop(headers.remove(*name)));
                if ["/metrics", "/health/ready", "/api/v3/time"].contains(&endpoint.path) {
                    headers.remove("content-length");
                }
                (head.status, headers)
            };
            let head = raw.ask("HEAD", &path, "").await;
            // Were there a body, it would stand before the next answer.
            let get = raw.ask("GET", &path, "").await;
            let length = get.header("content-length").parse().unwrap();
            raw.body(length).await;
            assert_eq!(headers(&head), headers(&get), "{path}");
            assert!(!head.header("content-length").is_empty(), "{path}");
            compared += 1;
        }
        assert!(compared > 40, "{compared}");
        let page = raw.ask("HEAD", "/", "").await;
        assert!(page.status == 200 && page.header("content-length") != "0", "{page:?}");
        let unknown = raw.ask("HEAD", "/none", "").await;
        assert_eq!(unknown.status, 404);
        let post = raw.ask("HEAD", "/x/v1/batchOrders", "").await;
        assert_eq!((post.status, post.header("allow")), (405, "POST, DELETE"));
        let put = raw.ask("PATCH", "/api/v3/order", "Content-Length: 0\r\n").await;
        assert_eq!((put.status, put.header("allow")), (405, "POST, DELETE, GET, HEAD"));
    });
    server.stop();
}

#[test]
fn another_version_of_websocket_is_refused_with_the_one_that_is_spoken() {
    let server = TestServer::start("");
    block_on(async {
        for path in ["/ws", "/stream", "/ws-api/v3"] {
            for version in ["Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Version: 7\r\n", ""] {
                let mut raw = Raw::open(&server).await;
                let refused = raw.upgrade(path, version).await;
                let headers = ["sec-websocket-version", "upgrade"].map(|name| refused.header(name));
                assert_eq!((refused.status, headers), (426, ["13", "websocket"]), "{path} {version}");
            }
            let mut raw = Raw::open(&server).await;
            assert_eq!(raw.upgrade(path, VERSION_13).await.status, 101, "{path}");
            let mut raw = Raw::open(&server).await;
            assert_eq!(raw.ask("GET", path, "").await.status, 426, "{path} without a handshake");
        }
        let mut raw = Raw::open(&server).await;
        let headers =
            format!("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n{VERSION_13}");
        assert_eq!(raw.ask("GET", "/ws", &headers).await.status, 400);
    });
    server.stop();
}

#[test]
fn what_is_not_utf_8_closes_with_1007_wherever_it_stands_and_other_breaches_with_1002() {
    const BAD: &[u8] = b"\xc3\x28";
    let reason = [&1000_u16.to_be_bytes()[..], BAD].concat();
    let split = [frame(0x01, b"\"\xc3"), frame(0x80, b"\x28\"")].concat();
    let cases: [(&str, Vec<u8>, u16); 6] = [
        ("text", frame(0x81, BAD), 1007),
        ("fragments", split, 1007),
        ("the reason of a close", frame(0x88, &reason), 1007),
        ("no such opcode", frame(0x83, b"x"), 1002),
        ("no such close code", frame(0x88, &999_u16.to_be_bytes()), 1002),
        ("a fragment of nothing", frame(0x80, b"x"), 1002),
    ];
    let server = TestServer::start("");
    block_on(async {
        for path in ["/ws", "/ws-api/v3"] {
            for (name, bytes, code) in &cases {
                let mut raw = Raw::open(&server).await;
                assert_eq!(raw.upgrade(path, VERSION_13).await.status, 101);
                raw.send(bytes).await;
                assert_eq!(raw.close_code().await, *code, "{path}: {name}");
            }
        }
        // A character cut in two by fragments is one.
        let mut raw = Raw::open(&server).await;
        raw.upgrade("/ws", VERSION_13).await;
        raw.send(&[frame(0x01, b"\"\xc3"), frame(0x80, b"\xa9\"")].concat()).await;
        raw.send(&frame(0x88, &[])).await;
        while raw.read().await {}
        assert!(!raw.buffer.windows(2).any(|bytes| bytes == 1007_u16.to_be_bytes()), "{:?}", raw.buffer);
    });
    server.stop();
}

#[test]
fn broken_connections_are_counted() {
    let server = TestServer::start("");
    block_on(async {
        let mut tls = Raw::open(&server).await;
        tls.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
        while tls.read().await {}
        let mut frames = Raw::open(&server).await;
        frames.upgrade("/ws", VERSION_13).await;
        frames.send(&frame(0x83, b"x")).await;
        frames.close_code().await;
        // The connection is counted when it has ended, which may be after its last byte.
        loop {
            let mut raw = Raw::open(&server).await;
            let head = raw.ask("GET", "/metrics", "").await;
            let metrics = raw.body(head.header("content-length").parse().unwrap()).await;
            let metrics = String::from_utf8(metrics).unwrap();
            let has = |protocol: &str| {
                let line = format!("lightning_connections_broken_total{{protocol=\"{protocol}\"}} ");
                metrics.lines().find_map(|text| text.strip_prefix(&line)).is_some_and(|count| count != "0")
            };
            if has("http") && has("websocket") {
                break;
            }
        }
    });
    server.stop();
}

#[test]
fn a_client_may_subscribe_to_many_streams_at_once() {
    let server = TestServer::start_at(still().0, "");
    block_on(async {
        let subscribe =
            |id: u64| json!({ "method": "SUBSCRIBE", "params": [format!("btcusdt@kline_{id}m")], "id": id });
        let mut socket = Socket::open(server.url(), "/ws", &[]).await.unwrap();
        for id in 1..=25 {
            socket.send(&subscribe(id).to_string()).await;
        }
        for id in 1..=25 {
            assert_eq!(socket.json().await, json!({ "result": null, "id": id }));
        }
        // The clock stands still: no more are due.
        socket.send(&subscribe(26).to_string()).await;
        assert_eq!(socket.end().await, Some(CloseCode::Policy));
    });
    server.stop();
}

#[test]
fn the_rate_and_the_burst_are_settings_of_both_kinds_of_socket() {
    let limits = "[limits]\nmessages-per-second = 1\nmessage-burst = 2\napi-messages-per-second = 1\napi-message-burst = 3\n";
    let server = TestServer::start_at(still().0, limits);
    block_on(async {
        for (path, burst) in [("/ws", 2), ("/ws-api/v3", 3)] {
            let mut socket = Socket::open(server.url(), path, &[]).await.unwrap();
            let ask = |id: i32| json!({ "method": "LIST_SUBSCRIPTIONS", "id": id }).to_string();
            for id in 0..burst {
                socket.send(&ask(id)).await;
            }
            for _ in 0..burst {
                socket.json().await;
            }
            socket.send(&ask(burst)).await;
            assert_eq!(socket.end().await, Some(CloseCode::Policy), "{path}");
        }
    });
    server.stop();
}

#[test]
fn requests_about_a_session_may_come_with_credentials() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let mut socket = Socket::open(server.url(), "/ws-api/v3?returnRateLimits=false", &[]).await.unwrap();
        let mut ask = async |method: &str, params: Value| {
            socket.send(&json!({ "id": 1, "method": method, "params": params }).to_string()).await;
            loop {
                let reply = socket.json().await;
                if reply["id"] == 1 {
                    return reply;
                }
            }
        };
        let proof = || signed(&seller, json!({ "recvWindow": 5_000 }));
        assert_eq!(ask("session.status", proof()).await["result"]["apiKey"], Value::Null);
        assert_eq!(ask("session.logon", proof()).await["status"], 200);
        let status = ask("session.status", proof()).await;
        assert_eq!(status["result"]["apiKey"], json!(seller.key), "{status}");
        let other = ask("userDataStream.subscribe", signed(&buyer, json!({}))).await;
        assert_eq!(other["error"]["code"], -1106, "another key than the login's: {other}");
        for method in ["userDataStream.subscribe", "session.subscriptions", "userDataStream.unsubscribe"] {
            assert_eq!(ask(method, proof()).await["status"], 200, "{method}");
        }
        let off = ask("session.logout", proof()).await;
        assert_eq!((&off["status"], &off["result"]["apiKey"]), (&json!(200), &Value::Null), "{off}");
        // Unknown parameters are still rejected.
        let extra = ask("session.status", json!({ "timestamp": now_millis(), "verbose": true })).await;
        assert_eq!(extra["error"]["code"], -1104, "{extra}");
    });
    server.stop();
}
