//! How the exchange may be reached: the hosts it serves, and the features that are for this machine alone.

mod hosts;
mod proxies;

use std::{
    io::{Read, Write},
    net::TcpStream,
};

/// Every kind of header that shows a forwarded request.
const FORWARDING: [(&str, &str); 8] = [
    ("Forwarded", "for=203.0.113.9"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-Host", "exchange.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Real-IP", "127.0.0.1"),
    ("Via", "1.1 proxy"),
    ("CF-Connecting-IP", "203.0.113.9"),
];

/// Sends a request byte for byte and returns the status and the body of the answer.
fn raw(url: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A GET that is the last of its connection.
fn get(path: &str, version: &str, hosts: &[&str]) -> String {
    let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
    format!("GET {path} {version}\r\n{hosts}Connection: close\r\n\r\n")
}
