//! Two funded accounts that play the orders of a tape on one symbol: one whose orders rest, and one that takes.

use std::collections::HashMap;

use awc::http::Method;
use lightning_exchange::{
    client::{
        Client, ClientError, Credentials,
        operator::{Transfer, member, unexpected},
    },
    domain::orders::Side,
};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{
    plan::{Fill, Name, Step},
    tape::Level,
};

/// LOBSTER's prices are in units of 1/10000.
const PRICE_UNIT: u64 = 10_000;
/// What is deposited at a time at least, in whole units of either asset.
const DEPOSIT_MIN: u64 = 10_000_000;
/// The most fills of an aggressive order whose makers are asked for.
const MAKERS_MAX: usize = 1_000;

/// The outcome of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Its fills, in order.
    pub fills: Vec<Fill>,
    /// The order each of them was made with.
    pub makers: Vec<Name>,
}

/// Two funded accounts on one symbol.
#[derive(Debug)]
pub struct Player {
    client: Client,
    symbol: String,
    base: String,
    quote: String,
    maker: Trader,
    taker: Trader,
    /// The resting orders by what the exchange calls them.
    names: HashMap<u64, Name>,
    /// The exchange's position at its last answer, for reads that must include all of it.
    position: u64,
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
    /// [`ClientError`], and a book that is not empty: what rests there would trade too.
    pub async fn open(client: Client, symbol: &str) -> Result<Self, ClientError> {
        let info = client.get("/api/v3/exchangeInfo", &[("symbol", symbol)]).await?;
        let symbols = member(&info, "symbols")?;
        let text = |name: &str| symbols[0][name].as_str().map(str::to_owned);
        let assets = text("baseAsset").zip(text("quoteAsset"));
        let (base, quote) = assets.ok_or_else(|| unexpected("/api/v3/exchangeInfo", "no assets"))?;
        let depth = client.get("/api/v3/depth", &[("symbol", symbol), ("limit", "5")]).await?;
        if [member(&depth, "bids")?, member(&depth, "asks")?].iter().any(|side| side.get(0).is_some()) {
            let reason = format!("the book of {symbol} is not empty; play on a symbol nothing rests on");
            return Err(unexpected("/api/v3/depth", &reason));
        }
        let maker = Trader::open(&client).await?;
        let taker = Trader::open(&client).await?;
        let symbol = symbol.to_owned();
        Ok(Self { client, symbol, base, quote, maker, taker, names: HashMap::new(), position: 0 })
    }

