//! Orders in batches: an account places twenty, and cancels its oldest once it has enough.

use std::{collections::VecDeque, rc::Rc, time::Duration};

use anyhow::{Result, bail};
use awc::http::Method;
use lightning_exchange::{client::Parameters, feed::synthetic::Random};
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{
    accounts::Trader,
    private::Record,
    shared::{RETRY, Shared},
};

/// How many orders a request is about, which is the most one may.
pub(crate) const BATCH: usize = 20;
/// The number of open orders from which an account cancels some.
const OPEN: usize = 60;
const PATH: &str = "/x/v1/batchOrders";

/// Sends one batch every `pace` until the soak is over. Accounts whose stream is followed have a record of acknowledged orders.
pub(crate) async fn trade(
    trader: Trader,
    shared: Rc<Shared>,
    record: Option<Rc<Record>>,
    seed: u64,
    pace: Duration,
) {
    let mut random = Random::stream(seed, trader.account);
    let mut open = VecDeque::new();
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !shared.is_over.get() {
        ticks.tick().await;
        let done = match open.len() < OPEN {
            true => place(&trader, &shared, record.as_deref(), &mut random, &mut open).await,
            false => cancel(&trader, &shared, &mut open).await,
        };
        if done.is_err() {
            // It is unknown which of the orders were placed: cancel them all and start over.
            while clear(&trader, &shared).await.is_err() {
                sleep(RETRY).await;
            }
            open.clear();
        }
    }
}

async fn place(
    trader: &Trader,
    shared: &Shared,
    record: Option<&Record>,
    random: &mut Random,
    open: &mut VecDeque<u64>,
) -> Result<()> {
    let orders: Vec<String> = (0..BATCH).map(|_| trader.market.order(random)).collect();
    let list = format!("[{}]", orders.join(","));
    let answers = ask(trader, shared, Method::POST, &[("batchOrders", &list)]).await?;
    for id in answers.iter().filter_map(|answer| answer["orderId"].as_u64()) {
        shared.count(|report| report.placed += 1);
        open.push_back(id);
        if let Some(record) = record {
            record.acknowledged(id, shared);
        }
    }
    Ok(())
}

async fn cancel(trader: &Trader, shared: &Shared, open: &mut VecDeque<u64>) -> Result<()> {
    let ids: Vec<String> = open.drain(..BATCH.min(open.len())).map(|id| id.to_string()).collect();
    let list = format!("[{}]", ids.join(","));
    ask(trader, shared, Method::DELETE, &[("symbol", trader.market.name), ("orderIdList", &list)]).await?;
    Ok(())
}

/// Sends a batch and returns its answers; counts those that are one.
async fn ask(
    trader: &Trader,
    shared: &Shared,
    method: Method,
    parameters: Parameters<'_>,
) -> Result<Vec<Value>> {
    const INTERNAL: [i64; 3] = [-1_000, -1_001, -1_008];
    let reply = shared.client.signed_reply(&trader.credentials, method, PATH, parameters, &[]).await?;
    let Value::Array(answers) = reply.body else { bail!("status {}: {}", reply.status, reply.body) };
    let codes: Vec<i64> = answers.iter().filter_map(|answer| answer["code"].as_i64()).collect();
    if let Some(code) = codes.iter().find(|code| INTERNAL.contains(code)) {
        bail!("refused with {code}");
    }
    shared.count(|report| {
        report.commands += answers.len() as u64;
        report.refused += codes.len() as u64;
    });
    Ok(answers)
}

async fn clear(trader: &Trader, shared: &Shared) -> Result<()> {
    const NOTHING_OPEN: i64 = -2_011;
    let symbol = [("symbol", trader.market.name)];
    let cancelled =
        shared.client.signed(&trader.credentials, Method::DELETE, "/api/v3/openOrders", &symbol).await;
    match cancelled {
        Err(error) if error.code() != Some(NOTHING_OPEN) => Err(error.into()),
        _ => Ok(()),
    }
}
