//! The past of an account, page by page, latest first: orders and trades over all symbols, without time bounds.

use std::sync::Arc;

use crate::{
    domain::{
        change_log::words::Word,
        orders::Side,
        types::{
            id::{OrderId, SymbolId, TradeId},
            time::Timestamp,
        },
    },
    history::{FillCursor, FillPage, OrderPage, Standing},
    http::{
        orders::reply::Printer,
        routing::{
            history,
            request_context::{Reply, RequestContext},
        },
        wire::{error::ApiError, time_unit::TimeRange},
    },
};

const LIMIT: (usize, usize) = (500, 1_000);
/// The weight of a query about one symbol; a query about all symbols has its route's weight.
const WEIGHT_OF_ONE: u32 = 20;

/// `GET /x/v1/orders`: orders of an account.
pub(crate) async fn orders(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let TimeRange { start, end } = call.params.time_range()?;
    let page = OrderPage {
        symbol: one_symbol(call)?,
        side: side(call)?,
        standing: call.params.optional("status")?.map(standing).transpose()?,
        start,
        end,
        before: call.params.integer("before")?.map(OrderId::new),
        limit: call.params.limit(LIMIT.0, LIMIT.1)?,
    };
    call.params.all_read()?;
    let answered =
        history::ask(call, move |reader| async move { reader.account_orders(account, page).await }).await;
    let answered = answered.ok_or_else(ApiError::no_history)?;
    let instruments = &call.instruments;
    let reply = Reply::write(64 + answered.answer.len() * 640, |json| {
        json.array(|json| {
            for order in &answered.answer {
                if let Some(spec) = instruments.symbol(order.symbol).map(Arc::as_ref) {
                    Printer { spec, unit: call.unit }.queried(json.item(), order);
                }
            }
        });
    });
    Ok(Reply { history: Some(answered.sequence), ..reply })
}

/// `GET /x/v1/trades`: trades of an account. The `cursor` of the last one is where the next page starts.
pub(crate) async fn trades(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let TimeRange { start, end } = call.params.time_range()?;
    let page = FillPage {
        symbol: one_symbol(call)?,
        side: side(call)?,
        start,
        end,
        before: call.params.optional("before")?.map(read_cursor).transpose()?,
        limit: call.params.limit(LIMIT.0, LIMIT.1)?,
    };
    call.params.all_read()?;
    let answered =
        history::ask(call, move |reader| async move { reader.account_fills(account, page).await }).await;
    let answered = answered.ok_or_else(ApiError::no_history)?;
    let instruments = &call.instruments;
    let reply = Reply::write(64 + answered.answer.len() * 400, |json| {
        json.array(|json| {
            for fill in &answered.answer {
                if let Some(spec) = instruments.symbol(fill.symbol).map(Arc::as_ref) {
                    json.item().object(|json| {
                        Printer { spec, unit: call.unit }.trade_fields(json, fill);
                        json.field("cursor").text(&write_cursor(FillCursor::of(fill)));
                    });
                }
            }
        });
    });
    Ok(Reply { history: Some(answered.sequence), ..reply })
}

fn one_symbol(call: &RequestContext<'_>) -> Result<Option<SymbolId>, ApiError> {
    let symbol = call.optional_symbol()?.map(|spec| spec.id);
    if symbol.is_some() {
        call.weigh(WEIGHT_OF_ONE);
    }
    Ok(symbol)
}

fn side(call: &RequestContext<'_>) -> Result<Option<Side>, ApiError> {
    let read = |text| Side::of_word(text).ok_or_else(|| ApiError::invalid("side"));
    call.params.optional("side")?.map(read).transpose()
}

/// Reads a status as [`status`](crate::http::wire::names::status) writes it.
fn standing(text: &str) -> Result<Standing, ApiError> {
    Ok(match text {
        "PENDING_NEW" => Standing::Pending,
        "NEW" => Standing::New,
        "PARTIALLY_FILLED" => Standing::PartiallyFilled,
        "FILLED" => Standing::Filled,
        "CANCELED" => Standing::Cancelled,
        "EXPIRED" => Standing::Expired,
        "REJECTED" => Standing::Rejected,
        "EXPIRED_IN_MATCH" => Standing::Prevented,
        _ => return Err(ApiError::invalid("status")),
    })
}

fn write_cursor(place: FillCursor) -> String {
    format!("{}-{}-{}-{}", place.time.micros(), place.symbol, place.trade, place.order)
}

fn read_cursor(text: &str) -> Result<FillCursor, ApiError> {
    let read = || {
        let mut parts = text.split('-');
        let place = FillCursor {
            time: Timestamp::from_micros(parts.next()?.parse().ok()?),
            symbol: SymbolId::new(parts.next()?.parse().ok()?),
            trade: TradeId::new(parts.next()?.parse().ok()?),
            order: OrderId::new(parts.next()?.parse().ok()?),
        };
        parts.next().is_none().then_some(place)
    };
    read().ok_or_else(|| ApiError::invalid("before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let place = FillCursor {
            time: Timestamp::from_micros(1_700_000_000_000_001),
            symbol: SymbolId::new(3),
            trade: TradeId::new(52),
            order: OrderId::new(1_035),
        };
        assert_eq!(write_cursor(place), "1700000000000001-3-52-1035");
        assert_eq!(read_cursor(&write_cursor(place)).ok(), Some(place));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["1", "1-2-3", "1-2-3-4-5", "1-2-3-x", "-1-2-3-4", "1-2-3-99999999999999999999"] {
            assert_eq!(read_cursor(text).err().map(|error| error.code()), Some(-1130), "{text}");
        }
    }
}
