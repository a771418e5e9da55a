//! Trading rules that change while the exchange runs: at once, durably, and in every slot at one position.

use awc::http::Method;
use serde_json::{Value, json};

use super::{place, seen};
use crate::{
    api::{Answer, Api, limit, two_accounts},
    support::{KeyPair, OPERATOR_TOKEN, Process, TestServer, block_on, on_directory, printed},
};

async fn put(api: &Api, mut body: Value) -> Answer {
    body["reason"] = json!("a test");
    let token = format!("Bearer {OPERATOR_TOKEN}");
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    api.send(Method::PUT, "/x/v1/operator/symbols", &headers, &body.to_string()).await
}

async fn change(api: &Api, body: Value) -> Value {
    let changed = put(api, body).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    changed.json
}

async fn info(api: &Api) -> Value {
    let info = api.send(Method::GET, "/api/v3/exchangeInfo?symbol=BTCUSDT", &[], "").await;
    info.json["symbols"][0].clone()
}

async fn refused(api: &Api, key: &KeyPair, params: &str) -> (i64, String) {
    let refused = api.order(key, params).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    (refused.json["code"].as_i64().unwrap(), refused.json["msg"].as_str().unwrap().to_owned())
}

#[test]
fn a_market_halts_opens_again_and_is_delisted_while_clients_trade() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), &settings);
    let before = block_on(async {
        let api = Api::new(server.url());
        let resting = place(&api, &seller, &limit("SELL", "0.05", "45000")).await;
        let halted = change(&api, json!({ "symbol": "BTCUSDT", "status": "HALT" })).await;
        assert_eq!((&halted["symbol"], &halted["status"]), (&json!("BTCUSDT"), &json!("HALT")));
        assert_eq!(info(&api).await["status"], "HALT");
        let closed = (-2010, "Market is closed.".to_owned());
        assert_eq!(refused(&api, &buyer, &limit("BUY", "0.05", "45000")).await, closed);
        let other = "symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=1000";
        place(&api, &buyer, other).await;
        change(&api, json!({ "symbol": "BTCUSDT", "status": "POST_ONLY" })).await;
        let (code, why) = refused(&api, &buyer, &limit("BUY", "0.05", "44000")).await;
        assert_eq!(
            (code, why.as_str()),
            (-2010, "Market is about to open: only LIMIT_MAKER orders are accepted.")
        );
        place(&api, &buyer, "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.01&price=44000").await;
        change(
            &api,
            json!({ "symbol": "BTCUSDT", "status": "TRADING", "fees": [{ "maker": "0", "taker": "0.01" }, { "maker": "0", "taker": "0" }] }),
        )
        .await;
        let taken = api.order(&buyer, &limit("BUY", "0.01", "45000")).await.json;
        assert_eq!(taken["fills"][0]["commission"], "0.00010000", "{taken}");
        let cancelled = format!("symbol=BTCUSDT&orderId={resting}");
        assert_eq!(api.signed(&seller, Method::DELETE, "/api/v3/order", &cancelled).await.status, 200);
        (seen(&api, &[&seller, &buyer]).await, info(&api).await)
    });
    server.stop();
    // By the snapshot of the stop, and by the journal alone.
    for is_replayed in [false, true] {
        if is_replayed {
            std::fs::remove_dir_all(root.path().join("snapshots")).unwrap();
        }
        let server = TestServer::start_on(root.path(), &settings);
        block_on(async {
            let api = Api::new(server.url());
            assert_eq!((seen(&api, &[&seller, &buyer]).await, info(&api).await), before);
        });
        server.stop();
    }
    let server = TestServer::start_on(root.path(), &settings);
    block_on(async {
        let api = Api::new(server.url());
        place(&api, &seller, &limit("SELL", "0.05", "45000")).await;
        change(&api, json!({ "symbol": "BTCUSDT", "status": "DELISTED" })).await;
        let mut left = usize::MAX;
        while left > 0 {
            let open = api.signed(&seller, Method::GET, "/api/v3/openOrders", "symbol=BTCUSDT").await;
            left = open.json.as_array().unwrap().len();
            actix_web::rt::task::yield_now().await;
        }
        let orders = api.signed(&seller, Method::GET, "/api/v3/allOrders", "symbol=BTCUSDT").await.json;
        let last = orders.as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&last["status"], &last["expiryReason"]),
            (&json!("EXPIRED"), &json!("EXCHANGE_CANCELED"))
        );
        let again = put(&api, json!({ "symbol": "BTCUSDT", "status": "TRADING" })).await;
        assert_eq!((again.status.as_u16(), &again.json["code"]), (400, &json!(-1130)), "{again:?}");
    });
    server.stop();
}

