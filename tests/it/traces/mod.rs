//! Traces: an order is one trace, from the request to its answer; what is not sampled is not sent; and a receiver that is away,
//! slow or wrong costs traces alone.

mod collector;
mod lost;
mod orders;
mod receiver;

use awc::http::Method;

use crate::{
    api::{Answer, Api, now_millis, sign},
    support::KeyPair,
};

/// Returns a `traceparent` of a trace, with or without the sampled flag.
fn parent(trace: &str, is_sampled: bool) -> String {
    format!("00-{trace}-{PARENT}-0{}", u8::from(is_sampled))
}

/// The span of the caller.
const PARENT: &str = "00f067aa0ba902b7";

/// Places an order as part of a trace.
async fn order_in_trace(api: &Api, key: &KeyPair, params: &str, parent: &str) -> Answer {
    let body = sign(key, &format!("{params}&timestamp={}", now_millis()));
    let headers = [("X-MBX-APIKEY", key.key.as_str()), ("traceparent", parent)];
    let answer = api.send(Method::POST, "/api/v3/order", &headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}
