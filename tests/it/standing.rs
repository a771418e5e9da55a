//! Accounts whose status and fee tier an operator changes while the exchange runs, as every surface shows it.

use awc::http::Method;
use serde_json::{Value, json};

use crate::{
    api::{Answer, Api, limit, two_accounts},
    durable::{operate, place},
    grpc::client::{Client, serving},
    support::{KeyPair, TestServer, block_on},
    ws_api::Talk,
};

const REFUSED: &str =
    "this account is frozen: it may only read, cancel orders and receive deposits; ask the operator why";

async fn set(api: &Api, account: u64, status: &str, cancel_orders: bool) -> Answer {
    let body =
        json!({ "accountId": account, "status": status, "cancelOrders": cancel_orders, "reason": "a test" });
    operate(api, "accounts/status", body).await
}

async fn set_tier(api: &Api, change: Value) -> Answer {
    let mut body = json!({ "accountId": 11, "reason": "a test" });
    body.as_object_mut().unwrap().append(&mut change.as_object().unwrap().clone());
    operate(api, "accounts/tier", body).await
}

/// What the account may do, as its owner reads it.
async fn standing(api: &Api, key: &KeyPair) -> (Value, Value) {
    let account = api.signed(key, Method::GET, "/api/v3/account", "").await.json;
    let may = ["canTrade", "canWithdraw", "canDeposit"].map(|name| account[name].clone());
    let status = api.signed(key, Method::GET, "/sapi/v1/account/status", "").await.json;
    (Value::from(may.to_vec()), status["data"].clone())
}

#[test]
fn each_status_is_shown_to_its_owner_and_refuses_with_its_own_code() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let resting = place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        assert_eq!(standing(&api, &seller).await, (json!([true, true, true]), json!("Normal")));
        for (status, may, code, words) in [
            ("CANCEL_ONLY", json!([false, true, true]), -92_201, "may only cancel orders and withdraw"),
            ("FROZEN", json!([false, false, true]), -92_202, "is frozen"),
        ] {
            let done = set(&api, 11, status, false).await;
            assert_eq!(done.json, json!({ "accountId": 11, "status": status, "cancelling": 0 }));
            assert_eq!(standing(&api, &seller).await, (may, json!(status)));
            let order = limit("SELL", "0.5", "45000");
            let amend = format!("symbol=BTCUSDT&orderId={resting}&newQty=0.4");
            let oto = "symbol=BTCUSDT&workingType=LIMIT&workingSide=SELL&workingPrice=46000&workingQuantity=0.1\
                       &workingTimeInForce=GTC&pendingType=LIMIT&pendingSide=BUY&pendingPrice=40000&pendingQuantity=0.1\
                       &pendingTimeInForce=GTC";
            let replace = format!("{order}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId={resting}");
            for (method, path, params) in [
                (Method::POST, "/api/v3/order", order.as_str()),
                (Method::POST, "/api/v3/order/test", order.as_str()),
                (Method::POST, "/api/v3/order/cancelReplace", replace.as_str()),
                (Method::POST, "/api/v3/orderList/oto", oto),
                (Method::PUT, "/api/v3/order/amend/keepPriority", amend.as_str()),
            ] {
                let refused = api.signed(&seller, method, path, params).await;
                let (http, found, text) = refused.refusal();
                assert_eq!((http, found), (400, code), "{path}: {refused:?}");
                assert!(text.contains(words) && text.contains("ask the operator"), "{path}: {text}");
            }
        }
        let transfer = json!({ "accountId": 11, "asset": "BTC", "amount": "1" });
        assert_eq!(operate(&api, "deposit", transfer.clone()).await.status, 200);
        assert_eq!(operate(&api, "withdraw", transfer).await.refusal(), (400, -92_202, REFUSED));
        let key = json!({ "accountId": 11, "permissions": ["TRADE"] });
        assert_eq!(operate(&api, "keys", key).await.refusal(), (400, -92_202, REFUSED));
        let cancel = format!("symbol=BTCUSDT&orderId={resting}");
        assert_eq!(api.signed(&seller, Method::DELETE, "/api/v3/order", &cancel).await.status, 200);
        assert_eq!(set(&api, 11, "active", false).await.json["status"], "ACTIVE");
        place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
    });
    server.stop();
}

#[test]
fn a_restriction_cancels_what_is_open_when_it_is_asked_to() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        for price in ["45000", "45001"] {
            place(&api, &seller, &limit("SELL", "0.5", price)).await;
        }
        let eth = "symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=2000";
        let _ = place(&api, &KeyPair::number(12), eth).await;
        let done = set(&api, 11, "FROZEN", true).await;
        assert_eq!(done.json["cancelling"], 2, "{done:?}");
        // A query is answered by the slot; the books' answers come to it as they will.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let open = api.signed(&seller, Method::GET, "/api/v3/openOrders", "").await.json;
            if open == json!([]) {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{open}");
        }
        let others = api.signed(&KeyPair::number(12), Method::GET, "/api/v3/openOrders", "").await.json;
        assert_eq!(others.as_array().unwrap().len(), 1, "another account keeps its own");
        for status in ["ACTIVE", "CLOSED"] {
            let text = "Data sent for parameter 'cancelOrders' is not valid: only CANCEL_ONLY and FROZEN may cancel orders.";
            assert_eq!(set(&api, 11, status, true).await.refusal(), (400, -1130, text));
        }
    });
    server.stop();
}

