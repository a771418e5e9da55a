//! API keys of the three kinds.

use awc::http::Method;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{rand::SystemRandom, rsa, signature};
use serde_json::{Value, json};

use super::Browser;
use crate::{
    api::{Answer, Api, limit, now_millis},
    support::{KeyPair, OPERATOR_TOKEN, Process, TestServer, block_on},
};

/// Made by `openssl genpkey -algorithm rsa`, for these tests alone.
const RSA_PRIVATE: &str = include_str!("rsa-2048-private.pem");
const GRANT: &str = "[sign-up]\nenabled = true\ngrant = [{ asset = \"BTC\", amount = \"5\" }]\n";
const REFUSED: (u16, i64, &str) = (401, -2015, "Invalid API-key, IP, or permissions for action.");

/// What a client signs with.
enum Signing {
    Hmac(String),
    Ed25519(Box<SigningKey>),
    Rsa(Box<rsa::KeyPair>),
}

impl Signing {
    fn ed25519() -> Self {
        Self::Ed25519(Box::new(SigningKey::from_bytes(&[7; 32])))
    }

    fn rsa() -> Self {
        let lines = RSA_PRIVATE.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        Self::Rsa(Box::new(rsa::KeyPair::from_pkcs8(&der).unwrap()))
    }

    /// Returns the type and the public key in PEM, as a key is asked for.
    fn request(&self) -> Value {
        let pem = |head: &[u8], key: &[u8]| {
            let der = STANDARD.encode([head, key].concat());
            format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
        };
        match self {
            Self::Hmac(_) => json!({ "type": "HMAC" }),
            Self::Ed25519(key) => {
                let head = hex::decode("302a300506032b6570032100").unwrap();
                json!({ "type": "ED25519", "publicKey": pem(&head, key.verifying_key().as_bytes()) })
            }
            Self::Rsa(key) => {
                let head = hex::decode("30820122300d06092a864886f70d01010105000382010f00").unwrap();
                json!({ "type": "RSA", "publicKey": pem(&head, key.public().as_ref()) })
            }
        }
    }

    fn sign(&self, payload: &str) -> String {
        match self {
            Self::Hmac(secret) => {
                let pair = KeyPair { key: String::new(), secret: secret.clone() };
                let signed = crate::api::sign(&pair, payload);
                signed.rsplit_once('=').unwrap().1.to_owned()
            }
            Self::Ed25519(key) => STANDARD.encode(key.sign(payload.as_bytes()).to_bytes()),
            Self::Rsa(key) => {
                let mut signed = vec![0; key.public().modulus_len()];
                let random = SystemRandom::new();
                key.sign(&signature::RSA_PKCS1_SHA256, &random, payload.as_bytes(), &mut signed).unwrap();
                STANDARD.encode(signed)
            }
        }
    }
}

async fn call(api: &Api, key: &str, signing: &Signing, method: Method, path: &str, params: &str) -> Answer {
    let payload = format!("{params}&timestamp={}", now_millis());
    let signed = signing.sign(&payload);
    let signature = utf8_percent_encode(&signed, NON_ALPHANUMERIC);
    api.send(method, &format!("{path}?{payload}&signature={signature}"), &[("X-MBX-APIKEY", key)], "").await
}

async fn order(api: &Api, key: &str, signing: &Signing) -> Answer {
    call(api, key, signing, Method::POST, "/api/v3/order", &limit("SELL", "0.01", "45000")).await
}

