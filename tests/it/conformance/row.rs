//! One row of the table, and how it is checked.

use std::collections::BTreeSet;

use awc::http::Method;
use lightning_exchange::{
    actors::Clock,
    domain::types::time::Timestamp,
    http::{ENDPOINTS, Endpoint, Security},
};
use serde_json::Value;
use tempfile::TempDir;

use super::values;
use crate::{
    api::{Answer, Api},
    support::{KeyPair, OPERATOR_TOKEN, TestServer},
};

/// The time of every desk, early in a minute.
const NOW: u64 = 1_700_000_001_000;
const DENIED: (u16, i64, &str) = (401, -1002, "You are not authorized to execute this request.");
/// A user with a password; the demo's visitor has none to change.
const PERSON: &str = r#"{"name":"grace.hopper","password":"correct horse battery"}"#;
/// A browser need not be signed in to sign in.
const ENTRANCES: [&str; 3] = ["POST /x/v1/session/demo", "POST /x/v1/session", "POST /x/v1/signup"];

/// The expectations of one route.
pub(super) struct Row {
    /// Method and path.
    pub(super) route: &'static str,
    before: Vec<(&'static str, String)>,
    params: String,
    reply: Reply,
    weight: u32,
    wrong: Vec<(String, u16, i64, String)>,
}

enum Reply {
    /// An object with exactly these keys, or a list of such objects, with the values of [`values`].
    Keys(Vec<&'static str>),
    /// A list of lists of so many columns, likewise.
    Columns(usize),
    /// Exactly this.
    Json(Value),
    /// Text, not JSON.
    Text,
    /// It is always refused.
    Refusal(u16, i64, &'static str),
}

impl Row {
    /// Begins a row; `route` is e.g. `GET /api/v3/ping`.
    pub(super) fn of(route: &'static str) -> Self {
        let reply = Reply::Json(serde_json::json!({}));
        Self { route, before: Vec::new(), params: String::new(), reply, weight: 0, wrong: Vec::new() }
    }

    /// A request to send first, e.g. `POST /api/v3/order`: by the trader if it must be signed, else by the caller of
    /// the good one. Its `apiKey` or `orderId` then replaces `{apiKey}` or `{orderId}`.
    pub(super) fn after(mut self, route: &'static str, params: impl Into<String>) -> Self {
        self.before.push((route, params.into()));
        self
    }

    /// The good request: parameters, or a body of JSON.
    pub(super) fn asks(self, params: impl Into<String>) -> Self {
        Self { params: params.into(), ..self }
    }

    /// The keys of its reply.
    pub(super) fn keys(self, keys: &[&'static str]) -> Self {
        Self { reply: Reply::Keys(keys.to_vec()), ..self }
    }

    /// Its reply is a list of lists of so many values.
    pub(super) fn columns(self, count: usize) -> Self {
        Self { reply: Reply::Columns(count), ..self }
    }

    /// Its whole reply.
    pub(super) fn json(self, json: Value) -> Self {
        Self { reply: Reply::Json(json), ..self }
    }

    /// Its reply is text.
    pub(super) fn text(self) -> Self {
        Self { reply: Reply::Text, ..self }
    }

    /// It refuses everything.
    pub(super) fn refused_as(self, status: u16, code: i64, text: &'static str) -> Self {
        Self { reply: Reply::Refusal(status, code, text), ..self }
    }

    /// What the good request weighs.
    pub(super) fn weighs(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// A wrong request, answered with 400.
    pub(super) fn refuses(self, params: impl Into<String>, code: i64, text: impl Into<String>) -> Self {
        self.refuses_with(400, params, code, text)
    }

    /// A wrong request, answered with another status.
    pub(super) fn refuses_with(
        mut self,
        status: u16,
        params: impl Into<String>,
        code: i64,
        text: impl Into<String>,
    ) -> Self {
        self.wrong.push((params.into(), status, code, text.into()));
        self
    }

    /// The good request without one of its parameters is refused.
    pub(super) fn needs(self, name: &str) -> Self {
        let start = format!("{name}=");
        let rest: Vec<&str> = self.params.split('&').filter(|pair| !pair.starts_with(&start)).collect();
        let text = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        let rest = rest.join("&");
        self.refuses(rest, -1102, text)
    }

    /// The symbol is needed, and must be one.
    pub(super) fn needs_symbol(self) -> Self {
        let unknown = self.params.replace("BTCUSDT", "DOGEUSDT");
        self.needs("symbol").refuses(unknown, -1121, "Invalid symbol.")
    }

    /// The keys its reply has; none when it is known otherwise.
    pub(super) fn reply_keys(&self) -> &[&'static str] {
        match &self.reply {
            Reply::Keys(keys) => keys,
            _ => &[],
        }
    }

    /// The statuses it is refused with.
    pub(super) fn refusals(&self) -> impl Iterator<Item = u16> {
        self.wrong.iter().map(|(_, status, ..)| *status)
    }

    /// Checks everything the row says.
    pub(super) async fn check(&self, harness: &Harness) {
        let endpoint = endpoint_of(self.route);
        let api = Api::new(harness.server.url());
        if matches!(self.reply, Reply::Text) {
            return check_text(harness, endpoint.path).await;
        }
        let (caller, trader) =
            (Caller::of(endpoint, harness, &api).await, Caller::Signed(harness.trader.clone()));
        let mut made = Vec::new();
        for (route, params) in &self.before {
            let before = endpoint_of(route);
            let is_signed =
                matches!(before.security, Security::Trade | Security::TradeJson | Security::UserData);
            let sender = if is_signed { &trader } else { &caller };
            let sent = sender.send(before, &api, params).await;
            assert_eq!(sent.status, 200, "before {}: {sent:?}", self.route);
            for name in ["apiKey", "orderId"] {
                match &sent.json[name] {
                    Value::Null => {}
                    Value::String(text) => made.push((format!("{{{name}}}"), text.clone())),
                    other => made.push((format!("{{{name}}}"), other.to_string())),
                }
            }
        }
        let fill = |text: &str| made.iter().fold(text.to_owned(), |text, (name, it)| text.replace(name, it));
        let params = fill(&self.params);
        self.check_strangers(endpoint, &params, harness, &api).await;
        for (params, status, code, text) in &self.wrong {
            let refused = caller.send(endpoint, &api, &fill(params)).await;
            assert_eq!(refused.refusal(), (*status, *code, text.as_str()), "{} {params}", self.route);
        }
        let used = harness.used_weight(&api).await;
        let good = caller.send(endpoint, &api, &params).await;
        assert_eq!(harness.used_weight(&api).await - used, self.weight, "the weight of {}", self.route);
        self.check_reply(&good);
    }

    fn check_reply(&self, good: &Answer) {
        match &self.reply {
            Reply::Refusal(status, code, text) => assert_eq!(good.refusal(), (*status, *code, *text)),
            Reply::Text => unreachable!(),
            Reply::Json(expected) => {
                assert_eq!((good.status.as_u16(), &good.json), (200, expected), "{}", self.route);
            }
            Reply::Columns(expected) => {
                for row in good.json.as_array().unwrap() {
                    let found = row.as_array().map(Vec::len);
                    assert_eq!(found, Some(*expected), "the columns of {}: {good:?}", self.route);
                }
                self.check_values(&good.json);
            }
            Reply::Keys(expected) => {
                assert_eq!(good.status, 200, "{}: {good:?}", self.route);
                let expected: BTreeSet<&str> = expected.iter().copied().collect();
                for object in rows_of(&good.json) {
                    let object = object.as_object().unwrap_or_else(|| panic!("{good:?}"));
                    let found: BTreeSet<&str> = object.keys().map(String::as_str).collect();
                    assert_eq!(found, expected, "the keys of the reply of {}", self.route);
                }
                self.check_values(&good.json);
            }
        }
    }

    /// The reply, or one of its rows, holds the values that [`values`] knows. An empty list holds none.
    fn check_values(&self, json: &Value) {
        let expected = values::of(self.route);
        let holds = rows_of(json).iter().any(|row| values::holds(row, &expected));
        assert!(holds, "the values of the reply of {}: {expected} is not in {json}", self.route);
    }

    /// Whether its reply has values that are to be checked.
    pub(super) const fn has_values(&self) -> bool {
        matches!(self.reply, Reply::Keys(_) | Reply::Columns(_))
    }

    /// Who has not proved who they are, or may not do this, is turned away.
    async fn check_strangers(&self, endpoint: &Endpoint, params: &str, harness: &Harness, api: &Api) {
        let method = || endpoint.method.as_str().parse::<Method>().unwrap();
        let path = endpoint.path;
        match endpoint.security {
            Security::Trade | Security::TradeJson | Security::UserData => {
                let unsigned = api.send(method(), path, &[], "").await;
                assert_eq!(unsigned.refusal(), (401, -2014, "API-key format invalid."), "{endpoint:?}");
                let refused = (401, -2015, "Invalid API-key, IP, or permissions for action.");
                let stranger = KeyPair::number(99);
                let wrong_key = send_signed(endpoint, api, &stranger, params).await;
                assert_eq!(wrong_key.refusal(), refused, "{endpoint:?}");
                let forged = KeyPair { key: harness.trader.key.clone(), secret: stranger.secret };
                let forged = send_signed(endpoint, api, &forged, params).await;
                let text = "Signature for this request is not valid.";
                assert_eq!(forged.refusal(), (400, -1022, text), "{endpoint:?}");
                let other =
                    if endpoint.security == Security::UserData { &harness.placer } else { &harness.reader };
                let not_permitted = send_signed(endpoint, api, other, params).await;
                assert_eq!(not_permitted.refusal(), refused, "{endpoint:?}");
            }
            Security::Operator => {
                for headers in [&[][..], &[("Authorization", "Bearer wrong")]] {
                    assert_eq!(
                        api.send(method(), path, headers, params).await.refusal(),
                        DENIED,
                        "{endpoint:?}"
                    );
                }
            }
            Security::Browser if !ENTRANCES.contains(&self.route) => {
                assert_eq!(api.send(method(), path, &[], params).await.refusal(), DENIED, "{endpoint:?}");
            }
            Security::Browser | Security::Public | Security::Probe => {}
        }
    }
}

fn endpoint_of(route: &str) -> &'static Endpoint {
    let (method, path) = route.split_once(' ').unwrap();
    ENDPOINTS.iter().find(|row| row.method == *method && row.path == path).unwrap()
}

/// Sends a signed request, its parameters where the endpoint wants them.
async fn send_signed(endpoint: &Endpoint, api: &Api, key: &KeyPair, params: &str) -> Answer {
    let method = endpoint.method.as_str().parse().unwrap();
    match endpoint.security {
        Security::TradeJson => api.signed_json(key, endpoint.path, params, NOW).await,
        _ => api.signed_at(key, method, endpoint.path, params, NOW).await,
    }
}

/// The rows of a reply: of a list its elements, else the reply.
fn rows_of(json: &Value) -> &[Value] {
    json.as_array().map_or(std::slice::from_ref(json), Vec::as_slice)
}

/// Metrics are the only reply that is not JSON: they end as OpenMetrics do, and count what the desk was made with.
async fn check_text(harness: &Harness, path: &str) {
    let url = format!("{}{path}", harness.server.url());
    let mut answer = awc::Client::new().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.body().limit(1 << 20).await.unwrap();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let admitted = text.lines().find_map(|line| line.strip_prefix("lightning_commands_admitted_total "));
    let admitted: u64 = admitted.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    assert!(admitted >= 3, "an account each and what they were given: {admitted}");
}

/// Sends requests as an authorized caller.
enum Caller {
    Anybody,
    Signed(KeyPair),
    Operator,
    Browser { cookie: String, token: String },
}

impl Caller {
    async fn of(endpoint: &Endpoint, harness: &Harness, api: &Api) -> Self {
        match endpoint.security {
            Security::Public | Security::Probe => Self::Anybody,
            Security::Trade | Security::TradeJson | Security::UserData => {
                Self::Signed(harness.trader.clone())
            }
            Security::Operator => Self::Operator,
            Security::Browser => {
                let (start_path, body) = match endpoint.path {
                    "/x/v1/password" => ("/x/v1/signup", PERSON),
                    _ => ("/x/v1/session/demo", ""),
                };
                let demo_session = api.send(Method::POST, start_path, &[], body).await;
                let cookie = demo_session.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
                Self::Browser { cookie, token: demo_session.json["csrfToken"].as_str().unwrap().to_owned() }
            }
        }
    }

    async fn send(&self, endpoint: &Endpoint, api: &Api, params: &str) -> Answer {
        let method: Method = endpoint.method.as_str().parse().unwrap();
        let path = endpoint.path;
        match self {
            Self::Anybody if method == Method::GET && !params.is_empty() => {
                api.send(method, &format!("{path}?{params}"), &[], "").await
            }
            Self::Anybody => api.send(method, path, &[], params).await,
            Self::Signed(key) => send_signed(endpoint, api, key, params).await,
            Self::Operator => {
                let bearer = format!("Bearer {OPERATOR_TOKEN}");
                api.send(method, path, &[("Authorization", &bearer)], params).await
            }
            Self::Browser { cookie, token } => {
                api.send(method, path, &[("Cookie", cookie), ("X-CSRF-Token", token)], params).await
            }
        }
    }
}

/// An exchange with three keys, a trade, a book, and a clock that stands still.
pub(super) struct Harness {
    server: TestServer,
    trader: KeyPair,
    reader: KeyPair,
    placer: KeyPair,
    _directory: TempDir,
}

impl Harness {
    pub(super) fn open() -> Self {
        let [trader, reader, placer] = [11, 12, 13].map(KeyPair::number);
        let settings = trader.account(11, &[("BTC", "10"), ("USDT", "1000000")])
            + &reader.account(12, &[]).replace("\"trade\", ", "")
            + &placer.account(13, &[]).replace(", \"user-data\"", "")
            + "[demo]\nenabled = true\n";
        let directory = tempfile::tempdir().unwrap();
        let (clock, _) = Clock::manual(Timestamp::from_millis(NOW));
        let server = TestServer::start_with(directory.path(), &settings, clock);
        Self { server, trader, reader, placer, _directory: directory }
    }

    pub(super) fn close(self) {
        self.server.stop();
    }

    /// What this machine has used, before this question.
    async fn used_weight(&self, api: &Api) -> u32 {
        // A probe has no weight, and its reply reports the sum.
        let answer = api.send(Method::GET, "/health/live", &[], "").await;
        answer.header("x-mbx-used-weight").unwrap().parse().unwrap()
    }
}