    /// Sends one order and returns its fills, with the makers of an aggressive one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn step(&mut self, step: &Step) -> Result<Done, ClientError> {
        self.fund(step).await?;
        let symbol = self.symbol.clone();
        let symbol = symbol.as_str();
        match step {
            Step::Rest { name, side, price, size } => {
                let answer = self.order(Owner::Maker, "GTC", Some(name), *side, *price, *size).await?;
                let order = member(&answer, "orderId")?.as_u64();
                let order = order.ok_or_else(|| unexpected("/api/v3/order", "no orderId"))?;
                self.names.insert(order, name.clone());
                Ok(Done { fills: fills_of(&answer)?, makers: Vec::new() })
            }
            Step::Amend { name, total } => {
                let total = total.to_string();
                let amend = [
                    ("symbol", symbol),
                    ("origClientOrderId", name),
                    ("newClientOrderId", name),
                    ("newQty", &total),
                ];
                self.send(Owner::Maker, Method::PUT, "/api/v3/order/amend/keepPriority", &amend).await?;
                Ok(Done::default())
            }
            Step::Cancel { name } => {
                let cancel = [("symbol", symbol), ("origClientOrderId", name)];
                self.send(Owner::Maker, Method::DELETE, "/api/v3/order", &cancel).await?;
                Ok(Done::default())
            }
            Step::Take { side, price, size, .. } => {
                let answer = self.order(Owner::Taker, "IOC", None, *side, *price, *size).await?;
                Ok(Done { fills: fills_of(&answer)?, makers: self.makers_of(&answer).await? })
            }
        }
    }

    async fn order(
        &mut self,
        owner: Owner,
        time_in_force: &str,
        name: Option<&str>,
        side: Side,
        price: u64,
        size: u64,
    ) -> Result<Value, ClientError> {
        let (symbol, price, size) = (self.symbol.clone(), price_text(price), size.to_string());
        let mut order = vec![
            ("symbol", symbol.as_str()),
            ("side", side_text(side)),
            ("type", "LIMIT"),
            ("timeInForce", time_in_force),
            ("quantity", &size),
            ("price", &price),
            ("newOrderRespType", "FULL"),
        ];
        order.extend(name.map(|name| ("newClientOrderId", name)));
        self.send(owner, Method::POST, "/api/v3/order", &order).await
    }

    /// Queries which of the maker's orders the fills of an answer were made with.
    async fn makers_of(&mut self, answer: &Value) -> Result<Vec<Name>, ClientError> {
        let trades: Vec<u64> = trades_of(answer);
        let Some(first) = trades.first() else { return Ok(Vec::new()) };
        let (symbol, first, limit) = (self.symbol.clone(), first.to_string(), MAKERS_MAX.to_string());
        let position = self.position.to_string();
        let query =
            [("symbol", symbol.as_str()), ("fromId", &first), ("limit", &limit), ("minSeq", &position)];
        let found = self.send(Owner::Maker, Method::GET, "/api/v3/myTrades", &query).await?;
        let row = |trade: &u64| found.as_array()?.iter().find(|row| row["id"].as_u64() == Some(*trade));
        let name = |trade: &u64| {
            let name = self.names.get(&row(trade)?["orderId"].as_u64()?).cloned();
            Some(name.unwrap_or_else(|| "an order that is not the tape's".to_owned()))
        };
        let absent = |trade: &u64| unexpected("/api/v3/myTrades", &format!("no trade {trade}"));
        trades.iter().map(|trade| name(trade).ok_or_else(|| absent(trade))).collect()
    }

    /// Returns the best levels of bids and asks, as everything that was done left them.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn book(&self, levels: usize) -> Result<(Vec<Level>, Vec<Level>), ClientError> {
        let (limit, position) = (levels.to_string(), self.position.to_string());
        let query = [("symbol", self.symbol.as_str()), ("limit", &limit), ("minSeq", &position)];
        let depth = self.client.get("/api/v3/depth", &query).await?;
        let side = |name: &str| -> Result<Vec<Level>, ClientError> {
            let levels = member(&depth, name)?.as_array().map(Vec::as_slice).unwrap_or_default();
            levels.iter().map(|level| Ok((price_of(&level[0])?, size_of(&level[1])?))).collect()
        };
        Ok((side("bids")?, side("asks")?))
    }

    /// Cancels everything that rests at a price and rests one order there instead, if there is to be one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reset_level(
        &mut self,
        side: Side,
        price: u64,
        order: Option<(Name, u64)>,
    ) -> Result<(), ClientError> {
        let symbol = self.symbol.clone();
        let position = self.position.to_string();
        let query = [("symbol", symbol.as_str()), ("minSeq", position.as_str())];
        let open = self.send(Owner::Maker, Method::GET, "/api/v3/openOrders", &query).await?;
        for row in open.as_array().into_iter().flatten() {
            if row["side"] == side_text(side) && price_of(&row["price"])? == price {
                let order = row["orderId"].to_string();
                let cancel = [("symbol", symbol.as_str()), ("orderId", order.as_str())];
                self.send(Owner::Maker, Method::DELETE, "/api/v3/order", &cancel).await?;
            }
        }
        if let Some((name, size)) = order {
            self.step(&Step::Rest { name, side, price, size }).await?;
        }
        Ok(())
    }

    /// Cancels everything that still rests, so that another tape can be played on the symbol.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn close(mut self) -> Result<(), ClientError> {
        const NOTHING_OPEN: i64 = -2011;
        let symbol = self.symbol.clone();
        let query = [("symbol", symbol.as_str())];
        match self.send(Owner::Maker, Method::DELETE, "/api/v3/openOrders", &query).await {
            Err(error) if error.code() != Some(NOTHING_OPEN) => Err(error),
            _ => Ok(()),
        }
    }

    async fn send(
        &mut self,
        owner: Owner,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        let credentials = match owner {
            Owner::Maker => &self.maker.credentials,
            Owner::Taker => &self.taker.credentials,
        };
        loop {
            match self.client.signed_at(credentials, method.clone(), path, parameters).await {
                Err(error) => match error.wait() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(error),
                },
                Ok((answer, position)) => {
                    self.position = self.position.max(position.unwrap_or_default());
                    return Ok(answer);
                }
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

/// Whose order a request is about.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Maker,
    Taker,
}

impl Trader {
    async fn open(client: &Client) -> Result<Self, ClientError> {
        let account = client.create_account(None, 0, true).await?;
        let credentials = client.create_key(account, &["TRADE", "USER_DATA"]).await?;
        Ok(Self { account, credentials, shares: 0, money: 0 })
    }
}

fn trades_of(answer: &Value) -> Vec<u64> {
    answer["fills"].as_array().into_iter().flatten().filter_map(|fill| fill["tradeId"].as_u64()).collect()
}

fn fills_of(answer: &Value) -> Result<Vec<Fill>, ClientError> {
    let fills = answer["fills"].as_array().map(Vec::as_slice).unwrap_or_default();
    fills
        .iter()
        .map(|fill| Ok(Fill { price: price_of(&fill["price"])?, size: size_of(&fill["qty"])? }))
        .collect()
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
}
