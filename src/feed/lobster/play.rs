//! Plays a plan through the API of a running server, and holds what comes of it against the tape.

use std::time::{Duration, Instant};

use awc::http::Method;
use rust_decimal::Decimal;
use serde_json::Value;

use super::plan::{Fill, Group, Plan, Step};
use super::tape::Level;
use crate::{
    domain::order::Side,
    feed::{
        client::{Client, ClientError, Credentials},
        operator::{Transfer, member, unexpected},
    },
};

/// LOBSTER's prices are in units of 1/10000.
const PRICE_UNIT: u64 = 10_000;
/// What is deposited at a time at least, in whole units of either asset.
const DEPOSIT_MIN: u64 = 10_000_000;
/// How long the public book may lag behind an answer.
const BOOK_LAG_MAX: Duration = Duration::from_secs(5);

/// How fast a tape is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// So many times as fast as it was recorded.
    Times(u32),
    /// As fast as the server answers.
    Max,
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" => Ok(Self::Max),
            other => match other.trim_end_matches('x').parse() {
                Ok(times) if times > 0 => Ok(Self::Times(times)),
                _ => Err("a speed is a whole number such as 1 or 10, or max".to_owned()),
            },
        }
    }
}

/// What came of a tape.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Groups played.
    pub groups: usize,
    /// Orders, amendments and cancels sent.
    pub steps: usize,
    /// Aggressive orders among them.
    pub takes: usize,
    /// Fills the tape has.
    pub fills: usize,
    /// Groups after which the best bid and ask were compared.
    pub tops: usize,
    /// Where the exchange and the tape differ.
    pub differences: Vec<String>,
}

/// Plays a plan.
///
/// With `check_book` the best bid and ask are compared after every group. `progress` is told how many groups are
/// done.
///
/// # Errors
/// The first call that failed; what merely differs is in the report.
pub async fn play(
    player: &mut Player,
    plan: &Plan,
    speed: Speed,
    check_book: bool,
    mut progress: impl FnMut(usize),
) -> Result<Report, ClientError> {
    let mut report = Report::default();
    let started = Instant::now();
    let first = plan.groups.first().map_or(0, |group| group.time_ns);
    for (index, group) in plan.groups.iter().enumerate() {
        if let Speed::Times(times) = speed {
            let due = Duration::from_nanos(group.time_ns.saturating_sub(first) / u64::from(times));
            tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
        }
        player.play_group(group, check_book, &mut report).await?;
        progress(index + 1);
    }
    Ok(report)
}

/// Two funded accounts on one symbol: one whose orders rest, and one that takes.
#[derive(Debug)]
pub struct Player {
    client: Client,
    symbol: String,
    base: String,
    quote: String,
    maker: Trader,
    taker: Trader,
}

#[derive(Debug)]
struct Trader {
    account: u64,
    credentials: Credentials,
    /// What is certainly left: shares, and 1/10000 of the quote asset.
    shares: u128,
    money: u128,
}

