//! Carries out the decisions of the synthetic market.

use std::{future::Future, time::Duration};

use awc::http::Method;
use futures_util::future::join_all;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::Value;
use tokio::{sync::watch, time::MissedTickBehavior};
use tracing::{debug, warn};

use super::{
    market::{Action, LEVELS, Market},
    rules::{Filters, Rules, worth},
};
use crate::{
    client::{
        Client, ClientError, Credentials,
        operator::{Transfer, member, unexpected},
    },
    domain::orders::Side,
};

/// Binance's code for an order the account cannot pay, or that is rejected for another reason.
const NEW_ORDER_REJECTED: i64 = -2010;
/// A part of the message of the first of these.
const NO_FUNDS: &str = "insufficient balance";
/// How long to wait after an error that does not state a time.
const PAUSE: Duration = Duration::from_secs(1);
/// The first id of its accounts: far from any that is assigned.
const ACCOUNTS: u64 = 1 << 45;
/// Worth of a deposit in US dollars.
const DEPOSIT_WORTH: u64 = 1_000_000;

/// How the synthetic market behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The seed of its decisions.
    pub seed: u64,
    /// The symbols it trades; empty for all.
    pub symbols: Vec<String>,
    /// How many actions it takes per second and symbol, on average.
    pub actions_per_second: u32,
}

/// Runs the market until `stop` is done, then cancels its quotes. The client needs the operator's token.
///
/// # Errors
/// [`ClientError`] when it cannot start; later failures are retried.
pub async fn run(
    client: Client,
    options: Options,
    stop: impl Future<Output = ()>,
) -> Result<(), ClientError> {
    let info = client.get("/api/v3/exchangeInfo", &[]).await?;
    let symbols = member(&info, "symbols")?.as_array().cloned().unwrap_or_default();
    let [maker, taker] = accounts(options.seed);
    let maker = Trader::open(&client, maker).await?;
    let taker = Trader::open(&client, taker).await?;
    let mut desks = Vec::new();
    // A symbol's stream of the seed is its place in the list, whichever of them are traded.
    for (stream, symbol) in (1..).zip(&symbols) {
        let is_wanted = |name: &String| symbol["symbol"] == name.as_str();
        if options.symbols.is_empty() || options.symbols.iter().any(is_wanted) {
            let desk = Desk::open(&client, symbol, &maker, &taker, options.seed, stream).await?;
            // An exchange that was killed still has the quotes of its last run.
            desk.close().await.or_else(refused_is_fine)?;
            desks.push(desk);
        }
    }
    if let Some(unknown) = options.symbols.iter().find(|name| desks.iter().all(|desk| desk.name != **name)) {
        return Err(unexpected("/api/v3/exchangeInfo", &format!("there is no symbol {unknown}")));
    }
    let period = Duration::from_secs(1) / options.actions_per_second.max(1);
    let (stopper, stopped) = watch::channel(false);
    let trading = join_all(desks.into_iter().map(|desk| desk.trade(period, stopped.clone())));
    let stopping = async {
        stop.await;
        // The receivers live as long as the desks do.
        let _ = stopper.send(true);
    };
    futures_util::future::join(trading, stopping).await;
    for trader in [maker, taker] {
        if let Err(error) = client.revoke_key(trader.account, &trader.credentials.key).await {
            debug!(account = trader.account, %error, "a key stays");
        }
    }
    Ok(())
}

/// Returns the ids of the market maker's and the takers' account under a seed.
pub const fn accounts(seed: u64) -> [u64; 2] {
    let maker = ACCOUNTS + seed % 1_000_000 * 2;
    [maker, maker + 1]
}

#[derive(Debug, Clone)]
struct Trader {
    account: u64,
    credentials: Credentials,
}

impl Trader {
    /// Opens the account, or continues with the one of an earlier run of this seed.
    async fn open(client: &Client, account: u64) -> Result<Self, ClientError> {
        match client.create_account(Some(account), 0, true).await {
            Ok(_) | Err(ClientError::Refused { status: 409, .. }) => {}
            Err(error) => return Err(error),
        }
        let credentials = client.create_key(account, &["TRADE", "USER_DATA"]).await?;
        Ok(Self { account, credentials })
    }
}

