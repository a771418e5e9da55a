//! There is no account 0, and a request that names no account is not about it.

use awc::http::Method;
use lightning_exchange::config::Layers;

use crate::{
    api::Api,
    support::{OPERATOR_TOKEN, TestServer, block_on, complaint, lightning},
};

#[test]
fn f18_the_operator_can_neither_open_nor_touch_account_zero() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let token = format!("Bearer {OPERATOR_TOKEN}");
        let zero = "is not valid: an account id is 1 to 9007199254740991.";
        let absent = "Mandatory parameter 'accountId' was not sent, was empty/null, or malformed.";
        let money = r#""asset":"BTC","amount":"1""#;
        for (method, path, body, code, text) in [
            ("POST", "accounts", r#"{"id":0}"#.to_owned(), -1130, zero),
            ("POST", "accounts", r#"{"id":9007199254740992}"#.to_owned(), -1130, zero),
            ("POST", "deposit", format!(r#"{{"accountId":0,{money}}}"#), -1130, zero),
            ("POST", "deposit", format!("{{{money}}}"), -1102, absent),
            ("POST", "withdraw", format!(r#"{{"accountId":0,{money}}}"#), -1130, zero),
            ("POST", "withdraw", format!("{{{money}}}"), -1102, absent),
            ("POST", "keys", r#"{"accountId":0,"permissions":["TRADE"]}"#.to_owned(), -1130, zero),
            ("POST", "keys", r#"{"permissions":["TRADE"]}"#.to_owned(), -1102, absent),
            ("DELETE", "keys", r#"{"accountId":0,"apiKey":"x"}"#.to_owned(), -1130, zero),
            ("DELETE", "keys", r#"{"apiKey":"x"}"#.to_owned(), -1102, absent),
        ] {
            let path = format!("/x/v1/operator/{path}");
            let headers = [("authorization", token.as_str())];
            let answer = api.send(method.parse::<Method>().unwrap(), &path, &headers, &body).await;
            let (status, answered_code, said) = answer.refusal();
            assert_eq!((status, answered_code), (400, code), "{path} {body}: {said}");
            assert!(said.ends_with(text), "{path} {body}: {said}");
        }
        let slot = lightning_exchange::domain::types::id::AccountId::new(0);
        let query = lightning_exchange::domain::account::AccountQuery::Account;
        let asked = server.exchange().query(slot, query, tracing::Span::none()).await;
        assert!(asked.is_err(), "nothing made it: {asked:?}");
    });
    server.stop();
}

#[test]
fn f18_neither_the_configuration_nor_the_command_line_takes_it() {
    for settings in ["[[accounts]]\nid = 0\n", "[demo]\nenabled = true\naccount = 0\n"] {
        let refused = Layers::defaults().text("the test", settings).load().unwrap_err();
        assert!(refused.to_string().contains("account id 0 must be 1 to 2^53 - 1"), "{refused}");
    }
    for arguments in [
        &["account", "create", "--id", "0"][..],
        &["deposit", "--account", "0", "--asset", "BTC", "--amount", "1"],
        &["withdraw", "--account", "0", "--asset", "BTC", "--amount", "1"],
        &["key", "create", "--account", "0"],
        &["key", "revoke", "--account", "0", "--key", "x"],
    ] {
        let refused = lightning().args(arguments).output().unwrap();
        assert!(complaint(&refused).contains("is not in 1.."), "{refused:?}");
    }
}
