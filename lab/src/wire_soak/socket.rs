//! A WebSocket connection that buffers only what is read.
//!
//! A client library reads ahead as it likes; a subscriber that is to stall must leave its bytes with the server.

use std::net::SocketAddr;

use actix_codec::Framed;
use anyhow::{Context, Result, ensure};
use awc::ws::{Codec, Frame, Message};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A snapshot of a deep book is the largest message.
const MESSAGE_LEN_MAX: usize = 16 << 20;
const HEAD_LEN_MAX: usize = 8 << 10;

/// An open connection.
pub(super) struct Socket(Framed<TcpStream, Codec>);

impl Socket {
    /// Opens `path` of the server at `base`, e.g. `http://127.0.0.1:8080`. `buffer` is how many bytes the system keeps of
    /// what is not read, about; none leaves it to the system.
    pub(super) async fn open(base: &str, path: &str, buffer: Option<u32>) -> Result<Self> {
        let address: SocketAddr = base.trim_start_matches("http://").parse().context("not an address")?;
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let mut stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        // The key is for caches and proxies between the two; there are none.
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::with_capacity(256);
        while !answer.ends_with(b"\r\n\r\n") {
            ensure!(answer.len() < HEAD_LEN_MAX, "{path}: the answer has no end");
            answer.push(stream.read_u8().await?);
        }
        ensure!(answer.starts_with(b"HTTP/1.1 101 "), "{path}: {}", String::from_utf8_lossy(&answer));
        let codec = Codec::new().client_mode().max_size(MESSAGE_LEN_MAX);
        Ok(Self(Framed::new(stream, codec)))
    }

    /// Sends a text.
    pub(super) async fn send(&mut self, text: String) -> Result<()> {
        Ok(self.0.send(Message::Text(text.into())).await?)
    }

    /// Waits for the next text; `None` when the connection is over. Pings are answered.
    pub(super) async fn receive(&mut self) -> Option<Bytes> {
        loop {
            match self.0.next().await? {
                Ok(Frame::Text(text)) => return Some(text),
                Ok(Frame::Ping(payload)) => self.0.send(Message::Pong(payload)).await.ok()?,
                Ok(Frame::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
