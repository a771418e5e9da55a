//! The private stream of an account, resumed after every interruption where it ended.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use awc::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{
    accounts::Trader,
    shared::{RETRY, Shared},
    socket::Socket,
};

/// How long the last events may take to come.
const LATE_MAX: Duration = Duration::from_secs(30);

/// What is known of an account from both sides.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The last event.
    seq: Cell<Option<u64>>,
    /// Acknowledged, but not reported by the stream yet.
    acknowledged: RefCell<BTreeSet<u64>>,
    /// Reported, but not acknowledged yet: a kill may lose the answer, but not the event.
    reported: RefCell<BTreeSet<u64>>,
    /// What the events say is open.
    open: RefCell<BTreeSet<u64>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    seq: Option<u64>,
    #[serde(borrow)]
    event: Option<Event<'a>>,
    status: Option<u64>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "e")]
    kind: &'a str,
    #[serde(rename = "i")]
    order: Option<u64>,
    #[serde(rename = "x")]
    execution: Option<&'a str>,
    #[serde(rename = "X")]
    status: Option<&'a str>,
}

impl Record {
    /// An order was acknowledged.
    pub(crate) fn acknowledged(&self, order: u64, shared: &Shared) {
        shared.count(|report| report.acknowledged += 1);
        if !self.reported.borrow_mut().remove(&order) {
            self.acknowledged.borrow_mut().insert(order);
        }
    }

    fn apply(&self, event: &Event<'_>) -> Result<()> {
        if event.kind != "executionReport" {
            return Ok(());
        }
        let order = event.order.context("an execution report without an order")?;
        if event.execution == Some("NEW") && !self.acknowledged.borrow_mut().remove(&order) {
            self.reported.borrow_mut().insert(order);
        }
        let mut open = self.open.borrow_mut();
        match event.status {
            Some("NEW" | "PARTIALLY_FILLED") => open.insert(order),
            _ => open.remove(&order),
        };
        Ok(())
    }
}

/// Follows the stream until the process ends; `subscribed` returns once it has started.
pub(crate) async fn listen(trader: Trader, record: Rc<Record>, shared: Rc<Shared>) {
    loop {
        // Whatever the reason, the stream is resumed.
        let _ = follow(&trader, &record, &shared).await;
        sleep(RETRY).await;
    }
}

/// Waits until the first subscription has started: from then on events are kept.
pub(crate) async fn subscribed(record: &Record) {
    while record.seq.get().is_none() {
        sleep(RETRY).await;
    }
}

async fn follow(trader: &Trader, record: &Record, shared: &Shared) -> Result<()> {
    let mut socket = Socket::open(shared.client.base(), "/ws-api/v3?returnRateLimits=false", None).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let key = &trader.credentials.key;
    let from = record.seq.get();
    let number = from.map(|from| format!("&fromSeq={from}")).unwrap_or_default();
    let signature = trader.credentials.sign(&format!("apiKey={key}{number}&timestamp={now}"));
    let mut params = json!({ "apiKey": key, "timestamp": u64::try_from(now)?, "signature": signature });
    if let Some(from) = from {
        params["fromSeq"] = from.into();
    }
    let request = json!({ "id": 1, "method": "userDataStream.subscribe.signature", "params": params });
    socket.send(request.to_string()).await?;
    let reply = socket.receive().await.context("closed")?;
    let reply: Value = serde_json::from_slice(&reply)?;
    if reply["status"] != 200 {
        if reply["status"].as_u64().is_some_and(|status| status < 500) {
            shared.lost(|| format!("account {}: not resumed from {from:?}: {reply}", trader.account));
        }
        bail!("not subscribed");
    }
    match from {
        None => record.seq.set(reply["result"]["seq"].as_u64()),
        Some(_) => shared.count(|report| report.resubscribed += 1),
    }
    while let Some(text) = socket.receive().await {
        let message: Message<'_> = serde_json::from_slice(&text)?;
        let Message { seq: Some(seq), event: Some(event), status: None } = message else { continue };
        let expected = record.seq.get().map_or(seq, |last| last + 1);
        if seq != expected {
            shared.lost(|| format!("account {}: event {seq} where {expected} follows", trader.account));
        }
        record.seq.set(Some(seq));
        record.apply(&event)?;
        shared.count(|report| report.events += 1);
    }
    Ok(())
}

/// Waits for the last events and compares what they say with what the server says.
pub(crate) async fn compare(trader: &Trader, record: &Record, shared: &Shared) -> Result<()> {
    let ask = async |path: &str, parameters: &[(&str, &str)]| {
        shared.client.signed(&trader.credentials, Method::GET, path, parameters).await
    };
    let last = ask("/x/v1/events", &[("fromSeq", "0"), ("limit", "1")]).await;
    let last = match last {
        Ok(events) => events["lastSeq"].as_u64(),
        // The oldest are gone: ask from where the record is.
        Err(_) => {
            let from = record.seq.get().unwrap_or_default().to_string();
            ask("/x/v1/events", &[("fromSeq", &from), ("limit", "1")]).await?["lastSeq"].as_u64()
        }
    };
    let last = last.context("no lastSeq")?;
    let caught_up = async {
        while record.seq.get().is_none_or(|seq| seq < last) {
            sleep(RETRY).await;
        }
    };
    if timeout(LATE_MAX, caught_up).await.is_err() {
        shared.lost(|| format!("account {}: {:?} of {last} events came", trader.account, record.seq.get()));
        return Ok(());
    }
    for order in record.acknowledged.borrow().iter() {
        shared.lost(|| format!("account {}: no event reported order {order}", trader.account));
    }
    let open = ask("/api/v3/openOrders", &[("symbol", trader.market.name)]).await?;
    let open = open.as_array().context("no open orders")?;
    let open: BTreeSet<u64> = open.iter().filter_map(|order| order["orderId"].as_u64()).collect();
    ensure!(open.len() < 1_000, "more open orders than an answer holds");
    if open != *record.open.borrow() {
        let reported = record.open.borrow().len();
        shared
            .lost(|| format!("account {}: {} are open, {reported} as reported", trader.account, open.len()));
    }
    Ok(())
}
