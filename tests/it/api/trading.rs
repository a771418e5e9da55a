//! An order's round trip, field by field.

use awc::http::Method;
use serde_json::json;

use super::{Api, limit, sign, two_accounts};
use crate::support::{TestServer, block_on};

const ORDER: [&str; 17] = [
    "symbol",
    "orderId",
    "orderListId",
    "clientOrderId",
    "transactTime",
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
    "workingTime",
    "fills",
];

#[test]
fn a_trade_is_reported_to_both_sides_in_binances_shapes() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let placed = api.order(&seller, &(limit("SELL", "0.5", "45000") + "&newClientOrderId=my-sell")).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        let mut fields = placed.fields();
        let mut expected = ORDER.to_vec();
        fields.sort_unstable();
        expected.sort_unstable();
        assert_eq!(fields, expected);
        assert_eq!(placed.json["status"], "NEW");
        assert_eq!(placed.json["clientOrderId"], "my-sell");
        assert!(placed.header("x-mbx-used-weight-1m").is_some() && placed.header("x-mbx-uuid").is_some());

        let taken = api.order(&buyer, &limit("BUY", "0.2", "45100")).await;
        assert_eq!(taken.json["status"], "FILLED");
        assert_eq!(taken.json["cummulativeQuoteQty"], "9000.00000000");
        assert_eq!(
            taken.json["fills"],
            json!([{ "price": "45000.00000000", "qty": "0.20000000", "commission": "0.00020000",
                "commissionAsset": "BTC", "tradeId": 1 }])
        );

        let query = "symbol=BTCUSDT&origClientOrderId=my-sell";
        let order = api.signed(&seller, Method::GET, "/api/v3/order", query).await.json;
        let time = order["time"].clone();
        assert_eq!(
            order,
            json!({ "symbol": "BTCUSDT", "orderId": placed.json["orderId"], "orderListId": -1,
                "clientOrderId": "my-sell", "price": "45000.00000000", "origQty": "0.50000000",
                "executedQty": "0.20000000", "origQuoteOrderQty": "0.00000000",
                "cummulativeQuoteQty": "9000.00000000", "status": "PARTIALLY_FILLED", "timeInForce": "GTC",
                "type": "LIMIT", "side": "SELL", "selfTradePreventionMode": "NONE", "stopPrice": "0.00000000",
                "icebergQty": "0.00000000", "time": time, "updateTime": order["updateTime"],
                "isWorking": true, "workingTime": time })
        );

        let trades = api.signed(&seller, Method::GET, "/api/v3/myTrades", "symbol=BTCUSDT").await.json;
        assert_eq!(
            trades,
            json!([{ "symbol": "BTCUSDT", "id": 1, "orderId": placed.json["orderId"], "orderListId": -1,
                "price": "45000.00000000", "qty": "0.20000000", "quoteQty": "9000.00000000",
                "commission": "9.00000000", "commissionAsset": "USDT", "time": trades[0]["time"],
                "isBuyer": false, "isMaker": true, "isBestMatch": true }])
        );
        let account = api.signed(&buyer, Method::GET, "/api/v3/account", "omitZeroBalances=true").await.json;
        assert_eq!(
            account["balances"],
            json!([{ "asset": "BTC", "free": "10.19980000", "locked": "0.00000000" },
                { "asset": "USDT", "free": "991000.00000000", "locked": "0.00000000" }])
        );
    });
    server.stop();
}

#[test]
fn a_cancel_answers_with_the_order_and_is_final() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let order = limit("SELL", "0.5", "45000") + "&newClientOrderId=gone&newOrderRespType=ACK";
        let placed = api.order(&seller, &order).await;
        assert_eq!(
            placed.json,
            json!({ "symbol": "BTCUSDT", "orderId": placed.json["orderId"], "orderListId": -1,
                "clientOrderId": "gone", "transactTime": placed.json["transactTime"] })
        );
        let cancel = "symbol=BTCUSDT&origClientOrderId=gone&newClientOrderId=the-cancel";
        let cancelled = api.signed(&seller, Method::DELETE, "/api/v3/order", cancel).await;
        assert_eq!(cancelled.json["status"], "CANCELED");
        assert_eq!(cancelled.json["origClientOrderId"], "gone");
        assert_eq!(cancelled.json["clientOrderId"], "the-cancel");
        let again = api.signed(&seller, Method::DELETE, "/api/v3/order", cancel).await;
        assert_eq!(again.refusal(), (400, -2011, "Unknown order sent."));
        let open = api.signed(&seller, Method::GET, "/api/v3/openOrders", "symbol=BTCUSDT").await;
        assert_eq!(open.json, json!([]));
    });
    server.stop();
}

