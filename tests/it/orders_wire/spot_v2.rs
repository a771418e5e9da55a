//! `POST /api/spot/v2/`: an order as a small JSON object.

use awc::http::Method;

use crate::{
    api::{Api, limit, now_millis, signature, two_accounts},
    support::{TestServer, block_on},
};

const PATH: &str = "/api/spot/v2/";

fn body(side: &str, price: &str, quantity: &str) -> String {
    format!(r#"{{"symbol":"BTCUSDT","side":"{side}","price":{price},"quantity":{quantity}}}"#)
}

#[test]
fn an_order_of_either_spelling_trades_with_any_other() {
    let (seller, buyer, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let placed =
            api.signed_json(&seller, PATH, &body("ASK", "\"45000.0\"", "\"0.5\""), now_millis()).await;
        assert_eq!(placed.json["status"], "NEW", "{placed:?}");
        assert_eq!(
            (&placed.json["type"], &placed.json["timeInForce"], &placed.json["side"]),
            (&"LIMIT".into(), &"GTC".into(), &"SELL".into())
        );
        // A number keeps the digits it was written with: a float would not.
        let exact = body("BUY", "45000.01", "0.10000");
        let taken = api.signed_json(&buyer, "/api/spot/v2", &exact, now_millis()).await;
        assert_eq!(taken.json["status"], "FILLED", "{taken:?}");
        assert_eq!(taken.json["price"], "45000.01000000");
        assert_eq!(taken.json["cummulativeQuoteQty"], "4500.00000000");
        let other = api.order(&buyer, &limit("BUY", "0.4", "45000")).await;
        assert_eq!(other.json["status"], "FILLED");
    });
    server.stop();
}

#[test]
fn what_is_wrong_is_refused_as_on_the_other_route() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let send = async |body: &str| api.signed_json(&seller, PATH, body, now_millis()).await;
        for (body, code) in [
            (body("SELL", "45000.001", "1"), -1013),
            (body("SELL", "4.5e4", "1"), -1100),
            (body("SELL", "-45000", "1"), -1100),
            (body("SELL", "true", "1"), -1100),
            (body("SELL", "[45000]", "1"), -1100),
            (body("SELL", "\"\"", "1"), -1105),
            (body("SELL", "45000.0000000000000000000001", "1"), -1100),
            (body("SELL", "45000", "100"), -2010),
            (body("SELL", "45000", "0.00001"), -1013),
            (body("sell", "45000", "1"), -1117),
            (body("SELL", "45000", "1,\"type\":\"MARKET\""), -1104),
            (body("SELL", "45000", "1,\"side\":\"BUY\""), -1101),
            (body("SELL", "45000", "1,\"timestamp\":1"), -1101),
            (body("SELL", "45000", "NaN"), -1135),
            (String::new(), -1135),
        ] {
            let (status, found, text) = send(&body).await.refused();
            assert_eq!((status, found), (400, code), "{body}: {text}");
        }
        let open = api.signed(&seller, Method::GET, "/api/v3/openOrders", "symbol=BTCUSDT").await;
        assert_eq!(open.json.as_array().unwrap().len(), 0, "nothing came of any of them");
    });
    server.stop();
}

#[test]
fn the_body_is_signed_too_and_a_page_needs_its_session() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&(settings + "[demo]\nenabled = true\n"));
    block_on(async {
        let api = Api::new(server.url());
        let order = body("SELL", "45000", "1");
        let query = format!("timestamp={}", now_millis());
        let signature = signature(&seller, &query);
        let headers = [("X-MBX-APIKEY", seller.key.as_str())];
        let path = format!("{PATH}?{query}&signature={signature}");
        assert_eq!(api.send(Method::POST, &path, &headers, &order).await.refusal().1, -1022);
        assert_eq!(api.send(Method::POST, PATH, &[], &order).await.refusal().1, -2014);

        let demo_session = api.send(Method::POST, "/x/v1/session/demo", &[], "").await;
        let cookie = demo_session.header("set-cookie").unwrap().split(';').next().unwrap();
        let token = demo_session.json["csrfToken"].as_str().unwrap();
        let both = [("Cookie", cookie), ("X-CSRF-Token", token)];
        assert_eq!(api.send(Method::POST, PATH, &both[..1], &order).await.status, 403);
        assert_eq!(api.send(Method::POST, PATH, &both, &order).await.json["status"], "NEW");
    });
    server.stop();
}

#[test]
fn the_same_key_for_another_body_is_another_request() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let send = async |body: &str| {
            let query = format!("timestamp={}", now_millis());
            let path = format!("{PATH}?{query}&signature={}", signature(&seller, &format!("{query}{body}")));
            let headers = [("X-MBX-APIKEY", seller.key.as_str()), ("X-Idempotency-Key", "once")];
            api.send(Method::POST, &path, &headers, body).await
        };
        let first = send(&body("SELL", "45000", "1")).await;
        assert_eq!(first.json["status"], "NEW", "{first:?}");
        assert_eq!(send(&body("SELL", "45000", "1")).await.json["orderId"], first.json["orderId"]);
        assert_eq!(send(&body("SELL", "45000", "2")).await.status, 409);
    });
    server.stop();
}
