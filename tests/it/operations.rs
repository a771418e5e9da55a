//! Metrics and health on an address of their own.

use std::net::TcpListener;

use lightning_exchange::{app::Application, config::Layers};

use crate::{
    connections::raw::{answer, say, until_closed},
    support::{TestServer, block_on},
};

const APART: &str = "[server]\noperations-listen = \"127.0.0.1:0\"\n";

/// Asks and returns the status and the whole answer.
fn ask(address: &str, path: &str, host: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let heard = String::from_utf8(until_closed(&mut say(address, request))).unwrap();
    (heard.split(' ').nth(1).unwrap().parse().unwrap(), heard)
}

#[test]
fn metrics_are_served_there_alone_and_health_in_both_places() {
    let server = TestServer::start(APART);
    let operations = server.operations().unwrap().to_string();
    let clients = server.url().strip_prefix("http://").unwrap();
    let statuses = |address: &str| {
        ["/metrics", "/health/live", "/health/ready", "/api/v3/ping", "/", "/ws", "/x/v1/stream"]
            .map(|path| ask(address, path, "localhost").0)
    };
    assert_eq!(statuses(&operations), [200, 200, 200, 404, 404, 404, 404]);
    assert_eq!(statuses(clients)[..5], [404, 200, 200, 200, 200]);
    let (_, metrics) = ask(&operations, "/metrics", "localhost");
    assert!(
        metrics.contains("lightning_connections_budget ") && metrics.contains("application/openmetrics-text")
    );
    for address in [operations.as_str(), clients] {
        assert_eq!(ask(address, "/health/live", "evil.example").0, 421, "the rule of hosts");
    }
    server.stop();

    let together = TestServer::start("");
    assert_eq!(together.operations(), None);
    assert_eq!(ask(together.url().strip_prefix("http://").unwrap(), "/metrics", "localhost").0, 200);
    together.stop();
}

#[test]
fn a_listener_without_room_does_not_starve_it() {
    let settings = format!("{APART}connections-max = 16\n[limits]\nloopback = false\n");
    let server = TestServer::start(&settings);
    let clients = server.url().strip_prefix("http://").unwrap();
    // A subscriber is never closed for another connection.
    let handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let busy: Vec<_> = (0..16)
        .map(|_| {
            let mut socket = say(clients, handshake);
            assert!(answer(&mut socket).starts_with("HTTP/1.1 101"));
            socket
        })
        .collect();
    assert!(ask(clients, "/health/ready", "localhost").1.contains("-1008"), "there is no room");
    let operations = server.operations().unwrap().to_string();
    assert_eq!(ask(&operations, "/health/ready", "localhost").0, 200);
    let (_, metrics) = ask(&operations, "/metrics", "localhost");
    assert!(metrics.contains("lightning_connections_open{transport=\"http\"} 16\n"), "{metrics}");
    drop(busy);
    server.stop();
}

#[test]
fn an_address_in_use_is_refused_by_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let root = tempfile::tempdir().unwrap();
    let settings = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\noperations-listen = {address:?}\n[grpc]\nenabled = false\n[data]\ndirectory = {:?}\n",
        root.path()
    );
    let config = Layers::defaults().text("test", &settings).load().unwrap();
    let error = block_on(Application::build(config)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address} ([server] operations-listen)"));
}
