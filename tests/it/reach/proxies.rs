//! Features for this machine alone are off behind a proxy.

use awc::http::Method;
use serde_json::{Value, json};

use super::FORWARDING;
use crate::{
    api::{Answer, Api, web::Socket},
    support::{TestServer, block_on},
    users::{Browser, PASSWORD},
};

/// The settings that the tests' base settings switch off, at their defaults.
const AUTO: &str = "[demo]\nenabled = \"auto\"\n[sign-up]\nenabled = \"auto\"\n";

const NOT_FOUND: (u16, i64, &str) = (404, -1020, "This operation is not supported.");

async fn offered(api: &Api, headers: &[(&str, &str)]) -> Value {
    api.send(Method::GET, "/x/v1/session/options", headers, "").await.json
}

async fn demo(api: &Api, headers: &[(&str, &str)]) -> Answer {
    api.send(Method::POST, "/x/v1/session/demo", headers, "").await
}

async fn sign_up(api: &Api, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "name": "ada", "password": PASSWORD }).to_string();
    api.send(Method::POST, "/x/v1/signup", headers, &body).await
}

#[test]
fn behind_a_configured_proxy_there_is_neither_demo_nor_open_sign_up() {
    // The documented layout: a proxy with TLS on the same machine, which passes the host on.
    let server = TestServer::start(&format!(
        "{AUTO}[server]\ntrusted-proxies = [\"127.0.0.1\"]\nhosts = [\"exchange.example\"]\n"
    ));
    block_on(async {
        let api = Api::new(server.url());
        let passed_on = [
            ("Host", "exchange.example"),
            ("X-Forwarded-For", "203.0.113.9"),
            ("X-Forwarded-Proto", "https"),
            ("Origin", "https://exchange.example"),
        ];
        // A proxy that adds no header looks like this machine.
        for headers in [&passed_on[..], &passed_on[..1], &[]] {
            assert_eq!(
                offered(&api, headers).await,
                json!({ "signUp": false, "demo": false }),
                "{headers:?}"
            );
            assert_eq!(demo(&api, headers).await.refusal(), NOT_FOUND, "{headers:?}");
            assert_eq!(sign_up(&api, headers).await.refusal(), NOT_FOUND, "{headers:?}");
        }
    });
    server.stop();
}

#[test]
fn behind_a_proxy_who_may_sign_up_is_said_and_gets_what_is_granted() {
    let server = TestServer::start(
        "[demo]\nenabled = \"auto\"\n[sign-up]\nenabled = true\n\
         [server]\ntrusted-proxies = [\"127.0.0.1\"]\nhosts = [\"exchange.example\"]\n",
    );
    block_on(async {
        let api = Api::new(server.url());
        let stranger = [("Host", "exchange.example"), ("X-Forwarded-For", "203.0.113.9")];
        assert_eq!(offered(&api, &stranger).await, json!({ "signUp": true, "demo": false }));
        let ada = Browser::of(server.url(), &sign_up(&api, &stranger).await);
        let path = "/api/v3/account?omitZeroBalances=true";
        assert_eq!(ada.send(Method::GET, path, &Value::Null).await.json["balances"], json!([]));
    });
    server.stop();
}

#[test]
fn a_forwarding_header_ends_the_demo_and_the_sign_up_of_this_machine() {
    let server = TestServer::start(AUTO);
    block_on(async {
        let api = Api::new(server.url());
        assert_eq!(offered(&api, &[]).await, json!({ "signUp": true, "demo": true }));
        let demo_session = demo(&api, &[]).await;
        let cookie = demo_session.header("set-cookie").unwrap().split(';').next().unwrap();
        let (session, own) = (("Cookie", cookie), ("Origin", server.url()));
        let token = ("X-CSRF-Token", demo_session.json["csrfToken"].as_str().unwrap());
        for header in FORWARDING {
            assert_eq!(
                offered(&api, &[header]).await,
                json!({ "signUp": false, "demo": false }),
                "{header:?}"
            );
            assert_eq!(demo(&api, &[header]).await.refusal(), NOT_FOUND, "{header:?}");
            assert_eq!(sign_up(&api, &[header]).await.refusal(), NOT_FOUND, "{header:?}");
            // A session that began here is good for nothing there.
            for path in ["/x/v1/session", "/api/v3/account", "/x/v1/keys"] {
                let refused = api.send(Method::GET, path, &[session, token, header], "").await;
                assert_eq!(refused.refusal().0, 401, "{path} {header:?}");
            }
            let socket = Socket::open(server.url(), "/x/v1/stream", &[session, own, header]).await;
            assert_eq!(socket.err().map(|status| status.as_u16()), Some(401), "{header:?}");
        }
        assert_eq!(api.send(Method::GET, "/x/v1/session", &[session], "").await.status, 200);
        assert!(Socket::open(server.url(), "/x/v1/stream", &[session, own]).await.is_ok());
        // No user's account was opened meanwhile, and a user's session is another matter.
        let ada = Browser::of(server.url(), &sign_up(&api, &[]).await);
        let person = [("Cookie", ada.cookie.as_str()), FORWARDING[1]];
        assert_eq!(api.send(Method::GET, "/x/v1/session", &person, "").await.status, 200);
    });
    server.stop();
}

#[test]
fn at_a_name_of_elsewhere_there_is_no_demo_even_if_it_is_served() {
    let server = TestServer::start(&format!("{AUTO}[server]\nhosts = [\"exchange.example\"]\n"));
    block_on(async {
        let api = Api::new(server.url());
        let named = [("Host", "exchange.example"), ("Origin", "http://exchange.example")];
        assert_eq!(offered(&api, &named).await, json!({ "signUp": false, "demo": false }));
        assert_eq!(demo(&api, &named).await.refusal(), NOT_FOUND);
        assert_eq!(sign_up(&api, &named).await.refusal(), NOT_FOUND);
        for foreign in ["http://evil.example", "https://exchange.example", "null"] {
            assert_eq!(demo(&api, &[("Origin", foreign)]).await.refusal().0, 403, "{foreign}");
        }
        assert_eq!(demo(&api, &[("Origin", server.url())]).await.status, 200);
    });
    server.stop();
}

#[test]
fn thousands_of_demo_sessions_sign_out_no_user() {
    let server = TestServer::start(AUTO);
    block_on(async {
        let ada = Browser::sign_up(server.url(), "ada").await;
        let api = Api::new(server.url());
        let first = Browser::of(server.url(), &demo(&api, &[]).await);
        for _ in 0..4_200 {
            assert_eq!(demo(&api, &[]).await.status, 200);
        }
        assert!(ada.is_signed_in().await);
        assert!(!first.is_signed_in().await, "the demo's oldest made room");
    });
    server.stop();
}