#[test]
fn only_an_empty_account_is_closed_and_the_refusal_names_what_is_left() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let id = place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        let left = "account 11 cannot be closed: it has 1 open order and 10.00000000 BTC, 1000000.00000000 USDT; \
                    cancel the orders and withdraw the balances first";
        assert_eq!(set(&api, 11, "CLOSED", false).await.refusal(), (409, -92_204, left));
        let cancel = format!("symbol=BTCUSDT&orderId={id}");
        assert_eq!(api.signed(&seller, Method::DELETE, "/api/v3/order", &cancel).await.status, 200);
        for (asset, amount) in [("BTC", "10"), ("USDT", "1000000")] {
            let all = json!({ "accountId": 11, "asset": asset, "amount": amount });
            assert_eq!(operate(&api, "withdraw", all).await.status, 200);
        }
        assert_eq!(set(&api, 11, "CLOSED", false).await.json["status"], "CLOSED");
        assert_eq!(standing(&api, &seller).await, (json!([false, false, false]), json!("CLOSED")));
        let refused = api.order(&seller, &limit("SELL", "0.5", "45000")).await;
        assert_eq!((refused.refusal().0, refused.refusal().1), (400, -92_203));
        let deposit = json!({ "accountId": 11, "asset": "BTC", "amount": "1" });
        assert_eq!(operate(&api, "deposit", deposit).await.refusal().1, -92_203);
        let trades = api.signed(&seller, Method::GET, "/api/v3/myTrades", "symbol=BTCUSDT").await;
        assert_eq!(trades.status, 200, "it still reads");
    });
    server.stop();
}

#[test]
fn the_websocket_api_and_grpc_refuse_with_the_same_code_and_text() {
    let (seller, _, settings) = two_accounts();
    let server = serving(&format!("[demo]\nenabled = true\n{settings}"));
    block_on(async {
        let api = Api::new(server.url());
        let client = Client::connect(&server).await;
        client.done("increase", json!({ "accountId": 1001, "currencyId": 1, "amount": "10" })).await;
        for account in [11, 1001] {
            assert_eq!(set(&api, account, "FROZEN", false).await.status, 200);
        }
        let order = json!({
            "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5", "price": "45000",
        });
        let mut talk = Talk::open(&server, "").await;
        let reply = talk.signed(&seller, "order.place", order).await;
        let error = json!({ "code": -92_202, "msg": REFUSED });
        assert_eq!((&reply["status"], &reply["error"]), (&json!(400), &error), "{reply}");
        assert_eq!(talk.done(&seller, "account.status", json!({})).await["canTrade"], false);

        let order = json!({
            "symbolId": 1, "accountId": 1001, "type": "LIMIT", "side": "ASK", "price": "50000.0", "quantity": "1.0",
        });
        assert_eq!(client.refused("placeOrder", order).await, (-92_202, REFUSED.to_owned()));
        let less = json!({ "accountId": 1001, "currencyId": 1, "amount": "0.5" });
        assert_eq!(client.refused("decrease", less.clone()).await, (-92_202, REFUSED.to_owned()));
        client.done("increase", less).await;
    });
    server.stop();
}

#[test]
fn later_trades_pay_the_new_tier_and_a_repeat_changes_nothing() {
    let (seller, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        let commission = async || {
            let fees = api.signed(&seller, Method::GET, "/sapi/v1/asset/tradeFee", "symbol=BTCUSDT").await;
            fees.json[0]["takerCommission"].clone()
        };
        assert_eq!(commission().await, "0.00100000");
        for _ in 0..2 {
            let done = set_tier(&api, json!({ "tier": 1 })).await;
            assert_eq!(done.json, json!({ "accountId": 11, "tier": 1, "unlimited": false }));
        }
        assert_eq!(commission().await, "0.00040000");
        place(&api, &KeyPair::number(12), &limit("BUY", "0.1", "40000")).await;
        let sold = api.order(&seller, &limit("SELL", "0.1", "40000")).await.json;
        assert_eq!(sold["fills"][0]["commission"], "1.60000000", "0.04 % of 4,000 USDT: {sold}");
        assert_eq!(set_tier(&api, json!({ "unlimited": true })).await.json["unlimited"], true);
        assert_eq!(set_tier(&api, json!({ "tier": 9 })).await.refusal().1, -1130);
        let none = "Param 'tier' or 'unlimited' must be sent, but both were empty/null!";
        assert_eq!(set_tier(&api, json!({})).await.refusal(), (400, -1102, none));
    });
    server.stop();
}

/// The account comes from the configuration at every start, with a key and balances: none of it undoes what the operator
/// did, and a key or balance that its status forbids does not prevent the start.
#[test]
fn status_and_tier_outlive_restarts_by_the_journal_and_by_snapshots() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), &settings);
    block_on(async {
        let api = Api::new(server.url());
        place(&api, &seller, &limit("SELL", "0.5", "45000")).await;
        assert_eq!(set(&api, 11, "FROZEN", false).await.status, 200);
        assert_eq!(set_tier(&api, json!({ "tier": 1, "unlimited": true })).await.status, 200);
    });
    server.stop();
    let more = seller.account(11, &[("BTC", "10"), ("USDT", "1000000"), ("ETH", "5")]);
    for settings in [&settings, "", &(more + &buyer.account(12, &[]))] {
        let server = TestServer::start_on(root.path(), settings);
        block_on(async {
            let api = Api::new(server.url());
            assert_eq!(standing(&api, &seller).await, (json!([false, false, true]), json!("FROZEN")));
            let repeated = set_tier(&api, json!({ "tier": 1 })).await.json;
            assert_eq!(repeated, json!({ "accountId": 11, "tier": 1, "unlimited": true }));
            assert_eq!(api.order(&seller, &limit("SELL", "0.5", "45000")).await.refusal().1, -92_202);
        });
        server.stop();
    }
}
