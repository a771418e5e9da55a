//! The lists that only the history can answer. The desk has none; what they answer is tested with the history.

use super::{
    row::Row,
    table::{REVERSED, invalid, no_doge, unacceptable},
};

const NONE: &str = "The history cannot be read at the moment. Please try again later.";

fn history_row(route: &'static str) -> Row {
    Row::of(route)
        .refused_as(503, -94_002, NONE)
        .refuses("startTime=2&endTime=1", -1128, REVERSED)
        .refuses("limit=0", -1130, unacceptable("limit", "the least is 1"))
        .refuses("before=x-1", if route.ends_with("orders") { -1100 } else { -1130 }, before(route))
        .refuses(
            "fromId=1",
            -1104,
            "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.",
        )
}

fn before(route: &str) -> String {
    match route {
        "GET /x/v1/orders" => {
            "Illegal characters found in parameter 'before'; legal range is '^[0-9]{1,20}$'.".to_owned()
        }
        _ => invalid("before"),
    }
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        history_row("GET /x/v1/orders")
            .weighs(40)
            .refuses("symbol=DOGEUSDT", -1121, "Invalid symbol.")
            .refuses("side=buy", -1130, invalid("side"))
            .refuses("status=OPEN", -1130, invalid("status")),
        history_row("GET /x/v1/trades")
            .asks("symbol=BTCUSDT")
            .weighs(20)
            .refuses("symbol=DOGEUSDT", -1121, "Invalid symbol.")
            .refuses("side=buy", -1130, invalid("side")),
        history_row("GET /x/v1/ledger").weighs(20).refuses("asset=DOGE", -1130, no_doge()).refuses(
            "type=FEE",
            -1130,
            invalid("type"),
        ),
    ]
}
