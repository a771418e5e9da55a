//! Unfinished requests end in time, on every port.

use std::{
    io::{ErrorKind, Write},
    net::TcpStream,
};

use socket2::SockRef;

use super::raw::{GREETING, answer, get, metric, say, until_closed};
use crate::support::TestServer;

const HURRY: &str = "[server]\nhead-timeout-ms = 300\nbody-timeout-ms = 400\nwrite-timeout-ms = 1000\n\
    [grpc]\nenabled = true\nlisten = \"127.0.0.1:0\"\nidle-timeout-ms = 1000\n";

const LATE: &str = r#"{"code":-93010,"msg":"The request did not arrive in time; it was not looked at. Send it again, whole."}"#;

const POST: &str = "POST /api/v3/order HTTP/1.1\r\nHost: localhost\r\n";

/// A handshake of WebSocket.
const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn address(server: &TestServer) -> &str {
    server.url().strip_prefix("http://").unwrap()
}

/// Requires that the last thing said is that the request was late.
fn is_timed_out(heard: &[u8]) {
    let heard = String::from_utf8_lossy(heard).to_ascii_lowercase();
    let last = &heard[heard.rfind("http/1.1 ").unwrap_or_else(|| panic!("{heard:?}"))..];
    assert!(last.starts_with("http/1.1 408 request timeout\r\n"), "{heard}");
    assert!(last.contains("connection: close\r\n") && last.ends_with(&LATE.to_ascii_lowercase()), "{heard}");
}

#[test]
fn a_head_that_does_not_arrive_times_out() {
    let server = TestServer::start(HURRY);
    let ping = "GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for words in [
        String::new(),
        "GET /api/v3/ping HTTP/1.1\r\nX-Never: e".to_owned(),
        "GET /ws/btcusdt@trade HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upg".to_owned(),
    ] {
        is_timed_out(&until_closed(&mut say(address(&server), words)));
    }
    // Not the first request of its connection.
    let mut kept = say(address(&server), ping);
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));
    kept.write_all(b"GET /api/v3/ti").unwrap();
    is_timed_out(&until_closed(&mut kept));
    server.stop();
}

#[test]
fn a_body_that_does_not_arrive_times_out() {
    let server = TestServer::start(HURRY);
    for rest in ["Content-Length: 100\r\n\r\nsymbol=", "Transfer-Encoding: chunked\r\n\r\n3\r\nsym\r\n"] {
        is_timed_out(&until_closed(&mut say(address(&server), format!("{POST}{rest}"))));
    }
    server.stop();
}

/// Says something over and over until the other side has had enough.
fn say_for_ever(stream: &mut TcpStream, words: &str) {
    loop {
        match stream.write_all(words.as_bytes()) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                return;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_body_without_an_end_is_cut_off_whether_it_is_read_or_not() {
    let server = TestServer::start(HURRY);
    for path in ["/api/v3/order", "/nowhere"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut endless = say(address(&server), head);
        say_for_ever(&mut endless, &format!("400\r\n{}\r\n", "x".repeat(1_024)));
    }
    let mut long = say(address(&server), format!("{POST}Content-Length: 1000000000\r\n\r\n"));
    say_for_ever(&mut long, &"x".repeat(1_024));
    server.stop();
}

#[test]
fn a_connection_in_use_outlives_every_deadline() {
    let server = TestServer::start(HURRY);
    let mut socket = say(address(&server), HANDSHAKE);
    assert!(answer(&mut socket).starts_with("HTTP/1.1 101"));
    let mut kept = say(address(&server), "");
    kept.write_all(b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));
    // By now every deadline of the other connections has passed.
    is_timed_out(&until_closed(&mut say(address(&server), "")));
    is_timed_out(&until_closed(&mut say(address(&server), format!("{POST}Content-Length: 9\r\n\r\n"))));
    kept.write_all(b"GET /api/v3/time HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));
    socket.write_all(b"\x88\x80\0\0\0\0").unwrap(); // a close, masked
    assert!(until_closed(&mut socket).starts_with(b"\x88"));
    server.stop();
}

#[test]
fn a_client_that_reads_nothing_of_an_answer_is_cut_off() {
    let server = TestServer::start(HURRY);
    let mut slow = say(address(&server), "");
    SockRef::from(&slow).set_recv_buffer_size(4_096).unwrap();
    let ask = "GET /api-docs/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    slow.write_all(ask.repeat(64).as_bytes()).unwrap();
    while metric(address(&server), "lightning_connections_timed_out_total ") == 0 {
        std::thread::yield_now();
    }
    let whole = get(address(&server), "/api-docs/openapi.json").len();
    assert!(until_closed(&mut slow).len() < 64 * whole);
    server.stop();
}

#[test]
fn a_silent_connection_of_grpc_is_closed() {
    let server = TestServer::start(HURRY);
    let grpc = server.grpc().unwrap().to_string();
    let half_a_call = [GREETING, b"\0\0\x20\x01\x04\0\0\0\x01\x83"].concat();
    for words in [b"".as_slice(), &GREETING[..10], GREETING, &half_a_call] {
        until_closed(&mut say(&grpc, words));
    }
    while metric(address(&server), "lightning_connections_open{transport=\"grpc\"} ") > 0 {
        std::thread::yield_now(); // they hang up before they are counted
    }
    server.stop();
}

#[test]
fn an_address_may_have_so_many_connections() {
    let settings = format!("{HURRY}[limits]\nloopback = true\nconnections-per-address = 3\n")
        .replace("head-timeout-ms = 300", "head-timeout-ms = 60000");
    let server = TestServer::start(&settings);
    let grpc = server.grpc().unwrap().to_string();
    let mut kept: Vec<TcpStream> = (0..3).map(|_| say(address(&server), "")).collect();
    // Admitted connections are answered.
    for stream in &mut kept {
        stream.write_all(b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert!(answer(stream).starts_with("HTTP/1.1 200"));
    }
    let refused = get(address(&server), "/api/v3/ping");
    assert!(refused.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n") && refused.contains("\"code\":-1003"), "{refused}");
    assert!(until_closed(&mut say(&grpc, GREETING)).is_empty());
    let first = kept.remove(0);
    drop(first);
    while !get(address(&server), "/api/v3/ping").starts_with("HTTP/1.1 200") {
        std::thread::yield_now(); // until the server has seen it go
    }
    server.stop();
}
