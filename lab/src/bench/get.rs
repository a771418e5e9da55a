//! The cost of a read to the server, against a handler that sends the same headers and bytes and does nothing else.
//!
//! Both servers are processes of their own on the same actix-web, and take turns. The figure is their CPU time per
//! request, from `/proc`, so neither the load generator nor idle time counts.

use std::{fs, net::SocketAddr, path::Path};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context;
use serde::Serialize;

use super::{
    http::{Cost, measure},
    median_of,
    server::{Connection, Server, resting_orders},
};

/// The reads that are measured: their name and their path.
const READS: [(&str, &str); 2] =
    [("ping", "/api/v3/ping"), ("depth", "/api/v3/depth?symbol=BTCUSDT&limit=20")];

/// The levels of each side of the book that `depth` shows.
const LEVELS: usize = 20;

/// The figures of one read.
#[derive(Debug, Clone, Serialize)]
pub struct Read {
    /// Its name.
    pub name: &'static str,
    /// Bytes of the answer's body.
    pub body_bytes: usize,
    /// Median server CPU per request of the exchange, in microseconds.
    pub exchange_cpu_us: f64,
    /// The same for the handler that only sends.
    pub bare_cpu_us: f64,
    /// Median of the ratios, run by run.
    pub ratio: f64,
    /// Median requests per second of the exchange, load generator on the same cores.
    pub exchange_per_second: f64,
    /// The same for the handler that only sends.
    pub bare_per_second: f64,
}

/// Measures every read `runs` times in turn with the handler, with `requests` requests on `connections` connections.
///
/// # Errors
/// A server does not start, or a request is refused.
pub fn run(program: &Path, runs: usize, requests: usize, connections: usize) -> anyhow::Result<Vec<Read>> {
    READS.iter().map(|(name, path)| read(program, name, path, runs, requests, connections)).collect()
}

fn read(
    program: &Path,
    name: &'static str,
    path: &str,
    runs: usize,
    requests: usize,
    connections: usize,
) -> anyhow::Result<Read> {
    let mut pairs: Vec<(Cost, Cost)> = Vec::with_capacity(runs);
    let mut body_bytes = 0;
    for _ in 0..runs {
        let request =
            |address: SocketAddr| format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes();
        let (exchange, answer) = {
            let server = Server::exchange(program, "none")?;
            resting_orders(server.address, LEVELS)?;
            let mut connection = Connection::open(server.address)?;
            connection.send(&request(server.address))?;
            let answer = connection.answer().to_vec();
            (measure(&server, requests, connections, |_| Ok(request(server.address)))?, answer)
        };
        body_bytes = Answer::parse(&answer)?.body.len();
        let server = Server::bare(&answer)?;
        pairs.push((exchange, measure(&server, requests, connections, |_| Ok(request(server.address)))?));
    }
    let of = |figure| median_of(&pairs, figure);
    Ok(Read {
        name,
        body_bytes,
        exchange_cpu_us: of(|(exchange, _)| exchange.cpu_us),
        bare_cpu_us: of(|(_, bare)| bare.cpu_us),
        ratio: of(|(exchange, bare)| exchange.cpu_us / bare.cpu_us),
        exchange_per_second: of(|(exchange, _)| exchange.per_second),
        bare_per_second: of(|(_, bare)| bare.per_second),
    })
}

/// An answer of the exchange: its headers, apart from those any server sets by itself, and its body.
#[derive(Debug, Clone)]
struct Answer {
    headers: Vec<(String, String)>,
    body: web::Bytes,
}

impl Answer {
    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let end =
            bytes.windows(4).position(|window| window == b"\r\n\r\n").context("an answer without an end")?;
        let head = std::str::from_utf8(&bytes[..end])?;
        let own = ["content-length", "date", "connection"];
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = headers.filter(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str()));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { headers, body: web::Bytes::copy_from_slice(&bytes[end + 4..]) })
    }
}

/// Serves a handler that sends the answer in `file` whatever is asked.
///
/// # Errors
/// The file holds no answer, or the address is taken.
pub async fn serve_bare(listen: SocketAddr, workers: usize, file: &Path) -> anyhow::Result<()> {
    async fn send(answer: web::Data<Answer>) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        for (name, value) in &answer.headers {
            response.insert_header((name.as_str(), value.as_str()));
        }
        response.body(answer.body.clone())
    }
    let answer = web::Data::new(Answer::parse(&fs::read(file)?)?);
    let app = move || App::new().app_data(answer.clone()).default_service(web::to(send));
    HttpServer::new(app).workers(workers).bind(listen)?.run().await?;
    Ok(())
}
