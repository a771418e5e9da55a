//! Sends requests and reads the replies.

use awc::http::Method;
use lightning_exchange::client::{Client, ClientError, Credentials, Reply};
use serde_json::{Value, json};

use super::{
    amount::text,
    parse,
    record::{Answer, Kind, PlaceOrder, Request, Transfer},
};

const ORDER: &str = "/api/v3/order";
const REPLACE_PARTLY_FAILED: i64 = -2021;
const BUSY: i64 = -1008;

/// The outcome of a request, as its sender sees it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and most are answers")]
pub(super) enum Outcome {
    /// Done.
    Done(Answer),
    /// Definitely not done.
    Refused { status: u16, code: i64, message: String },
    /// The outcome is unknown; `is_down` if the server could not be reached at all.
    Unknown { reason: String, is_down: bool },
}

/// Sends one request.
pub(super) async fn send(
    client: &Client,
    account: u64,
    credentials: &Credentials,
    request: &Request,
) -> Outcome {
    let mut query: Vec<(&str, String)> = Vec::with_capacity(12);
    let mut headers = Vec::new();
    let (method, path) = match request {
        Request::Place(place) => {
            describe(place, &mut query);
            if place.keyed {
                headers.push(("X-Idempotency-Key", place.name.as_str()));
            }
            (Method::POST, ORDER)
        }
        Request::Cancel { symbol, order, name } => {
            query.push(("symbol", symbol.name().to_owned()));
            match order {
                Some(id) => query.push(("orderId", id.to_string())),
                None => query.push(("origClientOrderId", name.clone())),
            }
            (Method::DELETE, ORDER)
        }
        Request::Amend { symbol, order, qty, name } => {
            query.push(("symbol", symbol.name().to_owned()));
            query.push(("orderId", order.to_string()));
            query.push(("newQty", text(*qty)));
            query.push(("newClientOrderId", name.clone()));
            (Method::PUT, "/api/v3/order/amend/keepPriority")
        }
        Request::Replace { order, place } => {
            describe(place, &mut query);
            query.push(("cancelReplaceMode", "STOP_ON_FAILURE".to_owned()));
            query.push(("cancelOrderId", order.to_string()));
            (Method::POST, "/api/v3/order/cancelReplace")
        }
        Request::Transfer(transfer) => return send_transfer(client, account, transfer).await,
    };
    let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match client.signed_reply(credentials, method, path, &pairs, &headers).await {
        Ok(reply) => read(request, &reply),
        Err(error) => failed(&error),
    }
}

fn describe(place: &PlaceOrder, query: &mut Vec<(&'static str, String)>) {
    let mut add = |name, value: &str| query.push((name, value.to_owned()));
    add("symbol", place.symbol.name());
    add("side", if place.buy { "BUY" } else { "SELL" });
    add("newClientOrderId", &place.name);
    add("newOrderRespType", &place.response_type);
    add("selfTradePreventionMode", &place.stp);
    let (kind, in_force) = match place.kind {
        Kind::Gtc => ("LIMIT", Some("GTC")),
        Kind::Ioc => ("LIMIT", Some("IOC")),
        Kind::Fok => ("LIMIT", Some("FOK")),
        Kind::Maker => ("LIMIT_MAKER", None),
        Kind::Market | Kind::MarketQuote => ("MARKET", None),
    };
    add("type", kind);
    if let Some(in_force) = in_force {
        add("timeInForce", in_force);
    }
    let is_by_quote = place.kind == Kind::MarketQuote;
    add(if is_by_quote { "quoteOrderQty" } else { "quantity" }, &text(place.qty));
    if kind != "MARKET" {
        add("price", &text(place.price));
    }
}

fn failed(error: &ClientError) -> Outcome {
    let is_down = matches!(error, ClientError::Unreachable { .. });
    Outcome::Unknown { reason: error.to_string(), is_down }
}

fn read(request: &Request, reply: &Reply) -> Outcome {
    let body = &reply.body;
    let code = body["code"].as_i64().unwrap_or_default();
    let message = body["msg"].as_str().unwrap_or_default().to_owned();
    if code == REPLACE_PARTLY_FAILED {
        return answered(answer(request, &body["data"]), body);
    }
    match reply.status {
        200..=299 => answered(answer(request, body), body),
        500.. if code != BUSY => Outcome::Unknown {
            reason: format!("status {}: {message} ({code})", reply.status),
            is_down: false,
        },
        status => Outcome::Refused { status, code, message },
    }
}

fn answered(answer: Option<Answer>, body: &Value) -> Outcome {
    match answer {
        Some(answer) => Outcome::Done(answer),
        None => Outcome::Unknown { reason: format!("not the answer documented: {body}"), is_down: false },
    }
}

fn answer(request: &Request, body: &Value) -> Option<Answer> {
    match request {
        Request::Place(_) => {
            Some(Answer::Placed { order: parse::order(body)?, fills: parse::seen_fills(body)? })
        }
        Request::Cancel { .. } => parse::order(body).map(Answer::Cancelled),
        Request::Amend { .. } => parse::order(&body["amendedOrder"]).map(Answer::Amended),
        Request::Replace { .. } => {
            let is_done = |name: &str| body[name].as_str() == Some("SUCCESS");
            let cancelled = match is_done("cancelResult") {
                true => Some(parse::order(&body["cancelResponse"])?),
                false => None,
            };
            let placed = match is_done("newOrderResult") {
                true => {
                    let response = &body["newOrderResponse"];
                    Some((parse::order(response)?, parse::seen_fills(response)?))
                }
                false => None,
            };
            Some(Answer::Replaced { cancelled, placed })
        }
        Request::Transfer(_) => {
            let (free, locked) = (parse::amount(&body["free"])?, parse::amount(&body["locked"])?);
            Some(Answer::Transferred { free, locked })
        }
    }
}

/// Moves money through the operator's API.
pub(super) async fn send_transfer(client: &Client, account: u64, transfer: &Transfer) -> Outcome {
    let path = if transfer.deposit { "/x/v1/operator/deposit" } else { "/x/v1/operator/withdraw" };
    let body = json!({
        "accountId": account,
        "asset": transfer.asset.name(),
        "amount": text(transfer.amount),
        "requestId": transfer.id,
    });
    match client.operate(Method::POST, path, &body).await {
        Ok(body) => answered(answer(&Request::Transfer(transfer.clone()), &body), &body),
        Err(ClientError::Refused { status, code, message, .. }) if status < 500 || code == BUSY => {
            Outcome::Refused { status, code, message }
        }
        Err(error) => failed(&error),
    }
}
