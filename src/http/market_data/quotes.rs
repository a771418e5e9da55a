//! Public market data, from the durable market image.

use super::selection::{StatusFilter, TickerSelection};
use crate::{
    actors::message::{DepthView, MarketQuery, MarketView, TickerView},
    domain::{
        instruments::symbol::SymbolSpec,
        types::{
            decimal::Units,
            money::{Lots, Price},
        },
    },
    http::{
        routing::request_context::{Reply, RequestContext, mismatched},
        wire::{error::ApiError, json::Json},
    },
};

const DEPTH_LEVELS_MAX: usize = 5_000;
const ZERO: Units = Units { value: 0, scale: 8 };

/// `GET /api/v3/depth`
pub(crate) async fn depth(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    StatusFilter::read(call)?.check(spec)?;
    let levels = call.params.limit(100, DEPTH_LEVELS_MAX)?;
    call.weigh(match levels {
        0..=100 => 5,
        101..=500 => 25,
        501..=1_000 => 50,
        _ => 250,
    });
    let version = call.state.exchange().book_version(spec.id); // before the book itself is read
    let cache = call.state.depth_cache();
    if let Some(body) = cache.get(spec.id, levels, version) {
        return Ok(Reply::json(body));
    }
    match call.market(MarketQuery::Depth { symbol: spec.id, levels }).await? {
        MarketView::Depth(depth) => {
            let capacity = 64 + (depth.bids.len() + depth.asks.len()) * 40;
            let reply = Reply::write(capacity, |json| write_depth(json, spec, &depth));
            cache.keep(spec.id, levels, version, &reply.body);
            Ok(reply)
        }
        _ => Err(mismatched()),
    }
}

/// Writes a snapshot; the partial depth streams use the same format.
pub(crate) fn write_depth(json: &mut Json, spec: &SymbolSpec, depth: &DepthView) {
    json.object(|json| {
        json.field("lastUpdateId").number(depth.last_update_id);
        for (name, levels) in [("bids", &depth.bids), ("asks", &depth.asks)] {
            json.field(name).array(|json| {
                for &(price, lots) in levels {
                    write_level(json.item(), spec, price, lots);
                }
            });
        }
    });
}

/// Writes `[price, quantity]`.
pub(crate) fn write_level(json: &mut Json, spec: &SymbolSpec, price: Price, lots: Lots) {
    json.array(|json| {
        json.item().units(spec.price_units(price));
        json.item().units(spec.lots_units(lots));
    });
}

/// `GET /api/v3/ticker/price`
pub(crate) async fn price(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    tickers(call, |json, spec, view| {
        json.object(|json| {
            json.field("symbol").text(&spec.name);
            json.field("price").units(view.last.map_or(ZERO, |price| spec.price_units(price)));
        });
    })
    .await
}

/// `GET /api/v3/ticker/bookTicker`
pub(crate) async fn book_ticker(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    tickers(call, |json, spec, view| {
        let price = |side: Option<(Price, Lots)>| side.map_or(ZERO, |(price, _)| spec.price_units(price));
        let lots = |side: Option<(Price, Lots)>| side.map_or(ZERO, |(_, lots)| spec.lots_units(lots));
        json.object(|json| {
            json.field("symbol").text(&spec.name);
            json.field("bidPrice").units(price(view.book.bid));
            json.field("bidQty").units(lots(view.book.bid));
            json.field("askPrice").units(price(view.book.ask));
            json.field("askQty").units(lots(view.book.ask));
        });
    })
    .await
}

/// Writes one object for `symbol`, an array for `symbols` or all.
async fn tickers(
    call: &RequestContext<'_>,
    write: impl Fn(&mut Json, &SymbolSpec, &TickerView),
) -> Result<Reply, ApiError> {
    let selection = TickerSelection::read(call)?;
    if selection.one().is_some() {
        call.weigh(2);
    }
    let MarketView::Tickers(views) = call.market(MarketQuery::Tickers(selection.one())).await? else {
        return Err(mismatched());
    };
    selection.write(|json, spec| {
        let view = views.iter().find(|view| view.symbol == spec.id)?;
        write(json.item(), spec, view);
        Some(())
    })
}
