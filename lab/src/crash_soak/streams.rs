//! Subscribes to streams and reconnects whenever the server restarts.

use std::{collections::BTreeMap, time::Duration};

use awc::ws::Frame;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    client::{Shared, now},
    market::{MARKETS, Symbol},
    parse,
    record::Record,
};

const RETRY: Duration = Duration::from_millis(20);

/// What a stream's numbers must follow.
#[derive(Debug, Default)]
struct Last(BTreeMap<(&'static str, String), u64>);

impl Last {
    /// Returns what is wrong when `first..=last` does not follow.
    fn follow(&mut self, kind: &'static str, name: &str, first: u64, last: u64) -> Option<String> {
        let before = self.0.insert((kind, name.to_owned()), last);
        let before = before.filter(|before| first != before + 1 || last < first)?;
        Some(format!("{kind} {name}: {first}..={last} after {before}"))
    }
}

/// Listens to the trades and the depth of every symbol.
pub(super) async fn public(url: &str, shared: &Shared) {
    let names: Vec<String> = (MARKETS.iter())
        .map(|market| market.name.to_lowercase())
        .map(|name| format!("{name}@trade/{name}@depth@100ms"))
        .collect();
    let url = format!("{url}/stream?streams={}", names.join("/"));
    loop {
        read_stream(&url, &[], |event, last| public_event(&event["data"], shared, last)).await;
        sleep(RETRY).await;
    }
}

fn public_event(event: &Value, shared: &Shared, last: &mut Last) -> Option<()> {
    let name = event["s"].as_str()?;
    let symbol = Symbol::named(name)?;
    let wrong = match event["e"].as_str()? {
        "trade" => {
            let trade = event["t"].as_u64()?;
            let (price, qty) = (parse::amount(&event["p"])?, parse::amount(&event["q"])?);
            shared.write(&Record::Trade { symbol, trade, price, qty });
            last.follow("trade", name, trade, trade)
        }
        "depthUpdate" => last.follow("depth", name, event["U"].as_u64()?, event["u"].as_u64()?),
        _ => None,
    };
    if let Some(what) = wrong {
        shared.write(&Record::Broken { at: now(), what });
    }
    Some(())
}

/// Listens to the private stream of the demo account, which is the one that has it: it is for browsers.
pub(super) async fn private(url: &str, account: u64, shared: &Shared) {
    let client = awc::Client::default();
    let stream = format!("{url}/x/v1/stream");
    loop {
        let session = client.post(format!("{url}/x/v1/session/demo")).send().await;
        let cookie = session.ok().and_then(|answer| {
            let cookie = answer.headers().get("set-cookie")?.to_str().ok()?;
            Some(cookie.split(';').next()?.to_owned())
        });
        if let Some(cookie) = cookie {
            let headers = [("Cookie", cookie.as_str()), ("Origin", url)];
            read_stream(&stream, &headers, |event, last| {
                private_event(&event["data"], account, shared, last)
            })
            .await;
        }
        sleep(RETRY).await;
    }
}

fn private_event(data: &Value, account: u64, shared: &Shared, last: &mut Last) -> Option<()> {
    let seq = data["seq"].as_u64()?;
    let at = now();
    if let Some(what) = last.follow("private", "seq", seq, seq) {
        shared.write(&Record::Broken { at, what });
    }
    let event = &data["event"];
    if event["e"].as_str() == Some("executionReport") {
        match parse::execution(event) {
            Some((order, fill)) => shared.write(&Record::Event { at, account, order, fill }),
            None => shared.write(&Record::Broken { at, what: format!("not an execution report: {event}") }),
        }
    }
    Some(())
}

/// Opens a socket and passes on its events until it closes.
async fn read_stream(
    url: &str,
    headers: &[(&str, &str)],
    mut handle: impl FnMut(&Value, &mut Last) -> Option<()>,
) {
    let mut request = awc::Client::default().ws(url);
    for (name, value) in headers {
        request = request.set_header(*name, *value);
    }
    let Ok((_, mut socket)) = request.connect().await else { return };
    let mut last = Last::default();
    while let Some(Ok(frame)) = socket.next().await {
        match frame {
            Frame::Text(text) => {
                if let Ok(event) = serde_json::from_slice(&text) {
                    handle(&event, &mut last);
                }
            }
            Frame::Ping(payload) => match socket.send(awc::ws::Message::Pong(payload)).await {
                Ok(()) => {}
                Err(_) => return,
            },
            Frame::Close(_) => return,
            _ => {}
        }
    }
}