#[test]
fn rules_that_are_not_valid_change_nothing_and_say_what_is_wrong() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let before = info(&api).await;
        for (body, code, part) in [
            (json!({ "status": "HALT" }), -1102, "'symbol'"),
            (json!({ "symbol": "NONE", "status": "HALT" }), -1121, "Invalid symbol."),
            (json!({ "symbol": "BTCUSDT", "tickSize": "0.1" }), -1103, "unknown field `tickSize`"),
            (json!({ "symbol": "BTCUSDT", "minPrice": 5 }), -1135, "invalid type"),
            (json!({ "symbol": "BTCUSDT", "status": "OPEN" }), -1135, "unknown variant `OPEN`"),
            (
                json!({ "symbol": "BTCUSDT", "minPrice": "5", "maxPrice": "4" }),
                -1130,
                "minPrice 5 is above maxPrice 4",
            ),
            (json!({ "symbol": "BTCUSDT", "fees": [] }), -1130, "fee tiers"),
        ] {
            let answer = put(&api, body.clone()).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json["code"]),
                (400, &json!(code)),
                "{body}: {answer:?}"
            );
            assert!(answer.json["msg"].as_str().unwrap().contains(part), "{body}: {answer:?}");
        }
        assert_eq!(info(&api).await, before);
        let strange = [("Content-Type", "application/json")];
        let body = json!({ "symbol": "BTCUSDT", "status": "HALT", "reason": "a test" }).to_string();
        let answer = api.send(Method::PUT, "/x/v1/operator/symbols", &strange, &body).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    });
    server.stop();
}

/// Rules change all the time while two accounts trade as fast as they can; then the process is killed.
#[test]
fn changes_in_the_middle_of_trading_replay_to_the_same_state() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let process = Process::start(root.path(), &settings);
    let last = block_on(async {
        let api = Api::new(process.url());
        let trading = |key: KeyPair, side: &'static str| {
            let api = Api::new(process.url());
            async move {
                let mut accepted = 0;
                for step in 0..150 {
                    let params = limit(side, "0.001", &(45_000 + step % 3).to_string());
                    let answer = api.order(&key, &params).await;
                    // An order may meet a closed market, before its book or at it.
                    assert!(answer.status == 200 || answer.json["code"] == -2010, "{answer:?}");
                    accepted += u32::from(answer.status == 200);
                }
                accepted
            }
        };
        let changing = async {
            let mut last = Value::Null;
            for step in 0..60 {
                let status = ["HALT", "TRADING", "POST_ONLY", "TRADING", "CANCEL_ONLY", "TRADING"][step % 6];
                let tier = json!({ "maker": "0.0001", "taker": format!("0.00{}", 10 + step) });
                let fees = json!([tier, tier]);
                last = change(&api, json!({ "symbol": "BTCUSDT", "status": status, "fees": fees })).await;
            }
            last
        };
        let (sold, bought, last) =
            futures_util::join!(trading(seller.clone(), "SELL"), trading(buyer.clone(), "BUY"), changing);
        assert!(sold > 0 && bought > 0);
        last
    });
    process.kill();
    let verified = printed(&on_directory("verify", root.path()));
    assert!(verified.trim_end().ends_with("ok"), "{verified}");
    let process = Process::start(root.path(), &settings);
    block_on(async {
        let api = Api::new(process.url());
        let token = format!("Bearer {OPERATOR_TOKEN}");
        let listed =
            api.send(Method::GET, "/x/v1/operator/symbols", &[("Authorization", token.as_str())], "").await;
        let listed =
            listed.json.as_array().unwrap().iter().find(|rules| rules["symbol"] == "BTCUSDT").cloned();
        assert_eq!(listed, Some(last));
        place(&api, &seller, &limit("SELL", "0.001", "46000")).await;
    });
    process.kill();
}
