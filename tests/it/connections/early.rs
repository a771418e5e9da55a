//! Answers given before the body was read: the last of their connections, which say so.

use std::io::Write;

use super::raw::{answer, say, until_closed};
use crate::{grpc::client::still, support::TestServer};

const PING: &str = "GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A whole request with a chunked body.
fn chunked(path: &str, host: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
}

/// Sends a request and another behind it; the first is answered with `status` and nothing comes after it that was looked at.
fn is_the_last(server: &TestServer, request: &str, status: &str) {
    let address = server.url().strip_prefix("http://").unwrap();
    let mut stream = say(address, format!("{request}{PING}"));
    let heard = answer(&mut stream);
    assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{heard}");
    assert!(heard.to_ascii_lowercase().contains("connection: close\r\n"), "{heard}");
    let rest = String::from_utf8(until_closed(&mut stream)).unwrap();
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 408 "), "{rest}");
}

#[test]
fn an_answer_before_the_body_was_read_is_the_last_and_says_so() {
    let server = TestServer::start("");
    for (path, host, status) in [
        ("/nowhere", "localhost", "404"),
        ("/api/v3/ping", "localhost", "405"),
        ("/api/v3/order", "elsewhere.example", "421"),
    ] {
        is_the_last(&server, &chunked(path, host), status);
    }
    server.stop();
}

#[test]
fn so_is_one_of_a_limit() {
    let limits = "[limits]\nloopback = true\nrequest-weight-per-minute = 1\nrefusals-before-ban = 0\n";
    let server = TestServer::start_at(still().0, limits);
    let address = server.url().strip_prefix("http://").unwrap();
    let mut kept = say(address, PING);
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200 "));
    is_the_last(&server, &chunked("/api/v3/order", "localhost"), "429");
    // Without a body the connection stays open.
    for _ in 0..2 {
        kept.write_all(PING.as_bytes()).unwrap();
        assert!(answer(&mut kept).starts_with("HTTP/1.1 429 "));
    }
    server.stop();
}

#[test]
fn a_refusal_after_the_body_was_read_is_not() {
    let server = TestServer::start("");
    let address = server.url().strip_prefix("http://").unwrap();
    let mut kept = say(address, "");
    for _ in 0..2 {
        kept.write_all(chunked("/api/v3/order", "localhost").as_bytes()).unwrap();
        let heard = answer(&mut kept);
        assert!(heard.starts_with("HTTP/1.1 4"), "{heard}");
        assert!(!heard.to_ascii_lowercase().contains("connection: close"), "{heard}");
    }
    kept.write_all(PING.as_bytes()).unwrap();
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200 "));
    server.stop();
}
