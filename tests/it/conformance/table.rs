//! One row a route. A row leans on nothing another one does: what it needs, it does first.

use serde_json::json;

use super::row::Row;

const ACK: [&str; 5] = ["symbol", "orderId", "orderListId", "clientOrderId", "transactTime"];
const AMOUNTS: [&str; 10] = [
    "price",
    "origQty",
    "executedQty",
    "origQuoteOrderQty",
    "cummulativeQuoteQty",
    "status",
    "timeInForce",
    "type",
    "side",
    "selfTradePreventionMode",
];
const QUERIED: [&str; 6] = ["stopPrice", "icebergQty", "time", "updateTime", "isWorking", "workingTime"];
const IDS: [&str; 4] = ["symbol", "orderId", "orderListId", "clientOrderId"];
const SYMBOLS: &str = r#"^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$"#;
const COMBINATION: &str = "Combination of optional parameters invalid.";
const INVALID_JSON: &str = "Invalid JSON Request";
const PLACE: &str = "POST /api/v3/order";

/// A limit order that rests.
fn order(name: &str) -> String {
    format!(
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId={name}"
    )
}

/// A trade of the trader with itself.
fn traded(row: Row) -> Row {
    let sell = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.01&price=45000";
    row.after(PLACE, sell).after(PLACE, sell.replace("SELL", "BUY"))
}

