//! Without credentials: accounts that have no owner, on this machine, where the demo is on; and nothing else.

use awc::http::Method;
use lightning_exchange::domain::{
    messages::{
        command::{AccountCommand, Transfer},
        reject::Reject,
    },
    types::{
        id::{AccountId, AssetId},
        money::Amount,
    },
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{
    calls::DEMO,
    client::{Client, serving, with_grpc},
};
use crate::{
    api::{Api, two_accounts},
    support::{OPERATOR_TOKEN, TestServer, block_on},
    users::Browser,
};

const OWNED: &str = "This account has an owner; send an API key, a session or the operator's token.";

fn code(status: &Status) -> (Code, i32) {
    let code = status.metadata().get("lightning-code").unwrap().to_str().unwrap().parse().unwrap();
    (status.code(), code)
}

/// Every method that is about an account.
fn requests(account: u64) -> [(&'static str, Value); 5] {
    let order =
        json!({"symbolId":1,"accountId":account,"type":"LIMIT","side":"ASK","price":"50000","quantity":"1"});
    let transfer = json!({"accountId":account,"currencyId":1,"amount":"1"});
    [
        ("getAccount", json!({"accountId":account})),
        ("increase", transfer.clone()),
        ("decrease", transfer),
        ("placeOrder", order),
        ("cancelOrder", json!({"symbolId":1,"accountId":account,"orderId":1})),
    ]
}

/// Requires that nothing about an account can be done so; returns the text of the refusals.
async fn assert_shut(client: &Client, account: u64) -> String {
    let status = client.stream("streamAccount", json!({"accountId":account})).await.map(|_| ()).unwrap_err();
    assert_eq!(code(&status), (Code::Unauthenticated, -1002), "streamAccount {account}");
    for (method, request) in requests(account) {
        let status = client.call(method, request).await.unwrap_err();
        assert_eq!(code(&status), (Code::Unauthenticated, -1002), "{method} {account}");
    }
    status.message().to_owned()
}

async fn make_key(server: &TestServer, account: u64) -> String {
    let body =
        json!({ "accountId": account, "type": "HMAC", "permissions": ["TRADE", "USER_DATA"] }).to_string();
    let bearer = format!("Bearer {OPERATOR_TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    let made = Api::new(server.url()).send(Method::POST, "/x/v1/operator/keys", &headers, &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.json["apiKey"].as_str().unwrap().to_owned()
}

#[test]
fn without_credentials_no_account_that_has_an_owner_is_read_or_moved() {
    let (_, _, accounts) = two_accounts();
    let settings = format!("{DEMO}[sign-up]\nenabled = true\n{accounts}[[accounts]]\nid = 77\n");
    let server = serving(&settings);
    block_on(async {
        let client = Client::connect(&server).await;
        let ada = Browser::sign_up(server.url(), "ada").await;
        client.done("increase", json!({"accountId":500,"currencyId":1,"amount":"3"})).await;
        make_key(&server, 500).await;
        // The demo's, configured ones with and without keys, a person's, a program's.
        for account in [1, 11, 12, 77, ada.account, 500] {
            assert_eq!(assert_shut(&client, account).await, OWNED, "{account}");
        }
        let operator = client.with("authorization", format!("Bearer {OPERATOR_TOKEN}"));
        let moved = operator.done("increase", json!({"accountId":500,"currencyId":1,"amount":"1"})).await;
        assert_eq!(moved["balance"]["available"], "4.00000000");
        // What its owner brings is good for it.
        let session = ada.cookie.strip_prefix("lightning_session=").unwrap();
        let own = client.with("authorization", format!("Session {session}"));
        own.done("getAccount", json!({"accountId":ada.account})).await;
        // And the accounts of the documentation have none.
        for account in [1001, 1002] {
            client.done("increase", json!({"accountId":account,"currencyId":1,"amount":"10.5"})).await;
            client.done("decrease", json!({"accountId":account,"currencyId":1,"amount":"0.5"})).await;
            let placed = client.done("placeOrder", requests(account)[3].1.clone()).await;
            let order = json!({"symbolId":1,"accountId":account,"orderId":placed["order"]["orderId"]});
            client.done("cancelOrder", order).await;
            client.done("getAccount", json!({"accountId":account})).await;
        }
    });
    server.stop();
}

#[test]
fn an_account_that_gets_a_key_is_shut_and_its_open_stream_ends() {
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), &with_grpc(DEMO));
    block_on(async {
        let client = Client::connect(&server).await;
        let deposit = |account: u64| json!({"accountId":account,"currencyId":1,"amount":"1"});
        client.done("increase", deposit(1001)).await;
        let mut events = client.stream("streamAccount", json!({"accountId":1001})).await.unwrap();
        events.next().await;
        client.done("increase", deposit(1001)).await;
        assert!(events.next().await["transfer"].is_object());

        let key = make_key(&server, 1001).await;
        let operator = client.with("authorization", format!("Bearer {OPERATOR_TOKEN}"));
        operator.done("increase", deposit(1001)).await;
        let ended = events.try_next().await.unwrap_err();
        assert_eq!((code(&ended), ended.message()), ((Code::Unauthenticated, -1002), OWNED));
        assert_shut(&client, 1001).await;

        // Whose key is revoked keeps what is in the account.
        let body = json!({ "accountId": 1001, "apiKey": key }).to_string();
        let bearer = format!("Bearer {OPERATOR_TOKEN}");
        let headers = [("Authorization", bearer.as_str())];
        let api = Api::new(server.url());
        assert_eq!(api.send(Method::DELETE, "/x/v1/operator/keys", &headers, &body).await.status, 200);
        assert_eq!(assert_shut(&client, 1001).await, OWNED);
    });
    server.stop();
    let server = TestServer::start_on(root.path(), &with_grpc(DEMO));
    block_on(async {
        let client = Client::connect(&server).await;
        assert_eq!(assert_shut(&client, 1001).await, OWNED, "after a restart too");
        client.done("increase", json!({"accountId":1002,"currencyId":1,"amount":"1"})).await;
    });
    server.stop();
}

#[test]
fn a_command_on_its_way_when_an_account_gets_an_owner_is_refused_by_its_shard() {
    let (_, _, settings) = two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let exchange = server.exchange();
        let withdraw = |account| {
            let (account, asset) = (AccountId::new(account), AssetId::new(1));
            AccountCommand::Withdraw(Transfer { account, asset, amount: Amount::new(1), request_id: None })
        };
        let unowned = exchange.unowned_command(withdraw(11), tracing::Span::none()).await;
        assert_eq!(unowned, Err(Reject::UnknownAccount));
        assert!(exchange.command(withdraw(11), None, tracing::Span::none()).await.is_ok());
    });
    server.stop();
}

