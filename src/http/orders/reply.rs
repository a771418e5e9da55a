//! Writes orders and fills with the field names of each endpoint.

use crate::{
    domain::{
        account::{Amendment, Prevention},
        change_log::words::Word,
        instruments::symbol::SymbolSpec,
        orders::{Fill, Order, OrderStatus},
        types::{decimal::Units, id::ClientOrderId, money::Lots, time::Timestamp},
    },
    http::wire::{
        json::Json,
        names::{self, ResponseKind},
        time_unit::TimeUnit,
    },
};

const ZERO: Units = Units { value: 0, scale: 8 };

/// The context of every order reply.
#[derive(Clone, Copy)]
pub(crate) struct Printer<'a> {
    /// The order's symbol.
    pub(crate) spec: &'a SymbolSpec,
    /// The unit of printed times.
    pub(crate) unit: TimeUnit,
}

impl Printer<'_> {
    /// Writes the reply to a new order; `prevented` are the self-trades prevented on entry.
    pub(crate) fn placed(
        &self,
        json: &mut Json,
        order: &Order,
        (fills, prevented): (&[Fill], &[Prevention]),
        kind: ResponseKind,
    ) {
        json.object(|json| {
            self.ids(json, order);
            json.field("clientOrderId").text(order.client_id.as_str());
            json.field("transactTime").number(self.unit.of(order.updated_at));
            if kind == ResponseKind::Ack {
                return;
            }
            self.amounts(json, order);
            self.working_time(json, order);
            if kind == ResponseKind::Full {
                json.field("fills").array(|json| {
                    for fill in fills {
                        self.fill(json.item(), fill);
                    }
                });
                if !prevented.is_empty() {
                    json.field("preventedMatches").array(|json| {
                        prevented.iter().for_each(|one| self.prevented_by_taker(json.item(), one));
                    });
                }
            }
            self.bounds_if_any(json, order);
            self.conditional(json, order);
        });
    }

    /// Writes a queried order.
    pub(crate) fn queried(&self, json: &mut Json, order: &Order) {
        json.object(|json| {
            self.ids(json, order);
            json.field("clientOrderId").text(order.client_id.as_str());
            self.amounts(json, order);
            json.field("stopPrice").units(self.stop_price(order).unwrap_or(ZERO));
            json.field("icebergQty").units(self.iceberg(order).unwrap_or(ZERO));
            json.field("time").number(self.unit.of(order.created_at));
            json.field("updateTime").number(self.unit.of(order.updated_at));
            json.field("isWorking").boolean(worked_since(order).is_some());
            self.working_time(json, order);
            self.conditional(json, order);
        });
    }

    /// Writes a cancelled order; `cancel_id` is the cancel's own client id.
    pub(crate) fn cancelled(&self, json: &mut Json, order: &Order, cancel_id: Option<ClientOrderId>) {
        let cancel_id = cancel_id.unwrap_or_else(|| names::cancel_client_id(order));
        json.object(|json| {
            json.field("symbol").text(&self.spec.name);
            json.field("origClientOrderId").text(order.client_id.as_str());
            json.field("orderId").number(order.id.get());
            write_list_id(json, order);
            json.field("clientOrderId").text(cancel_id.as_str());
            json.field("transactTime").number(self.unit.of(order.updated_at));
            self.amounts(json, order);
            self.bounds_if_any(json, order);
            self.conditional(json, order);
        });
    }

    /// Writes an amended order with its previous client id. Its field names differ from all other replies.
    pub(crate) fn amended(&self, json: &mut Json, order: &Order, previous: ClientOrderId) {
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
                json.field("preventedQty").units(self.spec.lots_units(order.prevented()));
                json.field("quoteOrderQty").units(self.spec.quote_units(order.quote_quantity()));
                json.field("cumulativeQuoteQty").units(self.spec.quote_units(order.executed_quote));
                self.terms(json, order);
                self.working_time(json, order);
                json.field("selfTradePreventionMode").text(order.stp.word());
            });
        });
    }

    /// Writes an amend of an order.
    pub(crate) fn amendment(&self, json: &mut Json, amendment: &Amendment) {
        json.object(|json| {
            json.field("symbol").text(&self.spec.name);
            json.field("orderId").number(amendment.order.get());
            json.field("executionId").number(amendment.time.micros());
            json.field("origClientOrderId").text(amendment.names.0.as_str());
            json.field("newClientOrderId").text(amendment.names.1.as_str());
            json.field("origQty").units(self.spec.lots_units(amendment.quantities.0));
            json.field("newQty").units(self.spec.lots_units(amendment.quantities.1));
            json.field("time").number(self.unit.of(amendment.time));
        });
    }

    /// Writes one of the account's trades.
    pub(crate) fn trade(&self, json: &mut Json, fill: &Fill) {
        json.object(|json| self.trade_fields(json, fill));
    }

    /// Writes the fields of one of the account's trades.
    pub(crate) fn trade_fields(&self, json: &mut Json, fill: &Fill) {
        json.field("symbol").text(&self.spec.name);
        json.field("id").number(fill.trade.get());
        json.field("orderId").number(fill.order.get());
        json.field("orderListId").raw("-1");
        json.field("price").units(self.spec.price_units(fill.price));
        json.field("qty").units(self.spec.lots_units(fill.lots));
        json.field("quoteQty").units(self.spec.quote_units(fill.quote));
        self.commission(json, fill);
        json.field("time").number(self.unit.of(fill.time));
        json.field("isBuyer").boolean(fill.side == crate::domain::orders::Side::Buy);
        json.field("isMaker").boolean(fill.is_maker);
        json.field("isBestMatch").boolean(true);
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
        write_list_id(json, order);
    }

    fn amounts(&self, json: &mut Json, order: &Order) {
        json.field("price").units(self.spec.price_units(order.price));
        json.field("origQty").units(self.spec.lots_units(ordered(order)));
        json.field("executedQty").units(self.spec.lots_units(order.executed));
        json.field("origQuoteOrderQty").units(self.spec.quote_units(order.quote_quantity()));
        json.field("cummulativeQuoteQty").units(self.spec.quote_units(order.executed_quote));
        self.terms(json, order);
        json.field("selfTradePreventionMode").text(order.stp.word());
    }

    fn terms(&self, json: &mut Json, order: &Order) {
        json.field("status").text(names::status(order));
        json.field("timeInForce").text(names::time_in_force(order));
        json.field("type").text(order.kind.word());
        json.field("side").text(order.side.word());
    }

    /// Writes the time an order started to work; -1 for an untriggered order.
    fn working_time(&self, json: &mut Json, order: &Order) {
        match worked_since(order) {
            Some(time) => json.field("workingTime").number(self.unit.of(time)),
            None => json.field("workingTime").raw("-1"),
        }
    }

    fn stop_price(&self, order: &Order) -> Option<Units> {
        order.trigger().and_then(|trigger| trigger.stop).map(|stop| self.spec.price_units(stop))
    }

    fn iceberg(&self, order: &Order) -> Option<Units> {
        order.iceberg().map(|lots| self.spec.lots_units(lots))
    }

    /// Writes `stopPrice` and `icebergQty`, which queries show always and replies only when set.
    fn bounds_if_any(&self, json: &mut Json, order: &Order) {
        if let Some(stop) = self.stop_price(order) {
            json.field("stopPrice").units(stop);
        }
        if let Some(iceberg) = self.iceberg(order) {
            json.field("icebergQty").units(iceberg);
        }
    }

    /// Writes a self-trade as the reply to the taker order names it.
    fn prevented_by_taker(&self, json: &mut Json, prevention: &Prevention) {
        json.object(|json| {
            json.field("preventedMatchId").number(prevention.by.id.get());
            json.field("makerOrderId").number(prevention.by.maker.get());
            json.field("price").units(self.spec.price_units(prevention.by.price));
            self.prevented_lots(json, prevention);
        });
    }

    /// Writes a prevented self-trade.
    pub(crate) fn prevented(&self, json: &mut Json, prevention: &Prevention) {
        let by = &prevention.by;
        json.object(|json| {
            json.field("symbol").text(&self.spec.name);
            json.field("preventedMatchId").number(by.id.get());
            json.field("takerOrderId").number(by.taker.get());
            json.field("makerSymbol").text(&self.spec.name);
            json.field("makerOrderId").number(by.maker.get());
            // Accounts belong to no groups: only orders of one account are kept from trading.
            json.field("tradeGroupId").raw("-1");
            json.field("selfTradePreventionMode").text(by.mode.word());
            json.field("price").units(self.spec.price_units(by.price));
            self.prevented_lots(json, prevention);
            json.field("transactTime").number(self.unit.of(prevention.time));
        });
    }

    /// Writes the quantity each side lost, where it lost any.
    fn prevented_lots(&self, json: &mut Json, prevention: &Prevention) {
        let by = &prevention.by;
        for (name, lots) in
            [("takerPreventedQuantity", by.taker_lots), ("makerPreventedQuantity", by.maker_lots)]
        {
            if !lots.is_zero() {
                json.field(name).units(self.spec.lots_units(lots));
            }
        }
    }

    /// Writes the fields that appear only when they apply.
    fn conditional(&self, json: &mut Json, order: &Order) {
        if let Some(bips) = order.trigger().and_then(|trigger| trigger.trailing) {
            json.field("trailingDelta").number(bips.get());
            match names::trailing_since(order) {
                Some(time) => json.field("trailingTime").number(self.unit.of(time)),
                None => json.field("trailingTime").raw("-1"),
            }
        }
        if let Some(id) = order.strategy().id {
            json.field("strategyId").number(id);
        }
        if let Some(kind) = order.strategy().kind {
            json.field("strategyType").number(kind);
        }
        if let Some(id) = order.prevented_match() {
            json.field("preventedMatchId").number(id.get());
        }
        if !order.prevented().is_zero() {
            json.field("preventedQuantity").units(self.spec.lots_units(order.prevented()));
        }
        if let Some(time) = order.expires_at() {
            json.field("goodTillDate").number(self.unit.of(time));
        }
        if let Some(reason) = names::expiry_reason(order) {
            json.field("expiryReason").text(reason);
        }
    }
}

/// Returns the time an order started to work; `None` for one that its book rejected.
fn worked_since(order: &Order) -> Option<Timestamp> {
    order.working_at().filter(|_| order.status != OrderStatus::Rejected)
}

fn write_list_id(json: &mut Json, order: &Order) {
    match order.list() {
        Some(list) => json.field("orderListId").number(list.get()),
        None => json.field("orderListId").raw("-1"),
    }
}

/// An order by quote amount has no ordered quantity of its own: the executed quantity stands for it.
pub fn ordered(order: &Order) -> Lots {
    if order.is_by_quote() { order.executed } else { order.quantity }
}
