//! An order sent again under its key is placed once.

use std::sync::atomic::Ordering;

use awc::http::Method;
use lightning_exchange::{actors::Clock, domain::types::time::Timestamp};
use serde_json::Value;

use crate::{
    api::{Answer, Api, limit, sign, two_accounts},
    support::{KeyPair, TestServer, block_on},
};

/// Where every server's clock stands at first, in milliseconds.
const NOW: u64 = 1_700_000_000_000;

async fn keyed(api: &Api, pair: &KeyPair, key: &str, params: &str) -> Answer {
    let text = sign(pair, &format!("{params}&recvWindow=5000&timestamp={NOW}"));
    let headers = [("X-MBX-APIKEY", pair.key.as_str()), ("X-Idempotency-Key", key)];
    api.send(Method::POST, "/api/v3/order", &headers, &text).await
}

async fn orders(api: &Api, pair: &KeyPair) -> Vec<Value> {
    let answer = api.signed_at(pair, Method::GET, "/api/v3/allOrders", "symbol=BTCUSDT", NOW).await;
    answer.json.as_array().unwrap().clone()
}

#[test]
fn a_key_stands_for_one_order_also_after_a_restart() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let params = limit("SELL", "0.5", "45000");
    let (clock, time) = Clock::manual(Timestamp::from_millis(NOW));
    let server = TestServer::start_with(root.path(), &settings, clock.clone());
    let first = block_on(async {
        let api = Api::new(server.url());
        let first = keyed(&api, &seller, "retry-1", &params).await;
        assert_eq!(first.status, 200, "{first:?}");
        // An order placed anew would be stamped with another time.
        time.store((NOW + 1_000) * 1_000, Ordering::Relaxed);
        let again = keyed(&api, &seller, "retry-1", &params).await;
        assert_eq!(again.json, first.json);
        assert_eq!(orders(&api, &seller).await.len(), 1);
        // The same parameters in another order are the same request.
        let turned: Vec<&str> = params.rsplit('&').collect();
        assert_eq!(keyed(&api, &seller, "retry-1", &turned.join("&")).await.json, first.json);
        // Keys belong to accounts.
        let other = keyed(&api, &buyer, "retry-1", &limit("BUY", "0.5", "44000")).await;
        assert_eq!(other.status, 200, "{other:?}");
        first.json["orderId"].clone()
    });
    server.stop();
    let server = TestServer::start_with(root.path(), &settings, clock);
    block_on(async {
        let api = Api::new(server.url());
        let again = keyed(&api, &seller, "retry-1", &params).await;
        assert_eq!((again.status.as_u16(), &again.json["orderId"]), (200, &first), "{again:?}");
        assert_eq!(orders(&api, &seller).await.len(), 1);
        let conflict = keyed(&api, &seller, "retry-1", &limit("SELL", "0.4", "45000")).await;
        assert_eq!((conflict.status.as_u16(), conflict.json["code"].as_i64()), (409, Some(-92_006)));
    });
    server.stop();
}

#[test]
fn another_request_under_a_key_is_a_conflict_and_a_refusal_frees_it() {
    let (seller, _, settings) = two_accounts();
    let (clock, _) = Clock::manual(Timestamp::from_millis(NOW));
    let server = TestServer::start_at(clock, &settings);
    block_on(async {
        let api = Api::new(server.url());
        assert_eq!(keyed(&api, &seller, "k", &limit("SELL", "0.5", "45000")).await.status, 200);
        let conflict = keyed(&api, &seller, "k", &limit("SELL", "0.5", "45001")).await;
        assert_eq!((conflict.status.as_u16(), conflict.json["code"].as_i64()), (409, Some(-92_006)));
        assert_eq!(orders(&api, &seller).await.len(), 1);

        for (quantity, code) in [("5000", -1013), ("10.5", -2010)] {
            let refused = keyed(&api, &seller, "free", &limit("SELL", quantity, "45000")).await;
            assert_eq!(refused.json["code"], code, "{refused:?}");
        }
        let another = keyed(&api, &seller, "free", &limit("SELL", "0.1", "45000")).await;
        assert_eq!(another.status, 200, "{another:?}");
        assert_eq!(orders(&api, &seller).await.len(), 2);

        let longest = "k".repeat(64);
        assert_eq!(keyed(&api, &seller, &longest, &limit("SELL", "0.1", "45000")).await.status, 200);
        for bad in ["", "two words", &"k".repeat(65)] {
            let refused = keyed(&api, &seller, bad, &limit("SELL", "0.1", "45000")).await;
            assert_eq!(
                (refused.status.as_u16(), refused.json["code"].as_i64()),
                (400, Some(-1100)),
                "{bad:?}"
            );
            assert!(refused.json["msg"].as_str().unwrap().contains("X-Idempotency-Key"), "{refused:?}");
        }
        // It is for orders; what can be repeated anyway does not look at it.
        let headers = [("X-Idempotency-Key", "two words")];
        assert_eq!(api.send(Method::GET, "/api/v3/ping", &headers, "").await.status, 200);
    });
    server.stop();
}
