//! Books: their best levels and the spread.

use super::{
    call::Call,
    convert,
    schema::{GetOrderBookRequest, GetOrderBookResponse},
};
use crate::{
    actors::message::{DepthView, MarketQuery, MarketView},
    domain::{
        instruments::symbol::SymbolSpec,
        market_data::{spread, spread_basis_points},
        types::time::Timestamp,
    },
    http::{ApiError, gateway},
};

/// The default number of levels per side.
const LEVELS: u32 = 20;
/// The most levels per side.
const LEVELS_MAX: u32 = 100;

/// `getOrderBook`
pub(super) async fn get(call: Call, request: GetOrderBookRequest) -> Result<GetOrderBookResponse, ApiError> {
    let spec = call.symbol(request.symbol_id)?;
    let levels = match request.levels {
        0 => LEVELS,
        asked => asked.min(LEVELS_MAX),
    };
    match call.market(MarketQuery::Depth { symbol: spec.id, levels: levels as usize }).await? {
        MarketView::Depth(depth) => Ok(reply(&spec, &depth, call.state.exchange().now())),
        _ => Err(gateway::mismatched()),
    }
}

fn reply(spec: &SymbolSpec, depth: &DepthView, now: Timestamp) -> GetOrderBookResponse {
    let bid = depth.bids.first().map(|(price, _)| *price);
    let ask = depth.asks.first().map(|(price, _)| *price);
    let text = |price| spec.price_units(price).to_string();
    let both = bid.zip(ask);
    GetOrderBookResponse {
        symbol_id: spec.id.get(),
        bids: depth.bids.iter().map(|level| convert::level(spec, *level)).collect(),
        asks: depth.asks.iter().map(|level| convert::level(spec, *level)).collect(),
        best_bid: bid.map(text).unwrap_or_default(),
        best_ask: ask.map(text).unwrap_or_default(),
        spread: both.map(|(bid, ask)| text(spread(bid, ask))).unwrap_or_default(),
        spread_bps: both.map(|(bid, ask)| spread_basis_points(bid, ask).to_string()).unwrap_or_default(),
        timestamp: now.millis(),
        last_update_id: depth.last_update_id,
        ..Default::default()
    }
}
