//! Rows of the route that takes an order as JSON, under both its names.

use super::{
    row::Row,
    table::{ACK, AMOUNTS, keys},
};

const ORDER: &str = r#"{"symbol":"BTCUSDT","side":"ASK","price":"50000.0","quantity":0.01}"#;

pub(super) fn rows() -> Vec<Row> {
    ["POST /api/spot/v2", "POST /api/spot/v2/"].map(row).into()
}

fn row(route: &'static str) -> Row {
    let missing =
        |name: &str| format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    Row::of(route)
        .asks(ORDER)
        .keys(&keys(&[&ACK, &AMOUNTS, &["workingTime", "fills"]]))
        .refuses(ORDER.replace("BTCUSDT", "DOGEUSDT"), -1121, "Invalid symbol.")
        .refuses(ORDER.replace("ASK", "HOLD"), -1117, "Invalid side.")
        .refuses(ORDER.replace("price", "cost"), -1102, missing("price"))
        .refuses(ORDER.replace("quantity", "size"), -1102, missing("quantity"))
        .refuses(ORDER.replace("0.01", "null"), -1102, missing("quantity"))
        .refuses("[]", -1135, "Invalid JSON Request")
        .refuses("symbol=BTCUSDT", -1135, "Invalid JSON Request")
}
