//! What a signed order costs the server, against a handler that only parses the same body.
//!
//! Both servers are processes of their own, on the same actix-web with the same request logging, and take turns.
//! The figure is their CPU time per order, from `/proc`, so neither the load generator nor idle time counts.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, ensure};
use hmac::{Hmac, KeyInit, Mac};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tracing_actix_web::TracingLogger;

use super::median;
use crate::http::RequestSpan;

/// Connections, each with one order in flight.
const CONNECTIONS: usize = 8;

/// Signed ahead of time, so they must stay inside the largest receive window.
const RECEIVE_WINDOW_MS: u64 = 60_000;

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Orders in one run.
    pub orders: usize,
    /// Median server CPU per order of the exchange, in microseconds.
    pub exchange_cpu_us: f64,
    /// Median server CPU per order of the handler that only parses.
    pub parse_only_cpu_us: f64,
    /// Median of the ratios, run by run.
    pub ratio: f64,
    /// Median orders per second of the exchange, load generator on the same cores.
    pub exchange_per_second: f64,
    /// The same for the handler that only parses.
    pub parse_only_per_second: f64,
}

/// Runs both servers `runs` times in turn with `orders` orders each.
///
/// # Errors
/// A server does not start, or an order is refused.
pub fn run(runs: usize, orders: usize) -> anyhow::Result<Report> {
    let mut pairs = Vec::with_capacity(runs);
    for _ in 0..runs {
        let parse_only = measure(&Server::parse_only()?, orders)?;
        let exchange = measure(&Server::exchange()?, orders)?;
        pairs.push((exchange, parse_only));
    }
    let of = |figure: fn(&(Cost, Cost)) -> f64| median(&mut pairs.iter().map(figure).collect::<Vec<_>>());
    Ok(Report {
        orders,
        exchange_cpu_us: of(|(exchange, _)| exchange.cpu_us),
        parse_only_cpu_us: of(|(_, parse_only)| parse_only.cpu_us),
        ratio: of(|(exchange, parse_only)| exchange.cpu_us / parse_only.cpu_us),
        exchange_per_second: of(|(exchange, _)| exchange.per_second),
        parse_only_per_second: of(|(_, parse_only)| parse_only.per_second),
    })
}

#[derive(Debug, Clone, Copy)]
struct Cost {
    cpu_us: f64,
    per_second: f64,
}

/// A server in a process of its own, ended when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    _directory: Directory,
}

/// A directory of this run's own, removed when dropped.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new() -> anyhow::Result<Self> {
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
const KEYS: [(&str, &str); 2] = [
    (
        "benchbuyerbenchbuyerbenchbuyerbenchbuyerbenchbuyerbenchbuyer0001",
        "secretOfTheBuyerSecretOfTheBuyerSecretOfTheBuyerSecretOfBuyer001",
    ),
    (
        "benchsellerbenchsellerbenchsellerbenchsellerbenchsellerbench0002",
        "secretOfTheSellerSecretOfTheSellerSecretOfTheSellerSecretOfSe002",
    ),
];

fn configuration() -> String {
    let accounts = KEYS.iter().zip([101, 102]).map(|((key, secret), id)| {
        format!(
            "[[accounts]]\nid = {id}\ntier = 0\n\
             [[accounts.balances]]\nasset = \"USDT\"\namount = \"900000000000\"\n\
             [[accounts.balances]]\nasset = \"BTC\"\namount = \"900000000000\"\n\
             [[accounts.keys]]\nkey = \"{key}\"\nsecret = \"{secret}\"\npermissions = [\"trade\", \"user-data\"]\n"
        )
    });
    format!("[demo]\nenabled = \"false\"\n[feed]\nsynthetic = \"false\"\n{}", accounts.collect::<String>())
}

impl Server {
    fn exchange() -> anyhow::Result<Self> {
        let directory = Directory::new()?;
        let config = directory.0.join("bench.toml");
        std::fs::write(&config, configuration())?;
        let data = directory.0.join("data");
        let arguments =
            ["serve", "--config", &config.to_string_lossy(), "--data-dir", &data.to_string_lossy()];
        Self::start(&arguments.map(str::to_owned), directory)
    }

