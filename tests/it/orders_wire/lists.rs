//! Lists of orders: each leg wins, one waits for another, and how they end.

use awc::http::Method;
use serde_json::{Value, json};

use super::{trade_at, until};
use crate::{
    api::{Answer, Api, limit, two_accounts},
    support::{KeyPair, TestServer, block_on},
};

const OCO: &str = "symbol=BTCUSDT&side=SELL&quantity=0.5&aboveType=LIMIT_MAKER&abovePrice=46000\
    &aboveClientOrderId=above&belowType=STOP_LOSS_LIMIT&belowStopPrice=44000&belowPrice=43900\
    &belowTimeInForce=GTC&belowClientOrderId=below&listClientOrderId=list";

async fn post(api: &Api, key: &KeyPair, path: &str, params: &str) -> Answer {
    api.signed(key, Method::POST, &format!("/api/v3/{path}"), params).await
}

/// Asks for a list until it is in this state.
async fn until_list(api: &Api, key: &KeyPair, name: &str, status: &str) -> Value {
    let query = format!("origClientOrderId={name}");
    let mut seen = Value::Null;
    for _ in 0..2_000 {
        seen = api.signed(key, Method::GET, "/api/v3/orderList", &query).await.json;
        if seen["listOrderStatus"] == status {
            return seen;
        }
    }
    panic!("{name} never became {status}: {seen}");
}

async fn free_btc(api: &Api, key: &KeyPair) -> Value {
    let account = api.signed(key, Method::GET, "/api/v3/account", "").await.json;
    let balances = account["balances"].as_array().unwrap().clone();
    balances.into_iter().find(|balance| balance["asset"] == "BTC").unwrap()["free"].clone()
}

#[test]
fn a_pair_is_answered_field_by_field_and_listed() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        let placed = post(&api, &seller, "orderList/oco", OCO).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        let json = placed.json;
        let (id, time) = (json["orderListId"].clone(), json["transactionTime"].clone());
        let orders = json!([
            { "symbol": "BTCUSDT", "orderId": json["orders"][0]["orderId"], "clientOrderId": "above" },
            { "symbol": "BTCUSDT", "orderId": json["orders"][1]["orderId"], "clientOrderId": "below" }
        ]);
        let mut list = json!({ "orderListId": id, "contingencyType": "OCO", "listStatusType": "EXEC_STARTED",
            "listOrderStatus": "EXECUTING", "listClientOrderId": "list", "transactionTime": time,
            "symbol": "BTCUSDT", "orders": orders });
        for path in ["openOrderList", "allOrderList"] {
            let all = api.signed(&seller, Method::GET, &format!("/api/v3/{path}"), "").await;
            assert_eq!(all.json, json!([list]), "{path}");
        }
        let one = api.signed(&seller, Method::GET, "/api/v3/orderList", &format!("orderListId={id}")).await;
        assert_eq!(one.json, list);
        let report = |index: usize, own: Value| {
            let mut report = json!({ "symbol": "BTCUSDT", "orderId": orders[index]["orderId"], "orderListId": id,
                "clientOrderId": orders[index]["clientOrderId"],
                "transactTime": json["orderReports"][index]["transactTime"], "origQty": "0.50000000",
                "executedQty": "0.00000000", "origQuoteOrderQty": "0.00000000",
                "cummulativeQuoteQty": "0.00000000", "status": "NEW", "timeInForce": "GTC", "side": "SELL",
                "selfTradePreventionMode": "NONE" });
            report.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            report
        };
        let working = json["orderReports"][0]["workingTime"].clone();
        assert!(working.is_u64());
        list["orderReports"] = json!([
            report(0, json!({ "type": "LIMIT_MAKER", "price": "46000.00000000", "workingTime": working })),
            report(
                1,
                json!({ "type": "STOP_LOSS_LIMIT", "price": "43900.00000000",
                "stopPrice": "44000.00000000", "workingTime": -1 })
            ),
        ]);
        assert_eq!(json, list);
        assert_eq!(free_btc(&api, &seller).await, "9.49000000", "held once for both");
    });
    server.stop();
}

#[test]
fn either_leg_of_a_pair_ends_the_other() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        assert_eq!(post(&api, &seller, "orderList/oco", OCO).await.status, 200);
        assert_eq!(api.order(&buyer, &limit("BUY", "0.5", "46000")).await.json["status"], "FILLED");
        until(&api, &seller, "above", "FILLED", true).await;
        until(&api, &seller, "below", "EXPIRED", false).await;
        assert_eq!(until_list(&api, &seller, "list", "ALL_DONE").await["listStatusType"], "ALL_DONE");

        trade_at(&api, (&seller, &buyer), "45000").await;
        assert_eq!(post(&api, &seller, "orderList/oco", OCO).await.status, 200);
        trade_at(&api, (&seller, &buyer), "44000").await;
        until(&api, &seller, "below", "NEW", true).await;
        until(&api, &seller, "above", "EXPIRED", true).await;
        assert_eq!(until_list(&api, &seller, "list", "EXECUTING").await["listStatusType"], "EXEC_STARTED");
    });
    server.stop();
}

