//! Every refusal of an order has its exact status, code and text.

use awc::http::Method;

use super::{Api, limit, now_millis, sign, two_accounts};
use crate::support::{TestServer, block_on};

#[test]
fn bad_orders_are_refused_with_binances_codes_and_texts() {
    const DECIMAL: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
    let good = limit("SELL", "0.5", "45000");
    let changed = |from: &str, to: &str| good.replace(from, to);
    let illegal = |name: &str, range: &str| {
        format!("Illegal characters found in parameter '{name}'; legal range is '{range}'.")
    };
    let missing =
        |name: &str| format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    let unwanted = |name: &str| format!("Parameter '{name}' sent when not required.");
    let text = |text: &str| text.to_owned();
    let stop = |kind: &str| format!("symbol=BTCUSDT&side=SELL&type={kind}&quantity=0.5");
    let table = [
        (changed("quantity=0.5", "quantity=1e-05"), -1100, illegal("quantity", DECIMAL)),
        (changed("price=45000", "price=-1"), -1100, illegal("price", DECIMAL)),
        (
            good.clone() + "&newClientOrderId=a%20b",
            -1100,
            illegal("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$"),
        ),
        (changed("BTCUSDT", "btcusdt"), -1100, illegal("symbol", "^[A-Z0-9-_.]{1,20}$")),
        (good.clone() + "&side=SELL", -1101, text("Duplicate values for a parameter detected.")),
        (changed("&price=45000", ""), -1102, missing("price")),
        (changed("&quantity=0.5", ""), -1102, missing("quantity")),
        (changed("&timeInForce=GTC", ""), -1102, missing("timeInForce")),
        (changed("symbol=BTCUSDT&", ""), -1102, missing("symbol")),
        (changed("GTC", "GTD"), -1102, missing("goodTillDate")),
        (
            text("symbol=BTCUSDT&side=BUY&type=MARKET"),
            -1102,
            text("Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"),
        ),
        (
            good.clone() + "&created=1",
            -1104,
            text("Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
        ),
        (changed("price=45000", "price="), -1105, text("Parameter 'price' was empty.")),
        (good.clone() + "&stopPrice=1", -1106, unwanted("stopPrice")),
        (good.clone() + "&trailingDelta=100", -1106, unwanted("trailingDelta")),
        (good.clone() + "&pegPriceType=PRIMARY_PEG", -1106, unwanted("pegPriceType")),
        (good.clone() + "&icebergQty=1", -2010, text("IcebergQty exceeds QTY.")),
        (good.clone() + "&icebergQty=0.00001", -1013, text("Filter failure: ICEBERG_PARTS")),
        (changed("GTC", "IOC") + "&icebergQty=0.1", -1014, text("Unsupported order combination.")),
        (changed("type=LIMIT", "type=STOP_LOSS"), -1106, unwanted("timeInForce")),
        (stop("STOP_LOSS") + "&price=1&stopPrice=1", -1106, unwanted("price")),
        (stop("STOP_LOSS") + "&icebergQty=0.1&stopPrice=1", -1106, unwanted("icebergQty")),
        (stop("STOP_LOSS") + "&quoteOrderQty=10&stopPrice=1", -1106, unwanted("quoteOrderQty")),
        (
            stop("TAKE_PROFIT"),
            -1102,
            text("Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"),
        ),
        (stop("STOP_LOSS_LIMIT") + "&stopPrice=1", -1102, missing("timeInForce")),
        (stop("STOP_LOSS_LIMIT") + "&timeInForce=GTC&stopPrice=1", -1102, missing("price")),
        (
            changed("type=LIMIT", "type=STOP_LOSS_LIMIT"),
            -1102,
            text("Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"),
        ),
        (
            changed("GTC", "GTD").replace("=LIMIT", "=STOP_LOSS_LIMIT") + "&stopPrice=1",
            -1115,
            text("Invalid timeInForce."),
        ),
        (stop("STOP_LOSS") + "&stopPrice=x", -1100, illegal("stopPrice", DECIMAL)),
        (stop("STOP_LOSS") + "&stopPrice=44000.001", -1013, text("Filter failure: PRICE_FILTER")),
        (stop("STOP_LOSS") + "&trailingDelta=5", -1013, text("Filter failure: TRAILING_DELTA")),
        (stop("STOP_LOSS") + "&trailingDelta=99999", -1013, text("Filter failure: TRAILING_DELTA")),
        (stop("STOP_LOSS") + "&trailingDelta=1.5", -1100, illegal("trailingDelta", "^[0-9]{1,20}$")),
        (changed("type=LIMIT&", "type=MARKET&"), -1106, unwanted("timeInForce")),
        (
            changed("price=45000", "price=45000.000000001"),
            -1111,
            text("Parameter 'price' has too much precision."),
        ),
        (changed("GTC", "GTX"), -1115, text("Invalid timeInForce.")),
        (changed("type=LIMIT", "type=STOP"), -1116, text("Invalid orderType.")),
        (changed("SELL", "HOLD"), -1117, text("Invalid side.")),
        (changed("BTCUSDT", "DOGEUSDT"), -1121, text("Invalid symbol.")),
        (
            text("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&quoteOrderQty=1"),
            -1128,
            text("Combination of optional parameters invalid."),
        ),
        (
            changed("GTC", "GTD") + "&goodTillDate=1",
            -1130,
            text("Data sent for parameter 'goodTillDate' is not valid: it is not in the future."),
        ),
        (
            good.clone() + "&selfTradePreventionMode=TRANSFER",
            -1130,
            text("Data sent for parameter 'selfTradePreventionMode' is not valid."),
        ),
        (good.clone() + "&recvWindow=60001", -1131, text("recvWindow must be less than 60000.")),
        (good.clone() + "&strategyType=1", -1134, text("`strategyType` was less than 1000000.")),
        (changed("45000", "45000.001"), -1013, text("Filter failure: PRICE_FILTER")),
        (changed("0.5", "0.000001"), -1013, text("Filter failure: LOT_SIZE")),
        (changed("0.5", "0.00001"), -1013, text("Filter failure: NOTIONAL")),
        (changed("0.5", "100"), -2010, text("Account has insufficient balance for requested action.")),
    ];
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        for (params, code, message) in table {
            let answer = api.order(&seller, &params).await;
            assert_eq!(answer.refusal(), (400, code, message.as_str()), "{params}");
        }
        let open = api.signed(&seller, Method::GET, "/api/v3/openOrders", "").await;
        assert_eq!(open.json, serde_json::json!([]), "a refused order changes nothing");
    });
    server.stop();
}