    fn parse_only() -> anyhow::Result<Self> {
        Self::start(&["bench".to_owned(), "parse-only".to_owned()], Directory::new()?)
    }

    fn start(arguments: &[String], directory: Directory) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .args(["--listen", &address.to_string()])
            .args(["--log-format", "json"])
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

    /// User and system time so far, all threads.
    fn cpu(&self) -> anyhow::Result<Duration> {
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

fn measure(server: &Server, orders: usize) -> anyhow::Result<Cost> {
    let each = orders / CONNECTIONS;
    let warm_up: Vec<Vec<u8>> =
        (0..200).map(|index| request(index, server.address)).collect::<Result<_, _>>()?;
    drive(server.address, &warm_up)?;
    let batches = (0..CONNECTIONS)
        .map(|connection| (0..each).map(|index| request(connection + index, server.address)).collect())
        .collect::<anyhow::Result<Vec<Vec<Vec<u8>>>>>()?;
    let (before, started) = (server.cpu()?, Instant::now());
    std::thread::scope(|scope| {
        let drivers: Vec<_> =
            batches.iter().map(|batch| scope.spawn(|| drive(server.address, batch))).collect();
        drivers.into_iter().try_for_each(|driver| match driver.join() {
            Ok(driven) => driven,
            Err(_) => anyhow::bail!("a connection's thread panicked"),
        })
    })?;
    let elapsed = started.elapsed().as_secs_f64();
    let cpu = server.cpu()?.saturating_sub(before).as_secs_f64();
    let orders = (each * CONNECTIONS) as f64;
    Ok(Cost { cpu_us: cpu * 1e6 / orders, per_second: orders / elapsed })
}

/// A whole request: buyer and seller in turn at one price, so every second order trades.
fn request(index: usize, address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    let (side, (key, secret)) = if index.is_multiple_of(2) { ("BUY", KEYS[0]) } else { ("SELL", KEYS[1]) };
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let body = format!(
        "symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.001&price=60000.00\
         &newOrderRespType=FULL&recvWindow={RECEIVE_WINDOW_MS}&timestamp={timestamp}"
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).context("any key length is fine")?;
    mac.update(body.as_bytes());
    let body = format!("{body}&signature={}", hex::encode(mac.finalize().into_bytes()));
    Ok(format!(
        "POST /api/v3/order HTTP/1.1\r\nHost: {address}\r\nX-MBX-APIKEY: {key}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes())
}

/// Sends requests one after the other on one connection and expects 200 each time.
fn drive(address: SocketAddr, requests: &[Vec<u8>]) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    for request in requests {
        stream.write_all(request)?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..])?;
            ensure!(read != 0, "the server closed the connection");
            filled += read;
            if response_len(&buffer[..filled]).is_some_and(|length| filled >= length) {
                break;
            }
        }
        ensure!(
            buffer.starts_with(b"HTTP/1.1 200"),
            "refused: {}",
            String::from_utf8_lossy(&buffer[..filled])
        );
    }
    Ok(())
}

/// The length of the response, once its head is complete.
fn response_len(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + length.trim().parse::<usize>().ok()?)
}

/// What the handler that only parses reads; the rest of the body is skipped.
#[derive(Debug, Deserialize)]
struct ParsedOrder {
    symbol: String,
    side: String,
    r#type: String,
    quantity: Decimal,
    price: Decimal,
    timestamp: u64,
}

/// Serves a handler that parses an order and echoes it, logged as the exchange logs.
///
/// # Errors
/// The address is taken.
pub async fn serve_parse_only(listen: SocketAddr, workers: usize) -> anyhow::Result<()> {
    async fn echo(order: web::Form<ParsedOrder>) -> HttpResponse {
        let order = order.into_inner();
        HttpResponse::Ok().json(serde_json::json!({
            "symbol": order.symbol, "side": order.side, "type": order.r#type,
            "price": order.price.to_string(), "origQty": order.quantity.to_string(), "transactTime": order.timestamp,
        }))
    }
    let app =
        || App::new().wrap(TracingLogger::<RequestSpan>::new()).route("/api/v3/order", web::post().to(echo));
    HttpServer::new(app).workers(workers).bind(listen)?.run().await?;
    Ok(())
}
