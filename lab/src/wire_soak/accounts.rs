//! The trading accounts, their markets and prices.

use std::time::Duration;

use anyhow::{Context, Result};
use lightning_exchange::{
    client::{Client, Credentials, operator::Transfer},
    feed::synthetic::Random,
};

/// Accounts that trade.
pub(crate) const TRADERS: u64 = 32;
/// The first of them; the one before belongs to the demo.
pub(crate) const FIRST: u64 = 100;
/// How long a start of the server may take.
pub(crate) const READY_MAX: Duration = Duration::from_secs(120);

/// What is traded, of the built-in configuration.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) name: &'static str,
    /// The middle of the prices orders are placed at, in tenths.
    middle: u64,
    /// How far apart those prices are, in tenths.
    step: u64,
    /// The decimals of a quantity that vary.
    lot: &'static str,
}

pub(crate) const MARKETS: [Market; 2] = [
    Market { name: "BTCUSDT", middle: 500_000, step: 10, lot: "0.00" },
    Market { name: "ETHUSDT", middle: 30_000, step: 1, lot: "0.0" },
];

/// Levels on each side.
const LEVELS: u64 = 100;
/// How far beyond the middle an order reaches at most, in levels: some trade.
const BEYOND: u64 = 3;

impl Market {
    /// One order as `batchOrders` takes it.
    pub(crate) fn order(&self, random: &mut Random) -> String {
        let away = random.below(LEVELS + BEYOND);
        let is_buy = random.chance(50);
        let (middle, up, down) = match is_buy {
            true => (self.middle, BEYOND, away),
            false => (self.middle, away, BEYOND),
        };
        let price = middle + up * self.step - down * self.step;
        let side = if is_buy { "BUY" } else { "SELL" };
        let lots = random.between(1, 9);
        format!(
            r#"{{"symbol":"{}","side":"{side}","type":"LIMIT","timeInForce":"GTC","quantity":"{}{lots}","price":"{}.{}","newOrderRespType":"ACK"}}"#,
            self.name,
            self.lot,
            price / 10,
            price % 10
        )
    }
}

/// A trading account.
#[derive(Debug, Clone)]
pub(crate) struct Trader {
    pub(crate) account: u64,
    pub(crate) credentials: Credentials,
    pub(crate) market: &'static Market,
}

/// Opens accounts from `first` on, rich enough never to run out.
pub(crate) async fn open(client: &Client, first: u64, count: u64) -> Result<Vec<Trader>> {
    let mut traders = Vec::new();
    for account in first..first + count {
        let context = || format!("account {account}");
        client.create_account(Some(account), 0, true).await.with_context(context)?;
        for (asset, amount) in [("BTC", "100000"), ("ETH", "1000000"), ("USDT", "1000000000")] {
            let transfer = Transfer { account, asset, amount, request_id: None };
            client.deposit(transfer).await.with_context(context)?;
        }
        let credentials = client.create_key(account, &["TRADE", "USER_DATA"]).await.with_context(context)?;
        // Every market has as many, also among those that are listened to.
        let market = &MARKETS[usize::try_from(account)? % MARKETS.len()];
        traders.push(Trader { account, credentials, market });
    }
    Ok(traders)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn some_orders_reach_beyond_the_middle_and_most_do_not() {
        let mut random = Random::stream(1, 1);
        let orders: Vec<Value> =
            (0..1_000).map(|_| serde_json::from_str(&MARKETS[0].order(&mut random)).unwrap()).collect();
        let beyond = orders.iter().filter(|order| {
            let price: f64 = order["price"].as_str().unwrap().parse().unwrap();
            if order["side"] == "BUY" { price > 50_000.0 } else { price < 50_000.0 }
        });
        let share = beyond.count();
        assert!((5..100).contains(&share), "{share} in a thousand");
        assert!(orders.iter().all(|order| order["quantity"].as_str().unwrap().len() == 5));
    }
}
