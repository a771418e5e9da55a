//! Browser sessions: the cookie alone is never enough.

use awc::http::Method;

use super::{Api, limit};
use crate::support::{TestServer, block_on};

#[test]
fn the_demo_trades_with_cookie_and_csrf_token_and_with_neither_alone() {
    let server = TestServer::start("[demo]\nenabled = true\n");
    block_on(async {
        let api = Api::new(server.url());
        let foreign =
            api.send(Method::POST, "/x/v1/session/demo", &[("Origin", "http://evil.page")], "").await;
        assert_eq!(foreign.refusal(), (403, -1002, "You are not authorized to execute this request."));
        let demo_session =
            api.send(Method::POST, "/x/v1/session/demo", &[("Origin", server.url())], "").await;
        assert_eq!(demo_session.fields(), ["accountId", "csrfToken", "demo", "name"]);
        let set = demo_session.header("set-cookie").unwrap();
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
        let cookie = set.split(';').next().unwrap();
        let token = demo_session.json["csrfToken"].as_str().unwrap();
        let both = [("Cookie", cookie), ("X-CSRF-Token", token)];
        let order = limit("SELL", "0.1", "45000");
        for (headers, status) in [(&both[..1], 403), (&both[1..], 401)] {
            assert_eq!(api.send(Method::POST, "/api/v3/order", headers, &order).await.status, status);
        }
        let placed = api.send(Method::POST, "/api/v3/order", &both, &order).await;
        assert_eq!((placed.status.as_u16(), placed.header("access-control-allow-origin")), (200, None));
        let session = api.send(Method::GET, "/x/v1/session", &both[..1], "").await;
        assert_eq!(session.json, demo_session.json);
        let forged = [both[0], ("X-CSRF-Token", token), ("Origin", "http://evil.page")];
        assert_eq!(api.send(Method::POST, "/api/v3/order", &forged, &order).await.status, 403);
        assert_eq!(api.send(Method::DELETE, "/x/v1/session", &both, "").await.status, 200);
        assert_eq!(api.send(Method::GET, "/api/v3/account", &both, "").await.status, 401);
    });
    server.stop();
}

#[test]
fn without_a_demo_no_session_can_start() {
    let server = TestServer::start("");
    block_on(async {
        let answer = Api::new(server.url()).send(Method::POST, "/x/v1/session/demo", &[], "").await;
        assert_eq!(answer.refusal(), (404, -1020, "This operation is not supported."));
    });
    server.stop();
}
