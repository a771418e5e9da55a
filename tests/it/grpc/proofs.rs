//! Access to the methods where the demo is off.

use serde_json::{Value, json};
use tonic::{Code, Status};

use super::client::{Client, serving, still, with_grpc};
use crate::{
    api::{Api, two_accounts},
    support::{KeyPair, OPERATOR_TOKEN, TestServer, block_on},
};

fn code(outcome: Result<Value, Status>) -> (Code, i32) {
    let status = outcome.unwrap_err();
    let code = status.metadata().get("lightning-code").unwrap().to_str().unwrap().parse().unwrap();
    (status.code(), code)
}

fn order(account: u64) -> Value {
    json!({"symbolId":1,"accountId":account,"type":"LIMIT","side":"ASK","price":"50000.0","quantity":"1.0"})
}

#[test]
fn calls_without_credentials_are_refused() {
    let (_, _, settings) = two_accounts();
    let server = serving(&settings);
    block_on(async {
        let client = Client::connect(&server).await;
        let transfer = json!({"accountId":11,"currencyId":1,"amount":"1"});
        let own = json!({"accountId":11});
        for (method, request) in [
            ("getAccount", own.clone()),
            ("increase", transfer.clone()),
            ("decrease", transfer.clone()),
            ("placeOrder", order(11)),
            ("cancelOrder", json!({"symbolId":1,"accountId":11,"orderId":1})),
        ] {
            let outcome = client.call(method, request).await;
            assert_eq!(code(outcome), (Code::Unauthenticated, -1002), "{method}");
        }
        let status = client.stream("streamAccount", own).await.map(|_| ()).unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        client.done("getOrderBook", json!({"symbolId":1})).await;

        for wrong in ["Bearer wrong", "Bearer ", "wrong", "Session wrong"] {
            let stranger = client.with("authorization", wrong);
            let outcome = stranger.call("increase", transfer.clone()).await;
            assert_eq!(code(outcome), (Code::Unauthenticated, -1002), "{wrong}");
        }
        let operator = client.with("authorization", format!("Bearer {OPERATOR_TOKEN}"));
        operator.done("increase", transfer.clone()).await;
        operator.done("decrease", transfer).await;
        // The operator's token does not authorize any account.
        assert_eq!(code(operator.call("placeOrder", order(11)).await), (Code::Unauthenticated, -1002));
    });
    server.stop();
}

#[test]
fn a_signature_is_of_every_field_and_for_one_account() {
    let (seller, buyer, settings) = two_accounts();
    let reader = KeyPair::number(13);
    let settings = settings + &reader.account(13, &[("BTC", "1")]).replace("\"trade\", ", "");
    let server = serving(&settings);
    block_on(async {
        let client = Client::connect(&server).await;
        let exchange = server.exchange();
        let mine = client.signing(&seller, exchange);
        mine.done("placeOrder", order(11)).await;
        mine.done("getAccount", json!({"accountId":11})).await;
        let theirs = client.signing(&buyer, exchange);
        assert_eq!(code(theirs.call("placeOrder", order(11)).await), (Code::PermissionDenied, -1002));
        let reading = client.signing(&reader, exchange);
        reading.done("getAccount", json!({"accountId":13})).await;
        assert_eq!(code(reading.call("placeOrder", order(13)).await), (Code::Unauthenticated, -2015));
        let unknown = client.signing(&KeyPair::number(99), exchange);
        assert_eq!(code(unknown.call("placeOrder", order(11)).await), (Code::Unauthenticated, -2015));
        let forged = KeyPair { key: seller.key.clone(), secret: buyer.secret.clone() };
        let forged = client.signing(&forged, exchange);
        assert_eq!(code(forged.call("placeOrder", order(11)).await), (Code::Unauthenticated, -1022));
        let stale = client.signing_at(&seller, exchange.now().millis() - 60_000);
        assert_eq!(code(stale.call("placeOrder", order(11)).await), (Code::Unauthenticated, -1021));
        let unsigned = client.with("x-mbx-apikey", &seller.key);
        assert_eq!(code(unsigned.call("placeOrder", order(11)).await), (Code::Unauthenticated, -1102));
        let odd =
            client.with("x-mbx-apikey", "odd").with("x-mbx-timestamp", "1").with("x-mbx-signature", "x");
        assert_eq!(code(odd.call("placeOrder", order(11)).await), (Code::Unauthenticated, -2014));
    });
    server.stop();
}

