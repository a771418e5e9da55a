//! Orders that stand alone, several in one request, and what prevents or ends them.

use awc::http::Method;
use serde_json::{Value, json};

use super::{trade_at, until};
use crate::{
    api::{Answer, Api, limit, two_accounts, url_encoded},
    support::{TestServer, block_on},
};

/// The reply to an order, less what differs from run to run.
fn stable(mut json: Value) -> Value {
    for name in ["orderId", "clientOrderId", "transactTime"] {
        assert!(json.as_object_mut().unwrap().remove(name).is_some(), "{json} lacks {name}");
    }
    json
}

#[test]
fn every_type_is_answered_with_the_fields_that_apply_to_it() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let order = |kind: &str, rest: &str| {
            format!("symbol=BTCUSDT&side=SELL&type={kind}&quantity=0.5&{rest}&newOrderRespType=RESULT")
        };
        let common = json!({ "symbol": "BTCUSDT", "orderListId": -1, "price": "0.00000000", "origQty": "0.50000000",
            "executedQty": "0.00000000", "origQuoteOrderQty": "0.00000000", "cummulativeQuoteQty": "0.00000000",
            "status": "NEW", "timeInForce": "GTC", "side": "SELL", "selfTradePreventionMode": "NONE",
            "workingTime": -1 });
        for (params, own) in [
            (
                order("STOP_LOSS", "stopPrice=44000"),
                json!({ "type": "STOP_LOSS", "stopPrice": "44000.00000000" }),
            ),
            (
                order("TAKE_PROFIT", "stopPrice=46000&strategyId=7&strategyType=1000001"),
                json!({ "type": "TAKE_PROFIT", "stopPrice": "46000.00000000", "strategyId": 7,
                    "strategyType": 1_000_001 }),
            ),
            (
                order("STOP_LOSS_LIMIT", "stopPrice=44000&price=43900&timeInForce=GTC&icebergQty=0.1"),
                json!({ "type": "STOP_LOSS_LIMIT", "stopPrice": "44000.00000000", "price": "43900.00000000",
                    "icebergQty": "0.10000000" }),
            ),
            (
                order("TAKE_PROFIT_LIMIT", "stopPrice=46000&price=45900&timeInForce=FOK&trailingDelta=100"),
                json!({ "type": "TAKE_PROFIT_LIMIT", "stopPrice": "46000.00000000", "price": "45900.00000000",
                    "timeInForce": "FOK", "trailingDelta": 100, "trailingTime": -1 }),
            ),
        ] {
            let mut expected = common.clone();
            expected.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            let placed = api.order(&seller, &params).await;
            assert_eq!(placed.status, 200, "{params}: {placed:?}");
            assert_eq!(stable(placed.json), expected, "{params}");
        }
        let maker = order("LIMIT_MAKER", "price=47000&icebergQty=0.05&newClientOrderId=iceberg");
        let placed = api.order(&seller, &maker).await.json;
        assert_eq!((&placed["icebergQty"], &placed["type"]), (&json!("0.05000000"), &json!("LIMIT_MAKER")));
        assert!(placed["workingTime"].is_u64(), "{placed}");
        let default =
            api.order(&seller, "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.5&stopPrice=44000");
        let fields = default.await;
        assert_eq!(fields.fields(), ["clientOrderId", "orderId", "orderListId", "symbol", "transactTime"]);
        let open = api.signed(&seller, Method::GET, "/api/v3/openOrders", "symbol=BTCUSDT").await.json;
        let stop = &open[0];
        assert_eq!(
            (&stop["stopPrice"], &stop["icebergQty"]),
            (&json!("44000.00000000"), &json!("0.00000000"))
        );
        assert_eq!((&stop["isWorking"], &stop["workingTime"]), (&json!(false), &json!(-1)));
    });
    server.stop();
}

