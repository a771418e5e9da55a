//! Unfinished connections end in time, before, during and after the handshake, on both ports.

use socket2::SockRef;
use tokio_rustls::rustls::ClientConnection;

use super::{
    Authority, address,
    raw::{self, PING},
    serving,
};
use crate::{
    connections::raw::{answer, say, until_closed},
    support::{TestServer, wait_until},
};

const HURRY: &str = "head-timeout-ms = 300\nbody-timeout-ms = 400\nwrite-timeout-ms = 1000\n\
    [grpc]\nenabled = true\nlisten = \"127.0.0.1:0\"\nidle-timeout-ms = 1000\n";

fn timed_out(server: &TestServer) -> u64 {
    server.exchange().metrics().connections.timed_out.get()
}

/// Returns the first bytes a client sends.
fn hello(authority: &Authority) -> Vec<u8> {
    let mut connection = ClientConnection::new(authority.trust(), "localhost".try_into().unwrap()).unwrap();
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_handshake_that_is_not_finished_is_cut_on_both_ports() {
    let authority = Authority::new();
    let server = serving(&authority, HURRY);
    let grpc = server.grpc().unwrap().to_string();
    let hello = hello(&authority);
    let mut cut = 0;
    for address in [address(&server), &grpc] {
        // Nothing, half a greeting, and a whole one whose answer has no reply.
        for words in [&[][..], &hello[..hello.len() / 2], &hello] {
            if address == grpc && words.len() == hello.len() {
                continue; // it offers HTTP/1.1, which is refused here
            }
            let heard = until_closed(&mut say(address, words));
            assert!(!heard.windows(4).any(|four| four == b"HTTP"), "a plain answer: {heard:?}");
            cut += 1;
            wait_until("it is counted", || timed_out(&server) == cut);
        }
    }
    server.stop();
}

#[test]
fn a_handshake_that_is_not_finished_makes_room_for_another() {
    let authority = Authority::new();
    let server = serving(&authority, "connections-max = 16\n");
    let hello = hello(&authority);
    let silent: Vec<_> = (0..16).map(|count| say(address(&server), &hello[..count])).collect();
    wait_until("there is no room", || server.exchange().metrics().connections.open(false).get() == 16);
    let mut client = raw::open(address(&server), &authority.trust()).unwrap();
    raw::send(&mut client, PING);
    assert!(answer(&mut client).starts_with("HTTP/1.1 200"));
    let connections = &server.exchange().metrics().connections;
    assert!(connections.closed_idle.get() > 0 && connections.refused.get() == 0);
    drop(silent);
    server.stop();
}

#[test]
fn a_request_that_is_not_finished_is_cut_with_the_reason() {
    let authority = Authority::new();
    let server = serving(&authority, HURRY);
    for words in ["", "GET /api/v3/ping HTTP/1.1\r\nX-Never: e"] {
        let mut stream = raw::open(address(&server), &authority.trust()).unwrap();
        raw::send(&mut stream, words);
        let heard = raw::until_closed(&mut stream);
        assert!(heard.starts_with("HTTP/1.1 408 Request Timeout\r\n") && heard.contains("-93010"), "{heard}");
    }
    let mut kept = raw::open(address(&server), &authority.trust()).unwrap();
    raw::send(&mut kept, PING);
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));
    // By now the deadline of a head has passed.
    let mut late = raw::open(address(&server), &authority.trust()).unwrap();
    assert!(raw::until_closed(&mut late).starts_with("HTTP/1.1 408"));
    raw::send(&mut kept, PING);
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200"), "between two requests it may rest");
    server.stop();
}

#[test]
fn a_client_that_reads_nothing_of_an_answer_is_cut_off() {
    let authority = Authority::new();
    let server = serving(&authority, HURRY);
    let mut slow = raw::open(address(&server), &authority.trust()).unwrap();
    SockRef::from(&slow.sock).set_recv_buffer_size(4_096).unwrap();
    let ask = "GET /api-docs/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    raw::send(&mut slow, ask.repeat(64));
    wait_until("it is cut off", || timed_out(&server) == 1);
    server.stop();
}

#[test]
fn answers_larger_than_every_buffer_arrive_whole() {
    let authority = Authority::new();
    let server = serving(&authority, HURRY);
    let mut steady = raw::open(address(&server), &authority.trust()).unwrap();
    let ask = "GET /api-docs/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    raw::send(&mut steady, ask.repeat(64));
    let mut body = || answer(&mut steady).split_once("\r\n\r\n").unwrap().1.to_owned();
    let first = body();
    assert!(first.len() > 100_000);
    for _ in 1..64 {
        assert!(body() == first);
    }
    assert_eq!(timed_out(&server), 0);
    server.stop();
}
