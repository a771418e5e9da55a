//! The WebSocket API: REST's answers by name, logins, and private events that can be resumed.

mod events;
mod requests;

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::{
    api::{
        now_millis, sign,
        web::{Said, Socket},
    },
    support::{KeyPair, TestServer},
};

/// A connection, and what it heard unasked.
pub(crate) struct Talk {
    socket: Socket,
    last_id: u64,
    events: VecDeque<Value>,
}

impl Talk {
    pub(crate) async fn open(server: &TestServer, query: &str) -> Self {
        let path = format!("/ws-api/v3{query}");
        let socket = Socket::open(server.url(), &path, &[]).await.unwrap();
        Self { socket, last_id: 0, events: VecDeque::new() }
    }

    /// Sends a request and returns its id.
    async fn send(&mut self, method: &str, params: &Value) -> u64 {
        self.last_id += 1;
        let request = json!({ "id": self.last_id, "method": method, "params": params });
        self.socket.send(&request.to_string()).await;
        self.last_id
    }

    /// Sends a request and waits for its reply; events before it are kept.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, &params).await;
        loop {
            let heard = self.socket.json().await;
            if heard["id"] == id {
                return heard;
            }
            assert!(heard["event"].is_object(), "{heard}");
            self.events.push_back(heard);
        }
    }

    /// Sends a signed request and waits for its reply.
    pub(crate) async fn signed(&mut self, key: &KeyPair, method: &str, params: Value) -> Value {
        self.ask(method, signed(key, params)).await
    }

    /// Sends a signed request that must be done, and returns its result.
    pub(crate) async fn done(&mut self, key: &KeyPair, method: &str, params: Value) -> Value {
        let reply = self.signed(key, method, params).await;
        assert_eq!(reply["status"], 200, "{method}: {reply}");
        reply["result"].clone()
    }

    /// Returns the next event.
    async fn event(&mut self) -> Value {
        match self.events.pop_front() {
            Some(event) => event,
            None => self.socket.json().await,
        }
    }

    /// Returns the events up to number `last`; they follow each other from number `after` on.
    async fn events(&mut self, after: u64, last: u64) -> Vec<Value> {
        let mut events = Vec::new();
        for seq in after + 1..=last {
            let event = self.event().await;
            assert_eq!(event["seq"], seq, "{event}");
            events.push(event["event"].clone());
        }
        events
    }
}

/// Adds key, time and signature to parameters.
pub(crate) fn signed(key: &KeyPair, mut params: Value) -> Value {
    params["apiKey"] = json!(key.key);
    params["timestamp"] = json!(now_millis());
    let mut pairs: Vec<String> = Vec::new();
    for (name, value) in params.as_object().unwrap() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        pairs.push(format!("{name}={value}"));
    }
    pairs.sort_unstable();
    let text = sign(key, &pairs.join("&"));
    params["signature"] = json!(text.rsplit('=').next().unwrap());
    params
}

/// A limit order on BTCUSDT.
fn limit(side: &str, quantity: &str, price: &str) -> Value {
    json!({ "symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC", "quantity": quantity, "price": price })
}

/// Returns status, code and text of a refusal.
fn refusal(reply: &Value) -> (u64, i64, &str) {
    let error = &reply["error"];
    let text = error["msg"].as_str().unwrap_or_else(|| panic!("{reply}"));
    (reply["status"].as_u64().unwrap(), error["code"].as_i64().unwrap(), text)
}

/// Waits for a pong and `replies` replies, in whatever order.
async fn pong_and_replies(socket: &mut Socket, replies: usize) -> Vec<Value> {
    let (mut heard, mut has_pong) = (Vec::new(), false);
    while heard.len() < replies || !has_pong {
        match socket.hear().await {
            Said::Pong => has_pong = true,
            Said::Json(reply) => heard.push(reply),
            Said::Closed(code) => panic!("closed: {code:?}"),
        }
    }
    heard
}
