//! Writes lists of orders.

use super::reply::Printer;
use crate::{
    domain::{
        messages::command::ListReport,
        orders::{Order, OrderList},
        types::id::ClientOrderId,
    },
    http::wire::{
        json::Json,
        names::{self, ResponseKind},
    },
};

impl Printer<'_> {
    /// Writes a list as queries show it.
    pub(crate) fn list(&self, json: &mut Json, list: &OrderList) {
        json.object(|json| self.list_fields(json, list));
    }

    /// Writes the reply to a new list: its orders as replies to new orders.
    pub(crate) fn placed_list(&self, json: &mut Json, report: &ListReport, kind: ResponseKind) {
        json.object(|json| {
            self.list_fields(json, &report.list);
            json.field("orderReports").array(|json| {
                for order in &report.orders {
                    let fills: Vec<_> =
                        report.fills.iter().filter(|fill| fill.order == order.id).copied().collect();
                    self.placed(json.item(), order, (&fills, &[]), kind);
                }
            });
        });
    }

    /// Writes the reply to the end of a list: its orders as replies to cancels.
    pub(crate) fn cancelled_list<'o>(
        &self,
        json: &mut Json,
        list: &OrderList,
        orders: impl Iterator<Item = &'o Order>,
        cancel_id: Option<ClientOrderId>,
    ) {
        json.object(|json| {
            self.list_fields(json, list);
            json.field("orderReports").array(|json| {
                orders.for_each(|order| self.cancelled(json.item(), order, cancel_id));
            });
        });
    }

    fn list_fields(&self, json: &mut Json, list: &OrderList) {
        json.field("orderListId").number(list.id.get());
        json.field("contingencyType").text(names::contingency(list.contingency));
        json.field("listStatusType").text(names::list_status_type(list.status));
        json.field("listOrderStatus").text(names::list_order_status(list.status));
        json.field("listClientOrderId").text(list.client_id.as_str());
        json.field("transactionTime").number(self.unit.of(list.updated_at));
        json.field("symbol").text(&self.spec.name);
        json.field("orders").array(|json| {
            for (id, name) in &list.orders {
                json.item().object(|json| {
                    json.field("symbol").text(&self.spec.name);
                    json.field("orderId").number(id.get());
                    json.field("clientOrderId").text(name.as_str());
                });
            }
        });
    }
}
