//! `POST /api/spot/v2/`: a limit order as a small JSON object.

use super::{
    endpoints::place_order,
    request::{priced, required_price, required_quantity},
};
use crate::{
    domain::{
        change_log::words::Word,
        orders::{NewOrder, Side},
    },
    http::{
        routing::request_context::{Reply, RequestContext},
        wire::error::ApiError,
    },
};

/// `POST /api/spot/v2/`: `{"symbol","side","price","quantity"}`, good till cancelled. Answered as `POST /api/v3/order`.
pub(crate) async fn place(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    let side = parse_side(call.params.required("side")?).ok_or_else(ApiError::side)?;
    let price = required_price(&call.params, spec, "price")?;
    let quantity = required_quantity(&call.params, spec, "quantity")?;
    let order = NewOrder::limit(call.account()?, spec.id, side, price, quantity);
    place_order(call, spec, priced(call, spec, order)).await
}

/// Reads a side by its name in REST or in the book.
fn parse_side(text: &str) -> Option<Side> {
    match text {
        "BID" => Some(Side::Buy),
        "ASK" => Some(Side::Sell),
        _ => Side::of_word(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_has_two_names() {
        for text in ["BUY", "BID"] {
            assert_eq!(parse_side(text), Some(Side::Buy));
        }
        for text in ["SELL", "ASK"] {
            assert_eq!(parse_side(text), Some(Side::Sell));
        }
        for text in ["", "bid", "Buy"] {
            assert_eq!(parse_side(text), None);
        }
    }
}