/// The state of one symbol.
#[derive(Debug)]
struct Desk {
    client: Client,
    name: String,
    assets: [String; 2],
    tick: Decimal,
    step: Decimal,
    maker: Trader,
    taker: Trader,
    market: Market,
    /// The resting quotes' order ids, buys then sells.
    quotes: [[Option<u64>; LEVELS]; 2],
}

impl Desk {
    async fn open(
        client: &Client,
        symbol: &Value,
        maker: &Trader,
        taker: &Trader,
        seed: u64,
        stream: u64,
    ) -> Result<Self, ClientError> {
        let text = |name: &str| {
            let value = member(symbol, name)?.as_str().map(str::to_owned);
            value.ok_or_else(|| unexpected("/api/v3/exchangeInfo", &format!("{name} is no text")))
        };
        let name = text("symbol")?;
        let assets = [text("baseAsset")?, text("quoteAsset")?];
        let filters = filters(symbol)?;
        let Filters { tick, step, .. } = filters;
        let rules = Rules::new(&filters, [&assets[0], &assets[1]])
            .ok_or_else(|| unexpected("/api/v3/exchangeInfo", &format!("filters of {name} leave no room")))?;
        let market = Market::new(rules, seed, stream);
        // Earlier trading continues from its last price.
        let last = last_price(client, &name).await?.and_then(|price| price.checked_div(tick)?.to_u64());
        let market = last.map_or(market.clone(), |price| market.starting_at(price));
        Ok(Self {
            client: client.clone(),
            name,
            assets,
            tick,
            step,
            maker: maker.clone(),
            taker: taker.clone(),
            market,
            quotes: [[None; LEVELS]; 2],
        })
    }

    async fn trade(mut self, period: Duration, mut stopped: watch::Receiver<bool>) {
        let mut clock = tokio::time::interval(period);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*stopped.borrow() {
            let wait = match self.act().await {
                Ok(()) => None,
                Err(error) => {
                    let wait = error.wait().unwrap_or(PAUSE);
                    warn!(symbol = %self.name, %error, wait_ms = wait.as_millis() as u64, "synthetic market pauses");
                    Some(wait)
                }
            };
            tokio::select! {
                _ = stopped.changed() => break,
                () = tokio::time::sleep(wait.unwrap_or_default()) => {}
            }
            tokio::select! {
                _ = stopped.changed() => break,
                _ = clock.tick() => {}
            }
        }
        if let Err(error) = self.close().await {
            debug!(symbol = %self.name, %error, "quotes stay");
        }
    }

    /// Carries out the market's next decision. Rejects that are part of trading are not errors.
    async fn act(&mut self) -> Result<(), ClientError> {
        let action = self.market.decide();
        match self.carry_out(action).await {
            Err(error) if is_out_of_funds(&error) => {
                self.fund().await?;
                self.carry_out(action).await.map_or_else(refused_is_fine, Ok)
            }
            Err(error) => refused_is_fine(error),
            Ok(()) => Ok(()),
        }
    }

    async fn carry_out(&mut self, action: Action) -> Result<(), ClientError> {
        match action {
            Action::Quote { level, side, price, lots } => self.quote(level, side, price, lots).await,
            Action::Take { side, lots } => {
                let quantity = times(self.step, lots);
                let order = [
                    ("symbol", self.name.as_str()),
                    ("side", side_text(side)),
                    ("type", "MARKET"),
                    ("quantity", &quantity),
                    ("newOrderRespType", "ACK"),
                ];
                self.send(&self.taker, Method::POST, "/api/v3/order", &order).await.map(drop)
            }
        }
    }

