//! The rows of lists of orders, of several orders in one request, and of what ends orders or keeps them apart.

use serde_json::json;

use super::{
    row::Row,
    table::{ACK, AMOUNTS, COMBINATION, PLACE, invalid, keys, missing_one, order, traded},
};

const PLACE_OCO: &str = "POST /api/v3/orderList/oco";
const PAIR: &str = "symbol=BTCUSDT&side=SELL&quantity=0.01&aboveType=LIMIT_MAKER&abovePrice=60000&belowType=STOP_LOSS\
                    &belowStopPrice=30000";
const WORKING: &str = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=40000&workingQuantity=0.01\
                       &workingTimeInForce=GTC&pendingSide=SELL&pendingQuantity=0.01";
const LIST: [&str; 8] = [
    "orderListId",
    "contingencyType",
    "listStatusType",
    "listOrderStatus",
    "listClientOrderId",
    "transactionTime",
    "symbol",
    "orders",
];

/// A pair that rests.
fn pair(name: &str) -> String {
    format!("{PAIR}&listClientOrderId={name}")
}

fn json_invalid(name: &str) -> String {
    format!("JSON sent for parameter '{name}' is not valid")
}

/// Every row of these.
pub(super) fn rows() -> Vec<Row> {
    [placed(), reported(), several()].into_iter().flatten().collect()
}

fn placed() -> Vec<Row> {
    let reply = keys(&[&LIST, &["orderReports"]]);
    let gain_and_loss = "&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=60000&pendingBelowType=STOP_LOSS\
                         &pendingBelowStopPrice=30000";
    let not_working = "symbol=BTCUSDT&workingType=MARKET&workingSide=BUY&workingQuantity=0.01&pendingSide=SELL\
                       &pendingQuantity=0.01&pendingType=MARKET";
    vec![
        traded(Row::of(PLACE_OCO))
            .asks(PAIR)
            .keys(&reply)
            .needs_symbol()
            .needs("side")
            .needs("quantity")
            .needs("aboveType")
            .needs("abovePrice")
            .refuses(PAIR.replace("LIMIT_MAKER", "LIMIT"), -1158, "Order type not supported in OCO.")
            .refuses(
                PAIR.replace("=60000", "=20000"),
                -2010,
                "The relationship of the prices for the orders is not correct.",
            ),
        traded(Row::of("POST /api/v3/order/oco"))
            .asks("symbol=BTCUSDT&side=SELL&quantity=0.01&price=60000&stopPrice=30000")
            .keys(&reply)
            .needs_symbol()
            .needs("side")
            .needs("quantity")
            .needs("price")
            .needs("stopPrice"),
        traded(Row::of("POST /api/v3/orderList/oto"))
            .asks(format!("{WORKING}&pendingType=LIMIT&pendingPrice=60000&pendingTimeInForce=GTC"))
            .keys(&reply)
            .needs_symbol()
            .needs("workingType")
            .needs("workingPrice")
            .needs("pendingSide")
            .needs("pendingType")
            .refuses(not_working, -1130, invalid("workingType")),
        traded(Row::of("POST /api/v3/orderList/otoco"))
            .asks(format!("{WORKING}{gain_and_loss}"))
            .keys(&reply)
            .needs_symbol()
            .needs("workingType")
            .needs("pendingAboveType")
            .refuses(
                format!("{WORKING}&pendingAboveType=LIMIT_MAKER&pendingBelowType=LIMIT_MAKER"),
                -1168,
                "At least one OCO order must be contingent.",
            ),
        traded(Row::of("DELETE /api/v3/orderList"))
            .after(PLACE_OCO, pair("cancelled-list"))
            .asks("symbol=BTCUSDT&listClientOrderId=cancelled-list")
            .keys(&reply)
            .needs_symbol()
            .refuses("symbol=BTCUSDT", -1102, missing_one("orderListId", "listClientOrderId"))
            .refuses("symbol=BTCUSDT&listClientOrderId=none", -2011, "Unknown order list sent."),
    ]
}

fn reported() -> Vec<Row> {
    vec![
        traded(Row::of("GET /api/v3/orderList"))
            .after(PLACE_OCO, pair("queried-list"))
            .asks("origClientOrderId=queried-list")
            .keys(&LIST)
            .weighs(4)
            .refuses("", -1102, missing_one("orderListId", "origClientOrderId"))
            .refuses("orderListId=0", -1130, invalid("orderListId"))
            .refuses("origClientOrderId=none", -2018, "Order list does not exist."),
        traded(Row::of("GET /api/v3/allOrderList"))
            .after(PLACE_OCO, pair("one-of-all-lists"))
            .keys(&LIST)
            .weighs(20)
            .refuses("fromId=1&startTime=1", -1128, COMBINATION)
            .refuses(
                "startTime=0&endTime=86400001",
                -1127,
                "More than 24 hours between startTime and endTime.",
            ),
        traded(Row::of("GET /api/v3/openOrderList"))
            .after(PLACE_OCO, pair("open-list"))
            .keys(&LIST)
            .weighs(6)
            .refuses(
                "symbol=BTCUSDT",
                -1104,
                "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.",
            ),
    ]
}

fn several() -> Vec<Row> {
    let maker = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.01&price=45000";
    let taker = maker.replace("SELL", "BUY").replace("GTC", "IOC") + "&selfTradePreventionMode=EXPIRE_MAKER";
    let none_there = missing_one("orderIdList", "origClientOrderIdList");
    let batch = json!([{ "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.01", "price": "50000" }]);
    vec![
        Row::of("GET /api/v3/myPreventedMatches")
            .after(PLACE, maker)
            .after(PLACE, taker)
            .asks("symbol=BTCUSDT&orderId={orderId}")
            .keys(&[
                "symbol",
                "preventedMatchId",
                "takerOrderId",
                "makerSymbol",
                "makerOrderId",
                "tradeGroupId",
                "selfTradePreventionMode",
                "price",
                "makerPreventedQuantity",
                "transactTime",
            ])
            .weighs(20)
            .needs_symbol()
            .refuses("symbol=BTCUSDT", -1102, missing_one("preventedMatchId", "orderId"))
            .refuses("symbol=BTCUSDT&preventedMatchId=1&orderId=1", -1128, COMBINATION),
        Row::of("POST /x/v1/batchOrders")
            .asks(format!("batchOrders={batch}"))
            .keys(&keys(&[&ACK, &AMOUNTS, &["workingTime", "fills"]]))
            .weighs(1)
            .needs("batchOrders")
            .refuses("batchOrders=[1", -1135, json_invalid("batchOrders"))
            .refuses(format!("batchOrders=[{}{{}}]", "{},".repeat(20)), -1130, invalid("batchOrders")),
        Row::of("DELETE /x/v1/batchOrders")
            .after(PLACE, order("batched"))
            .asks(r#"symbol=BTCUSDT&origClientOrderIdList=["batched"]"#)
            .keys(&keys(&[&ACK, &AMOUNTS, &["origClientOrderId"]]))
            .weighs(1)
            .needs_symbol()
            .refuses("symbol=BTCUSDT", -1102, none_there)
            .refuses("symbol=BTCUSDT&orderIdList=[x]", -1135, json_invalid("orderIdList")),
        // The clock stands still: nothing comes of it.
        Row::of("POST /x/v1/cancelAllAfter")
            .asks("countdownTime=3600000")
            .keys(&["countdownTime", "cancelTime"])
            .weighs(1)
            .needs("countdownTime")
            .refuses("countdownTime=18446744073709551615", -1108, "Parameter 'countdownTime' overflowed."),
    ]
}
