//! One row per route. A row does not depend on another one: it does its own preparation.

use serde_json::json;

use super::{account_history, lists, market, operator, row::Row, spot_v2};

pub(super) const ACK: [&str; 5] = ["symbol", "orderId", "orderListId", "clientOrderId", "transactTime"];
pub(super) const AMOUNTS: [&str; 10] = [
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
pub(super) const COMBINATION: &str = "Combination of optional parameters invalid.";
const SESSION: [&str; 4] = ["accountId", "csrfToken", "demo", "name"];
pub(super) const PLACE: &str = "POST /api/v3/order";

/// A limit order that rests.
pub(super) fn order(name: &str) -> String {
    format!(
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId={name}"
    )
}

/// A trade of the trader with itself.
pub(super) fn traded(row: Row) -> Row {
    let sell = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.01&price=45000";
    row.after(PLACE, sell).after(PLACE, sell.replace("SELL", "BUY"))
}

pub(super) fn keys(parts: &[&[&'static str]]) -> Vec<&'static str> {
    parts.concat()
}

pub(super) fn invalid(name: &str) -> String {
    format!("Data sent for parameter '{name}' is not valid.")
}

pub(super) fn unacceptable(name: &str, why: &str) -> String {
    format!("Data sent for parameter '{name}' is not valid: {why}.")
}

/// The refusal of `startTime=2&endTime=1`.
pub(super) const REVERSED: &str =
    "Combination of optional parameters invalid: endTime 1 is before startTime 2.";

pub(super) fn missing(name: &str) -> String {
    format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
}

pub(super) fn no_doge() -> String {
    unacceptable("asset", "there is no asset 'DOGE'; there are BTC, USDT, ETH")
}

pub(super) fn no_account(account: u64) -> String {
    unacceptable("accountId", &format!("there is no account {account}; the operator may open it"))
}

pub(super) fn missing_one(one: &str, other: &str) -> String {
    format!("Param '{one}' or '{other}' must be sent, but both were empty/null!")
}

/// Every row.
pub(super) fn rows() -> Vec<Row> {
    let (lists, market) = (lists::rows(), market::rows());
    let groups = [
        orders(),
        spot_v2::rows(),
        lists,
        account(),
        account_history::rows(),
        market,
        general(),
        shims(),
        sessions(),
        users(),
        keys_of_accounts(),
        operator::rows(),
        probes(),
    ];
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
            .refuses(order("placed").replace("SELL", "HOLD"), -1117, "Invalid side.")
            .refuses(
                "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.01",
                -1102,
                missing_one("stopPrice", "trailingDelta"),
            ),
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
        Row::of("GET /api/v3/order/amendments")
            .after(PLACE, order("amending"))
            .after(
                "PUT /api/v3/order/amend/keepPriority",
                "symbol=BTCUSDT&origClientOrderId=amending&newQty=0.005",
            )
            .asks("symbol=BTCUSDT&orderId={orderId}")
            .keys(&[
                "symbol",
                "orderId",
                "executionId",
                "origClientOrderId",
                "newClientOrderId",
                "origQty",
                "newQty",
                "time",
            ])
            .weighs(4)
            .needs_symbol()
            .needs("orderId"),
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
            .refuses("omitZeroBalances=maybe", -1130, unacceptable("omitZeroBalances", "it is neither true nor false")),
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
        // Events are kept from the first subscription, and there was none; the list is tested with the streams.
        Row::of("GET /x/v1/events")
            .after(PLACE, order("told"))
            .asks("fromSeq=0")
            .refused_as(
                400,
                -93_002,
                "Events after fromSeq are no longer kept; read the account again and go on from its last event.",
            )
            .weighs(20)
            .needs("fromSeq")
            .refuses("fromSeq=1000000000", -93_003, "fromSeq is after the account's last event.")
            .refuses("fromSeq=0&limit=0", -1130, unacceptable("limit", "the least is 1")),
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
            .refuses(
                "showPermissionSets=maybe",
                -1130,
                unacceptable("showPermissionSets", "it is neither true nor false"),
            ),
        Row::of("GET /api-docs/openapi.json")
            .keys(&["openapi", "info", "servers", "tags", "paths", "components"])
            .weighs(1),
        Row::of("GET /x/v1/rateLimit")
            .keys(&["rateLimitType", "interval", "intervalNum", "limit", "count"])
            .weighs(1),
    ]
}

fn shims() -> Vec<Row> {
    let gone =
        |route| Row::of(route).refused_as(410, -1016, "This service is no longer available.").weighs(2);
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
        Row::of("GET /sapi/v1/account/status").json(json!({ "data": "Normal" })).weighs(1),
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
    vec![
        Row::of("POST /x/v1/session/demo").keys(&SESSION).weighs(1),
        Row::of("GET /x/v1/session").keys(&SESSION).weighs(1),
        Row::of("DELETE /x/v1/session").json(json!({})).weighs(1),
        Row::of("GET /x/v1/session/options").json(json!({ "signUp": true, "demo": true })).weighs(1).refuses(
            "demo=true",
            -1104,
            "Not all sent parameters were read; read '0' parameter(s) but was sent '1'.",
        ),
    ]
}

fn users() -> Vec<Row> {
    let person = |name: &str, password: &str| json!({ "name": name, "password": password }).to_string();
    let change = |current: &str, new: &str| json!({ "current": current, "new": new }).to_string();
    let password = "correct horse battery";
    let wrong_length = "10 to 128 bytes, and not the name";
    vec![
        Row::of("POST /x/v1/signup")
            .asks(person("ada", password))
            .keys(&SESSION)
            .weighs(1)
            .refuses("{}", -1102, missing("name"))
            .refuses(
                person("a", password),
                -1130,
                unacceptable("name", "3 to 32 of a-z, 0-9, '_', '.' and '-'"),
            )
            .refuses(person("ada", "short"), -1130, unacceptable("password", wrong_length)),
        Row::of("POST /x/v1/session")
            .after("POST /x/v1/signup", person("charles", password))
            .asks(person("charles", password))
            .keys(&SESSION)
            .weighs(1)
            .refuses("{}", -1102, missing("name"))
            .refuses_with(
                401,
                person("charles", "wrong password"),
                -1002,
                "The name or the password is wrong.",
            ),
        Row::of("POST /x/v1/password")
            .asks(change(password, "a better password"))
            .json(json!({}))
            .weighs(1)
            .refuses("{}", -1102, missing("current"))
            .refuses(
                change("wrong password", "a better password"),
                -1130,
                unacceptable("current", "it is not the password"),
            )
            .refuses(change(password, "short"), -1130, unacceptable("new", wrong_length)),
    ]
}

fn keys_of_accounts() -> Vec<Row> {
    let made = r#"{"type":"HMAC","permissions":["TRADE"]}"#;
    let by_operator = r#"{"accountId":11,"permissions":["TRADE"]}"#;
    let none_permitted = unacceptable("permissions", "at least one of TRADE and USER_DATA");
    let key = ["apiKey", "type", "label", "permissions", "createTime"];
    let with_secret = keys(&[&key, &["secretKey"]]);
    vec![
        Row::of("GET /x/v1/keys").after("POST /x/v1/keys", made).keys(&key).weighs(1),
        Row::of("POST /x/v1/keys")
            .asks(made)
            .keys(&with_secret)
            .weighs(1)
            .refuses(r#"{"permissions":["TRADE"]}"#, -1102, missing("type"))
            .refuses(made.replace("\"TRADE\"", ""), -1130, &none_permitted)
            .refuses(
                made.replace("HMAC", "RSA"),
                -1102,
                "Mandatory parameter 'publicKey' was not sent, was empty/null, or malformed.",
            )
            .refuses(
                r#"{"type":"HMAC","permissions":["TRADE"],"publicKey":"key"}"#,
                -1106,
                "Parameter 'publicKey' sent when not required.",
            ),
        Row::of("DELETE /x/v1/keys")
            .after("POST /x/v1/keys", made)
            .asks(r#"{"apiKey":"{apiKey}"}"#)
            .json(json!({}))
            .weighs(1)
            .refuses("{}", -1102, missing("apiKey"))
            .refuses(r#"{"apiKey":"none"}"#, -1130, unacceptable("apiKey", "the account has no such key")),
        Row::of("POST /x/v1/operator/keys")
            .asks(by_operator)
            .keys(&with_secret)
            .weighs(1)
            .refuses(
                by_operator.replace("TRADE", "FLY"),
                -1135,
                "Invalid JSON Request: unknown variant `FLY`, expected `USER_DATA` or `TRADE` at line 1 column 37.",
            )
            .refuses(by_operator.replace("\"TRADE\"", ""), -1130, none_permitted)
            .refuses(by_operator.replace("11", "999"), -1130, no_account(999)),
        Row::of("DELETE /x/v1/operator/keys")
            .after("POST /x/v1/operator/keys", by_operator)
            .asks(r#"{"accountId":11,"apiKey":"{apiKey}"}"#)
            .json(json!({}))
            .weighs(1)
            .refuses(r#"{"accountId":11}"#, -1102, missing("apiKey"))
            .refuses(
                r#"{"accountId":11,"apiKey":"none"}"#,
                -1130,
                unacceptable("apiKey", "the account has no such key"),
            ),
    ]
}

fn probes() -> Vec<Row> {
    vec![
        Row::of("GET /health/live").json(json!({ "status": "live" })),
        Row::of("GET /health/ready").json(json!({ "status": "ready", "outOfService": [] })),
        Row::of("GET /metrics").text(),
    ]
}