#[test]
fn a_stop_works_from_the_trade_that_reaches_its_price() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        let stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.5&price=43900";
        let placed = api.order(&seller, &format!("{stop}&stopPrice=44000&newClientOrderId=stop")).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        let above = api.order(&seller, &format!("{stop}&stopPrice=45500")).await;
        assert_eq!(above.refusal(), (400, -2010, "Order would trigger immediately."));
        trade_at(&api, (&seller, &buyer), "44500").await;
        until(&api, &seller, "stop", "NEW", false).await;
        trade_at(&api, (&seller, &buyer), "44000").await;
        let order = until(&api, &seller, "stop", "NEW", true).await;
        assert!(order["workingTime"].as_u64() >= order["time"].as_u64(), "{order}");
        let bought = api.order(&buyer, &limit("BUY", "0.5", "43900")).await;
        assert_eq!(bought.json["status"], "FILLED");
        until(&api, &seller, "stop", "FILLED", true).await;
    });
    server.stop();
}

#[test]
fn a_trailing_stop_follows_the_market_and_turns_with_it() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        let stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.5&price=40000";
        let placed = api
            .order(
                &seller,
                &format!("{stop}&trailingDelta=100&newClientOrderId=trail&newOrderRespType=RESULT"),
            )
            .await;
        assert_eq!(placed.json["trailingDelta"], 100, "{placed:?}");
        assert!(placed.json["trailingTime"].is_u64(), "{placed:?}");
        trade_at(&api, (&seller, &buyer), "46000").await;
        trade_at(&api, (&seller, &buyer), "45541").await;
        until(&api, &seller, "trail", "NEW", false).await;
        trade_at(&api, (&seller, &buyer), "45540").await;
        until(&api, &seller, "trail", "NEW", true).await;
    });
    server.stop();
}

#[test]
fn a_stop_can_be_replaced_and_cannot_be_amended() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        trade_at(&api, (&seller, &buyer), "45000").await;
        let stop = |stop: &str| {
            format!(
                "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.5&price=43900&stopPrice={stop}"
            )
        };
        let first = api.order(&seller, &(stop("44000") + "&newClientOrderId=first")).await;
        assert_eq!(first.status, 200, "{first:?}");
        let amend = "symbol=BTCUSDT&origClientOrderId=first&newQty=0.4";
        let amended = api.signed(&seller, Method::PUT, "/api/v3/order/amend/keepPriority", amend).await;
        assert_eq!(amended.refusal(), (400, -2038, "Order amend is not supported for this order."));
        let replace = "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=first&newClientOrderId=second\
                       &newOrderRespType=RESULT&cancelRestrictions=ONLY_NEW&orderRateLimitExceededMode=CANCEL_ONLY";
        let path = "/api/v3/order/cancelReplace";
        let both = api.signed(&seller, Method::POST, path, &(stop("44100") + replace)).await;
        assert_eq!(both.status, 200, "{both:?}");
        assert_eq!(both.json["cancelResponse"]["stopPrice"], "44000.00000000");
        assert_eq!(both.json["newOrderResponse"]["stopPrice"], "44100.00000000");
        until(&api, &seller, "first", "CANCELED", false).await;
        until(&api, &seller, "second", "NEW", false).await;
    });
    server.stop();
}

