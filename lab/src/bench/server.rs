//! Servers in processes of their own, and connections that send them signed orders.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::usage::resident_bytes;
use crate::program;

/// Signed ahead of time, so they must stay inside the largest receive window.
pub(super) const RECEIVE_WINDOW_MS: u64 = 60_000;

/// A server in a process of its own, ended when dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    _directory: Directory,
}

/// A directory of this run's own, removed when dropped.
#[derive(Debug)]
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new() -> anyhow::Result<Self> {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let path = std::env::temp_dir().join(format!("lightning-bench-{}-{nanos}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Two accounts that trade with each other, so that half the orders rest and half take.
pub(super) const KEYS: [(&str, &str); 2] = [
    (
        "benchbuyerbenchbuyerbenchbuyerbenchbuyerbenchbuyerbenchbuyer0001",
        "secretOfTheBuyerSecretOfTheBuyerSecretOfTheBuyerSecretOfBuyer001",
    ),
    (
        "benchsellerbenchsellerbenchsellerbenchsellerbenchsellerbench0002",
        "secretOfTheSellerSecretOfTheSellerSecretOfTheSellerSecretOfSe002",
    ),
];

/// The markets as they are by default, but for how many orders an account may have open: hundreds of clients share two
/// accounts here.
pub(super) fn markets() -> String {
    const DEFAULTS: &str = include_str!("../../../config/exchange.toml");
    let markets = DEFAULTS.find("\n[[assets]]").map_or("", |start| &DEFAULTS[start..]);
    let lines = markets.lines().map(|line| match line.split_once(" = ") {
        Some(("max-num-orders", _)) => "max-num-orders = 100000\n".to_owned(),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

fn configuration(durability: &str, history: bool) -> String {
    let accounts = KEYS.iter().zip([101, 102]).map(|((key, secret), id)| {
        format!(
            "[[accounts]]\nid = {id}\ntier = 0\n\
             [[accounts.balances]]\nasset = \"USDT\"\namount = \"900000000000\"\n\
             [[accounts.balances]]\nasset = \"BTC\"\namount = \"900000000000\"\n\
             [[accounts.keys]]\nkey = \"{key}\"\nsecret = \"{secret}\"\npermissions = [\"trade\", \"user-data\"]\n"
        )
    });
    format!(
        "[demo]\nenabled = \"false\"\n[feed]\nsynthetic = \"false\"\n[journal]\ndurability = \"{durability}\"\n\
         [history]\nenabled = {history}\n[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n\
         api-messages-per-second = 0\n{}{}",
        accounts.collect::<String>(),
        markets()
    )
}

impl Server {
    /// Starts the exchange with this `[journal] durability`, and without a history.
    pub(super) fn exchange(program: &Path, durability: &str) -> anyhow::Result<Self> {
        Self::configured(program, &configuration(durability, false))
    }

    /// Starts the exchange that keeps everything, with a history in SQLite.
    pub(super) fn exchange_with_history(program: &Path) -> anyhow::Result<Self> {
        Self::configured(program, &configuration("fsync", true))
    }

    /// Starts the exchange with this configuration.
    pub(super) fn configured(program: &Path, configuration: &str) -> anyhow::Result<Self> {
        let directory = Directory::new()?;
        let config = directory.0.join("bench.toml");
        std::fs::write(&config, configuration)?;
        let data = directory.0.join("data");
        let arguments =
            ["serve", "--config", &config.to_string_lossy(), "--data-dir", &data.to_string_lossy()];
        Self::start(program, &arguments.map(str::to_owned), directory)
    }

    /// Starts the handler that only parses.
    pub(super) fn parse_only(is_logged: bool) -> anyhow::Result<Self> {
        let unlogged = (!is_logged).then_some("--unlogged");
        let arguments = ["bench", "parse-only"].into_iter().chain(unlogged).map(str::to_owned);
        Self::start(&program::this()?, &arguments.collect::<Vec<_>>(), Directory::new()?)
    }

    /// Starts the handler that sends this answer, head and body, whatever is asked.
    pub(super) fn bare(answer: &[u8]) -> anyhow::Result<Self> {
        let directory = Directory::new()?;
        let file = directory.0.join("answer.http");
        std::fs::write(&file, answer)?;
        let arguments = ["bench", "bare", "--answer", &file.to_string_lossy()].map(str::to_owned);
        Self::start(&program::this()?, &arguments, directory)
    }

    fn start(program: &Path, arguments: &[String], directory: Directory) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(program)
            .args(arguments)
            .args(["--listen", &address.to_string()])
            .args(["--log-format", "json"])
            .env("LIGHTNING_GRPC_ENABLED", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()) // where the log goes
            .spawn()?;
        let server = Self { child, address, _directory: directory };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < deadline, "the server does not answer on {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Its resident memory.
    pub(super) fn resident_bytes(&self) -> anyhow::Result<u64> {
        resident_bytes(self.child.id())
    }

    /// User and system time so far, all threads.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit_once(')').context("an odd /proc stat")?.1;
        let mut ticks = after_name.split_whitespace().skip(11).take(2);
        let mut next = || ticks.next()?.parse::<u64>().ok();
        let total = next().zip(next()).map(|(user, system)| user + system).context("an odd /proc stat")?;
        Ok(Duration::from_millis(total * 10)) // USER_HZ is 100 on every Linux there is
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A whole request: buyer and seller in turn at one price, so every second order trades.
pub(super) fn request(index: usize, address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    order(index.is_multiple_of(2), 60_000, address)
}

/// Places orders at so many prices of each side, where they rest.
pub(super) fn resting_orders(address: SocketAddr, levels: usize) -> anyhow::Result<()> {
    let mut connection = Connection::open(address)?;
    (1..=levels).try_for_each(|level| {
        connection.send(&order(true, 60_000 - level, address)?)?;
        connection.send(&order(false, 60_000 + level, address)?)
    })
}

/// The time, in milliseconds.
pub(super) fn timestamp() -> anyhow::Result<u128> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())
}

/// The signature of a payload, in hexadecimal.
pub(super) fn sign(secret: &str, payload: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).context("any key length is fine")?;
    mac.update(payload.as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

fn order(is_buy: bool, price: usize, address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    let (side, (key, secret)) = if is_buy { ("BUY", KEYS[0]) } else { ("SELL", KEYS[1]) };
    let timestamp = timestamp()?;
    let body = format!(
        "symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.001&price={price}.00\
         &newOrderRespType=FULL&recvWindow={RECEIVE_WINDOW_MS}&timestamp={timestamp}"
    );
    let body = format!("{body}&signature={}", sign(secret, &body)?);
    Ok(format!(
        "POST /api/v3/order HTTP/1.1\r\nHost: {address}\r\nX-MBX-APIKEY: {key}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes())
}

/// Sends requests one after the other on one connection and expects 200 each time.
pub(super) fn drive(address: SocketAddr, requests: &[Vec<u8>]) -> anyhow::Result<()> {
    let mut connection = Connection::open(address)?;
    requests.iter().try_for_each(|request| connection.send(request))
}

/// One connection, kept alive.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the answer is in the buffer.
    filled: usize,
}

impl Connection {
    /// Connects.
    pub(super) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 16 * 1024], filled: 0 })
    }

    /// Makes [`Connection::poll`] return at once from now on.
    pub(super) fn set_nonblocking(&self) -> anyhow::Result<()> {
        Ok(self.stream.set_nonblocking(true)?)
    }

    /// Sends a request without waiting for the answer. Requests are small: the socket takes them whole.
    pub(super) fn submit(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.filled = 0;
        Ok(self.stream.write_all(request)?)
    }

    /// Returns whether the answer, which must be 200, is there.
    pub(super) fn poll(&mut self) -> anyhow::Result<bool> {
        match self.stream.read(&mut self.buffer[self.filled..]) {
            Ok(0) => anyhow::bail!("the server closed the connection"),
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let answer = &self.buffer[..self.filled];
        let is_whole = response_len(answer).is_some_and(|length| self.filled >= length);
        ensure!(
            !is_whole || answer.starts_with(b"HTTP/1.1 200"),
            "refused: {}",
            String::from_utf8_lossy(answer)
        );
        Ok(is_whole)
    }

    /// Returns the last answer, head and body.
    pub(super) fn answer(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Sends a request and expects 200.
    pub(super) fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.submit(request)?;
        while !self.poll()? {}
        Ok(())
    }
}

/// The length of the response, once its head is complete.
fn response_len(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + length.trim().parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_accounts_may_have_as_many_orders_open_as_there_are_clients() {
        let settings: toml::Table = configuration("fsync", true).parse().unwrap();
        let symbols = settings["symbols"].as_array().unwrap();
        assert!(symbols.iter().any(|symbol| symbol["name"].as_str() == Some("BTCUSDT")));
        for symbol in symbols {
            assert!(symbol["max-num-orders"].as_integer() >= Some(10_000), "{symbol}");
        }
    }
}
