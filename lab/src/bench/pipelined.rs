//! Pipelined orders over the WebSocket API, each durable before it is acknowledged.
//!
//! The load generator runs on the same cores. It sends frames made ahead of time as long as few enough are without an
//! answer, and only counts the answers, so most of what is measured is the exchange.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use anyhow::{bail, ensure};
use serde::Serialize;

use super::{
    median,
    server::{KEYS, Server, sign, timestamp},
};

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Orders in one run.
    pub orders: usize,
    /// Connections.
    pub connections: usize,
    /// Orders without an answer, at most, on each.
    pub in_flight: usize,
    /// Median of the orders acknowledged in a second.
    pub per_second: f64,
    /// Median CPU time of the server for each, in microseconds.
    pub server_cpu_us: f64,
}

/// Runs the exchange of `program` with durability `fsync`, `runs` times.
///
/// # Errors
/// A server does not start, or an order is refused.
pub fn run(
    program: &Path,
    runs: usize,
    orders: usize,
    connections: usize,
    in_flight: usize,
) -> anyhow::Result<Report> {
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let server = Server::exchange(program, "fsync")?;
        let each = orders / connections;
        drive(&server, connections, 1_000, in_flight)?;
        let (before, started) = (server.cpu()?, Instant::now());
        drive(&server, connections, each, in_flight)?;
        let (elapsed, cpu) = (started.elapsed(), server.cpu()?.saturating_sub(before));
        let acknowledged = (each * connections) as f64;
        rates.push(acknowledged / elapsed.as_secs_f64());
        costs.push(cpu.as_secs_f64() * 1e6 / acknowledged);
    }
    let (per_second, server_cpu_us) = (median(&mut rates), median(&mut costs));
    Ok(Report { orders, connections, in_flight, per_second, server_cpu_us })
}

fn drive(server: &Server, connections: usize, orders: usize, in_flight: usize) -> anyhow::Result<()> {
    let sessions: Vec<Session> = (0..connections)
        .map(|number| Session::open(server.address, number, orders))
        .collect::<Result<_, _>>()?;
    thread::scope(|scope| {
        let running: Vec<_> =
            sessions.into_iter().map(|session| scope.spawn(move || session.run(in_flight as u64))).collect();
        running.into_iter().try_for_each(|session| match session.join() {
            Ok(done) => done,
            Err(_) => bail!("a session's thread panicked"),
        })
    })
}

/// A session that is logged on, and its orders as frames.
struct Session {
    stream: TcpStream,
    frames: Vec<Vec<u8>>,
}

impl Session {
    fn open(address: SocketAddr, number: usize, orders: usize) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        // The key is for caches and proxies between the two; there are none.
        let head = format!(
            "GET /ws-api/v3 HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        ensure!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
        let (key, secret) = KEYS[number % KEYS.len()];
        let now = timestamp()?;
        let signature = sign(secret, &format!("apiKey={key}&timestamp={now}"))?;
        stream.write_all(&frame(&format!(
            r#"{{"id":0,"method":"session.logon","params":{{"apiKey":"{key}","timestamp":{now},"signature":"{signature}"}}}}"#
        )))?;
        let mut answers = Answers::default();
        while answers.count == 0 {
            answers.read(&mut stream)?;
        }
        // One side at one price: buyers and sellers trade with each other.
        let side = if number.is_multiple_of(2) { "BUY" } else { "SELL" };
        let order = |id: usize| {
            frame(&format!(
                r#"{{"id":{id},"method":"order.place","params":{{"symbol":"BTCUSDT","side":"{side}","type":"LIMIT","timeInForce":"GTC","quantity":"0.001","price":"60000.00","newOrderRespType":"ACK","recvWindow":60000,"timestamp":{now}}}}}"#
            ))
        };
        Ok(Self { stream, frames: (1..=orders).map(order).collect() })
    }

    fn run(self, in_flight: u64) -> anyhow::Result<()> {
        let (answered, mut reading) = (AtomicU64::new(0), self.stream.try_clone()?);
        let (mut writing, frames) = (self.stream, self.frames);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut answers = Answers::default();
                while answers.count < frames.len() as u64 {
                    answers.read(&mut reading)?;
                    answered.store(answers.count, Ordering::Release);
                }
                anyhow::Ok(())
            });
            let mut sent = 0;
            while sent < frames.len() {
                let open = sent as u64 - answered.load(Ordering::Acquire);
                let room = (in_flight.saturating_sub(open) as usize).min(frames.len() - sent).min(64);
                if room == 0 {
                    if reader.is_finished() {
                        break; // it says why
                    }
                    thread::yield_now();
                    continue;
                }
                writing.write_all(&frames[sent..sent + room].concat())?;
                sent += room;
            }
            reader.join().map_err(|_| anyhow::anyhow!("a reader panicked"))?
        })
    }
}

/// A text as a client's frame. Its mask is zero, which leaves the bytes as they are.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// Counts answers; all of them must be 200.
#[derive(Default)]
struct Answers {
    count: u64,
    buffer: Vec<u8>,
}

impl Answers {
    fn read(&mut self, stream: &mut TcpStream) -> anyhow::Result<()> {
        let filled = self.buffer.len();
        self.buffer.resize(filled + 64 * 1024, 0);
        let read = stream.read(&mut self.buffer[filled..])?;
        ensure!(read > 0, "the server closed the session");
        self.buffer.truncate(filled + read);
        let mut at = 0;
        while let Some((start, end)) = payload(&self.buffer[at..]) {
            let (opcode, text) = (self.buffer[at] & 0x0f, &self.buffer[at + start..at + end]);
            if opcode == 1 {
                let is_good = text.windows(12).any(|window| window == br#""status":200"#);
                ensure!(is_good, "refused: {}", String::from_utf8_lossy(text));
                self.count += 1;
            }
            at += end;
        }
        self.buffer.drain(..at);
        Ok(())
    }
}

/// Returns where the payload of the first frame starts and ends, once it is whole. A server does not mask.
fn payload(bytes: &[u8]) -> Option<(usize, usize)> {
    let length = usize::from(*bytes.get(1)?);
    let (start, length) = match length {
        0..126 => (2, length),
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        _ => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
    };
    (bytes.len() >= start + length).then_some((start, start + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_separated_wherever_the_bytes_are_cut() {
        let long = "x".repeat(200);
        let mut bytes = vec![0x81, 3];
        bytes.extend(b"abc");
        bytes.extend([0x81, 126, 0, 200]);
        bytes.extend(long.as_bytes());
        assert_eq!(payload(&bytes), Some((2, 5)));
        assert_eq!(payload(&bytes[5..]), Some((4, 204)));
        assert_eq!(payload(&bytes[5..bytes.len() - 1]), None);
        assert_eq!(payload(&[0x81]), None);
        assert_eq!(frame(&long)[..4], [0x81, 0xfe, 0, 200]);
    }
}