#[test]
fn prevented_self_trades_are_in_the_reply_and_can_be_asked_for() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let maker = api.order(&seller, &limit("SELL", "0.5", "45000")).await.json["orderId"].clone();
        let mode = "&selfTradePreventionMode=EXPIRE_MAKER";
        let taker = api.order(&seller, &(limit("BUY", "0.2", "45000") + mode)).await.json;
        assert_eq!(taker["status"], "NEW");
        assert_eq!(
            taker["preventedMatches"],
            json!([{ "preventedMatchId": 1, "makerOrderId": maker, "price": "45000.00000000",
                "makerPreventedQuantity": "0.50000000" }])
        );
        let path = "/api/v3/myPreventedMatches";
        let query = format!("symbol=BTCUSDT&orderId={maker}");
        let found = api.signed(&seller, Method::GET, path, &query).await.json;
        let expected = json!([{ "symbol": "BTCUSDT", "preventedMatchId": 1, "takerOrderId": taker["orderId"],
            "makerSymbol": "BTCUSDT", "makerOrderId": maker, "tradeGroupId": -1,
            "selfTradePreventionMode": "EXPIRE_MAKER", "price": "45000.00000000",
            "makerPreventedQuantity": "0.50000000", "transactTime": found[0]["transactTime"] }]);
        assert_eq!(found, expected);
        let one = api.signed(&seller, Method::GET, path, "symbol=BTCUSDT&preventedMatchId=1").await;
        assert_eq!(one.json, expected);
        let none = api.signed(&seller, Method::GET, path, "symbol=BTCUSDT&preventedMatchId=2").await;
        assert_eq!(none.json, json!([]));
        let neither = api.signed(&seller, Method::GET, path, "symbol=BTCUSDT").await;
        assert_eq!(neither.refusal().1, -1102);
        let order = format!("symbol=BTCUSDT&orderId={maker}");
        let order = api.signed(&seller, Method::GET, "/api/v3/order", &order).await.json;
        assert_eq!(order["status"], "EXPIRED_IN_MATCH");
        assert_eq!(
            (&order["preventedMatchId"], &order["preventedQuantity"]),
            (&json!(1), &json!("0.50000000"))
        );
    });
    server.stop();
}

#[test]
fn prevented_self_trades_are_in_the_replies_to_batches_and_replacements() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let met = |id: u64, maker: &Value| {
            json!([{ "preventedMatchId": id, "makerOrderId": maker, "price": "45000.00000000",
                "makerPreventedQuantity": "0.50000000" }])
        };
        let maker = api.order(&seller, &limit("SELL", "0.5", "45000")).await.json["orderId"].clone();
        let taker = json!([{ "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "0.2", "price": "45000", "selfTradePreventionMode": "EXPIRE_MAKER" }]);
        let batch = format!("batchOrders={}", url_encoded(&taker.to_string()));
        let placed = api.signed(&seller, Method::POST, "/x/v1/batchOrders", &batch).await.json[0].clone();
        assert_eq!(placed["preventedMatches"], met(1, &maker), "{placed}");

        let lower = "&cancelReplaceMode=STOP_ON_FAILURE&newOrderRespType=FULL\
                     &selfTradePreventionMode=EXPIRE_MAKER";
        let replace =
            |old: &Value, price: &str| format!("{}&cancelOrderId={old}{lower}", limit("BUY", "0.2", price));
        let path = "/api/v3/order/cancelReplace";
        let away = api.signed(&seller, Method::POST, path, &replace(&placed["orderId"], "44000")).await.json;
        let away = away["newOrderResponse"].clone();
        assert_eq!((&away["status"], &away["preventedMatches"]), (&json!("NEW"), &Value::Null), "{away}");
        let maker = api.order(&seller, &limit("SELL", "0.5", "45000")).await.json["orderId"].clone();
        let back = api.signed(&seller, Method::POST, path, &replace(&away["orderId"], "45000")).await.json;
        assert_eq!(back["newOrderResponse"]["preventedMatches"], met(2, &maker), "{back}");
    });
    server.stop();
}

#[test]
fn orders_of_a_batch_stand_for_themselves() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let path = "/x/v1/batchOrders";
        let order = |price: &str, name: &str| {
            json!({ "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5",
                "price": price, "newClientOrderId": name })
        };
        let mut typo = order("46000", "typo");
        typo.as_object_mut().unwrap().insert("prize".to_owned(), json!("1"));
        let list = json!([
            order("45000", "one"),
            order("45000.001", "off"),
            order("45000", "one"),
            typo,
            order("46000", "two")
        ]);
        let encoded: String = url_encoded(&list.to_string());
        let answer = api.signed(&seller, Method::POST, path, &format!("batchOrders={encoded}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let codes: Vec<Value> =
            answer.json.as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
        assert_eq!(codes, [Value::Null, json!(-1013), json!(-2010), json!(-1104), Value::Null]);
        assert_eq!(
            (&answer.json[0]["clientOrderId"], &answer.json[4]["status"]),
            (&json!("one"), &json!("NEW"))
        );
        let first = answer.json[0]["orderId"].to_string();
        let names = url_encoded(r#"["two","three"]"#);
        let cancel = format!("symbol=BTCUSDT&orderIdList=[{first}]&origClientOrderIdList={names}");
        let cancelled = api.signed(&seller, Method::DELETE, path, &cancel).await.json;
        assert_eq!(
            (&cancelled[0]["status"], &cancelled[1]["status"]),
            (&json!("CANCELED"), &json!("CANCELED"))
        );
        assert_eq!(cancelled[2], json!({ "code": -2011, "msg": "Unknown order sent." }));
        let broken = api.signed(&seller, Method::POST, path, "batchOrders=[1").await;
        assert_eq!(broken.refusal(), (400, -1135, "JSON sent for parameter 'batchOrders' is not valid"));
    });
    server.stop();
}

