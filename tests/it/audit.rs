//! The log is quiet by default, and records the actor, the object and the outcome of every audited action.

use awc::http::Method;
use serde_json::{Value, json};

use crate::{
    api::{Answer, Api, limit, two_accounts},
    durable::{operate, place},
    support::{OPERATOR_TOKEN, Process, block_on},
};

const PASSWORD: &str = "correct horse battery staple";

fn lines(server: &Process) -> Vec<Value> {
    server.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the audit lines of an action.
fn audit(lines: &[Value], action: &str) -> Vec<Value> {
    let of_action = |line: &&Value| line["target"] == "audit" && line["action"] == action;
    lines.iter().filter(of_action).cloned().collect()
}

async fn post(api: &Api, path: &str, body: Value) -> Answer {
    api.send(Method::POST, path, &[("Content-Type", "application/json")], &body.to_string()).await
}

#[test]
fn requests_are_no_lines_and_what_moves_money_or_power_is_one() {
    let (seller, _, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let settings = format!("[sign-up]\nenabled = true\n{settings}");
    let server = Process::start(root.path(), &settings);
    let (deposit, key) = block_on(async {
        let api = Api::new(server.url());
        for _ in 0..20 {
            place(&api, &seller, &limit("SELL", "0.01", "45000")).await;
            api.send(Method::GET, "/api/v3/time", &[], "").await;
        }
        assert_eq!(operate(&api, "accounts", json!({ "id": 77 })).await.status.as_u16() / 100, 2);
        let transfer =
            |amount: &str| json!({ "accountId": 77, "asset": "USDT", "amount": amount, "requestId": "d-1" });
        let deposit = operate(&api, "deposit", transfer("1234.5")).await;
        assert_eq!(deposit.status, 200, "{deposit:?}");
        assert_ne!(
            operate(&api, "withdraw", json!({ "accountId": 77, "asset": "BTC", "amount": "3" })).await.status,
            200
        );
        let restricted = json!({ "accountId": 77, "status": "CANCEL_ONLY", "cancelOrders": true, "reason": "asked by phone" });
        assert_eq!(operate(&api, "accounts/status", restricted).await.status, 200);
        let tier = json!({ "accountId": 77, "tier": 1, "unlimited": true, "reason": "a market maker" });
        assert_eq!(operate(&api, "accounts/tier", tier).await.status, 200);
        let key =
            operate(&api, "keys", json!({ "accountId": 77, "permissions": ["trade", "USER_DATA"] })).await;
        assert_eq!(key.json["permissions"], json!(["USER_DATA", "TRADE"]));
        for _ in 0..5 {
            let wrong = [("Authorization", "Bearer no-such-token"), ("Content-Type", "application/json")];
            let refused = api.send(Method::POST, "/x/v1/operator/deposit", &wrong, "{}").await;
            assert_eq!(refused.status, 401);
        }
        let up = post(&api, "/x/v1/signup", json!({ "name": "ada", "password": PASSWORD })).await;
        assert_eq!(up.status, 200, "{up:?}");
        assert_eq!(
            post(&api, "/x/v1/session", json!({ "name": "ada", "password": PASSWORD })).await.status,
            200
        );
        let wrong = post(&api, "/x/v1/session", json!({ "name": "ada", "password": "swordfish" })).await;
        assert_eq!(wrong.status, 401);
        (deposit, key)
    });
    let server = server.stop();
    let (log, lines) = (server.log(), lines(&server));
    assert!(!lines.iter().any(|line| line["message"] == "served"), "{log}");
    assert!(lines.len() < 60, "{log}");

    let [line] = &audit(&lines, "deposit")[..] else { panic!("{log}") };
    let expected = [
        ("level", json!("INFO")),
        ("actor", json!("operator")),
        ("client.address", json!("127.0.0.1")),
        ("request.id", json!(deposit.header("x-mbx-uuid").unwrap())),
        ("account.id", json!(77)),
        ("asset", json!("USDT")),
        ("amount", json!("1234.50000000")),
        ("transfer.id", json!("d-1")),
        ("outcome", json!("done")),
    ];
    for (field, value) in expected {
        assert_eq!(line[field], value, "{field} of {line}");
    }
    let [line] = &audit(&lines, "withdraw")[..] else { panic!("{log}") };
    assert_eq!((&line["outcome"], &line["amount"]), (&json!("refused"), &json!("3.00000000")), "{line}");
    assert!(line["code"].is_i64() && line["reason"].is_string(), "{line}");
    assert_eq!(audit(&lines, "create-account")[0]["account.id"], 77);
    for (action, detail) in [
        ("set-account-status", "CANCEL_ONLY, cancelling its orders: asked by phone"),
        ("set-account-tier", "tier 1, unlimited: a market maker"),
    ] {
        let [line] = &audit(&lines, action)[..] else { panic!("{log}") };
        let found = ["actor", "account.id", "detail", "outcome"].map(|name| line[name].clone());
        assert_eq!(found, [json!("operator"), json!(77), json!(detail), json!("done")], "{line}");
    }
    let detail = audit(&lines, "create-key")[0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.ends_with("… HMAC for USER_DATA,TRADE"), "{detail}");
    let ada = &audit(&lines, "sign-up")[0];
    assert_eq!((&ada["detail"], &ada["actor"]), (&json!("ada"), &json!("visitor")), "{ada}");
    let signed_in = audit(&lines, "sign-in");
    let seen: Vec<_> =
        signed_in.iter().map(|line| (line["level"].as_str(), line["outcome"].as_str())).collect();
    assert_eq!(seen, [(Some("INFO"), Some("done")), (Some("WARN"), Some("refused"))], "{signed_in:?}");
    let tokens = audit(&lines, "operator-token");
    // One in each calendar minute, and the five may have seen two of them.
    assert!((1..=2).contains(&tokens.len()), "{tokens:?}");
    assert_eq!((&tokens[0]["level"], &tokens[0]["client.address"]), (&json!("WARN"), &json!("127.0.0.1")));
    for secret in [OPERATOR_TOKEN, PASSWORD, "no-such-token", "swordfish"] {
        assert!(!log.contains(secret), "{secret}");
    }
    for part in ["apiKey", "secretKey"] {
        assert!(!log.contains(key.json[part].as_str().unwrap()), "{part}");
    }
}

#[test]
fn every_request_is_a_line_at_the_debug_level() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let server =
        Process::start_logging_to(file, "info,lightning_exchange::http=debug", &root.path().join("data"), "");
    block_on(async {
        let api = Api::new(server.url());
        assert_eq!(api.send(Method::GET, "/api/v3/time", &[], "").await.status, 200);
    });
    server.stop();
    let log = std::fs::read_to_string(log).unwrap();
    let served = log.lines().find(|line| line.contains("\"served\"")).unwrap();
    assert!(served.contains("/api/v3/time") && served.contains("\"status\":200"), "{served}");
}