#[test]
fn a_session_is_good_until_it_ends_and_accounts_without_an_owner_ask_for_none_on_this_machine() {
    let server = serving("[demo]\nenabled = true\n");
    block_on(async {
        let client = Client::connect(&server).await;
        client.done("increase", json!({"accountId":2,"currencyId":1,"amount":"1"})).await;
        client.done("getAccount", json!({"accountId":2})).await;
        // A presented proof is binding; and a client behind a proxy is not on this machine.
        let wrong = client.with("authorization", "Session nonsense");
        assert_eq!(code(wrong.call("getAccount", json!({"accountId":2})).await).0, Code::Unauthenticated);
        let proxied = client.with("x-forwarded-for", "203.0.113.9");
        assert_eq!(code(proxied.call("getAccount", json!({"accountId":2})).await).0, Code::Unauthenticated);

        let api = Api::new(server.url());
        let demo_session = api.send(awc::http::Method::POST, "/x/v1/session/demo", &[], "").await;
        let cookie = demo_session.header("set-cookie").unwrap().split(';').next().unwrap();
        let token = cookie.strip_prefix("lightning_session=").unwrap();
        let session = client.with("authorization", format!("Session {token}"));
        session.done("getAccount", json!({"accountId":1})).await;
        let other = session.call("getAccount", json!({"accountId":2})).await;
        assert_eq!(code(other), (Code::PermissionDenied, -1002));

        let mut events = session.stream("streamAccount", json!({"accountId":1})).await.unwrap();
        assert_eq!(events.next().await["begun"], json!({}));
        let both = [("Cookie", cookie), ("X-CSRF-Token", demo_session.json["csrfToken"].as_str().unwrap())];
        assert_eq!(api.send(awc::http::Method::DELETE, "/x/v1/session", &both, "").await.status, 200);
        assert_eq!(events.try_next().await.unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(code(session.call("getAccount", json!({"accountId":1})).await).0, Code::Unauthenticated);
    });
    server.stop();
}

#[test]
fn limits_are_those_of_the_address_and_of_the_account() {
    let (seller, _, settings) = two_accounts();
    let settings = settings
        + "[limits]\nloopback = true\nrequest-weight-per-minute = 50\norders-per-10-seconds = 2\n\
           refusals-before-ban = 0\n";
    let directory = tempfile::tempdir().unwrap();
    let (clock, now) = still();
    let server = TestServer::start_with(directory.path(), &with_grpc(&settings), clock);
    block_on(async {
        let client = Client::connect(&server).await;
        let mine = client.signing_at(&seller, now);
        for _ in 0..2 {
            mine.done("placeOrder", order(11)).await;
        }
        let limited = mine.call("placeOrder", order(11)).await.unwrap_err();
        assert_eq!(limited.code(), Code::ResourceExhausted);
        assert_eq!(limited.metadata().get("lightning-code").unwrap(), "-1015");
        // Two orders weighed nothing, the third 1: nine books of 5 are left.
        for _ in 0..9 {
            client.done("getOrderBook", json!({"symbolId":1})).await;
        }
        let refused = client.call("getOrderBook", json!({"symbolId":1})).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(refused.metadata().get("lightning-code").unwrap(), "-1003");
        assert_eq!(refused.metadata().get("retry-after").unwrap(), "39");
    });
    server.stop();
}