#[test]
fn a_client_that_does_not_come_back_has_nothing_left_open() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let path = "/x/v1/cancelAllAfter";
        api.order(&seller, &(limit("SELL", "0.5", "45000") + "&newClientOrderId=left")).await;
        let set = api.signed(&seller, Method::POST, path, "countdownTime=3600000").await;
        assert_eq!(set.json["countdownTime"], 3_600_000, "{set:?}");
        assert!(set.json["cancelTime"].is_u64());
        let off = api.signed(&seller, Method::POST, path, "countdownTime=0").await;
        assert_eq!(off.json, json!({ "countdownTime": 0, "cancelTime": null }));
        until(&api, &seller, "left", "NEW", true).await;
        assert_eq!(api.signed(&seller, Method::POST, path, "").await.refusal().1, -1102);
        let long = api.signed(&seller, Method::POST, path, "countdownTime=86400001").await;
        assert_eq!(long.refusal().1, -1108);
        assert_eq!(api.signed(&seller, Method::POST, path, "countdownTime=1").await.status, 200);
        until(&api, &seller, "left", "CANCELED", true).await;
    });
    server.stop();
}

#[test]
fn a_filter_says_which_bound_was_broken_and_what_is_nearest() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let good = limit("SELL", "0.5", "45000");
        for (params, data) in [
            (
                good.replace("45000", "45000.004"),
                json!({ "filter": "PRICE_FILTER", "tickSize": "0.01000000", "parameter": "price",
                    "nearestValid": "45000.00000000" }),
            ),
            (
                good.replace("0.5", "0.001236"),
                json!({ "filter": "LOT_SIZE", "stepSize": "0.00001000", "parameter": "quantity",
                    "nearestValid": "0.00124000" }),
            ),
            (
                good.replace("0.5", "9000.1"),
                json!({ "filter": "LOT_SIZE", "maxQty": "9000.00000000", "parameter": "quantity",
                    "nearestValid": "9000.00000000" }),
            ),
            (
                good.replace("0.5", "0.00001"),
                json!({ "filter": "NOTIONAL", "minNotional": "5.00000000", "parameter": "quantity",
                    "nearestValid": "0.00012000" }),
            ),
            (
                "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=101".to_owned(),
                json!({ "filter": "MARKET_LOT_SIZE", "maxQty": "100.00000000", "parameter": "quantity",
                    "nearestValid": "100.00000000" }),
            ),
            (
                good.replace("45000", "45000.000000001"),
                json!({ "tickSize": "0.01000000", "parameter": "price", "nearestValid": "45000.00000000" }),
            ),
        ] {
            for path in ["/api/v3/order", "/api/v3/order/test"] {
                let refused = api.signed(&seller, Method::POST, path, &params).await;
                assert_eq!(refused.json["data"], data, "{params}: {refused:?}");
            }
        }
        let large = good.replace("0.5", "9000.1");
        let replace = format!("{large}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=1");
        let refused = api.signed(&seller, Method::POST, "/api/v3/order/cancelReplace", &replace).await;
        let data = json!({ "filter": "LOT_SIZE", "maxQty": "9000.00000000", "parameter": "quantity",
            "nearestValid": "9000.00000000" });
        assert_eq!(refused.json["data"], data, "{refused:?}");
        let list = "symbol=BTCUSDT&workingType=LIMIT&workingSide=SELL&workingPrice=45000&workingTimeInForce=GTC\
            &workingQuantity=9000.1&pendingType=MARKET&pendingSide=BUY&pendingQuantity=1";
        let refused = api.signed(&seller, Method::POST, "/api/v3/orderList/oto", list).await;
        let data =
            json!({ "filter": "LOT_SIZE", "maxQty": "9000.00000000", "nearestValid": "9000.00000000" });
        assert_eq!(refused.json["data"], data, "the name depends on the order: {refused:?}");
        let other = api.order(&seller, &good.replace("0.5", "100")).await;
        assert_eq!(other.fields(), ["code", "msg"], "only filters have something to add");
    });
    server.stop();
}