#[test]
fn cancel_replace_reports_both_halves() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let path = "/api/v3/order/cancelReplace";
        let first = api.order(&seller, &limit("SELL", "0.5", "45000")).await.json["orderId"].to_string();
        let replace = |mode: &str, price: &str, id: &str| {
            format!("{}&cancelReplaceMode={mode}&cancelOrderId={id}", limit("SELL", "0.5", price))
        };
        let both =
            api.signed(&seller, Method::POST, path, &replace("STOP_ON_FAILURE", "46000", &first)).await;
        assert_eq!(both.status, 200);
        assert_eq!(
            (&both.json["cancelResult"], &both.json["newOrderResult"]),
            (&json!("SUCCESS"), &json!("SUCCESS"))
        );
        assert_eq!(both.json["cancelResponse"]["status"], "CANCELED");
        assert_eq!(both.json["newOrderResponse"]["status"], "NEW");

        let neither =
            api.signed(&seller, Method::POST, path, &replace("STOP_ON_FAILURE", "46000", &first)).await;
        assert_eq!(neither.refusal(), (400, -2022, "Order cancel-replace failed."));
        assert_eq!(
            neither.json["data"],
            json!({ "cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED",
                "cancelResponse": { "code": -2011, "msg": "Unknown order sent." }, "newOrderResponse": null })
        );
        let half = api.signed(&seller, Method::POST, path, &replace("ALLOW_FAILURE", "46500", &first)).await;
        assert_eq!(half.refusal(), (409, -2021, "Order cancel-replace partially failed."));
        assert_eq!(half.json["data"]["newOrderResponse"]["status"], "NEW");
    });
    server.stop();
}

#[test]
fn an_amend_lowers_the_quantity_and_spells_its_fields_its_own_way() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let path = "/api/v3/order/amend/keepPriority";
        api.order(&seller, &(limit("SELL", "0.5", "45000") + "&newClientOrderId=before")).await;
        let amend = |quantity: &str| format!("symbol=BTCUSDT&origClientOrderId=before&newQty={quantity}");
        let more = api.signed(&seller, Method::PUT, path, &amend("0.6")).await;
        assert_eq!(more.refusal(), (400, -2038, "Order amend (quantity increase) is not supported."));
        let less = amend("0.4") + "&newClientOrderId=after";
        let amended = api.signed(&seller, Method::PUT, path, &less).await;
        assert_eq!(amended.fields(), ["amendedOrder", "executionId", "transactTime"]);
        let order = &amended.json["amendedOrder"];
        assert_eq!(
            (&order["origClientOrderId"], &order["clientOrderId"]),
            (&json!("before"), &json!("after"))
        );
        assert_eq!(
            (&order["qty"], &order["cumulativeQuoteQty"]),
            (&json!("0.40000000"), &json!("0.00000000"))
        );
    });
    server.stop();
}

#[test]
fn parameters_may_stand_in_query_and_body_with_the_signature_anywhere() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let query = format!("symbol=BTCUSDT&side=SELL&timestamp={}", super::now_millis());
        let body = "type=LIMIT&timeInForce=GTC&quantity=0.5&price=45000";
        let signed = sign(&seller, &format!("{query}{body}"));
        let signature = signed.rsplit_once("signature=").unwrap().1.to_ascii_uppercase();
        let headers = [
            ("X-MBX-APIKEY", seller.key.as_str()),
            ("Content-Type", "application/json"),
            ("X-MBX-TIME-UNIT", "microsecond"),
        ];
        let path = format!("/api/v3/order?signature={signature}&{query}");
        let placed = api.send(Method::POST, &path, &headers, body).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        assert!(placed.json["transactTime"].as_u64().unwrap() > 1_000_000_000_000_000);
        let changed = api.send(Method::POST, &path, &headers, &body.replace("0.5", "5")).await;
        assert_eq!(changed.refusal(), (400, -1022, "Signature for this request is not valid."));
    });
    server.stop();
}