fn keys(parts: &[&[&'static str]]) -> Vec<&'static str> {
    parts.concat()
}

fn invalid(name: &str) -> String {
    format!("Data sent for parameter '{name}' is not valid.")
}

fn missing_one(one: &str, other: &str) -> String {
    format!("Param '{one}' or '{other}' must be sent, but both were empty/null!")
}

fn illegal_symbols() -> String {
    format!("Illegal characters found in parameter 'symbols'; legal range is '{SYMBOLS}'.")
}

/// Every row.
pub(super) fn rows() -> Vec<Row> {
    let groups = [orders(), account(), market(), general(), shims(), sessions(), operator(), probes()];
    groups.into_iter().flatten().collect()
}

fn orders() -> Vec<Row> {
    let none_there = missing_one("origClientOrderId", "orderId");
    vec![
        Row::of("POST /api/v3/order")
            .asks(order("placed"))
            .keys(&keys(&[&ACK, &AMOUNTS, &["workingTime", "fills"]]))
            .needs_symbol()
            .needs("side")
            .needs("type")
            .needs("timeInForce")
            .needs("price")
            .refuses(order("placed").replace("SELL", "HOLD"), -1117, "Invalid side."),
        Row::of("DELETE /api/v3/order")
            .after(PLACE, order("cancelled"))
            .asks("symbol=BTCUSDT&origClientOrderId=cancelled")
            .keys(&keys(&[&ACK, &AMOUNTS, &["origClientOrderId"]]))
            .needs_symbol()
            .refuses("symbol=BTCUSDT", -1102, &none_there)
            .refuses("symbol=BTCUSDT&orderId=5", -2011, "Unknown order sent."),
        Row::of("GET /api/v3/order")
            .after(PLACE, order("queried"))
            .asks("symbol=BTCUSDT&origClientOrderId=queried")
            .keys(&keys(&[&IDS, &AMOUNTS, &QUERIED]))
            .weighs(4)
            .needs_symbol()
            .refuses("symbol=BTCUSDT", -1102, &none_there)
            .refuses("symbol=BTCUSDT&orderId=5", -2013, "Order does not exist."),
        Row::of("POST /api/v3/order/test")
            .asks(order("tested"))
            .json(json!({}))
            .weighs(1)
            .needs_symbol()
            .refuses(order("tested").replace("GTC", "GTX"), -1115, "Invalid timeInForce."),
        Row::of("POST /api/v3/order/cancelReplace")
            .after(PLACE, order("replaced"))
            .asks(order("replacing") + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=replaced")
            .keys(&["cancelResult", "newOrderResult", "cancelResponse", "newOrderResponse"])
            .needs_symbol()
            .needs("cancelReplaceMode")
            .refuses(
                order("replacing") + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=5",
                -2022,
                "Order cancel-replace failed.",
            ),
        Row::of("PUT /api/v3/order/amend/keepPriority")
            .after(PLACE, order("amended"))
            .asks("symbol=BTCUSDT&origClientOrderId=amended&newQty=0.005")
            .keys(&["transactTime", "executionId", "amendedOrder"])
            .weighs(4)
            .needs_symbol()
            .needs("newQty")
            .refuses("symbol=BTCUSDT&orderId=5&newQty=0.005", -2038, "Unknown order sent."),
        Row::of("GET /api/v3/openOrders")
            .after(PLACE, order("open"))
            .asks("symbol=BTCUSDT")
            .keys(&keys(&[&IDS, &AMOUNTS, &QUERIED]))
            .weighs(6)
            .refuses("symbol=DOGEUSDT", -1121, "Invalid symbol."),
        Row::of("GET /api/v3/allOrders")
            .after(PLACE, order("all"))
            .asks("symbol=BTCUSDT")
            .keys(&keys(&[&IDS, &AMOUNTS, &QUERIED]))
            .weighs(20)
            .needs_symbol()
            .refuses(
                "symbol=BTCUSDT&startTime=0&endTime=86400001",
                -1127,
                "More than 24 hours between startTime and endTime.",
            ),
        Row::of("DELETE /api/v3/openOrders")
            .after(PLACE, order("all-cancelled"))
            .asks("symbol=BTCUSDT")
            .keys(&keys(&[&ACK, &AMOUNTS, &["origClientOrderId"]]))
            .needs_symbol()
            .refuses("symbol=ETHUSDT", -2011, "Unknown order sent."),
    ]
}

fn account() -> Vec<Row> {
    let symbol = "symbol=BTCUSDT";
    vec![
        Row::of("GET /api/v3/account")
            .keys(&[
                "makerCommission",
                "takerCommission",
                "buyerCommission",
                "sellerCommission",
                "commissionRates",
                "canTrade",
                "canWithdraw",
                "canDeposit",
                "brokered",
                "requireSelfTradePrevention",
                "preventSor",
                "updateTime",
                "accountType",
                "balances",
                "permissions",
                "uid",
            ])
            .weighs(20)
            .refuses("omitZeroBalances=maybe", -1130, invalid("omitZeroBalances")),
        Row::of("GET /api/v3/account/commission")
            .asks(symbol)
            .keys(&["symbol", "standardCommission", "specialCommission", "taxCommission", "discount"])
            .weighs(20)
            .needs_symbol(),
        traded(Row::of("GET /api/v3/myTrades"))
            .asks(symbol)
            .keys(&[
                "symbol",
                "id",
                "orderId",
                "orderListId",
                "price",
                "qty",
                "quoteQty",
                "commission",
                "commissionAsset",
                "time",
                "isBuyer",
                "isMaker",
                "isBestMatch",
            ])
            .weighs(20)
            .needs_symbol()
            .refuses("symbol=BTCUSDT&fromId=1&startTime=1", -1128, COMBINATION),
        Row::of("GET /api/v3/myAllocations").asks(symbol).json(json!([])).weighs(20).needs_symbol(),
        Row::of("GET /api/v3/myFilters")
            .asks(symbol)
            .keys(&["exchangeFilters", "symbolFilters", "assetFilters"])
            .weighs(40)
            .needs_symbol(),
        Row::of("GET /api/v3/rateLimit/order")
            .keys(&["rateLimitType", "interval", "intervalNum", "limit", "count"])
            .weighs(40)
            .refuses(
                "symbol=BTCUSDT",
                -1104,
                "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.",
            ),
    ]
}

fn market() -> Vec<Row> {
    let symbol = "symbol=BTCUSDT";
    vec![
        Row::of("GET /api/v3/depth")
            .asks(symbol)
            .keys(&["lastUpdateId", "bids", "asks"])
            .weighs(5)
            .needs_symbol()
            .refuses("symbol=BTCUSDT&limit=0", -1130, invalid("limit")),
        traded(Row::of("GET /api/v3/trades"))
            .asks(symbol)
            .keys(&["id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isBestMatch"])
            .weighs(25)
            .needs_symbol(),
        Row::of("GET /api/v3/historicalBlockTrades")
            .asks("symbol=BTCUSDT&fromId=1")
            .json(json!([]))
            .weighs(25)
            .needs_symbol()
            .needs("fromId"),
        Row::of("GET /api/v3/ticker/price")
            .asks(symbol)
            .keys(&["symbol", "price"])
            .weighs(2)
            .refuses("symbol=DOGEUSDT", -1121, "Invalid symbol.")
            .refuses("symbols=BTCUSDT", -1100, illegal_symbols())
            .refuses("symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D", -1128, COMBINATION),
        Row::of("GET /api/v3/ticker/bookTicker")
            .asks("symbols=%5B%22BTCUSDT%22%5D")
            .keys(&["symbol", "bidPrice", "bidQty", "askPrice", "askQty"])
            .weighs(4)
            .refuses(
                "symbols=%5B%22BTCUSDT%22,%22BTCUSDT%22%5D",
                -1151,
                "Symbol is present multiple times in the list.",
            ),
        Row::of("GET /api/v3/referencePrice")
            .asks(symbol)
            .is_refused(400, -2043, "This symbol doesn't have a reference price.")
            .weighs(2)
            .needs_symbol(),
        Row::of("GET /api/v3/referencePrice/calculation")
            .asks(symbol)
            .is_refused(400, -2043, "This symbol doesn't have a reference price.")
            .weighs(2)
            .needs_symbol(),
        Row::of("GET /api/v3/executionRules")
            .asks(symbol)
            .json(json!({ "symbolRules": [] }))
            .weighs(2)
            .refuses("symbol=BTCUSDT&symbolStatus=TRADING", -1128, COMBINATION)
            .refuses("symbolStatus=OPEN", -1130, invalid("symbolStatus")),
    ]
}

fn general() -> Vec<Row> {
    vec![
        Row::of("GET /api/v3/ping").json(json!({})).weighs(1),
        Row::of("GET /api/v3/time").keys(&["serverTime"]).weighs(1),
        Row::of("GET /api/v3/exchangeInfo")
            .asks("permissions=SPOT&showPermissionSets=false")
            .keys(&["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"])
            .weighs(20)
            .refuses("symbol=BTCUSDT&permissions=SPOT", -1128, COMBINATION)
            .refuses("symbol=BTCUSDT&symbolStatus=TRADING", -1128, COMBINATION)
            .refuses("symbolStatus=OPEN", -1130, invalid("symbolStatus"))
            .refuses("showPermissionSets=maybe", -1130, invalid("showPermissionSets")),
        Row::of("GET /x/v1/rateLimit")
            .keys(&["rateLimitType", "interval", "intervalNum", "limit", "count"])
            .weighs(1),
    ]
}

fn shims() -> Vec<Row> {
    let gone =
        |route| Row::of(route).is_refused(410, -1016, "This service is no longer available.").weighs(2);
    let futures = ["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"];
    vec![
        gone("POST /api/v3/userDataStream"),
        gone("PUT /api/v3/userDataStream"),
        gone("DELETE /api/v3/userDataStream"),
        Row::of("GET /sapi/v1/capital/config/getall")
            .keys(&[
                "coin",
                "name",
                "depositAllEnable",
                "withdrawAllEnable",
                "free",
                "locked",
                "freeze",
                "withdrawing",
                "ipoing",
                "ipoable",
                "storage",
                "isLegalMoney",
                "trading",
                "networkList",
            ])
            .weighs(10),
        Row::of("GET /sapi/v1/asset/tradeFee")
            .keys(&["symbol", "makerCommission", "takerCommission"])
            .weighs(1)
            .refuses("symbol=DOGEUSDT", -1121, "Invalid symbol."),
        Row::of("GET /sapi/v1/margin/allPairs").json(json!([])).weighs(1),
        Row::of("GET /sapi/v1/margin/isolated/allPairs").json(json!([])).weighs(10),
        Row::of("GET /sapi/v1/spot/delist-schedule").json(json!([])).weighs(100),
        Row::of("GET /sapi/v1/system/status").json(json!({ "status": 0, "msg": "normal" })).weighs(1),
        Row::of("GET /fapi/v1/exchangeInfo").keys(&futures).weighs(1),
        Row::of("GET /dapi/v1/exchangeInfo").keys(&futures).weighs(1),
    ]
}

fn sessions() -> Vec<Row> {
    let session = ["accountId", "csrfToken", "demo"];
    vec![
        Row::of("POST /x/v1/session/demo").keys(&session).weighs(1),
        Row::of("GET /x/v1/session").keys(&session).weighs(1),
        Row::of("DELETE /x/v1/session").json(json!({})).weighs(1),
    ]
}

fn operator() -> Vec<Row> {
    let transfer = r#"{"accountId":11,"asset":"BTC","amount":"1"}"#;
    let transferred = |route| {
        Row::of(route)
            .asks(transfer)
            .keys(&["accountId", "asset", "free", "locked"])
            .weighs(1)
            .refuses("[]", -1135, INVALID_JSON)
            .refuses(transfer.replace("\"1\"", "1"), -1135, INVALID_JSON)
            .refuses(transfer.replace("BTC", "DOGE"), -1130, invalid("asset"))
            .refuses(transfer.replace("\"1\"", "\"0\""), -1130, invalid("amount"))
    };
    vec![
        Row::of("POST /x/v1/operator/accounts")
            .asks(r#"{"id":77,"tier":0,"unlimited":true}"#)
            .keys(&["accountId"])
            .weighs(1)
            .refuses(r#"{"name":"x"}"#, -1135, INVALID_JSON)
            .refuses(r#"{"id":78,"tier":9}"#, -1130, invalid("tier")),
        Row::of("POST /x/v1/operator/keys")
            .asks(r#"{"accountId":11,"permissions":["TRADE"]}"#)
            .keys(&["apiKey", "secretKey"])
            .weighs(1)
            .refuses(r#"{"accountId":11,"permissions":["FLY"]}"#, -1135, INVALID_JSON)
            .refuses(r#"{"accountId":999,"permissions":[]}"#, -1130, invalid("accountId")),
        transferred("POST /x/v1/operator/deposit"),
        transferred("POST /x/v1/operator/withdraw"),
    ]
}

fn probes() -> Vec<Row> {
    vec![
        Row::of("GET /health/live").json(json!({ "status": "live" })),
        Row::of("GET /health/ready").json(json!({ "status": "ready", "outOfService": [] })),
        Row::of("GET /metrics").text(),
    ]
}