    async fn quote(&mut self, level: usize, side: Side, price: u64, lots: u64) -> Result<(), ClientError> {
        let (price, quantity) = (times(self.tick, price), times(self.step, lots));
        let order = [
            ("symbol", self.name.as_str()),
            ("side", side_text(side)),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("quantity", &quantity),
            ("price", &price),
            ("newOrderRespType", "ACK"),
            // A quote that has moved past the other side's oldest replaces it.
            ("selfTradePreventionMode", "EXPIRE_MAKER"),
        ];
        let answer = match self.quotes[side.index()][level].take() {
            None => self.send(&self.maker, Method::POST, "/api/v3/order", &order).await?,
            Some(old) => {
                let old = old.to_string();
                let replace = [("cancelReplaceMode", "ALLOW_FAILURE"), ("cancelOrderId", old.as_str())];
                let replace = [&order[..], &replace[..]].concat();
                let path = "/api/v3/order/cancelReplace";
                let answer = self.send(&self.maker, Method::POST, path, &replace).await?;
                answer.get("newOrderResponse").cloned().unwrap_or_default()
            }
        };
        self.quotes[side.index()][level] = answer["orderId"].as_u64();
        Ok(())
    }

    async fn fund(&self) -> Result<(), ClientError> {
        for asset in &self.assets {
            let amount = Decimal::from(DEPOSIT_WORTH / worth(asset)).max(Decimal::ONE).to_string();
            for trader in [&self.maker, &self.taker] {
                let transfer = Transfer { account: trader.account, asset, amount: &amount, request_id: None };
                self.client.deposit(transfer).await?;
            }
        }
        Ok(())
    }

    async fn close(&self) -> Result<(), ClientError> {
        let symbol = [("symbol", self.name.as_str())];
        self.send(&self.maker, Method::DELETE, "/api/v3/openOrders", &symbol).await.map(drop)
    }

    async fn send(
        &self,
        trader: &Trader,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        self.client.signed(&trader.credentials, method, path, parameters).await
    }
}

/// Trading has rejects: a quote already gone, nothing to trade against. Only the server's own faults count.
/// Returns whether an order was rejected because its account cannot pay: a closed market is no reason for a deposit.
fn is_out_of_funds(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { code: NEW_ORDER_REJECTED, message, .. } if message.contains(NO_FUNDS))
}

fn refused_is_fine(error: ClientError) -> Result<(), ClientError> {
    match error {
        ClientError::Refused { status: 400 | 409, .. } => {
            debug!(%error, "refused");
            Ok(())
        }
        other => Err(other),
    }
}

/// Returns the price of a symbol's last trade, if there is one.
async fn last_price(client: &Client, symbol: &str) -> Result<Option<Decimal>, ClientError> {
    let trades = client.get("/api/v3/trades", &[("symbol", symbol), ("limit", "1")]).await?;
    Ok(trades[0]["price"].as_str().and_then(|price| Decimal::from_str_exact(price).ok()))
}

/// Reads the filters of a symbol of `exchangeInfo`.
fn filters(symbol: &Value) -> Result<Filters, ClientError> {
    let lots_max = filter(symbol, "LOT_SIZE", "maxQty")?;
    let market_max = filter(symbol, "MARKET_LOT_SIZE", "maxQty").ok().filter(|max| !max.is_zero());
    Ok(Filters {
        tick: filter(symbol, "PRICE_FILTER", "tickSize")?,
        step: filter(symbol, "LOT_SIZE", "stepSize")?,
        price_max: filter(symbol, "PRICE_FILTER", "maxPrice")?,
        quantity_min: filter(symbol, "LOT_SIZE", "minQty")?,
        quantity_max: market_max.map_or(lots_max, |max| max.min(lots_max)),
        notional_min: filter(symbol, "NOTIONAL", "minNotional").unwrap_or_default(),
    })
}

fn filter(symbol: &Value, kind: &str, name: &str) -> Result<Decimal, ClientError> {
    let filters = member(symbol, "filters")?.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = filters.iter().find(|filter| filter["filterType"] == kind);
    let value = found.and_then(|filter| Decimal::from_str_exact(filter[name].as_str()?).ok());
    value.ok_or_else(|| unexpected("/api/v3/exchangeInfo", &format!("no {name} in {kind}")))
}

fn times(unit: Decimal, count: u64) -> String {
    unit.checked_mul(Decimal::from(count)).unwrap_or_default().normalize().to_string()
}

const fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_are_printed_exactly() {
        assert_eq!(times(Decimal::from_str_exact("0.00001").unwrap(), 123), "0.00123");
        assert_eq!(times(Decimal::from_str_exact("0.01").unwrap(), 6_400_000), "64000");
    }
}
