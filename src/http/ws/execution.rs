//! Writes the private events of orders and lists: `executionReport` and `listStatus`.

use super::head::{ZERO, write_head};
use crate::{
    domain::{
        account::{Execution, ExecutionKind, UserEvent},
        change_log::words::Word,
        instruments::symbol::SymbolSpec,
        orders::{CloseReason, OrderList},
    },
    http::{
        orders::reply,
        wire::{json::Json, names, time_unit::TimeUnit},
    },
};

/// The source of an `executionReport`.
pub(super) struct ExecutionReport<'a> {
    /// The unit of printed times.
    pub(super) unit: TimeUnit,
    /// The order's symbol.
    pub(super) spec: &'a SymbolSpec,
    /// The event that carries it.
    pub(super) event: &'a UserEvent,
    /// What happened.
    pub(super) execution: &'a Execution,
}

impl ExecutionReport<'_> {
    /// Writes it.
    pub(super) fn write(&self, json: &mut Json) {
        let (spec, order, event) = (self.spec, &self.execution.order, self.event);
        let time = |time| self.unit.of(time);
        json.object(|json| {
            json.field("e").text("executionReport");
            json.field("E").number(time(event.time));
            json.field("s").text(&spec.name);
            self.names(json);
            json.field("S").text(order.side.word());
            json.field("o").text(order.kind.word());
            json.field("f").text(names::time_in_force(order));
            json.field("q").units(spec.lots_units(reply::ordered(order)));
            json.field("p").units(spec.price_units(order.price));
            let stop = order.trigger().and_then(|trigger| trigger.stop);
            json.field("P").units(stop.map_or(ZERO, |stop| spec.price_units(stop)));
            json.field("F").units(order.iceberg().map_or(ZERO, |lots| spec.lots_units(lots)));
            match order.list() {
                Some(list) => json.field("g").number(list.get()),
                None => json.field("g").raw("-1"),
            }
            json.field("x").text(names::execution_kind(self.execution));
            json.field("X").text(names::status(order));
            json.field("r").text(self.reject_reason());
            json.field("i").number(order.id.get());
            self.last_fill(json);
            json.field("z").units(spec.lots_units(order.executed));
            json.field("T").number(time(event.time));
            json.field("I").number(event.seq);
            json.field("w").boolean(order.working_at().is_some() && !order.status.is_final());
            json.field("M").boolean(false);
            json.field("O").number(time(order.created_at));
            json.field("Z").units(spec.quote_units(order.executed_quote));
            json.field("Q").units(spec.quote_units(order.quote_quantity()));
            json.field("V").text(order.stp.word());
            if let Some(since) = order.working_at()
                && !self.is_refused()
            {
                json.field("W").number(time(since));
            }
            if let Some(bips) = order.trigger().and_then(|trigger| trigger.trailing) {
                json.field("d").number(bips.get());
            }
            if let Some(since) = names::trailing_since(order) {
                json.field("D").number(time(since));
            }
            for (name, value) in [("j", order.strategy().id), ("J", order.strategy().kind)] {
                if let Some(value) = value {
                    json.field(name).number(value);
                }
            }
            self.prevention(json);
            if let Some(reason) = names::expiry_reason(order) {
                json.field("eR").text(reason);
            }
            if let Some(expiry) = order.expires_at() {
                json.field("goodTillDate").number(time(expiry));
            }
        });
    }

    /// Writes the quantity that self-trade prevention removed, and the prevented match.
    fn prevention(&self, json: &mut Json) {
        let (spec, order) = (self.spec, &self.execution.order);
        if let Some(id) = order.prevented_match() {
            json.field("v").number(id.get());
        }
        if !order.prevented().is_zero() {
            json.field("A").units(spec.lots_units(order.prevented()));
        }
        let ExecutionKind::Prevented(lots, by) = self.execution.kind else { return };
        json.field("B").units(spec.lots_units(lots));
        // Accounts belong to no groups: only orders of one account are kept from trading.
        json.field("u").raw("-1");
        let Some(by) = by else { return };
        let counter = if by.taker == order.id { by.maker } else { by.taker };
        json.field("U").number(counter.get());
        json.field("Cs").text(&spec.name);
        json.field("pl").units(spec.lots_units(lots));
        json.field("pL").units(spec.price_units(by.price));
        // The order that lost the lots was within the bounds of the arithmetic.
        let quote = spec.notional(by.price, lots).unwrap_or_default();
        json.field("pY").units(spec.quote_units(quote));
    }

    /// Returns the reason it was refused (`r`).
    fn reject_reason(&self) -> &'static str {
        match self.execution.order.reason {
            _ if !self.is_refused() => "NONE",
            Some(CloseReason::WouldTrigger) => "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY",
            Some(CloseReason::ListRefused) => "OCO_BAD_PRICES",
            Some(CloseReason::BookFull) => "NONE",
            Some(CloseReason::PendingRefused) if self.execution.order.kind.is_conditional() => {
                "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY"
            }
            _ => "WOULD_MATCH_IMMEDIATELY",
        }
    }

    /// Writes `c` and `C`: for a cancel, its own id and the order's; for a replaced order, its new id and its old.
    fn names(&self, json: &mut Json) {
        let order = &self.execution.order;
        let (current, original) = match (self.execution.kind, self.execution.original_client_id) {
            (ExecutionKind::Cancelled, original) => {
                let name = self.execution.cancel_client_id;
                let name = name.unwrap_or_else(|| names::cancel_client_id(order));
                (name, Some(original.unwrap_or(order.client_id)))
            }
            (_, original) => (order.client_id, original),
        };
        json.field("c").text(current.as_str());
        json.field("C").text(original.as_ref().map_or("", |id| id.as_str()));
    }

    fn is_refused(&self) -> bool {
        matches!(self.execution.kind, ExecutionKind::Rejected)
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

/// Writes a `listStatus`.
pub(super) fn write_list_status(
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
