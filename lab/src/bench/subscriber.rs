//! A subscriber of one stream that reads event times and nothing else, so that thousands of them leave the machine to the server.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::caller::connect;

const HEAD_LEN_MAX: usize = 8 << 10;
const OPCODE: u8 = 0x0f;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
/// A pong without a payload, masked with zeros.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// An open WebSocket connection.
#[derive(Debug)]
pub(super) struct Subscriber {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Subscriber {
    /// Opens `path`, from an address of this machine, with so large a receive buffer of the system's or the usual one.
    pub(super) async fn open(
        to: SocketAddr,
        path: &str,
        from: Option<Ipv4Addr>,
        receive_buffer: Option<u32>,
    ) -> Result<Self> {
        let mut stream = connect(to, from, receive_buffer).await?;
        // The key is for caches and proxies between the two; there are none.
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut buffer = Vec::with_capacity(2_048);
        let end = loop {
            let end = buffer.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            ensure!(buffer.len() < HEAD_LEN_MAX, "{path}: the answer has no end");
            ensure!(stream.read_buf(&mut buffer).await? > 0, "{path}: the server closed the connection");
        };
        ensure!(buffer.starts_with(b"HTTP/1.1 101 "), "{path}: {}", String::from_utf8_lossy(&buffer));
        buffer.drain(..end);
        Ok(Self { stream, buffer })
    }

    /// Reads what has arrived, waiting for something, and passes each text on. Returns whether the connection is still open.
    pub(super) async fn read(&mut self, mut each: impl FnMut(&[u8])) -> bool {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
        let mut at = 0;
        while let Some((opcode, start, end)) = frame(&self.buffer[at..]) {
            if opcode == TEXT {
                each(&self.buffer[at + start..at + end]);
            }
            if opcode == CLOSE || (opcode == PING && self.stream.write_all(&PONG).await.is_err()) {
                return false;
            }
            at += end;
        }
        self.buffer.drain(..at);
        true
    }
}

/// Returns the opcode of the frame at the head of the buffer and where its payload is, if it is there in whole.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (start, length) = match second & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        length => (2, u64::from(length)),
    };
    let end = start + usize::try_from(length).ok()?;
    (bytes.len() >= end).then_some((first & OPCODE, start, end))
}

/// Returns the event time of a message, `"E"`.
pub(super) fn event_time(text: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\"E\":";
    let at = text.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[at..at + digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_found() {
        assert_eq!(frame(&[0x81, 2, b'h', b'i', 0x81]), Some((TEXT, 2, 4)));
        assert_eq!(frame(&[0x81, 2, b'h']), None);
        assert_eq!(frame(&[0x89, 0]), Some((PING, 2, 2)));
        let mut long = vec![0x81, 126, 1, 0];
        long.resize(4 + 256, b'x');
        assert_eq!(frame(&long), Some((TEXT, 4, 260)));
        assert_eq!(frame(&long[..259]), None);
        let mut longest = vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        longest.resize(10 + 65_536, b'x');
        assert_eq!(frame(&longest), Some((2, 10, 65_546)));
    }

    #[test]
    fn the_event_time_is_read() {
        assert_eq!(event_time(br#"{"e":"trade","E":1700000000123456,"s":"B"}"#), Some(1_700_000_000_123_456));
        assert_eq!(event_time(br#"{"result":null,"id":1}"#), None);
        assert_eq!(event_time(br#"{"E":"x"}"#), None);
    }
}
