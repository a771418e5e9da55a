//! What the wire says that is not a word of one of the domain's enums ([`Word`]) but follows from several things.

use crate::domain::{
    account::{Execution, ExecutionKind},
    change_log::words::Word,
    orders::{
        CloseReason, Contingency, ListStatus, Order, OrderStatus, OrderType, TimeInForce, limits::OrderWindow,
    },
    types::{id::ClientOrderId, time::Timestamp},
};

/// The level of detail of an order's reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseKind {
    /// Ids only.
    Ack,
    /// The order's state.
    Result,
    /// The order's state and its fills.
    Full,
}

impl Word for ResponseKind {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Ack, "ACK"), (Self::Result, "RESULT"), (Self::Full, "FULL")];
}

/// Returns the time in force of an order; types without one report GTC, as Binance does.
pub const fn time_in_force(order: &Order) -> &'static str {
    match (order.kind, order.time_in_force) {
        (OrderType::LimitMaker, _) | (_, TimeInForce::Gtc) => "GTC",
        (kind, _) if kind.is_market() => "GTC",
        (_, TimeInForce::Ioc) => "IOC",
        (_, TimeInForce::Fok) => "FOK",
        (_, TimeInForce::Gtd) => "GTD",
    }
}

/// Returns the status of an order.
pub fn status(order: &Order) -> &'static str {
    match order.status {
        // Only for orders of lists: some clients do not know it.
        OrderStatus::ConditionalPending if order.awaits_list() => "PENDING_NEW",
        OrderStatus::ConditionalPending | OrderStatus::Pending => "NEW",
        OrderStatus::PartiallyFilled => "PARTIALLY_FILLED",
        OrderStatus::Filled => "FILLED",
        OrderStatus::Cancelled => "CANCELED",
        OrderStatus::Rejected => "REJECTED",
        OrderStatus::Expired => match order.reason {
            Some(CloseReason::SelfTrade) => "EXPIRED_IN_MATCH",
            _ => "EXPIRED",
        },
    }
}

/// Returns the reason an order expired (wire `expiryReason`); `None` when it did not, or its status already shows STP.
pub(crate) const fn expiry_reason(order: &Order) -> Option<&'static str> {
    if !matches!(order.status, OrderStatus::Expired) {
        return None;
    }
    match order.reason {
        None | Some(CloseReason::SelfTrade | CloseReason::Cancelled) => None,
        Some(CloseReason::Unfilled) => Some(match order.kind {
            kind if kind.is_market() => "INSUFFICIENT_LIQUIDITY",
            _ => "UNFILLED_IOC_QUANTITY_EXPIRED",
        }),
        Some(CloseReason::Killed) => Some("UNFILLED_FOK_ORDER_EXPIRED"),
        Some(CloseReason::GoodTillDate) => Some("GOOD_TILL_DATE"),
        Some(CloseReason::Collar) => Some("EXECUTION_RULE_PRICE_RANGE_EXCEEDED"),
        Some(CloseReason::NoReference) => Some("INSUFFICIENT_LIQUIDITY"),
        Some(
            CloseReason::FillLimit
            | CloseReason::BookFull
            | CloseReason::MarketClosed
            | CloseReason::Delisted,
        ) => Some("EXCHANGE_CANCELED"),
        Some(CloseReason::WouldTake | CloseReason::WouldTrigger | CloseReason::ListRefused) => {
            Some("REJECTED")
        }
        Some(CloseReason::OtherLeg | CloseReason::ListCancelled | CloseReason::WorkingEnded) => None,
        Some(CloseReason::PendingRefused) => Some("REJECTED"),
    }
}

/// Returns since when a trailing order follows the market, as far as its account knows: at once without a stop price.
/// With a stop price, or when a list held it back, only its book knows; then it is `None`.
pub(crate) fn trailing_since(order: &Order) -> Option<Timestamp> {
    let is_at_once =
        order.trigger().is_some_and(|trigger| trigger.trailing.is_some() && trigger.stop.is_none());
    (is_at_once && order.list().is_none()).then_some(order.created_at)
}

/// Returns the kind of change of an order (wire `x`).
pub const fn execution_kind(execution: &Execution) -> &'static str {
    match execution.kind {
        ExecutionKind::New | ExecutionKind::Triggered => "NEW",
        ExecutionKind::Trade(_) => "TRADE",
        ExecutionKind::Cancelled => "CANCELED",
        ExecutionKind::Replaced => "REPLACED",
        ExecutionKind::Rejected => "REJECTED",
        ExecutionKind::Prevented(..) => "TRADE_PREVENTION",
        ExecutionKind::Expired => match execution.order.reason {
            Some(CloseReason::SelfTrade) => "TRADE_PREVENTION",
            _ => "EXPIRED",
        },
    }
}

/// Returns the contingency type of a list.
pub(crate) const fn contingency(contingency: Contingency) -> &'static str {
    match contingency {
        Contingency::OneCancelsOther => "OCO",
        Contingency::OneTriggersOther => "OTO",
    }
}

/// Returns the list status type: the last reported event of the list.
pub(crate) const fn list_status_type(status: ListStatus) -> &'static str {
    match status {
        ListStatus::Executing => "EXEC_STARTED",
        ListStatus::AllDone => "ALL_DONE",
        ListStatus::Rejected => "RESPONSE",
    }
}

/// Returns the list order status: the state of its orders.
pub const fn list_order_status(status: ListStatus) -> &'static str {
    match status {
        ListStatus::Executing => "EXECUTING",
        ListStatus::AllDone => "ALL_DONE",
        ListStatus::Rejected => "REJECT",
    }
}

/// Names the cancel of an order whose client gave the cancel no id: the same in the reply and in the private stream.
pub(crate) fn cancel_client_id(order: &Order) -> ClientOrderId {
    ClientOrderId::generated(order.id.get() ^ order.updated_at.micros().rotate_left(24))
}

/// Returns the wire's name of a window: `10 SECOND`, `1 DAY`.
pub(crate) const fn order_interval(window: OrderWindow) -> (&'static str, u64) {
    match window {
        OrderWindow::TenSeconds => ("SECOND", 10),
        OrderWindow::Day => ("DAY", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        messages::command::{CancelRestriction, ReplaceMode},
        orders::{Side, StpMode},
    };

    #[test]
    fn what_is_not_on_offer_is_not_read() {
        for text in ["", "buy", "STOP", "TRANSFER", "GTX", "gtc"] {
            assert_eq!(Side::of_word(text), None);
            assert_eq!(OrderType::of_word(text), None);
            assert_eq!(StpMode::of_word(text), None);
            assert_eq!(TimeInForce::of_word(text), None);
            assert_eq!(ResponseKind::of_word(text), None);
            assert_eq!(CancelRestriction::of_word(text), None);
            assert_eq!(ReplaceMode::of_word(text), None);
        }
    }
}