#[test]
fn the_deprecated_pair_is_the_same_pair() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        let old = "symbol=BTCUSDT&side=BUY&quantity=0.5&price=44000&stopPrice=46000";
        let json = post(&api, &buyer, "order/oco", old).await.json;
        let kinds = [&json["orderReports"][0]["type"], &json["orderReports"][1]["type"]];
        assert_eq!(kinds, [&json!("STOP_LOSS"), &json!("LIMIT_MAKER")], "{json}");
        let limited = old.to_owned() + "&stopLimitPrice=46100&stopLimitTimeInForce=GTC";
        let json = post(&api, &buyer, "order/oco", &limited).await.json;
        assert_eq!(json["orderReports"][0]["type"], "STOP_LOSS_LIMIT", "{json}");
        let wrong = old.replace("=44000", "=45500");
        let refused = post(&api, &buyer, "order/oco", &wrong).await;
        assert_eq!(refused.refusal().1, 0, "a maker below the asks may rest above the last price");
        let crossed = post(&api, &buyer, "order/oco", &old.replace("=46000", "=44500")).await;
        let expected = "The relationship of the prices for the orders is not correct.";
        assert_eq!(crossed.refusal(), (400, -2010, expected));
    });
    server.stop();
}

#[test]
fn cancelling_one_order_of_a_list_or_the_list_ends_all_of_it() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        post(&api, &seller, "orderList/oco", OCO).await;
        let leg = "symbol=BTCUSDT&origClientOrderId=below";
        let cancelled = api.signed(&seller, Method::DELETE, "/api/v3/order", leg).await;
        assert_eq!(cancelled.json["status"], "CANCELED", "{cancelled:?}");
        until(&api, &seller, "above", "CANCELED", true).await;
        until_list(&api, &seller, "list", "ALL_DONE").await;
        assert_eq!(free_btc(&api, &seller).await, "9.99000000");

        post(&api, &seller, "orderList/oco", OCO).await;
        let list = "symbol=BTCUSDT&listClientOrderId=list&newClientOrderId=the-end";
        let cancelled = api.signed(&seller, Method::DELETE, "/api/v3/orderList", list).await.json;
        assert_eq!(
            (&cancelled["listStatusType"], &cancelled["listOrderStatus"]),
            (&json!("ALL_DONE"), &json!("ALL_DONE"))
        );
        for (index, name) in ["above", "below"].iter().enumerate() {
            let report = &cancelled["orderReports"][index];
            assert_eq!(
                (&report["status"], &report["clientOrderId"]),
                (&json!("CANCELED"), &json!("the-end"))
            );
            assert_eq!(
                (&report["origClientOrderId"], &report["orderListId"]),
                (&json!(name), &cancelled["orderListId"])
            );
        }
        let again = api.signed(&seller, Method::DELETE, "/api/v3/orderList", list).await;
        assert_eq!(again.refusal(), (400, -2011, "Unknown order list sent."));
        let unknown = api.signed(&seller, Method::GET, "/api/v3/orderList", "orderListId=7").await;
        assert_eq!(unknown.refusal(), (400, -2018, "Order list does not exist."));

        post(&api, &seller, "orderList/oco", OCO).await;
        api.order(&seller, &limit("SELL", "0.5", "47000")).await;
        let all = api.signed(&seller, Method::DELETE, "/api/v3/openOrders", "symbol=BTCUSDT").await.json;
        assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
        assert_eq!((&all[0]["status"], &all[0]["orderListId"]), (&json!("CANCELED"), &json!(-1)));
        assert_eq!(
            (&all[1]["listOrderStatus"], &all[1]["listClientOrderId"]),
            (&json!("ALL_DONE"), &json!("list"))
        );
        assert_eq!(all[1]["orderReports"].as_array().unwrap().len(), 2);
    });
    server.stop();
}