#[test]
fn exchange_info_offers_every_type_and_its_bounds() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let info = api.send(Method::GET, "/api/v3/exchangeInfo?symbol=BTCUSDT", &[], "").await.json;
        let symbol = &info["symbols"][0];
        assert_eq!(symbol["orderTypes"].as_array().unwrap().len(), 7);
        for name in ["icebergAllowed", "ocoAllowed", "otoAllowed", "allowTrailingStop", "amendAllowed"] {
            assert_eq!(symbol[name], true, "{name}");
        }
        for filter in [
            json!({ "filterType": "ICEBERG_PARTS", "limit": 100 }),
            json!({ "filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 20 }),
            json!({ "filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 20 }),
            json!({ "filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20 }),
            json!({ "filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10 }),
            json!({ "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000,
                "minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 2000 }),
        ] {
            assert!(symbol["filters"].as_array().unwrap().contains(&filter), "{filter}");
        }
    });
    server.stop();
}

#[test]
fn a_list_says_since_when_it_is_whole_also_after_a_restart() {
    /// A slot remembers 256 closed orders.
    const BATCHES: u64 = 14;
    let (seller, _, settings) = two_accounts();
    let settings = settings + "[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n";
    let directory = tempfile::tempdir().unwrap();
    let order = json!({ "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "IOC",
        "quantity": "0.5", "price": "45000" });
    let batch = format!("batchOrders={}", url_encoded(&Value::Array(vec![order; 20]).to_string()));
    let all = async |api: &Api, range: &str| {
        api.signed(&seller, Method::GET, "/api/v3/allOrders", &format!("symbol=BTCUSDT&limit=200{range}"))
            .await
    };
    let reach =
        |answer: &Answer| answer.header("x-lightning-reach").map(|reach| reach.parse::<u64>().unwrap());
    let closed = |answer: &Answer| answer.json.as_array().unwrap()[0]["updateTime"].as_u64().unwrap();
    let server = TestServer::start_on(directory.path(), &settings);
    let since = block_on(async {
        let api = Api::new(server.url());
        for _ in 0..BATCHES {
            let placed = api.signed(&seller, Method::POST, "/x/v1/batchOrders", &batch).await;
            assert_eq!(placed.json[19]["status"], "EXPIRED", "{placed:?}");
        }
        let from_the_first = all(&api, "&orderId=1").await;
        let since = reach(&from_the_first).unwrap();
        assert!(since <= closed(&from_the_first), "the oldest that is left is not older than what is gone");
        assert_eq!(reach(&all(&api, &format!("&startTime={}", since + 1)).await), None);
        assert_eq!(reach(&all(&api, &format!("&startTime={}", since - 1)).await), Some(since));
        assert_eq!(reach(&all(&api, "").await), None, "a full page of the latest");
        let open = api.signed(&seller, Method::GET, "/api/v3/openOrders", "").await;
        assert_eq!((reach(&open), &open.json), (None, &json!([])));
        let trades = api.signed(&seller, Method::GET, "/api/v3/myTrades", "symbol=BTCUSDT").await;
        assert_eq!(reach(&trades), None, "no trade was forgotten");
        since
    });
    server.stop();
    let server = TestServer::start_on(directory.path(), &settings);
    block_on(async {
        assert_eq!(reach(&all(&Api::new(server.url()), "&orderId=1").await), Some(since));
    });
    server.stop();
}
