//! Signing up and in.

use awc::http::Method;
use futures_util::join;
use serde_json::{Value, json};

use super::{Browser, PASSWORD, post};
use crate::{
    api::{Api, limit},
    support::{Process, TestServer, block_on},
};

const NOT_AUTHORIZED: (u16, i64, &str) = (403, -1002, "You are not authorized to execute this request.");
const WRONG: (u16, i64, &str) = (401, -1002, "The name or the password is wrong.");

#[test]
fn who_signs_up_has_an_account_with_the_grant_and_trades() {
    let server = TestServer::start("[sign-up]\ngrant = [{ asset = \"BTC\", amount = \"1.5\" }]\n");
    block_on(async {
        let api = Api::new(server.url());
        let options = api.send(Method::GET, "/x/v1/session/options", &[], "").await;
        assert_eq!(options.json, json!({ "signUp": true, "demo": false }));
        let answer = post(&api, "signup", "Ada.Lovelace", PASSWORD).await;
        assert_eq!(answer.fields(), ["accountId", "csrfToken", "demo", "name"]);
        assert_eq!((&answer.json["name"], &answer.json["demo"]), (&json!("ada.lovelace"), &json!(false)));
        let set = answer.header("set-cookie").unwrap();
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
        let ada = Browser::of(server.url(), &answer);
        let session = ada.send(Method::GET, "/x/v1/session", &Value::Null).await;
        assert_eq!(session.json, answer.json);
        let account = ada.send(Method::GET, "/api/v3/account?omitZeroBalances=true", &Value::Null).await.json;
        assert_eq!(
            account["balances"],
            json!([{ "asset": "BTC", "free": "1.50000000", "locked": "0.00000000" }])
        );
        let order = limit("SELL", "0.5", "45000");
        let placed = ada.send(Method::POST, &format!("/api/v3/order?{order}"), &Value::Null).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        // Signing in again is another session of the same account.
        let again = post(&api, "session", "ADA.lovelace", PASSWORD).await;
        assert_eq!(again.json["accountId"], ada.account);
        assert_ne!(again.json["csrfToken"], answer.json["csrfToken"]);
        // Another user gets another account.
        assert_ne!(Browser::sign_up(server.url(), "grace").await.account, ada.account);
    });
    server.stop();
}

#[test]
fn a_name_is_assigned_once_even_to_concurrent_requests() {
    let server = TestServer::start("");
    block_on(async {
        let (one, other) = (Api::new(server.url()), Api::new(server.url()));
        let (one, other) =
            join!(post(&one, "signup", "ada", PASSWORD), post(&other, "signup", "Ada", "another password"));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
        let late = post(&Api::new(server.url()), "signup", "ada", PASSWORD).await;
        assert_eq!(late.refusal(), (409, -92_103, "name is taken"));
        let winner = if one.status == 200 { PASSWORD } else { "another password" };
        assert_eq!(post(&Api::new(server.url()), "session", "ada", winner).await.status, 200);
    });
    server.stop();
}

