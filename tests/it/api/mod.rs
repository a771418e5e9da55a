//! The wire over a real server: shapes, codes and texts exactly as clients see them.

mod conformance;
mod errors;
mod market_data;
mod sessions;
mod streams;
mod trading;
pub(crate) mod web;

use std::{sync::Arc, time::Duration};

use awc::http::{Method, StatusCode, header::HeaderMap};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio_rustls::rustls::ClientConfig;

use crate::support::KeyPair;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Two accounts with a key each.
pub(crate) fn two_accounts() -> (KeyPair, KeyPair, String) {
    let (seller, buyer) = (KeyPair::number(11), KeyPair::number(12));
    let rich = [("BTC", "10"), ("USDT", "1000000")];
    let settings = seller.account(11, &rich) + &buyer.account(12, &rich);
    (seller, buyer, settings)
}

/// An answer, undigested.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    /// Returns status, code and text of a refusal.
    pub(crate) fn refusal(&self) -> (u16, i64, &str) {
        let code = self.json["code"].as_i64().unwrap_or_default();
        (self.status.as_u16(), code, self.json["msg"].as_str().unwrap_or_default())
    }

    /// Returns the same for keeps.
    pub(crate) fn refused(&self) -> (u16, i64, String) {
        let (status, code, text) = self.refusal();
        (status, code, text.to_owned())
    }

    /// Returns the names of the body's fields, in order.
    pub(crate) fn fields(&self) -> Vec<&str> {
        self.json.as_object().unwrap().keys().map(String::as_str).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Calls a server the way a bare HTTP client would.
pub(crate) struct Api {
    url: String,
    client: awc::Client,
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        let client = awc::Client::builder().timeout(TIMEOUT).finish();
        Self { url: url.to_owned(), client }
    }

    /// The same over TLS.
    pub(crate) fn trusting(url: &str, trust: Arc<ClientConfig>) -> Self {
        let connector = awc::Connector::new().rustls_0_23(trust);
        let client = awc::Client::builder().connector(connector).timeout(TIMEOUT).finish();
        Self { url: url.to_owned(), client }
    }

    /// Sends a request; the answer must be JSON and say so.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for header in headers {
            request = request.insert_header(*header);
        }
        let mut response = request.send_body(body.to_owned()).await.unwrap();
        let bytes = response.body().limit(16 << 20).await.unwrap();
        let content_type = response.headers().get("content-type").cloned();
        if !bytes.is_empty() {
            assert_eq!(content_type.unwrap(), "application/json;charset=UTF-8", "{path}");
        }
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            json: if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() },
        }
    }

    /// Returns what is no JSON, such as the metrics.
    pub(crate) async fn text(&self, path: &str) -> String {
        let mut response = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        String::from_utf8(response.body().limit(16 << 20).await.unwrap().to_vec()).unwrap()
    }

    /// Signs `params` and a fresh timestamp and sends them, in the body unless it is a GET.
    pub(crate) async fn signed(&self, key: &KeyPair, method: Method, path: &str, params: &str) -> Answer {
        self.signed_at(key, method, path, params, now_millis()).await
    }

    /// The same at a time of one's own, in milliseconds.
    pub(crate) async fn signed_at(
        &self,
        key: &KeyPair,
        method: Method,
        path: &str,
        params: &str,
        millis: u64,
    ) -> Answer {
        let text = sign(key, format!("{params}&timestamp={millis}").trim_start_matches('&'));
        let headers = [("X-MBX-APIKEY", key.key.as_str())];
        if method == Method::GET {
            self.send(method, &format!("{path}?{text}"), &headers, "").await
        } else {
            self.send(method, path, &headers, &text).await
        }
    }

    /// The same with a body of JSON: the query has the proof, and both are signed.
    pub(crate) async fn signed_json(&self, key: &KeyPair, path: &str, body: &str, millis: u64) -> Answer {
        let query = format!("timestamp={millis}");
        let signature = signature(key, &format!("{query}{body}"));
        let path = format!("{path}?{query}&signature={signature}");
        self.send(Method::POST, &path, &[("X-MBX-APIKEY", key.key.as_str())], body).await
    }

    /// Places an order.
    pub(crate) async fn order(&self, key: &KeyPair, params: &str) -> Answer {
        self.signed(key, Method::POST, "/api/v3/order", params).await
    }
}

/// Appends the signature of `text`.
pub(crate) fn sign(key: &KeyPair, text: &str) -> String {
    format!("{text}&signature={}", signature(key, text))
}

/// Returns the signature of `text`.
pub(crate) fn signature(key: &KeyPair, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

pub(crate) fn now_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Every byte as a query takes it.
pub(crate) fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A limit order on BTCUSDT.
pub(crate) fn limit(side: &str, quantity: &str, price: &str) -> String {
    format!("symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}")
}
