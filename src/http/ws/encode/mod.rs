//! Encodes updates as wire text: once per stream, whatever the number of subscribers.

use std::sync::Arc;

use super::{
    execution::{self, ExecutionReport},
    head::{ZERO, write_head},
    market, topic,
};
use crate::{
    actors::message::{Encoder, EventEnvelope, MarketUpdate, Topic},
    domain::{
        account::{UserEvent, UserEventKind},
        instruments::{Instruments, symbol::SymbolSpec},
        types::{id::SymbolId, time::Timestamp},
    },
    http::wire::{json::Json, time_unit::TimeUnit},
};

/// The stream name of private events.
const USER_STREAM: &str = "user";

/// Encodes updates.
#[derive(Debug, Clone)]
pub struct WireEncoder {
    instruments: Arc<Instruments>,
}

impl WireEncoder {
    /// Encodes for these instruments.
    pub fn new(instruments: Arc<Instruments>) -> Self {
        Self { instruments }
    }

    fn spec(&self, symbol: SymbolId) -> Option<&SymbolSpec> {
        self.instruments.symbol(symbol).map(Arc::as_ref)
    }

    /// Writes the event of a private frame.
    pub(in crate::http) fn user_event(&self, json: &mut Json, event: &UserEvent, unit: TimeUnit) {
        match &event.kind {
            UserEventKind::Execution(execution) => {
                if let Some(spec) = self.spec(execution.order.symbol) {
                    ExecutionReport { unit, spec, event, execution }.write(json);
                } else {
                    json.raw("null");
                }
            }
            UserEventKind::Balances(balances) => json.object(|json| {
                write_head(json, "outboundAccountPosition", event.time, unit);
                json.field("u").number(unit.of(event.time));
                json.field("B").array(|json| {
                    let known = balances.iter().filter_map(|(id, balance)| {
                        self.instruments.asset(*id).map(|asset| (asset, balance))
                    });
                    for (asset, balance) in known {
                        json.item().object(|json| {
                            json.field("a").text(asset.name());
                            json.field("f").units(asset.units(balance.available));
                            json.field("l").units(asset.units(balance.held));
                        });
                    }
                });
            }),
            UserEventKind::List(list) => match self.spec(list.symbol) {
                Some(spec) => execution::write_list_status(json, spec, list, event, unit),
                None => json.raw("null"),
            },
            UserEventKind::Transfer { asset, delta } => json.object(|json| {
                write_head(json, "balanceUpdate", event.time, unit);
                let asset = self.instruments.asset(*asset);
                json.field("a").text(asset.as_ref().map_or("", |asset| asset.name()));
                json.field("d").units(asset.map_or(ZERO, |asset| asset.units(*delta)));
                json.field("T").number(unit.of(event.time));
            }),
        }
    }
}

impl Encoder for WireEncoder {
    fn market(&self, topic: Topic, update: &MarketUpdate, unit: TimeUnit, combined: bool) -> String {
        let payload = market::encode(topic, update, unit, &self.instruments);
        match combined {
            true => {
                format!("{{\"stream\":\"{}\",\"data\":{payload}}}", topic::name(topic, &self.instruments))
            }
            false => payload,
        }
    }

    fn user(&self, event: &UserEvent, unit: TimeUnit, envelope: EventEnvelope) -> String {
        let mut json = Json::with_capacity(768);
        json.object(|json| match envelope {
            EventEnvelope::Page => {
                json.field("stream").text(USER_STREAM);
                json.field("data").object(|json| {
                    json.field("seq").number(event.seq);
                    self.user_event(json.field("event"), event, unit);
                });
            }
            EventEnvelope::Api(subscription) => {
                json.field("subscriptionId").number(u64::from(subscription));
                self.user_event(json.field("event"), event, unit);
                json.field("seq").number(event.seq);
            }
        });
        json.finish()
    }

    fn api_shutdown(&self, now: Timestamp) -> String {
        format!("{{\"event\":{}}}", self.shutdown(false, now))
    }

    fn shutdown(&self, combined: bool, now: Timestamp) -> String {
        let mut json = Json::with_capacity(96);
        let write = |json: &mut Json| {
            json.object(|json| write_head(json, "serverShutdown", now, TimeUnit::Millis));
        };
        if combined {
            json.object(|json| {
                json.field("stream").text("!serverShutdown");
                write(json.field("data"));
            });
        } else {
            write(&mut json);
        }
        json.finish()
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Instruments with BTCUSDT.
    pub(in crate::http) fn instruments() -> Arc<Instruments> {
        let assets = r#"[{"id":1,"name":"BTC","scale":8},{"id":2,"name":"USDT","scale":8}]"#;
        let symbols = r#"[{"id":1,"name":"BTCUSDT","base":"BTC","quote":"USDT","tick-size":"0.01",
            "min-price":"0.01","max-price":"1000000","step-size":"0.00001","min-qty":"0.00001","max-qty":"9000",
            "min-notional":"5","max-num-orders":200,"market-collar":"0.05",
            "fees":[{"maker":"0.001","taker":"0.001"}]}]"#;
        let assets: Vec<_> = serde_json::from_str(assets).unwrap();
        let symbols: Vec<_> = serde_json::from_str(symbols).unwrap();
        Arc::new(Instruments::build(&assets, &symbols).unwrap())
    }
}

#[cfg(test)]
mod tests;