impl Player {
    /// Opens the accounts. The client needs the operator's token.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn open(client: Client, symbol: &str) -> Result<Self, ClientError> {
        let info = client.get("/api/v3/exchangeInfo", &[("symbol", symbol)]).await?;
        let symbols = member(&info, "symbols")?;
        let text = |name: &str| symbols[0][name].as_str().map(str::to_owned);
        let assets = text("baseAsset").zip(text("quoteAsset"));
        let (base, quote) = assets.ok_or_else(|| unexpected("/api/v3/exchangeInfo", "no assets"))?;
        let maker = Trader::open(&client).await?;
        let taker = Trader::open(&client).await?;
        Ok(Self { client, symbol: symbol.to_owned(), base, quote, maker, taker })
    }

    async fn play_group(
        &mut self,
        group: &Group,
        check_book: bool,
        report: &mut Report,
    ) -> Result<(), ClientError> {
        report.groups += 1;
        for step in &group.steps {
            report.steps += 1;
            let fills = self.step(step).await?;
            if let Step::Take { fills: expected, .. } = step {
                report.takes += 1;
                report.fills += expected.len();
                if &fills != expected {
                    let line = group.last + 1;
                    report.differences.push(format!("line {line}: {fills:?} is not the tape's {expected:?}"));
                }
            } else if !fills.is_empty() {
                report
                    .differences
                    .push(format!("line {}: a resting order traded: {fills:?}", group.last + 1));
            }
        }
        if check_book {
            report.tops += 1;
            let top = self.top_when(group.top).await?;
            if top != group.top {
                let line = group.last + 1;
                report
                    .differences
                    .push(format!("line {line}: top {top:?} is not the tape's {:?}", group.top));
            }
        }
        Ok(())
    }

    /// Sends one order and returns its fills.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn step(&mut self, step: &Step) -> Result<Vec<Fill>, ClientError> {
        self.fund(step).await?;
        let symbol = self.symbol.as_str();
        let answer = match step {
            Step::Rest { name, side, price, size } => {
                let (price, size) = (price_text(*price), size.to_string());
                let order = [
                    ("symbol", symbol),
                    ("side", side_text(*side)),
                    ("type", "LIMIT"),
                    ("timeInForce", "GTC"),
                    ("quantity", &size),
                    ("price", &price),
                    ("newClientOrderId", name),
                    ("newOrderRespType", "FULL"),
                ];
                self.send(&self.maker, Method::POST, "/api/v3/order", &order).await?
            }
            Step::Amend { name, total } => {
                let total = total.to_string();
                let amend = [
                    ("symbol", symbol),
                    ("origClientOrderId", name),
                    ("newClientOrderId", name),
                    ("newQty", &total),
                ];
                self.send(&self.maker, Method::PUT, "/api/v3/order/amend/keepPriority", &amend).await?
            }
            Step::Cancel { name } => {
                let cancel = [("symbol", symbol), ("origClientOrderId", name)];
                self.send(&self.maker, Method::DELETE, "/api/v3/order", &cancel).await?
            }
            Step::Take { side, price, size, .. } => {
                let (price, size) = (price_text(*price), size.to_string());
                let order = [
                    ("symbol", symbol),
                    ("side", side_text(*side)),
                    ("type", "LIMIT"),
                    ("timeInForce", "IOC"),
                    ("quantity", &size),
                    ("price", &price),
                    ("newOrderRespType", "FULL"),
                ];
                self.send(&self.taker, Method::POST, "/api/v3/order", &order).await?
            }
        };
        let Some(fills) = answer["fills"].as_array() else { return Ok(Vec::new()) };
        fills
            .iter()
            .map(|fill| Ok(Fill { price: price_of(&fill["price"])?, size: size_of(&fill["qty"])? }))
            .collect()
    }

    /// Returns the best bid and ask.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn top(&self) -> Result<(Option<Level>, Option<Level>), ClientError> {
        let depth = self.client.get("/api/v3/depth", &[("symbol", &self.symbol), ("limit", "5")]).await?;
        let best = |side: &Value| match side.get(0) {
            None => Ok(None),
            Some(level) => Ok(Some((price_of(&level[0])?, size_of(&level[1])?))),
        };
        Ok((best(member(&depth, "bids")?)?, best(member(&depth, "asks")?)?))
    }

    /// Asks until the top is as expected, for as long as public data may lag behind the answer to an order.
    async fn top_when(
        &self,
        expected: (Option<Level>, Option<Level>),
    ) -> Result<(Option<Level>, Option<Level>), ClientError> {
        let until = Instant::now() + BOOK_LAG_MAX;
        loop {
            let top = self.top().await?;
            if top == expected || Instant::now() > until {
                return Ok(top);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn send(
        &self,
        trader: &Trader,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        loop {
            match self.client.signed(&trader.credentials, method.clone(), path, parameters).await {
                Err(error) => match error.wait() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(error),
                },
                answer => return answer,
            }
        }
    }

    /// Deposits ahead of what the step may hold. What trades bring in is not counted, so it is never too little.
    async fn fund(&mut self, step: &Step) -> Result<(), ClientError> {
        let (trader, side, price, size) = match step {
            Step::Rest { side, price, size, .. } => (&mut self.maker, *side, *price, *size),
            Step::Take { side, price, size, .. } => (&mut self.taker, *side, *price, *size),
            Step::Amend { .. } | Step::Cancel { .. } => return Ok(()),
        };
        let (asset, left, unit, need) = match side {
            Side::Buy => {
                let need = u128::from(price) * u128::from(size);
                (&self.quote, &mut trader.money, u128::from(PRICE_UNIT), need)
            }
            Side::Sell => (&self.base, &mut trader.shares, 1, u128::from(size)),
        };
        if *left < need {
            let whole = need.div_ceil(unit).max(u128::from(DEPOSIT_MIN));
            let amount = whole.to_string();
            let transfer = Transfer { account: trader.account, asset, amount: &amount, request_id: None };
            self.client.deposit(transfer).await?;
            *left += whole * unit;
        }
        *left -= need;
        Ok(())
    }
}

impl Trader {
    async fn open(client: &Client) -> Result<Self, ClientError> {
        let account = client.create_account(None, 0, true).await?;
        let credentials = client.create_key(account, &["TRADE", "USER_DATA"]).await?;
        Ok(Self { account, credentials, shares: 0, money: 0 })
    }
}

const fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

fn price_text(price: u64) -> String {
    format!("{}.{:04}", price / PRICE_UNIT, price % PRICE_UNIT)
}

fn price_of(value: &Value) -> Result<u64, ClientError> {
    number(value, PRICE_UNIT)
}

fn size_of(value: &Value) -> Result<u64, ClientError> {
    number(value, 1)
}

fn number(value: &Value, unit: u64) -> Result<u64, ClientError> {
    let exact = || {
        let scaled = Decimal::from_str_exact(value.as_str()?).ok()?.checked_mul(Decimal::from(unit))?;
        scaled.is_integer().then(|| u64::try_from(scaled).ok()).flatten()
    };
    exact().ok_or_else(|| unexpected("answer", &format!("{value} is not a multiple of 1/{unit}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_survive_the_wire() {
        assert_eq!(price_text(5_853_300), "585.3300");
        assert_eq!(price_of(&Value::from("585.33000000")), Ok(5_853_300));
        assert_eq!(size_of(&Value::from("18.00000000")), Ok(18));
        assert!(size_of(&Value::from("0.5")).is_err() && size_of(&Value::from(5)).is_err());
    }

    #[test]
    fn a_speed_is_read() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("10x".parse(), Ok(Speed::Times(10)));
        assert!("0".parse::<Speed>().is_err() && "fast".parse::<Speed>().is_err());
    }
}
