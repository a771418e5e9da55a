//! What a reply says, for every row that has the keys of its reply: values that follow from what was asked and from the desk.

use serde_json::{Value, json};

/// The time of the desk, and a trade's fee in the asset received: 0.1 %.
const NOW: u64 = 1_700_000_001_000;
const FEE: &str = "0.00001000";

/// An order of `table::order` by its name, in the fields every reply has, with what the reply says besides.
fn order(name: (&str, &str), status: &str, more: Value) -> Value {
    let mut order = json!({
        "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "price": "50000.00000000",
        "origQty": "0.01000000", "executedQty": "0.00000000", "cummulativeQuoteQty": "0.00000000", "status": status,
        "selfTradePreventionMode": "NONE", "orderListId": -1, name.0: name.1,
    });
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    order
}

/// One of the orders that a list's reply reports.
fn of_list(kind: &str, side: &str, price: &str, status: &str) -> Value {
    json!({ "symbol": "BTCUSDT", "type": kind, "side": side, "price": price, "status": status, "origQty": "0.01000000" })
}

fn list(contingency: &str, status: (&str, &str), reports: &[Value]) -> Value {
    json!({
        "contingencyType": contingency, "listStatusType": status.0, "listOrderStatus": status.1, "symbol": "BTCUSDT",
        "transactionTime": NOW, "orderReports": reports,
    })
}

fn named_list(name: &str) -> Value {
    json!({
        "listClientOrderId": name, "contingencyType": "OCO", "listStatusType": "EXEC_STARTED",
        "listOrderStatus": "EXECUTING", "symbol": "BTCUSDT", "transactionTime": NOW,
        "orders": [{ "symbol": "BTCUSDT" }],
    })
}

