//! A TLS connection without a client behind it.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::connections::raw::say;

/// An open connection.
pub(super) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Connects and finishes the handshake.
pub(super) fn open(address: &str, trust: &Arc<ClientConfig>) -> io::Result<Stream> {
    let mut socket = say(address, "");
    let name = "localhost".try_into().unwrap();
    let mut connection = ClientConnection::new(Arc::clone(trust), name).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

/// Returns the server's certificate.
pub(super) fn certificate(stream: &Stream) -> &[u8] {
    &stream.conn.peer_certificates().unwrap()[0]
}

/// A request that keeps its connection open.
pub(super) const PING: &[u8] = b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Sends something.
pub(super) fn send(stream: &mut Stream, words: impl AsRef<[u8]>) {
    stream.write_all(words.as_ref()).unwrap();
}

/// Reads until the other side ends the connection, in order.
pub(super) fn until_closed(stream: &mut Stream) -> String {
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}
