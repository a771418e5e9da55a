//! The cost of a signed order to the server, against a handler that only parses the same body.
//!
//! The exchange keeps no journal here: `bench durable` measures that cost. Both servers are processes of their own, on
//! the same actix-web with the same request logging, and take turns. The figure is their CPU time per order, from
//! `/proc`, so neither the load generator nor idle time counts.

use std::{net::SocketAddr, path::Path, time::Instant};

use actix_web::{App, HttpResponse, HttpServer, middleware::Condition, web};
use lightning_exchange::http::RequestSpan;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tracing_actix_web::TracingLogger;

use super::{
    median_of,
    server::{Server, drive, request},
};

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Orders in one run.
    pub orders: usize,
    /// Connections, each with one order in flight.
    pub connections: usize,
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

/// Runs both servers, the exchange from `program`, `runs` times in turn with `orders` orders each. The handler logs its
/// requests as the exchange does, or not at all.
///
/// # Errors
/// A server does not start, or an order is refused.
pub fn run(
    program: &Path,
    runs: usize,
    orders: usize,
    connections: usize,
    is_logged: bool,
) -> anyhow::Result<Report> {
    let mut pairs = Vec::with_capacity(runs);
    for _ in 0..runs {
        let of =
            |server: Server| measure(&server, orders, connections, |index| request(index, server.address));
        let parse_only = of(Server::parse_only(is_logged)?)?;
        let exchange = of(Server::exchange(program, "none")?)?;
        pairs.push((exchange, parse_only));
    }
    let of = |figure| median_of(&pairs, figure);
    Ok(Report {
        orders,
        connections,
        exchange_cpu_us: of(|(exchange, _)| exchange.cpu_us),
        parse_only_cpu_us: of(|(_, parse_only)| parse_only.cpu_us),
        ratio: of(|(exchange, parse_only)| exchange.cpu_us / parse_only.cpu_us),
        exchange_per_second: of(|(exchange, _)| exchange.per_second),
        parse_only_per_second: of(|(_, parse_only)| parse_only.per_second),
    })
}

/// What requests cost a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// Its CPU time for each, in microseconds.
    pub(super) cpu_us: f64,
    /// How many it answered in a second.
    pub(super) per_second: f64,
}

/// Sends `count` requests on so many connections, each with one in flight.
pub(super) fn measure(
    server: &Server,
    count: usize,
    connections: usize,
    request: impl Fn(usize) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<Cost> {
    let each = count / connections;
    let warm_up: Vec<Vec<u8>> = (0..200).map(&request).collect::<Result<_, _>>()?;
    drive(server.address, &warm_up)?;
    let batches = (0..connections)
        .map(|connection| (0..each).map(|index| request(connection + index)).collect())
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
    let answered = (each * connections) as f64;
    Ok(Cost { cpu_us: cpu * 1e6 / answered, per_second: answered / elapsed })
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

/// Serves a handler that parses an order and echoes it, and whose requests are logged as those of the exchange or not at
/// all.
///
/// # Errors
/// The address is taken.
pub async fn serve_parse_only(listen: SocketAddr, workers: usize, is_logged: bool) -> anyhow::Result<()> {
    async fn echo(order: web::Form<ParsedOrder>) -> HttpResponse {
        let order = order.into_inner();
        HttpResponse::Ok().json(serde_json::json!({
            "symbol": order.symbol, "side": order.side, "type": order.r#type,
            "price": order.price.to_string(), "origQty": order.quantity.to_string(), "transactTime": order.timestamp,
        }))
    }
    let app = move || {
        let log = Condition::new(is_logged, TracingLogger::<RequestSpan>::new());
        App::new().wrap(log).route("/api/v3/order", web::post().to(echo))
    };
    HttpServer::new(app).workers(workers).bind(listen)?.run().await?;
    Ok(())
}
