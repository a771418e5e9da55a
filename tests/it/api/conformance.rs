//! Every route of the index: guarded, refused in JSON, and only for its own methods.

use awc::http::Method;
use lightning_exchange::http::{ENDPOINTS, Security};

use super::Api;
use crate::support::{OPERATOR_TOKEN, TestServer, block_on};

#[test]
fn no_route_lets_anybody_in_who_should_not_be() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        for endpoint in ENDPOINTS {
            let answer = match endpoint.path {
                "/metrics" => continue, // text; it is tested by itself
                path => api.send(endpoint.method.as_str().parse().unwrap(), path, &[], "").await,
            };
            let expected: &[u16] = match endpoint.security {
                Security::Trade | Security::TradeJson | Security::UserData | Security::Operator => &[401],
                Security::Browser => match (endpoint.method.as_str(), endpoint.path) {
                    // There is no demo here, and the sign-in routes need no session.
                    (_, "/x/v1/session/demo") => &[404],
                    ("POST", "/x/v1/session" | "/x/v1/signup") => &[400],
                    _ => &[401],
                },
                Security::Public | Security::Probe => &[200, 400, 410],
            };
            assert!(expected.contains(&answer.status.as_u16()), "{endpoint:?}: {answer:?}");
            let is_open = endpoint.path.starts_with("/api/");
            assert_eq!(answer.header("access-control-allow-origin").is_some(), is_open, "{endpoint:?}");
        }
    });
    server.stop();
}

#[test]
fn other_methods_and_other_paths_are_refused_in_json() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        for endpoint in ENDPOINTS {
            let answer = api.send(Method::PATCH, endpoint.path, &[], "").await;
            assert_eq!(answer.refusal(), (405, -1020, "This operation is not supported."), "{endpoint:?}");
            assert!(answer.header("allow").unwrap().contains(endpoint.method.as_str()));
        }
        for path in ["/api/v3/nothing", "/x/v1/nothing", "/api/v1/order", "/ws-api/v2"] {
            let answer = api.send(Method::GET, path, &[], "").await;
            assert_eq!(answer.refusal(), (404, -1020, "This operation is not supported."), "{path}");
        }
        let leave = api.send(Method::OPTIONS, "/api/v3/order", &[("Origin", "http://a.page")], "").await;
        assert_eq!((leave.status.as_u16(), leave.header("access-control-allow-origin")), (204, Some("*")));
        let large = api.send(Method::POST, "/api/v3/order", &[], &"x".repeat(70_000)).await;
        let text = "The request's body is larger than 65536 bytes; send less at once.";
        assert_eq!(large.refusal(), (413, -93_005, text));
    });
    server.stop();
}

#[test]
fn the_operator_opens_accounts_and_moves_money_as_text() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let bearer = format!("Bearer {OPERATOR_TOKEN}");
        let operate = async |path: &str, body: &str| {
            api.send(Method::POST, &format!("/x/v1/operator/{path}"), &[("Authorization", &bearer)], body)
                .await
        };
        assert_eq!(operate("accounts", r#"{"id":77}"#).await.json, serde_json::json!({ "accountId": 77 }));
        assert_eq!(operate("accounts", r#"{"id":77}"#).await.refusal().0, 409);
        let keys = operate("keys", r#"{"accountId":77,"permissions":["USER_DATA"]}"#).await;
        assert_eq!(keys.json["apiKey"].as_str().unwrap().len(), 64);
        let deposit = r#"{"accountId":77,"asset":"BTC","amount":"1.5","requestId":"r1"}"#;
        let expected = serde_json::json!({ "accountId": 77, "asset": "BTC", "free": "1.50000000", "locked": "0.00000000" });
        assert_eq!(operate("deposit", deposit).await.json, expected);
        assert_eq!(operate("deposit", deposit).await.json, expected, "the same request again");
        let no_object = "Invalid JSON Request: the body must be a JSON object.";
        for (body, code, text) in [
            (
                r#"{"accountId":77,"asset":"BTC","amount":1.5}"#,
                -1135,
                "Invalid JSON Request: invalid type: floating point `1.5`, expected a string at line 1 column 42.",
            ),
            (
                &deposit.replace('}', r#","fee":"1"}"#),
                -1103,
                "An unknown parameter was sent: unknown field `fee`, expected one of `accountId`, `asset`, `amount`, \
                 `requestId` at line 1 column 67.",
            ),
            ("", -1135, no_object),
            ("[]", -1135, no_object),
        ] {
            assert_eq!(operate("deposit", body).await.refusal(), (400, code, text), "{body}");
        }
        let pair = crate::support::KeyPair {
            key: keys.json["apiKey"].as_str().unwrap().to_owned(),
            secret: keys.json["secretKey"].as_str().unwrap().to_owned(),
        };
        assert_eq!(api.signed(&pair, Method::GET, "/api/v3/account", "").await.status, 200);
        let order = api.order(&pair, &super::limit("SELL", "0.5", "45000")).await;
        assert_eq!(order.refusal(), (401, -2015, "Invalid API-key, IP, or permissions for action."));
    });
    server.stop();
}

#[test]
fn f32_what_is_absent_answers_as_the_page_of_the_api_says() {
    let (seller, _, settings) = super::two_accounts();
    let server = TestServer::start(&settings);
    block_on(async {
        let api = Api::new(server.url());
        for path in ["sor/order", "sor/order/test", "orderList/opo", "orderList/opoco"] {
            let answer =
                api.signed(&seller, Method::POST, &format!("/api/v3/{path}"), "symbol=BTCUSDT").await;
            assert_eq!(answer.refusal(), (404, -1020, "This operation is not supported."), "{path}");
        }
        let peg = super::limit("SELL", "0.1", "45000") + "&pegPriceType=PRIMARY_PEG";
        assert_eq!(api.order(&seller, &peg).await.refusal().1, -1106);
        let mut socket = super::web::Socket::open(server.url(), "/ws-api/v3", &[]).await.ok().unwrap();
        for (method, status, code) in [
            ("sor.order.place", 404, -1020),
            ("sor.order.test", 404, -1020),
            ("orderList.place.opo", 404, -1020),
            ("orderList.place.opoco", 404, -1020),
            ("userDataStream.start", 404, -1020),
            ("userDataStream.ping", 404, -1020),
            ("userDataStream.stop", 404, -1020),
            ("referencePrice.calculation", 400, -2043),
        ] {
            socket.send(&format!(r#"{{"id":1,"method":"{method}","params":{{"symbol":"BTCUSDT"}}}}"#)).await;
            let reply = socket.json().await;
            assert_eq!(
                (&reply["status"], &reply["error"]["code"]),
                (&status.into(), &code.into()),
                "{method}"
            );
        }
    });
    server.stop();
}