#[test]
fn what_waits_for_another_order_is_placed_when_that_is_filled() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        let working = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=44000&workingQuantity=0.5\
                       &workingTimeInForce=GTC&workingClientOrderId=entry&pendingSide=SELL&pendingQuantity=0.5";
        let oto = format!(
            "{working}&pendingType=LIMIT&pendingPrice=47000&pendingTimeInForce=GTC&pendingClientOrderId=exit"
        );
        let placed = post(&api, &buyer, "orderList/oto", &oto).await.json;
        assert_eq!(placed["contingencyType"], "OTO", "{placed}");
        assert_eq!(placed["orderReports"][0]["status"], "NEW");
        let pending = &placed["orderReports"][1];
        assert_eq!((&pending["status"], &pending["workingTime"]), (&json!("PENDING_NEW"), &json!(-1)));
        api.order(&seller, &limit("SELL", "0.2", "44000")).await;
        until(&api, &buyer, "entry", "PARTIALLY_FILLED", true).await;
        until(&api, &buyer, "exit", "PENDING_NEW", false).await;
        api.order(&seller, &limit("SELL", "0.3", "44000")).await;
        until(&api, &buyer, "exit", "NEW", true).await;

        let otoco = format!(
            "{}&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=46000&pendingAboveClientOrderId=gain\
             &pendingBelowType=STOP_LOSS&pendingBelowStopPrice=42000&pendingBelowClientOrderId=loss",
            working.replace("=entry", "=second")
        );
        let placed = post(&api, &buyer, "orderList/otoco", &otoco).await.json;
        assert_eq!(placed["orderReports"].as_array().unwrap().len(), 3, "{placed}");
        api.order(&seller, &limit("SELL", "0.5", "44000")).await;
        until(&api, &buyer, "gain", "NEW", true).await;
        until(&api, &buyer, "loss", "NEW", false).await;
        api.order(&seller, &limit("BUY", "0.5", "46000")).await;
        until(&api, &buyer, "gain", "FILLED", true).await;
        until(&api, &buyer, "loss", "EXPIRED", false).await;

        let third = oto.replace("=entry", "=third").replace("=exit", "=never");
        assert_eq!(post(&api, &buyer, "orderList/oto", &third).await.status, 200);
        let cancel = "symbol=BTCUSDT&origClientOrderId=never";
        let cancelled = api.signed(&buyer, Method::DELETE, "/api/v3/order", cancel).await;
        assert_eq!(cancelled.json["origClientOrderId"], "never", "{cancelled:?}");
        until(&api, &buyer, "third", "CANCELED", true).await;
    });
    server.stop();
}

#[test]
fn a_list_that_does_not_fit_is_refused_whole() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        let missing =
            |name: &str| format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        let relation = "The relationship of the prices for the orders is not correct.".to_owned();
        for (params, code, text) in [
            (OCO.replace("&abovePrice=46000", ""), -1102, missing("abovePrice")),
            (OCO.replace("&belowTimeInForce=GTC", ""), -1102, missing("belowTimeInForce")),
            (OCO.replace("GTC", "GTX"), -1115, "Invalid timeInForce.".to_owned()),
            (
                OCO.replace("GTC", "IOC") + "&belowIcebergQty=0.1",
                -1160,
                "Parameter 'belowIcebergQty' is not supported if `aboveTimeInForce`/`belowTimeInForce` is not GTC."
                    .to_owned(),
            ),
            (
                OCO.to_owned() + "&aboveStopPrice=1",
                -1106,
                "Parameter 'aboveStopPrice' sent when not required.".to_owned(),
            ),
            (OCO.replace("=LIMIT_MAKER", "=LIMIT"), -1158, "Order type not supported in OCO.".to_owned()),
            (
                OCO.replace("side=SELL", "side=BUY"),
                -1165,
                "A limit order in a buy OCO must be below.".to_owned(),
            ),
            (OCO.replace("=46000", "=46000.001"), -1013, "Filter failure: PRICE_FILTER".to_owned()),
            (OCO.replace("=46000", "=43000"), -2010, relation.clone()),
            (OCO.replace("=44000", "=45500"), -2010, relation),
            (
                OCO.replace("quantity=0.5", "quantity=100"),
                -2010,
                "Account has insufficient balance for requested action.".to_owned(),
            ),
        ] {
            let refused = post(&api, &seller, "orderList/oco", &params).await;
            assert_eq!(refused.refusal(), (400, code, text.as_str()), "{params}");
        }
        assert_eq!(free_btc(&api, &seller).await, "9.99000000");
        let working = "symbol=BTCUSDT&workingType=MARKET&workingSide=BUY&workingQuantity=0.5&pendingSide=SELL\
                       &pendingQuantity=0.5&pendingType=MARKET";
        let refused = post(&api, &buyer, "orderList/oto", working).await;
        assert_eq!(refused.refusal(), (400, -1130, "Data sent for parameter 'workingType' is not valid."));
    });
    server.stop();
}