/// The values known of the reply of a route; null for a route that is not here.
pub(super) fn of(route: &str) -> Value {
    let (placed, queried) = (
        json!({ "transactTime": NOW, "workingTime": NOW, "fills": [] }),
        json!({ "time": NOW, "updateTime": NOW, "isWorking": true, "stopPrice": "0.00000000" }),
    );
    let (started, over) = (("EXEC_STARTED", "EXECUTING"), ("ALL_DONE", "ALL_DONE"));
    let (gain, loss) = (
        of_list("LIMIT_MAKER", "SELL", "60000.00000000", "NEW"),
        of_list("STOP_LOSS", "SELL", "0.00000000", "NEW"),
    );
    let working = of_list("LIMIT", "BUY", "40000.00000000", "NEW");
    // Every trade of the desk is one of a hundredth at 45,000, so these do not depend on how many there were.
    let traded = json!({
        "symbol": "BTCUSDT", "openPrice": "45000.00000000", "highPrice": "45000.00000000", "lowPrice": "45000.00000000",
        "lastPrice": "45000.00000000", "firstId": 1,
    });
    let trade =
        json!({ "price": "45000.00000000", "qty": "0.01000000", "quoteQty": "450.00000000", "time": NOW });
    let session = |name: Value, is_demo: bool| json!({ "name": name, "demo": is_demo });
    let key = json!({ "type": "HMAC", "label": "", "permissions": ["TRADE"], "createTime": NOW });
    let resting = json!({ "asks": [["50000.00000000", null], ["60000.00000000", null]], "bids": [["40000.00000000", null]] });
    match route {
        "POST /api/v3/order" => order(("clientOrderId", "placed"), "NEW", placed),
        "DELETE /api/v3/order" => {
            order(("origClientOrderId", "cancelled"), "CANCELED", json!({ "transactTime": NOW }))
        }
        "GET /api/v3/order" => order(("clientOrderId", "queried"), "NEW", queried),
        "GET /api/v3/openOrders" => order(("clientOrderId", "open"), "NEW", queried),
        "GET /api/v3/allOrders" => order(("clientOrderId", "all"), "NEW", queried),
        "DELETE /api/v3/openOrders" => {
            order(("origClientOrderId", "all-cancelled"), "CANCELED", json!({ "transactTime": NOW }))
        }
        "POST /api/v3/order/cancelReplace" => json!({
            "cancelResult": "SUCCESS", "newOrderResult": "SUCCESS",
            "cancelResponse": order(("origClientOrderId", "replaced"), "CANCELED", json!({})),
            "newOrderResponse": order(("clientOrderId", "replacing"), "NEW", placed),
        }),
        "GET /api/v3/order/amendments" => json!({
            "symbol": "BTCUSDT", "origClientOrderId": "amending", "origQty": "0.01000000", "newQty": "0.00500000",
            "time": NOW,
        }),
        "PUT /api/v3/order/amend/keepPriority" => json!({
            "transactTime": NOW,
            "amendedOrder": {
                "origClientOrderId": "amended", "qty": "0.00500000", "price": "50000.00000000", "status": "NEW",
                "executedQty": "0.00000000", "preventedQty": "0.00000000",
            },
        }),
        "POST /api/spot/v2" | "POST /api/spot/v2/" | "POST /x/v1/batchOrders" => {
            order(("status", "NEW"), "NEW", placed)
        }
        "DELETE /x/v1/batchOrders" => {
            order(("origClientOrderId", "batched"), "CANCELED", json!({ "transactTime": NOW }))
        }
        "POST /api/v3/orderList/oco" | "POST /api/v3/order/oco" => list("OCO", started, &[gain, loss]),
        "POST /api/v3/orderList/oto" => {
            list("OTO", started, &[working, of_list("LIMIT", "SELL", "60000.00000000", "PENDING_NEW")])
        }
        "POST /api/v3/orderList/otoco" => {
            let [gain, loss] = [("LIMIT_MAKER", "60000.00000000"), ("STOP_LOSS", "0.00000000")]
                .map(|(kind, price)| of_list(kind, "SELL", price, "PENDING_NEW"));
            list("OTO", started, &[working, gain, loss])
        }
        "DELETE /api/v3/orderList" => {
            let [gain, loss] = [("LIMIT_MAKER", "60000.00000000"), ("STOP_LOSS", "0.00000000")]
                .map(|(kind, price)| of_list(kind, "SELL", price, "CANCELED"));
            list("OCO", over, &[gain, loss])
        }
        "GET /api/v3/orderList" => named_list("queried-list"),
        "GET /api/v3/allOrderList" => named_list("one-of-all-lists"),
        "GET /api/v3/openOrderList" => named_list("open-list"),
        "GET /api/v3/myPreventedMatches" => json!({
            "symbol": "BTCUSDT", "makerSymbol": "BTCUSDT", "preventedMatchId": 1, "price": "45000.00000000",
            "selfTradePreventionMode": "EXPIRE_MAKER", "makerPreventedQuantity": "0.01000000", "transactTime": NOW,
        }),
        "POST /x/v1/cancelAllAfter" => json!({ "countdownTime": 3_600_000, "cancelTime": NOW + 3_600_000 }),
        "GET /api/v3/account" => json!({
            "makerCommission": 10, "takerCommission": 10, "canTrade": true, "canWithdraw": true, "accountType": "SPOT",
            "permissions": ["SPOT"], "uid": 11, "updateTime": NOW,
            "balances": [{ "asset": "BTC" }, { "asset": "ETH", "free": "0.00000000", "locked": "0.00000000" }],
        }),
        "GET /api/v3/account/commission" => json!({
            "symbol": "BTCUSDT",
            "standardCommission": { "maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00000000" },
            "taxCommission": { "taker": "0.00000000" },
        }),
        "GET /api/v3/myTrades" => json!({
            "symbol": "BTCUSDT", "price": "45000.00000000", "qty": "0.01000000", "quoteQty": "450.00000000",
            "commission": FEE, "commissionAsset": "BTC", "isBuyer": true, "isMaker": false, "time": NOW,
        }),
        "GET /api/v3/myFilters" => json!({ "symbolFilters": [
            { "filterType": "PRICE_FILTER", "tickSize": "0.01000000", "maxPrice": "1000000.00000000" },
            { "filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200 },
        ] }),
        "GET /api/v3/rateLimit/order" => {
            json!({ "rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000 })
        }
        "GET /api/v3/depth" => resting,
        "GET /api/v3/trades" | "GET /api/v3/historicalTrades" => trade,
        "GET /api/v3/aggTrades" => {
            json!({ "p": "45000.00000000", "q": "0.01000000", "a": 1, "f": 1, "l": 1, "T": NOW })
        }
        "GET /api/v3/klines" | "GET /api/v3/uiKlines" => {
            let price = "45000.00000000";
            json!([
                1_699_999_200_000_u64,
                price,
                price,
                price,
                price,
                null,
                1_700_002_799_999_u64,
                null,
                null,
                null,
                null,
                "0"
            ])
        }
        "GET /api/v3/avgPrice" => json!({ "mins": 5, "price": "45000.00000000", "closeTime": NOW }),
        "GET /api/v3/ticker/24hr" => {
            let mut day = traded;
            day["weightedAvgPrice"] = json!("45000.00000000");
            day["lastQty"] = json!("0.01000000");
            day["bidPrice"] = json!("40000.00000000");
            day["askPrice"] = json!("50000.00000000");
            day["closeTime"] = json!(NOW);
            day
        }
        // With `timeZone=8` the day begins at 16:00 UTC.
        "GET /api/v3/ticker/tradingDay" => {
            let mut day = traded;
            day["openTime"] = json!(1_699_977_600_000_u64);
            day["closeTime"] = json!(1_700_063_999_999_u64);
            day
        }
        "GET /api/v3/ticker" => {
            let mut window = traded;
            window["openTime"] = json!(1_699_989_180_000_u64);
            window["closeTime"] = json!(NOW);
            window["priceChangePercent"] = json!("0.000");
            window
        }
        "GET /api/v3/ticker/price" => json!({ "symbol": "BTCUSDT", "price": "45000.00000000" }),
        "GET /api/v3/ticker/bookTicker" => {
            json!({ "symbol": "BTCUSDT", "bidPrice": "40000.00000000", "askPrice": "50000.00000000" })
        }
        "GET /api/v3/time" => json!({ "serverTime": NOW }),
        "GET /api/v3/exchangeInfo" => json!({
            "timezone": "UTC", "serverTime": NOW,
            "rateLimits": [{ "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "limit": 6_000 }],
            "symbols": [{ "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT" }],
        }),
        "GET /fapi/v1/exchangeInfo" | "GET /dapi/v1/exchangeInfo" => {
            json!({ "timezone": "UTC", "serverTime": NOW, "symbols": [], "rateLimits": [] })
        }
        "GET /api-docs/openapi.json" => json!({ "paths": { "/api/v3/time": {} } }),
        "GET /x/v1/rateLimit" => {
            json!({ "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000 })
        }
        "GET /sapi/v1/capital/config/getall" => {
            json!({ "coin": "ETH", "free": "0.00000000", "trading": true })
        }
        "GET /sapi/v1/asset/tradeFee" => {
            json!({ "symbol": "ETHBTC", "makerCommission": "0.00100000", "takerCommission": "0.00100000" })
        }
        "POST /x/v1/session/demo" | "GET /x/v1/session" => session(Value::Null, true),
        "POST /x/v1/signup" => session(json!("ada"), false),
        "POST /x/v1/session" => session(json!("charles"), false),
        "GET /x/v1/keys" | "POST /x/v1/keys" | "POST /x/v1/operator/keys" => key,
        "POST /x/v1/operator/accounts" => json!({ "accountId": 77 }),
        "GET /x/v1/operator/symbols" => json!({ "symbol": "BTCUSDT", "tickSize": "0.01" }),
        "PUT /x/v1/operator/symbols" => {
            json!({ "symbol": "ETHUSDT", "status": "TRADING", "maxNumOrders": 200 })
        }
        "POST /x/v1/operator/accounts/status" => {
            json!({ "accountId": 11, "status": "ACTIVE", "cancelling": 0 })
        }
        "POST /x/v1/operator/accounts/tier" => json!({ "accountId": 11, "tier": 0, "unlimited": false }),
        "POST /x/v1/operator/deposit" | "POST /x/v1/operator/withdraw" => {
            // How much there is then depends on the other rows; `api::conformance` compares that.
            json!({ "accountId": 11, "asset": "BTC" })
        }
        _ => Value::Null,
    }
}

/// Returns whether a reply holds what is expected of it: of an object the fields that are named, of a list of objects one for
/// each that is named, of any other list every element that is not null.
pub(super) fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(expected)) if expected.iter().any(Value::is_object) => {
            expected.iter().all(|value| found.iter().any(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, value)| value.is_null() || holds(found, value))
        }
        _ => found == expected,
    }
}
