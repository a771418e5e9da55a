//! One HTTP connection with one request in flight, without a client library's work for each.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Whether it states when to try again.
    pub(super) has_retry_after: bool,
}

/// The connection.
#[derive(Debug)]
pub(super) struct Caller {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Connects, from an address of this machine if one is given.
pub(super) async fn connect(
    to: SocketAddr,
    from: Option<Ipv4Addr>,
    receive_buffer: Option<u32>,
) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = from {
        socket.bind((from, 0).into())?;
    }
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(to).await.with_context(|| format!("cannot connect to {to}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Caller {
    /// Connects.
    pub(super) async fn open(to: SocketAddr, from: Option<Ipv4Addr>) -> Result<Self> {
        Ok(Self { stream: connect(to, from, None).await?, buffer: Vec::with_capacity(4_096) })
    }

    /// Sends a request and awaits its answer.
    pub(super) async fn call(&mut self, request: &[u8]) -> Result<Reply> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some((reply, length)) = parse(&self.buffer)
                && self.buffer.len() >= length
            {
                return Ok(reply);
            }
        }
    }

    /// The last answer as text, for messages.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    /// Sends a request that closes the connection, and returns what comes.
    pub(super) async fn read_to_end(mut self, request: &[u8]) -> Result<String> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        self.stream.read_to_end(&mut self.buffer).await?;
        Ok(self.text())
    }
}

/// Reads the head of an answer, if it is there in whole, and the length of the answer.
fn parse(bytes: &[u8]) -> Option<(Reply, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let (mut body, mut has_retry_after) = (0, false);
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            body = value.trim().parse::<usize>().ok()?;
        } else if name.eq_ignore_ascii_case("retry-after") {
            has_retry_after = value.trim().parse::<u32>().is_ok();
        }
    }
    Some((Reply { status, has_retry_after }, end + 4 + body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_an_answer_is_read() {
        let head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nretry-after: 1\r\n\r\n{}";
        assert_eq!(parse(head), Some((Reply { status: 503, has_retry_after: true }, head.len())));
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(parse(head), Some((Reply { status: 200, has_retry_after: false }, head.len())));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n"), None);
        let soon = b"HTTP/1.1 429 Slow\r\nRetry-After: soon\r\n\r\n";
        assert_eq!(parse(soon), Some((Reply { status: 429, has_retry_after: false }, soon.len())));
    }
}
