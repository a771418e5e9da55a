//! Writes orders and fills the way each endpoint names their fields.

use super::{
    json::Json,
    names::{self, ResponseKind},
    time_unit::TimeUnit,
};
use crate::domain::{
    decimal::Units,
    id::ClientOrderId,
    money::Lots,
    order::{Fill, Order},
    symbol::SymbolSpec,
};

const ZERO: Units = Units { value: 0, scale: 8 };

/// What every order reply needs besides the order.
#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    /// The order's symbol.
    pub(super) spec: &'a SymbolSpec,
    /// What times are printed in.
    pub(super) unit: TimeUnit,
}

impl Printer<'_> {
    /// Writes the reply to a new order.
    pub(super) fn placed(&self, json: &mut Json, order: &Order, fills: &[Fill], kind: ResponseKind) {
        json.object(|json| {
            self.ids(json, order);
            json.field("clientOrderId").text(order.client_id.as_str());
            json.field("transactTime").number(self.unit.of(order.updated_at));
            if kind == ResponseKind::Ack {
                return;
            }
            self.amounts(json, order);
            json.field("workingTime").number(self.unit.of(order.created_at));
            if kind == ResponseKind::Full {
                json.field("fills").array(|json| {
                    for fill in fills {
                        self.fill(json.item(), fill);
                    }
                });
            }
            self.conditional(json, order);
        });
    }

    /// Writes a queried order.
    pub(super) fn queried(&self, json: &mut Json, order: &Order) {
        json.object(|json| {
            self.ids(json, order);
            json.field("clientOrderId").text(order.client_id.as_str());
            self.amounts(json, order);
            json.field("stopPrice").units(ZERO);
            json.field("icebergQty").units(ZERO);
            json.field("time").number(self.unit.of(order.created_at));
            json.field("updateTime").number(self.unit.of(order.updated_at));
            json.field("isWorking").boolean(true);
            json.field("workingTime").number(self.unit.of(order.created_at));
            self.conditional(json, order);
        });
    }

    /// Writes a cancelled order; `cancel_id` is the cancel's own name.
    pub(super) fn cancelled(&self, json: &mut Json, order: &Order, cancel_id: Option<ClientOrderId>) {
        let cancel_id = cancel_id.unwrap_or_else(|| names::cancel_client_id(order));
        json.object(|json| {
            json.field("symbol").text(&self.spec.name);
            json.field("origClientOrderId").text(order.client_id.as_str());
            json.field("orderId").number(order.id.get());
            json.field("orderListId").raw("-1");
            json.field("clientOrderId").text(cancel_id.as_str());
            json.field("transactTime").number(self.unit.of(order.updated_at));
            self.amounts(json, order);
            self.conditional(json, order);
        });
    }

    /// Writes an amended order with its name before. Its fields are spelt unlike anywhere else.
    pub(super) fn amended(&self, json: &mut Json, order: &Order, previous: ClientOrderId) {
        json.object(|json| {
            json.field("transactTime").number(self.unit.of(order.updated_at));
            json.field("executionId").number(order.updated_at.micros());
            json.field("amendedOrder").object(|json| {
                self.ids(json, order);
                json.field("origClientOrderId").text(previous.as_str());
                json.field("clientOrderId").text(order.client_id.as_str());
                json.field("price").units(self.spec.price_units(order.price));
                json.field("qty").units(self.spec.lots_units(order.quantity));
                json.field("executedQty").units(self.spec.lots_units(order.executed));
                json.field("preventedQty").units(self.spec.lots_units(order.prevented));
                json.field("quoteOrderQty").units(self.spec.quote_units(order.quote_quantity));
                json.field("cumulativeQuoteQty").units(self.spec.quote_units(order.executed_quote));
                self.terms(json, order);
                json.field("workingTime").number(self.unit.of(order.created_at));
                json.field("selfTradePreventionMode").text(names::stp_mode(order.stp));
            });
        });
    }

    /// Writes one of the account's trades.
    pub(super) fn trade(&self, json: &mut Json, fill: &Fill) {
        json.object(|json| {
            json.field("symbol").text(&self.spec.name);
            json.field("id").number(fill.trade.get());
            json.field("orderId").number(fill.order.get());
            json.field("orderListId").raw("-1");
            json.field("price").units(self.spec.price_units(fill.price));
            json.field("qty").units(self.spec.lots_units(fill.lots));
            json.field("quoteQty").units(self.spec.quote_units(fill.quote));
            self.commission(json, fill);
            json.field("time").number(self.unit.of(fill.time));
            json.field("isBuyer").boolean(fill.side == crate::domain::order::Side::Buy);
            json.field("isMaker").boolean(fill.is_maker);
            json.field("isBestMatch").boolean(true);
        });
    }

    fn fill(&self, json: &mut Json, fill: &Fill) {
        json.object(|json| {
            json.field("price").units(self.spec.price_units(fill.price));
            json.field("qty").units(self.spec.lots_units(fill.lots));
            self.commission(json, fill);
            json.field("tradeId").number(fill.trade.get());
        });
    }

    fn commission(&self, json: &mut Json, fill: &Fill) {
        let asset = self.spec.received(fill.side);
        json.field("commission").units(asset.units(fill.fee));
        json.field("commissionAsset").text(asset.name());
    }

    fn ids(&self, json: &mut Json, order: &Order) {
        json.field("symbol").text(&self.spec.name);
        json.field("orderId").number(order.id.get());
        json.field("orderListId").raw("-1");
    }

    fn amounts(&self, json: &mut Json, order: &Order) {
        json.field("price").units(self.spec.price_units(order.price));
        json.field("origQty").units(self.spec.lots_units(ordered(order)));
        json.field("executedQty").units(self.spec.lots_units(order.executed));
        json.field("origQuoteOrderQty").units(self.spec.quote_units(order.quote_quantity));
        json.field("cummulativeQuoteQty").units(self.spec.quote_units(order.executed_quote));
        self.terms(json, order);
        json.field("selfTradePreventionMode").text(names::stp_mode(order.stp));
    }

    fn terms(&self, json: &mut Json, order: &Order) {
        json.field("status").text(names::status(order));
        json.field("timeInForce").text(names::time_in_force(order));
        json.field("type").text(names::order_kind(order.kind));
        json.field("side").text(names::side(order.side));
    }

    /// Fields that appear only when they apply.
    fn conditional(&self, json: &mut Json, order: &Order) {
        if !order.prevented.is_zero() {
            json.field("preventedQuantity").units(self.spec.lots_units(order.prevented));
        }
        if let Some(time) = order.expires_at {
            json.field("goodTillDate").number(self.unit.of(time));
        }
        if let Some(reason) = names::expiry_reason(order) {
            json.field("expiryReason").text(reason);
        }
    }
}

/// An order by quote amount asks for no quantity of its own: what it got stands for it.
pub(super) fn ordered(order: &Order) -> Lots {
    if order.is_by_quote() { order.executed } else { order.quantity }
}
