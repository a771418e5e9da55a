//! Changing the password, and how often one may be tried.

use std::sync::atomic::Ordering;

use awc::http::Method;
use lightning_exchange::{actors::Clock, domain::types::time::Timestamp};
use serde_json::{Value, json};

use super::{Browser, PASSWORD, post};
use crate::{
    api::Api,
    support::{TestServer, block_on},
};

const NEW: &str = "a better password";

#[test]
fn changing_the_password_ends_the_other_sessions() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let first = Browser::sign_up(server.url(), "ada").await;
        let second = Browser::of(server.url(), &post(&api, "session", "ada", PASSWORD).await);
        let grace = Browser::sign_up(server.url(), "grace").await;
        let change = |current: &str, new: &str| json!({ "current": current, "new": new });
        let wrong = second.send(Method::POST, "/x/v1/password", &change("wrong password", NEW)).await;
        let text = "Data sent for parameter 'current' is not valid: it is not the password.";
        assert_eq!(wrong.refusal(), (400, -1130, text));
        let short = second.send(Method::POST, "/x/v1/password", &change(PASSWORD, "short")).await;
        assert_eq!((short.refusal().0, short.refusal().1), (400, -1130), "{short:?}");
        let headers = [("Cookie", second.cookie.as_str())];
        let body = change(PASSWORD, NEW).to_string();
        let no_token = api.send(Method::POST, "/x/v1/password", &headers, &body).await;
        assert_eq!((no_token.refusal().0, no_token.refusal().1), (403, -1002));
        assert!(first.is_signed_in().await, "nothing has changed yet");

        let changed = second.send(Method::POST, "/x/v1/password", &change(PASSWORD, NEW)).await;
        assert_eq!((changed.status.as_u16(), changed.json), (200, json!({})));
        assert!(!first.is_signed_in().await);
        assert!(second.is_signed_in().await && grace.is_signed_in().await);
        assert_eq!(post(&api, "session", "ada", PASSWORD).await.status, 401);
        assert_eq!(post(&api, "session", "ada", NEW).await.status, 200);
    });
    server.stop();
}

#[test]
fn the_demo_has_no_password_to_change() {
    let server = TestServer::start("[demo]\nenabled = true\n");
    block_on(async {
        let demo_session = Api::new(server.url()).send(Method::POST, "/x/v1/session/demo", &[], "").await;
        let demo = Browser::of(server.url(), &demo_session);
        assert_eq!((&demo_session.json["name"], &demo_session.json["demo"]), (&Value::Null, &json!(true)));
        let body = json!({ "current": PASSWORD, "new": NEW });
        assert_eq!(demo.send(Method::POST, "/x/v1/password", &body).await.status, 403);
        // A user who signs up beside the demo starts with as much.
        let ada = Browser::sign_up(server.url(), "ada").await;
        let account = ada.send(Method::GET, "/api/v3/account?omitZeroBalances=true", &Value::Null).await.json;
        assert_eq!(account["balances"].as_array().unwrap().len(), 3, "{account}");
    });
    server.stop();
}

#[test]
fn password_attempts_are_limited_per_minute_and_no_login_is_locked_for_good() {
    let (clock, time) = Clock::manual(Timestamp::from_millis(1_800_000_005_000));
    let server = TestServer::start_at(clock, "");
    block_on(async {
        let api = Api::new(server.url());
        Browser::sign_up(server.url(), "ada").await;
        Browser::sign_up(server.url(), "grace").await;
        for attempt in 0..10 {
            assert_eq!(post(&api, "session", "ada", "wrong password").await.status, 401, "{attempt}");
        }
        // The right one is not even checked.
        let refused = post(&api, "session", "ada", PASSWORD).await;
        assert_eq!(refused.refusal(), (429, -1003, "Too many tries. Please try again later."));
        assert_eq!(refused.header("retry-after"), Some("55"));
        // An unknown name is rejected in the same way.
        for attempt in 0..10 {
            assert_eq!(post(&api, "session", "nobody", "wrong password").await.status, 401, "{attempt}");
        }
        assert_eq!(post(&api, "session", "nobody", "wrong password").await.refusal(), refused.refusal());
        assert_eq!(post(&api, "session", "grace", PASSWORD).await.status, 200, "others are not concerned");
        time.fetch_add(55_000_000, Ordering::Relaxed);
        assert_eq!(post(&api, "session", "ada", PASSWORD).await.status, 200);
    });
    server.stop();
}
