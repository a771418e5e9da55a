//! An exchange in a process of its own with as many accounts as a load needs, and the signed requests of those accounts.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep_until};

use super::{
    caller::Caller,
    server::{RECEIVE_WINDOW_MS, Server, markets, sign, timestamp},
};

/// The first account.
const FIRST: usize = 101;

/// A market of the built-in configuration, and a price and a quantity for its orders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Market {
    pub(super) name: &'static str,
    price: u32,
    quantity: &'static str,
}

/// The market that is flooded.
pub(super) const HOT: Market = Market { name: "BTCUSDT", price: 60_000, quantity: "0.001" };
/// Another one, of another shard.
pub(super) const QUIET: Market = Market { name: "ETHUSDT", price: 3_000, quantity: "0.01" };

/// Where an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// A purchase at the middle price, which the next sale takes.
    Buy,
    /// A sale at the middle price.
    Sell,
    /// A purchase at half the price, which rests.
    Deep,
}

/// A running exchange.
#[derive(Debug)]
pub(super) struct Venue {
    pub(super) server: Server,
}

impl Venue {
    /// Starts one with so many accounts, whose commands are durable or kept nowhere. Nothing limits an account or an address
    /// but what protects the exchange as a whole.
    pub(super) fn start(program: &Path, accounts: usize, durability: &str) -> Result<Self> {
        Self::start_with(program, accounts, durability, "")
    }

    /// Does the same with more settings.
    pub(super) fn start_with(
        program: &Path,
        accounts: usize,
        durability: &str,
        settings: &str,
    ) -> Result<Self> {
        let accounts: String = (0..accounts).map(account).collect();
        let configuration = format!(
            "[demo]\nenabled = \"false\"\n[feed]\nsynthetic = \"false\"\n[journal]\ndurability = \"{durability}\"\n\
             [history]\nenabled = false\n[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n\
             connections-per-5-minutes = 0\nconnections-per-address = 0\n{settings}{accounts}{}",
            markets()
        );
        Ok(Self { server: Server::configured(program, &configuration)? })
    }

    /// Returns its address.
    pub(super) const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Returns the request that places an order; a name identifies it later.
    pub(super) fn place(
        &self,
        account: usize,
        market: Market,
        order: Order,
        name: Option<u64>,
    ) -> Result<Vec<u8>> {
        let Market { name: symbol, price, quantity } = market;
        let (side, price) = match order {
            Order::Buy => ("BUY", price),
            Order::Sell => ("SELL", price),
            Order::Deep => ("BUY", price / 2),
        };
        let name = name.map(|name| format!("&newClientOrderId=n{name}")).unwrap_or_default();
        let parameters = format!(
            "symbol={symbol}&side={side}&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}.00\
             &newOrderRespType=ACK{name}"
        );
        self.signed("POST", account, &parameters)
    }

    /// Returns the request that cancels an order by its name.
    pub(super) fn cancel(&self, account: usize, market: Market, name: u64) -> Result<Vec<u8>> {
        self.signed("DELETE", account, &format!("symbol={}&origClientOrderId=n{name}", market.name))
    }

    fn signed(&self, method: &str, account: usize, parameters: &str) -> Result<Vec<u8>> {
        // The most there is: under overload it waits, and is to be refused for the load alone.
        let text = format!("{parameters}&recvWindow={RECEIVE_WINDOW_MS}&timestamp={}", timestamp()?);
        let signature = sign(&secret(account), &text)?;
        let (address, key) = (self.address(), key(account));
        Ok(format!(
            "{method} /api/v3/order?{text}&signature={signature} HTTP/1.1\r\nHost: {address}\r\nX-MBX-APIKEY: {key}\r\n\
             Content-Length: 0\r\n\r\n"
        )
        .into_bytes())
    }

    /// Makes trades in [`HOT`] at a steady pace.
    pub(super) async fn trade(&self, caller: &mut Caller, per_second: f64, trades: usize) -> Result<()> {
        let started = Instant::now();
        for number in 0..trades {
            sleep_until(started + Duration::from_secs_f64(number as f64 / per_second)).await;
            for (account, order) in [(0, Order::Buy), (1, Order::Sell)] {
                let reply = caller.call(&self.place(account, HOT, order, None)?).await?;
                ensure!(reply.status == 200, "refused: {}", caller.text());
            }
        }
        Ok(())
    }

    /// Reads a metric without labels.
    pub(super) async fn metric(&self, name: &str) -> Result<f64> {
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address());
        let text = Caller::open(self.address(), None).await?.read_to_end(request.as_bytes()).await?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.trim().parse().ok()).with_context(|| format!("no metric {name}"))
    }
}

/// Returns the time in microseconds since 1970, as the exchange prints it.
pub(super) fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

fn account(index: usize) -> String {
    let balances = ["USDT", "BTC", "ETH"]
        .map(|asset| format!("[[accounts.balances]]\nasset = \"{asset}\"\namount = \"900000000\"\n"));
    format!(
        "[[accounts]]\nid = {}\ntier = 0\n{}[[accounts.keys]]\nkey = \"{}\"\nsecret = \"{}\"\n\
         permissions = [\"trade\", \"user-data\"]\n",
        FIRST + index,
        balances.concat(),
        key(index),
        secret(index)
    )
}

fn key(index: usize) -> String {
    format!("loadkey{index:057}")
}

fn secret(index: usize) -> String {
    format!("loadsecret{index:054}")
}
