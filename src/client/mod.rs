//! A client of the exchange's public API, as any outside program would write one.

pub mod operator;
pub mod trust;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use awc::http::{Method, StatusCode, header};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::Sha256;
use tokio_rustls::rustls::ClientConfig;

/// What RFC 3986 leaves unencoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of an answer that are read.
const ANSWER_LEN_MAX: usize = 64 << 20;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClientError {
    /// The server cannot be reached, or the connection broke.
    #[error("{url}: {reason}")]
    Unreachable {
        /// The URL called.
        url: String,
        /// Why it failed.
        reason: String,
    },
    /// The server rejected the request.
    #[error("refused with status {status}: {message} (code {code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Binance's error code; 0 when there was none.
        code: i64,
        /// The text.
        message: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The answer is not what the API documents.
    #[error("{url}: unexpected answer: {reason}")]
    Unexpected {
        /// The URL called.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// Returns the error code, for a refusal.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Returns how long to wait before trying again, if trying again may help.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused { status: 429 | 503, retry_after, .. } => {
                Some(retry_after.unwrap_or(Duration::from_secs(1)))
            }
            _ => None,
        }
    }
}

/// An API key and its secret.
#[derive(Clone)]
pub struct Credentials {
    /// The public part.
    pub key: String,
    /// The secret part.
    pub secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Signs a payload: HMAC-SHA256 in hexadecimal.
    pub fn sign(&self, payload: &str) -> String {
        // HMAC accepts a key of any length, so there is no error.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()) else {
            return String::new();
        };
        mac.update(payload.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

/// An answer as received, whatever its status.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; null when it is not JSON.
    pub body: Value,
}

/// Names and values of a request.
pub type Parameters<'a> = &'a [(&'a str, &'a str)];

/// A client of one server. Cloning is cheap and shares the connections.
#[derive(Clone)]
pub struct Client {
    http: awc::Client,
    base: String,
    address: Option<SocketAddr>,
    operator: Option<String>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Client {
    /// Creates a client of the server at `base`, e.g. `http://127.0.0.1:8080`; an `https://` one must be vouched for by an
    /// authority this system trusts. Call it inside an actix system.
    pub fn new(base: &str) -> Self {
        let trust = base.starts_with("https://").then(trust::system);
        Self::with(base, trust.and_then(Result::ok))
    }

    /// Creates a client of the server at `base`, an `https://` one, that trusts as `trust` states.
    pub fn trusting(base: &str, trust: Arc<ClientConfig>) -> Self {
        Self::with(base, Some(trust))
    }

    fn with(base: &str, trust: Option<Arc<ClientConfig>>) -> Self {
        let mut connector = awc::Connector::new();
        if let Some(trust) = trust {
            connector = connector.rustls_0_23(trust);
        }
        let http = awc::Client::builder().connector(connector).timeout(TIMEOUT).finish();
        Self { http, base: base.trim_end_matches('/').to_owned(), address: None, operator: None }
    }

    /// Lets the client connect to this address, whatever its server is called.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    fn request(&self, method: Method, url: &str) -> awc::ClientRequest {
        let request = self.http.request(method, url);
        match self.address {
            Some(address) => request.address(address),
            None => request,
        }
    }

    /// Lets the client call the operator's API.
    #[must_use]
    pub fn with_operator(mut self, token: &str) -> Self {
        self.operator = Some(token.to_owned());
        self
    }

    /// Returns the server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Calls a public endpoint.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, path: &str, parameters: Parameters<'_>) -> Result<Value, ClientError> {
        let url = format!("{}{path}?{}", self.base, encode(parameters));
        self.call(&url, self.request(Method::GET, &url).send()).await
    }