#[test]
fn the_book_refuses_takers_that_wanted_to_make_and_names_used_twice() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let order = limit("SELL", "0.5", "45000") + "&newClientOrderId=same";
        assert_eq!(api.order(&seller, &order).await.status, 200);
        assert_eq!(api.order(&seller, &order).await.refusal(), (400, -2010, "Duplicate order sent."));
        let maker = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=45000";
        let refused = api.order(&buyer, maker).await;
        assert_eq!(refused.refusal(), (400, -2010, "Order would immediately match and take."));
        let absent = api.signed(&seller, Method::GET, "/api/v3/order", "symbol=BTCUSDT&orderId=5").await;
        assert_eq!(absent.refusal(), (400, -2013, "Order does not exist."));
    });
    server.stop();
}

#[test]
fn who_cannot_prove_who_they_are_is_refused() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let account = "/api/v3/account";
        let stranger = "A".repeat(64);
        let now = now_millis();
        let fresh = format!("timestamp={now}");
        let cases = [
            ("", sign(&seller, &fresh), 401, -2014, "API-key format invalid."),
            ("short", sign(&seller, &fresh), 401, -2014, "API-key format invalid."),
            (&stranger, sign(&seller, &fresh), 401, -2015, "Invalid API-key, IP, or permissions for action."),
            (
                &seller.key,
                format!("{fresh}&signature={}", "0".repeat(64)),
                400,
                -1022,
                "Signature for this request is not valid.",
            ),
            (
                &seller.key,
                format!("{fresh}&signature=xyz"),
                400,
                -1022,
                "Signature for this request is not valid.",
            ),
            (
                &seller.key,
                fresh.clone(),
                400,
                -1102,
                "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.",
            ),
            (
                &seller.key,
                sign(&seller, "recvWindow=1"),
                400,
                -1102,
                "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
            ),
            (
                &seller.key,
                sign(&seller, &format!("timestamp={}", now - 60_000)),
                400,
                -1021,
                "Timestamp for this request is outside of the recvWindow.",
            ),
            (
                &seller.key,
                sign(&seller, &format!("timestamp={}", now + 60_000)),
                400,
                -1021,
                "Timestamp for this request was 1000ms ahead of the server's time.",
            ),
        ];
        for (key, query, status, code, message) in cases {
            let path = format!("{account}?{query}");
            let answer = api.send(Method::GET, &path, &[("X-MBX-APIKEY", key)], "").await;
            assert_eq!(answer.refusal(), (status, code, message), "{query}");
        }
        let micros = format!("timestamp={}&recvWindow=60000.000", now_millis() * 1_000);
        let path = format!("{account}?{}", sign(&seller, &micros));
        assert_eq!(api.send(Method::GET, &path, &[("X-MBX-APIKEY", &seller.key)], "").await.status, 200);
    });
    server.stop();
}