#[test]
fn names_and_passwords_are_held_to_their_rules_and_bodies_to_their_form() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let name = "Data sent for parameter 'name' is not valid: 3 to 32 of a-z, 0-9, '_', '.' and '-'.";
        let password = "Data sent for parameter 'password' is not valid: 10 to 128 bytes, and not the name.";
        for bad in ["ab", "a b c", "ada@home", "änne", &"a".repeat(33)] {
            assert_eq!(post(&api, "signup", bad, PASSWORD).await.refusal(), (400, -1130, name), "{bad}");
        }
        for bad in ["", "123456789", "ada.lovelace", "ADA.LOVELACE", &"x".repeat(129)] {
            let answer = post(&api, "signup", "ada.lovelace", bad).await;
            assert_eq!(answer.refusal(), (400, -1130, password), "{bad}");
        }
        for (body, code, text) in [
            ("", -1135, "Invalid JSON Request: the body must be a JSON object."),
            ("{}", -1102, "Mandatory parameter 'name' was not sent, was empty/null, or malformed."),
            ("[]", -1135, "Invalid JSON Request: the body must be a JSON object."),
            (
                r#"{"name":"ada"}"#,
                -1102,
                "Mandatory parameter 'password' was not sent, was empty/null, or malformed.",
            ),
            (r#"{"name":"ada","password":1234567890}"#, -1135, "Invalid JSON Request: invalid type: integer"),
            (
                r#"{"name":"ada","password":"correct horse","accountId":1}"#,
                -1103,
                "An unknown parameter was sent: unknown field `accountId`",
            ),
        ] {
            for path in ["/x/v1/signup", "/x/v1/session"] {
                let answer = api.send(Method::POST, path, &[], body).await;
                let (status, found, said) = answer.refusal();
                assert_eq!((status, found), (400, code), "{path} {body}: {said}");
                assert!(said.starts_with(text), "{path} {body}: {said}");
            }
        }
        // Nothing of it has made an account.
        assert_eq!(post(&api, "session", "ada.lovelace", "ada.lovelace").await.refusal(), WRONG);
    });
    server.stop();
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_indistinguishable() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        Browser::sign_up(server.url(), "ada").await;
        for (name, password) in [("ada", "wrong password"), ("nobody", PASSWORD), ("ada", ""), ("?", "?")] {
            let answer = post(&api, "session", name, password).await;
            assert_eq!(answer.refusal(), WRONG, "{name}");
            assert_eq!((answer.header("set-cookie"), answer.fields()), (None, vec!["code", "msg"]), "{name}");
        }
        assert_eq!(post(&api, "session", "ada", PASSWORD).await.status, 200);
    });
    server.stop();
}

#[test]
fn pages_of_another_origin_are_refused() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        Browser::sign_up(server.url(), "ada").await;
        let body = json!({ "name": "ada", "password": PASSWORD }).to_string();
        for path in ["/x/v1/signup", "/x/v1/session"] {
            let answer = api.send(Method::POST, path, &[("Origin", "http://evil.page")], &body).await;
            assert_eq!(answer.refusal(), NOT_AUTHORIZED, "{path}");
        }
        let own = api.send(Method::POST, "/x/v1/session", &[("Origin", server.url())], &body).await;
        assert_eq!(own.status, 200);
    });
    server.stop();
}

#[test]
fn sign_up_can_be_switched_off_and_signing_in_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(root.path(), "");
    block_on(async { Browser::sign_up(server.url(), "ada").await });
    server.stop();
    let server = TestServer::start_on(root.path(), "[sign-up]\nenabled = false\n");
    block_on(async {
        let api = Api::new(server.url());
        let options = api.send(Method::GET, "/x/v1/session/options", &[], "").await;
        assert_eq!(options.json, json!({ "signUp": false, "demo": false }));
        let answer = post(&api, "signup", "grace", PASSWORD).await;
        assert_eq!(answer.refusal(), (404, -1020, "This operation is not supported."));
        assert_eq!(post(&api, "session", "ada", PASSWORD).await.status, 200);
    });
    server.stop();
}

#[test]
fn logins_passwords_and_grants_outlive_a_kill() {
    let root = tempfile::tempdir().unwrap();
    let settings = "[sign-up]\nenabled = true\ngrant = [{ asset = \"USDT\", amount = \"70\" }]\n";
    let server = Process::start(root.path(), settings);
    let account = block_on(async {
        let ada = Browser::sign_up(server.url(), "ada").await;
        let body = json!({ "current": PASSWORD, "new": "a better password" });
        assert_eq!(ada.send(Method::POST, "/x/v1/password", &body).await.status, 200);
        ada.account
    });
    server.kill();
    let server = Process::start(root.path(), settings);
    block_on(async {
        let api = Api::new(server.url());
        assert_eq!(post(&api, "session", "ada", PASSWORD).await.refusal(), WRONG);
        let answer = post(&api, "session", "ada", "a better password").await;
        let ada = Browser::of(server.url(), &answer);
        assert_eq!(ada.account, account);
        let account = ada.send(Method::GET, "/api/v3/account?omitZeroBalances=true", &Value::Null).await.json;
        assert_eq!(account["balances"][0]["free"], "70.00000000", "{account}");
    });
    server.stop();
}