/// Asks for a key and returns its name.
async fn make(browser: &Browser, signing: &mut Signing, label: &str, permissions: Value) -> String {
    let mut body = signing.request();
    body["label"] = label.into();
    body["permissions"] = permissions;
    let made = browser.send(Method::POST, "/x/v1/keys", &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    let mut expected = vec!["apiKey", "createTime", "label", "permissions", "secretKey", "type"];
    expected.retain(|field| *field != "secretKey" || matches!(signing, Signing::Hmac(_)));
    assert_eq!(made.fields(), expected, "{made:?}");
    if let Signing::Hmac(secret) = signing {
        *secret = made.json["secretKey"].as_str().unwrap().to_owned();
    }
    made.json["apiKey"].as_str().unwrap().to_owned()
}

#[test]
fn every_kind_of_key_signs_orders_until_it_is_revoked() {
    let root = tempfile::tempdir().unwrap();
    let server = Process::start(root.path(), GRANT);
    let kinds = || [Signing::Hmac(String::new()), Signing::ed25519(), Signing::rsa()];
    let both = json!(["TRADE", "USER_DATA"]);
    let (keys, signings) = block_on(async {
        let api = Api::new(server.url());
        let ada = Browser::sign_up(server.url(), "ada").await;
        let (mut keys, mut signings) = (Vec::new(), Vec::new());
        for mut signing in kinds() {
            let key = make(&ada, &mut signing, "bot", both.clone()).await;
            let placed = order(&api, &key, &signing).await;
            assert_eq!(placed.status, 200, "{placed:?}");
            keys.push(key);
            signings.push(signing);
        }
        // Each key verifies its own signatures alone.
        for (index, key) in keys.iter().enumerate() {
            let foreign = order(&api, key, &signings[(index + 1) % 3]).await;
            assert_eq!(foreign.refusal(), (400, -1022, "Signature for this request is not valid."));
        }
        let listed = ada.send(Method::GET, "/x/v1/keys", &Value::Null).await;
        let listed = listed.json.as_array().unwrap();
        let types: Vec<&str> = listed.iter().map(|key| key["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["HMAC", "ED25519", "RSA"]);
        for (listed, key) in listed.iter().zip(&keys) {
            let fields: Vec<&String> = listed.as_object().unwrap().keys().collect();
            assert_eq!(fields, ["apiKey", "createTime", "label", "permissions", "type"]);
            assert_eq!((&listed["apiKey"], &listed["label"]), (&json!(key), &json!("bot")));
            assert_eq!(listed["permissions"], json!(["USER_DATA", "TRADE"]));
        }
        let revoked = ada.send(Method::DELETE, "/x/v1/keys", &json!({ "apiKey": keys[1] })).await;
        assert_eq!((revoked.status.as_u16(), revoked.json), (200, json!({})));
        assert_eq!(order(&api, &keys[1], &signings[1]).await.refusal(), REFUSED);
        (keys, signings)
    });
    server.kill();
    let server = Process::start(root.path(), GRANT);
    block_on(async {
        let api = Api::new(server.url());
        assert_eq!(order(&api, &keys[0], &signings[0]).await.status, 200);
        assert_eq!(order(&api, &keys[1], &signings[1]).await.refusal(), REFUSED);
        assert_eq!(order(&api, &keys[2], &signings[2]).await.status, 200);
    });
    server.stop();
}

#[test]
fn a_key_does_what_it_is_permitted_and_no_more() {
    let server = TestServer::start(GRANT);
    block_on(async {
        let api = Api::new(server.url());
        let ada = Browser::sign_up(server.url(), "ada").await;
        for (permission, order_status, account_status) in [("TRADE", 200, 401), ("USER_DATA", 401, 200)] {
            let mut signing = Signing::ed25519();
            let key = make(&ada, &mut signing, "", json!([permission])).await;
            assert_eq!(order(&api, &key, &signing).await.status, order_status, "{permission}");
            let account = call(&api, &key, &signing, Method::GET, "/api/v3/account", "recvWindow=5000").await;
            assert_eq!(account.status, account_status, "{permission}");
        }
    });
    server.stop();
}

#[test]
fn bad_keys_are_refused_and_there_are_only_so_many() {
    let server = TestServer::start("");
    block_on(async {
        let ada = Browser::sign_up(server.url(), "ada").await;
        let weak = include_str!("../../../src/auth/verifier/vectors/rsa-1024.pem");
        let good = Signing::rsa().request()["publicKey"].clone();
        let table = [
            (json!({ "type": "DSA", "permissions": ["TRADE"] }), -1135),
            (json!({ "permissions": ["TRADE"] }), -1102),
            (json!({ "type": "HMAC", "permissions": ["WITHDRAW"] }), -1135),
            (json!({ "type": "HMAC", "permissions": ["TRADE"], "accountId": 1 }), -1103),
            (json!({ "type": "HMAC", "permissions": [] }), -1130),
            (json!({ "type": "HMAC", "permissions": ["TRADE"], "label": "x".repeat(65) }), -1130),
            (json!({ "type": "HMAC", "permissions": ["TRADE"], "label": "a\nb" }), -1130),
            (json!({ "type": "HMAC", "permissions": ["TRADE"], "publicKey": good }), -1106),
            (json!({ "type": "RSA", "permissions": ["TRADE"] }), -1102),
            (json!({ "type": "RSA", "permissions": ["TRADE"], "publicKey": weak }), -1130),
            (json!({ "type": "RSA", "permissions": ["TRADE"], "publicKey": "key" }), -1130),
            (json!({ "type": "ED25519", "permissions": ["TRADE"], "publicKey": good }), -1130),
        ];
        for (body, code) in table {
            let answer = ada.send(Method::POST, "/x/v1/keys", &body).await;
            assert_eq!((answer.refusal().0, answer.refusal().1), (400, code), "{body} {answer:?}");
        }
        let body = json!({ "type": "HMAC", "label": "", "permissions": ["TRADE"] });
        for _ in 0..30 {
            assert_eq!(ada.send(Method::POST, "/x/v1/keys", &body).await.status, 200);
        }
        let refused = ada.send(Method::POST, "/x/v1/keys", &body).await;
        assert_eq!(refused.refusal(), (400, -92_101, "too many api keys"));
        let keys = ada.send(Method::GET, "/x/v1/keys", &Value::Null).await.json;
        assert_eq!(keys.as_array().unwrap().len(), 30);
        let one = json!({ "apiKey": keys[0]["apiKey"] });
        assert_eq!(ada.send(Method::DELETE, "/x/v1/keys", &one).await.status, 200);
        assert_eq!(ada.send(Method::POST, "/x/v1/keys", &body).await.status, 200);
    });
    server.stop();
}

#[test]
fn keys_are_created_and_revoked_by_their_owner_on_our_own_page_alone() {
    let server = TestServer::start("");
    block_on(async {
        let api = Api::new(server.url());
        let (ada, grace) =
            (Browser::sign_up(server.url(), "ada").await, Browser::sign_up(server.url(), "grace").await);
        let key = make(&ada, &mut Signing::Hmac(String::new()), "", json!(["TRADE"])).await;
        let (new, old) = (json!({ "type": "HMAC", "permissions": ["TRADE"] }), json!({ "apiKey": key }));
        for (method, body) in [(Method::POST, &new), (Method::DELETE, &old)] {
            let cookie = ("Cookie", ada.cookie.as_str());
            let token = ("X-CSRF-TOKEN", ada.csrf.as_str());
            let foreign = ("Origin", "http://evil.page");
            let wrong = ("X-CSRF-TOKEN", grace.csrf.as_str());
            for (headers, status) in [
                (vec![cookie], 403),
                (vec![token], 401),
                (vec![cookie, wrong], 403),
                (vec![cookie, token, foreign], 403),
            ] {
                let answer = api.send(method.clone(), "/x/v1/keys", &headers, &body.to_string()).await;
                assert_eq!((answer.refusal().0, answer.refusal().1), (status, -1002), "{method} {headers:?}");
            }
        }
        // Another user's key is as unknown as one that does not exist.
        for unknown in [&old, &json!({ "apiKey": "none" })] {
            let answer = grace.send(Method::DELETE, "/x/v1/keys", unknown).await;
            let text = "Data sent for parameter 'apiKey' is not valid: the account has no such key.";
            assert_eq!(answer.refusal(), (400, -1130, text));
        }
        assert_eq!(grace.send(Method::GET, "/x/v1/keys", &Value::Null).await.json, json!([]));
        assert_eq!(ada.send(Method::GET, "/x/v1/keys", &Value::Null).await.json.as_array().unwrap().len(), 1);
    });
    server.stop();
}

#[test]
fn an_operator_creates_and_revokes_keys_of_every_kind() {
    let server = TestServer::start(GRANT);
    block_on(async {
        let api = Api::new(server.url());
        let ada = Browser::sign_up(server.url(), "ada").await;
        let token = format!("Bearer {OPERATOR_TOKEN}");
        let headers = [("Authorization", token.as_str())];
        let path = "/x/v1/operator/keys";
        let signing = Signing::ed25519();
        let mut body = signing.request();
        body["accountId"] = ada.account.into();
        body["label"] = "desk".into();
        body["permissions"] = json!(["TRADE"]);
        let made = api.send(Method::POST, path, &headers, &body.to_string()).await;
        let key = made.json["apiKey"].as_str().unwrap_or_else(|| panic!("{made:?}"));
        assert_eq!(order(&api, key, &signing).await.status, 200);
        let listed = ada.send(Method::GET, "/x/v1/keys", &Value::Null).await.json;
        assert_eq!((&listed[0]["apiKey"], &listed[0]["label"]), (&json!(key), &json!("desk")));
        let body = json!({ "accountId": ada.account, "apiKey": key }).to_string();
        assert_eq!(api.send(Method::DELETE, path, &[], &body).await.status, 401);
        assert_eq!(api.send(Method::DELETE, path, &headers, &body).await.status, 200);
        assert_eq!(order(&api, key, &signing).await.refusal(), REFUSED);
        assert_eq!(api.send(Method::DELETE, path, &headers, &body).await.status, 400);
    });
    server.stop();
}
