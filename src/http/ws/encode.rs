//! Turns updates into wire text: once per stream, whatever the number of subscribers.

use std::sync::Arc;

use super::{market, topic};
use crate::{
    actors::{
        Clock,
        message::{Encoder, MarketUpdate, Topic, UserForm},
    },
    domain::{
        account::{Execution, ExecutionKind, UserEvent, UserEventKind},
        catalogue::Catalogue,
        decimal::Units,
        id::SymbolId,
        order::EndReason,
        order_list::OrderList,
        symbol::SymbolSpec,
        time::Timestamp,
    },
    http::{json::Json, names, order_reply, time_unit::TimeUnit},
};

const ZERO: Units = Units { value: 0, scale: 8 };
/// The name private events travel under.
const USER_STREAM: &str = "user";

/// Knows the wire's words for updates.
#[derive(Debug, Clone)]
pub struct WireEncoder {
    catalogue: Arc<Catalogue>,
}

impl WireEncoder {
    /// Encodes for the symbols of this catalogue.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue }
    }

    fn spec(&self, symbol: SymbolId) -> Option<&SymbolSpec> {
        self.catalogue.symbol(symbol).map(Arc::as_ref)
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
                    let known = balances
                        .iter()
                        .filter_map(|(id, balance)| self.catalogue.asset(*id).map(|asset| (asset, balance)));
                    for (asset, balance) in known {
                        json.item().object(|json| {
                            json.field("a").text(asset.name());
                            json.field("f").units(asset.units(balance.available));
                            json.field("l").units(asset.units(balance.frozen));
                        });
                    }
                });
            }),
            UserEventKind::List(list) => match self.spec(list.symbol) {
                Some(spec) => write_list_status(json, spec, list, event, unit),
                None => json.raw("null"),
            },
            UserEventKind::Transfer { asset, delta } => json.object(|json| {
                write_head(json, "balanceUpdate", event.time, unit);
                let asset = self.catalogue.asset(*asset);
                json.field("a").text(asset.as_ref().map_or("", |asset| asset.name()));
                json.field("d").units(asset.map_or(ZERO, |asset| asset.units(*delta)));
                json.field("T").number(unit.of(event.time));
            }),
        }
    }
}

impl Encoder for WireEncoder {
    fn market(&self, topic: Topic, update: &MarketUpdate, unit: TimeUnit) -> String {
        market::encode(topic, update, unit, &self.catalogue)
    }

    fn stream_name(&self, topic: Topic) -> String {
        topic::name(topic, &self.catalogue)
    }

    fn user(&self, event: &UserEvent, unit: TimeUnit, form: UserForm) -> String {
        let mut json = Json::with_capacity(768);
        json.object(|json| match form {
            UserForm::Page => {
                json.field("stream").text(USER_STREAM);
                json.field("data").object(|json| {
                    json.field("seq").number(event.seq);
                    self.user_event(json.field("event"), event, unit);
                });
            }
            UserForm::Api(subscription) => {
                json.field("subscriptionId").number(u64::from(subscription));
                self.user_event(json.field("event"), event, unit);
                json.field("seq").number(event.seq);
            }
        });
        json.finish()
    }

    fn api_shutdown(&self) -> String {
        format!("{{\"event\":{}}}", self.shutdown(false))
    }

