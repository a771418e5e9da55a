//! The responses: the reply, the possible refusals, and their headers.

use serde_json::{Map, Value, json};

use super::{
    operation::Operation,
    shape::{of_type, reference},
};
use crate::http::{
    auth::security::Security,
    operator::health,
    routing::{endpoint::Endpoint, request_context::Reply},
};

/// A header, the type of its value, and its description.
#[rustfmt::skip]
const HEADERS: &[(&str, &str, &str)] = &[
    ("X-MBX-USED-WEIGHT", "id", "The request weight the caller's address has used this minute."),
    ("X-MBX-USED-WEIGHT-1M", "id", "The same as `X-MBX-USED-WEIGHT`."),
    ("X-MBX-UUID", "string", "The id of the request, as in the log."),
    ("X-MBX-ORDER-COUNT-10S", "id", "The unfilled orders the account has placed in the current ten seconds."),
    ("X-MBX-ORDER-COUNT-1D", "id", "The unfilled orders the account has placed today."),
    ("X-Engine-Seq", "id", "The position at which the command is durable; a read with it as `minSeq` reflects the command."),
    ("X-Lightning-Reach", "id", "Only if the list may be incomplete: the id, or the time in milliseconds, from which it is complete."),
    ("X-Lightning-History-Seq", "id", "Only if the reply comes from the SQL history: the last frame it had ingested."),
    ("Retry-After", "id", "Seconds to wait before trying again."),
    ("Set-Cookie", "string", "The session cookie, or its removal."),
];

/// The headers of every response.
const ALWAYS: [&str; 3] = ["X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M", "X-MBX-UUID"];

/// A status, the name of its component, its description, and whether it has `Retry-After`.
#[rustfmt::skip]
const REFUSALS: &[(u16, &str, &str, bool)] = &[
    (400, "BadRequest", "The request is malformed, or a rule refuses it; the code states which.", false),
    (401, "Unauthorized", "The key, session or token is missing or wrong: -1002, -2014, -2015.", false),
    (403, "Forbidden", "The request comes from a page of another origin, has no CSRF token, or is not allowed in this session: -1002.", false),
    (404, "NotFound", "The path does not exist: -1020.", false),
    (405, "MethodNotAllowed", "The path does not have this method: -1020. `Allow` lists those it has.", false),
    (408, "RequestTooLate", "The request did not arrive in time and was not processed: -93010.", false),
    (413, "BodyTooLarge", "The body is too large: -93005.", false),
    (418, "Banned", "The address kept sending after 429: -1003.", true),
    (421, "Misdirected", "The `Host` is not served by this exchange: -95002.", false),
    (429, "TooMany", "A rate limit is exceeded: -1003 for the address, -1015 for the account's orders.", true),
    (500, "Broken", "Internal error: -1000. The outcome of a command is unknown.", false),
    (503, "Unavailable", "Overloaded (-1008), stopping (-1016), a shard out of service (-1001), `minSeq` not reached (-93001), or no history (-94002).", true),
    (504, "TooLate", "No answer in time: -1007. The outcome of a command is unknown.", false),
];

/// Returns the headers by name.
pub(super) fn headers() -> Map<String, Value> {
    let header = |(name, kind, text): &(&str, &str, &str)| {
        ((*name).to_owned(), json!({ "description": text, "schema": of_type(kind) }))
    };
    HEADERS.iter().map(header).collect()
}

/// Returns the refusals by name.
pub(super) fn refusals() -> Map<String, Value> {
    let refusal = |(_, name, text, waits): &(u16, &str, &str, bool)| {
        let headers = with_headers(if *waits { "Retry-After" } else { "" });
        ((*name).to_owned(), answer(text, Reply::JSON, "Error", headers))
    };
    REFUSALS.iter().map(refusal).collect()
}

/// Returns every response of an operation by status.
pub(super) fn of(endpoint: &Endpoint, operation: &Operation) -> Map<String, Value> {
    let mut answers = Map::new();
    if let Some(reply) = operation.reply {
        let content_type = if endpoint.path == "/metrics" { health::OPEN_METRICS } else { Reply::JSON };
        let headers = with_headers(operation.headers);
        answers.insert("200".to_owned(), answer("Success.", content_type, reply, headers));
    }
    for (status, name, ..) in REFUSALS.iter().filter(|(status, ..)| occurs(*status, endpoint, operation)) {
        answers.insert(status.to_string(), reference("responses", name));
    }
    for (status, text) in operation.refusals {
        answers.insert(status.to_string(), answer(text, Reply::JSON, "Error", with_headers("")));
    }
    if endpoint.path == "/health/ready" {
        let text = "Orders are not accepted.";
        answers.insert("503".to_owned(), answer(text, Reply::JSON, "Ready", with_headers("")));
    }
    answers
}

/// Returns whether the response can have this status.
fn occurs(status: u16, endpoint: &Endpoint, operation: &Operation) -> bool {
    let is_probe = endpoint.security == Security::Probe;
    match status {
        400 | 408 | 413 | 421 => true,
        401 => !matches!(endpoint.security, Security::Public | Security::Probe) && !operation.is_open,
        403 => {
            !matches!(endpoint.security, Security::Public | Security::Probe | Security::Operator)
                && !operation.is_open
        }
        418 | 429 | 500 => !is_probe,
        503 => !operation.is_local || endpoint.waits_for_position(),
        504 => !operation.is_local,
        _ => false,
    }
}

fn answer(description: &str, content_type: &str, kind: &str, headers: Map<String, Value>) -> Value {
    let media_type = content_type.split(';').next().unwrap_or_default();
    json!({
        "description": description,
        "headers": headers,
        "content": { media_type: { "schema": of_type(kind) } },
    })
}

fn with_headers(more: &str) -> Map<String, Value> {
    ALWAYS
        .into_iter()
        .chain(more.split_whitespace())
        .map(|name| (name.to_owned(), reference("headers", name)))
        .collect()
}
