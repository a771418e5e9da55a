//! The exchange's own TLS: on every listener, with every rule of a plain connection, and a certificate that is replaced while
//! it serves.

pub(crate) mod certificates;
mod cli;
mod grpc;
mod raw;
mod reload;
mod unfinished;
mod wire;

use certificates::Authority;

use crate::support::TestServer;

/// Starts an exchange with a certificate of this authority for this machine's names.
fn serving(authority: &Authority, settings: &str) -> TestServer {
    authority.issue(&["localhost", "127.0.0.1"]);
    TestServer::start(&format!("{}{settings}", authority.settings()))
}

/// Returns the address of a server's URL.
fn address(server: &TestServer) -> &str {
    server.url().strip_prefix("https://").unwrap()
}
