//! Connections that are open, idle, too many, and requests that are refused.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use lightning_exchange::domain::{
    messages::command::{AccountCommand, CancelAll},
    types::id::{AccountId, SymbolId},
};

use crate::{
    api::{Api, limit, two_accounts},
    monitoring::reading::Reading,
    support::{TestServer, block_on, wait_until},
};

pub(super) const SHOWN: &[&str] = &[
    "lightning_connections_open",
    "lightning_connections_budget",
    "lightning_connections_refused_total",
    "lightning_connections_closed_idle_total",
    "lightning_http_errors_total",
    "lightning_http_limited_total",
];

fn read(server: &TestServer) -> Reading {
    Reading::new(server.exchange().render_metrics())
}

fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url().strip_prefix("http://").unwrap()).unwrap()
}

/// Opens a connection whose first request has been answered.
fn served(server: &TestServer) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream
}

#[test]
fn connections_are_counted_while_they_are_open_and_when_they_make_room() {
    const MOST: usize = 16;
    let server = TestServer::start(&format!("[server]\nconnections-max = {MOST}\n"));
    let open = || read(&server).of("lightning_connections_open{transport=\"http\"}").unwrap();
    assert_eq!((open(), read(&server).sum("lightning_connections_budget")), (0.0, MOST as f64));
    let mut kept: Vec<TcpStream> = (0..MOST).map(|_| served(&server)).collect();
    assert_eq!(open(), MOST as f64);
    assert_eq!(read(&server).sum("lightning_connections_closed_idle_total"), 0.0);
    // Room is made once one of them has been idle for a second: a new client waits for that, or tries again.
    wait_until("room is made", || {
        kept.push(connect(&server));
        read(&server).sum("lightning_connections_closed_idle_total") > 0.0
    });
    drop(kept);
    wait_until("none is open", || open() == 0.0);
    server.stop();
}

#[test]
fn connections_that_are_refused_are_counted() {
    let server = TestServer::start("[limits]\nloopback = true\nconnections-per-address = 2\n");
    let _kept = [served(&server), served(&server)];
    assert_eq!(read(&server).sum("lightning_connections_refused_total"), 0.0);
    let mut refused = connect(&server);
    let _ = refused.write_all(b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n"); // it may be closed already
    wait_until("it is refused", || read(&server).sum("lightning_connections_refused_total") == 1.0);
    server.stop();
}

#[test]
fn requests_that_are_refused_for_a_limit_are_counted() {
    let server = TestServer::start("[limits]\nloopback = true\nrequest-weight-per-minute = 5\n");
    block_on(async {
        let api = Api::new(server.url());
        let ping = async || api.send(awc::http::Method::GET, "/api/v3/ping", &[], "").await.status.as_u16();
        let mut answers = Vec::new();
        for _ in 0..8 {
            answers.push(ping().await);
        }
        let refused = answers.iter().filter(|status| **status == 429 || **status == 418).count();
        assert!(refused > 0, "{answers:?}");
        assert_eq!(read(&server).sum("lightning_http_limited_total"), refused as f64);
    });
    server.stop();
}

#[test]
fn requests_that_fail_are_counted_by_status() {
    let (seller, _, accounts) = two_accounts();
    let settings =
        format!("[engine]\naccount-commands-in-flight = 1\naccount-cancels-in-flight = 1\n{accounts}");
    let server = TestServer::start(&settings);
    let failed = || read(&server).of("lightning_http_errors_total{status=\"503\"}").unwrap();
    assert_eq!(failed(), 0.0);
    block_on(async {
        let full =
            || read(&server).of("lightning_commands_shed_total{reason=\"account_shard_full\"}").unwrap();
        let before = full();
        let cancel = CancelAll { account: AccountId::new(11), symbol: SymbolId::new(1) };
        let cancel = AccountCommand::CancelAll(cancel);
        let mut places = Vec::new();
        while let Ok(place) = server.exchange().occupy(&cancel) {
            places.push(place);
        }
        let answer = Api::new(server.url()).order(&seller, &limit("SELL", "0.01", "45000")).await;
        assert_eq!(answer.status, 503, "{}", answer.json);
        assert_eq!(failed(), 1.0);
        assert_eq!(full(), before + 2.0, "one of the cancels, and the order");
        drop(places);
    });
    server.stop();
}