    fn shutdown(&self, combined: bool) -> String {
        let mut json = Json::with_capacity(96);
        let write = |json: &mut Json| {
            let now = Clock::default().now();
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

pub(super) fn write_head(json: &mut Json, kind: &str, time: Timestamp, unit: TimeUnit) {
    json.field("e").text(kind);
    json.field("E").number(unit.of(time));
}

fn write_list_status(
    json: &mut Json,
    spec: &SymbolSpec,
    list: &OrderList,
    event: &UserEvent,
    unit: TimeUnit,
) {
    json.object(|json| {
        write_head(json, "listStatus", event.time, unit);
        json.field("s").text(&spec.name);
        json.field("g").number(list.id.get());
        json.field("c").text(names::contingency(list.contingency));
        json.field("l").text(names::list_status_type(list.status));
        json.field("L").text(names::list_order_status(list.status));
        json.field("r").text("NONE");
        json.field("C").text(list.client_id.as_str());
        json.field("T").number(unit.of(list.updated_at));
        json.field("O").array(|json| {
            for (id, name) in &list.orders {
                json.item().object(|json| {
                    json.field("s").text(&spec.name);
                    json.field("i").number(id.get());
                    json.field("c").text(name.as_str());
                });
            }
        });
    });
}

/// An `executionReport` to be.
struct ExecutionReport<'a> {
    unit: TimeUnit,
    spec: &'a SymbolSpec,
    event: &'a UserEvent,
    execution: &'a Execution,
}

impl ExecutionReport<'_> {
    fn write(&self, json: &mut Json) {
        let (spec, order, event) = (self.spec, &self.execution.order, self.event);
        let time = |time| self.unit.of(time);
        json.object(|json| {
            json.field("e").text("executionReport");
            json.field("E").number(time(event.time));
            json.field("s").text(&spec.name);
            self.names(json);
            json.field("S").text(names::side(order.side));
            json.field("o").text(names::order_kind(order.kind));
            json.field("f").text(names::time_in_force(order));
            json.field("q").units(spec.lots_units(order_reply::ordered(order)));
            json.field("p").units(spec.price_units(order.price));
            json.field("P").units(ZERO);
            json.field("F").units(ZERO);
            json.field("g").raw("-1");
            json.field("x").text(self.kind());
            json.field("X").text(names::status(order));
            json.field("r").text(if self.is_refused() { "WOULD_MATCH_IMMEDIATELY" } else { "NONE" });
            json.field("i").number(order.id.get());
            self.last_fill(json);
            json.field("z").units(spec.lots_units(order.executed));
            json.field("T").number(time(event.time));
            json.field("I").number(event.seq);
            json.field("w").boolean(!order.status.is_final());
            json.field("M").boolean(false);
            json.field("O").number(time(order.created_at));
            json.field("Z").units(spec.quote_units(order.executed_quote));
            json.field("Q").units(spec.quote_units(order.quote_quantity));
            json.field("V").text(names::stp_mode(order.stp));
            if !self.is_refused() {
                json.field("W").number(time(order.created_at));
            }
            if !order.prevented.is_zero() {
                json.field("A").units(spec.lots_units(order.prevented));
            }
            if let ExecutionKind::Prevented(lots) = self.execution.kind {
                json.field("B").units(spec.lots_units(lots));
            }
            if let Some(reason) = names::expiry_reason(order) {
                json.field("eR").text(reason);
            }
            if let Some(expiry) = order.expires_at {
                json.field("goodTillDate").number(time(expiry));
            }
        });
    }

    /// `c` and `C`: of a cancel, its own name and the order's; of a replaced order, its new name and its old.
    fn names(&self, json: &mut Json) {
        let order = &self.execution.order;
        let (current, original) = match (self.execution.kind, self.execution.original_client_id) {
            (ExecutionKind::Cancelled, original) => {
                (names::cancel_client_id(order), Some(original.unwrap_or(order.client_id)))
            }
            (_, original) => (order.client_id, original),
        };
        json.field("c").text(current.as_str());
        json.field("C").text(original.as_ref().map_or("", |id| id.as_str()));
    }

    fn is_refused(&self) -> bool {
        matches!(self.execution.kind, ExecutionKind::Rejected)
    }

    fn kind(&self) -> &'static str {
        match self.execution.kind {
            ExecutionKind::New | ExecutionKind::Triggered => "NEW",
            ExecutionKind::Trade(_) => "TRADE",
            ExecutionKind::Cancelled => "CANCELED",
            ExecutionKind::Replaced => "REPLACED",
            ExecutionKind::Rejected => "REJECTED",
            ExecutionKind::Prevented(_) => "TRADE_PREVENTION",
            ExecutionKind::Expired if self.execution.order.reason == Some(EndReason::SelfTrade) => {
                "TRADE_PREVENTION"
            }
            ExecutionKind::Expired => "EXPIRED",
        }
    }

    fn last_fill(&self, json: &mut Json) {
        let spec = self.spec;
        if let ExecutionKind::Trade(fill) = &self.execution.kind {
            let asset = spec.received(fill.side);
            json.field("l").units(spec.lots_units(fill.lots));
            json.field("L").units(spec.price_units(fill.price));
            json.field("n").units(asset.units(fill.fee));
            json.field("N").text(asset.name());
            json.field("t").number(fill.trade.get());
            json.field("m").boolean(fill.is_maker);
            json.field("Y").units(spec.quote_units(fill.quote));
        } else {
            json.field("l").units(ZERO);
            json.field("L").units(ZERO);
            json.field("n").text("0");
            json.field("N").raw("null");
            json.field("t").raw("-1");
            json.field("m").boolean(false);
            json.field("Y").units(ZERO);
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A catalogue with BTCUSDT.
    pub(in crate::http) fn catalogue() -> Arc<Catalogue> {
        let assets = r#"[{"id":1,"name":"BTC","scale":8},{"id":2,"name":"USDT","scale":8}]"#;
        let symbols = r#"[{"id":1,"name":"BTCUSDT","base":"BTC","quote":"USDT","tick-size":"0.01",
            "min-price":"0.01","max-price":"1000000","step-size":"0.00001","min-qty":"0.00001","max-qty":"9000",
            "min-notional":"5","max-num-orders":200,"market-collar":"0.05",
            "fees":[{"maker":"0.001","taker":"0.001"}]}]"#;
        let assets: Vec<_> = serde_json::from_str(assets).unwrap();
        let symbols: Vec<_> = serde_json::from_str(symbols).unwrap();
        Arc::new(Catalogue::build(&assets, &symbols).unwrap())
    }
}

#[cfg(test)]
mod tests;