#[test]
fn only_this_machine_itself_needs_no_credentials() {
    let shut = async |client: &Client| {
        client.done("getOrderBook", json!({"symbolId":1})).await;
        assert_shut(client, 1001).await;
    };
    let server = serving(DEMO);
    block_on(async {
        let client = Client::connect(&server).await;
        client.done("increase", json!({"accountId":1001,"currencyId":1,"amount":"1"})).await;
        for (name, value) in [
            ("forwarded", "for=203.0.113.9"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-host", "exchange.example"),
            ("x-real-ip", "127.0.0.1"),
            ("via", "2 proxy"),
            ("cf-ray", "1"),
            ("origin", "http://evil.example"),
        ] {
            shut(&client.with(name, value)).await;
        }
        // A session of the demo is as good as the demo.
        let api = Api::new(server.url());
        let demo_session = api.send(Method::POST, "/x/v1/session/demo", &[], "").await;
        let cookie = demo_session.header("set-cookie").unwrap().split(';').next().unwrap();
        let token = cookie.strip_prefix("lightning_session=").unwrap();
        let session = client.with("authorization", format!("Session {token}"));
        session.done("getAccount", json!({"accountId":1})).await;
        assert_shut(&session.with("x-forwarded-for", "203.0.113.9"), 1).await;
    });
    server.stop();
    let proxied = "[demo]\nenabled = \"auto\"\n[server]\ntrusted-proxies = [\"127.0.0.1\"]\n";
    for settings in ["", proxied] {
        let server = serving(settings);
        block_on(async { shut(&Client::connect(&server).await).await });
        server.stop();
    }
}

#[test]
fn the_authority_of_a_call_must_be_a_host_of_the_exchange() {
    let server = serving(&format!("{DEMO}[server]\nhosts = [\"exchange.example\"]\n"));
    block_on(async {
        let client = Client::connect(&server).await;
        let foreign = client.at(&server, "http://evil.example:50051").await;
        let status = foreign.call("getOrderBook", json!({"symbolId":1})).await.unwrap_err();
        assert_eq!(code(&status), (Code::FailedPrecondition, -95_002));
        let status = foreign.call("increase", requests(1001)[1].1.clone()).await.unwrap_err();
        assert_eq!(code(&status), (Code::FailedPrecondition, -95_002));
        let named = client.at(&server, "http://exchange.example").await;
        named.done("getOrderBook", json!({"symbolId":1})).await;
        assert_shut(&named, 1001).await;
        let local = client.at(&server, "http://localhost:1").await;
        local.done("increase", requests(1001)[1].1.clone()).await;
    });
    server.stop();
}