    /// Reads a public page that is no JSON, such as the metrics.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn text(&self, path: &str) -> Result<String, ClientError> {
        let url = format!("{}{path}", self.base);
        let received = receive(&url, self.request(Method::GET, &url).send()).await?;
        if !received.status.is_success() {
            return Err(refusal(received.status, &received.body, received.retry_after));
        }
        Ok(String::from_utf8_lossy(&received.body).into_owned())
    }

    /// Calls a signed endpoint; the parameters go into the query.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn signed(
        &self,
        credentials: &Credentials,
        method: Method,
        path: &str,
        parameters: Parameters<'_>,
    ) -> Result<Value, ClientError> {
        let (url, request) = self.sign(credentials, method, path, parameters);
        self.call(&url, request.send()).await
    }

    /// Calls a signed endpoint with additional headers and returns the answer as received.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub async fn signed_reply(
        &self,
        credentials: &Credentials,
        method: Method,
        path: &str,
        parameters: Parameters<'_>,
        headers: Parameters<'_>,
    ) -> Result<Reply, ClientError> {
        let (url, mut request) = self.sign(credentials, method, path, parameters);
        for header in headers {
            request = request.insert_header(*header);
        }
        let Received { status, body, .. } = receive(&url, request.send()).await?;
        Ok(Reply { status: status.as_u16(), body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    fn sign(
        &self,
        credentials: &Credentials,
        method: Method,
        path: &str,
        parameters: Parameters<'_>,
    ) -> (String, awc::ClientRequest) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut payload = encode(parameters);
        if !payload.is_empty() {
            payload.push('&');
        }
        payload.push_str(&format!("recvWindow=30000&timestamp={now}"));
        let url = format!("{}{path}?{payload}&signature={}", self.base, credentials.sign(&payload));
        let request = self.request(method, &url).insert_header(("X-MBX-APIKEY", credentials.key.as_str()));
        (url, request)
    }

    /// Calls the operator's API.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn operate(&self, method: Method, path: &str, body: &Value) -> Result<Value, ClientError> {
        let url = format!("{}{path}", self.base);
        let token = self.operator.as_deref().unwrap_or_default();
        let request =
            self.request(method, &url).insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
        self.call(&url, request.send_json(body)).await
    }

    /// Calls a signed endpoint and returns its answer with the position of the exchange it reflects (`X-Engine-Seq`),
    /// for `minSeq` of reads that must reflect the call.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn signed_at(
        &self,
        credentials: &Credentials,
        method: Method,
        path: &str,
        parameters: Parameters<'_>,
    ) -> Result<(Value, Option<u64>), ClientError> {
        let (url, request) = self.sign(credentials, method, path, parameters);
        let received = receive(&url, request.send()).await?;
        let position = received.engine_seq;
        Ok((received.answer(&url)?, position))
    }

    async fn call(&self, url: &str, request: awc::SendClientRequest) -> Result<Value, ClientError> {
        receive(url, request).await?.answer(url)
    }
}

/// Removes the query, which is signed or irrelevant, from the URL for messages.
fn dull(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// A response, read whole.
struct Received {
    status: StatusCode,
    retry_after: Option<Duration>,
    engine_seq: Option<u64>,
    body: Bytes,
}

impl Received {
    /// Returns the body of a success, and an error otherwise.
    fn answer(self, url: &str) -> Result<Value, ClientError> {
        if !self.status.is_success() {
            return Err(refusal(self.status, &self.body, self.retry_after));
        }
        let unexpected = |error: serde_json::Error| ClientError::Unexpected {
            url: dull(url).to_owned(),
            reason: error.to_string(),
        };
        serde_json::from_slice(&self.body).map_err(unexpected)
    }
}

async fn receive(url: &str, request: awc::SendClientRequest) -> Result<Received, ClientError> {
    let failed = |reason: String| ClientError::Unreachable { url: dull(url).to_owned(), reason };
    let mut answer = request.await.map_err(|error| failed(error.to_string()))?;
    let body = answer.body().limit(ANSWER_LEN_MAX).await.map_err(|error| failed(error.to_string()))?;
    let number = |name: &str| answer.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
    Ok(Received {
        status: answer.status(),
        retry_after: number(header::RETRY_AFTER.as_str()).map(Duration::from_secs),
        engine_seq: number("x-engine-seq"),
        body,
    })
}

fn refusal(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> ClientError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = body["msg"].as_str().or_else(|| status.canonical_reason()).unwrap_or("no reason given");
    ClientError::Refused {
        status: status.as_u16(),
        code: body["code"].as_i64().unwrap_or_default(),
        message: text.to_owned(),
        retry_after,
    }
}

fn encode(parameters: Parameters<'_>) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, UNRESERVED));
    parameters.iter().map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_documentation() {
        let credentials = Credentials {
            key: String::new(),
            secret: "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j".to_owned(),
        };
        let payload = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000\
                       &timestamp=1499827319559";
        assert_eq!(
            credentials.sign(payload),
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
        );
        assert_eq!(encode(&[("a", "x y&z"), ("b", "-._~")]), "a=x%20y%26z&b=-._~");
    }

    #[test]
    fn a_refusal_says_what_the_server_said() {
        let busy = refusal(StatusCode::SERVICE_UNAVAILABLE, br#"{"code":-1008,"msg":"busy"}"#, None);
        assert_eq!((busy.code(), busy.wait()), (Some(-1008), Some(Duration::from_secs(1))));
        let plain = refusal(StatusCode::NOT_FOUND, b"<html>", None);
        assert_eq!(plain.to_string(), "refused with status 404: Not Found (code 0)");
        assert_eq!(plain.wait(), None);
    }
}
