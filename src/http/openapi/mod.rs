//! The API described in OpenAPI 3.1, for tools: `GET /api-docs/openapi.json`.
//!
//! The route index states the routes, their access rules and their weights; `operations` adds the rest, `params`
//! describes the parameters and `schemas` the bodies. A copy is kept in `docs/openapi.json`, so that every change of
//! the API shows in a diff.

mod operation;
mod operations;
mod params;
mod responses;
mod schemas;
mod shape;

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use self::{operation::Operation, operations::GROUPS, shape::reference};
use super::{
    auth::{
        authenticate::{COOKIE, CSRF_HEADER, KEY_HEADER},
        security::Security,
    },
    routing::endpoint::Endpoint,
};

/// Returns the document of a route index. There is one, described at the first call.
pub(super) fn text(endpoints: &[Endpoint]) -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| document(endpoints).to_string())
}

fn document(endpoints: &[Endpoint]) -> Value {
    let tags: Vec<Value> = GROUPS.iter().map(|(name, _)| json!({ "name": name })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lightning Exchange",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT", "identifier": "MIT" },
            "description": "A spot exchange compatible with Binance Spot; /x/v1 is its own. Parameters of POST, PUT and \
                DELETE may be in the query or in a form body, unless the operation has a JSON body. Operations on orders \
                and accounts reject unknown parameters with -1104; ping, time, exchangeInfo and public market data ignore \
                them. An unknown path is answered with 404, and a method a path does not have with 405, both with code \
                -1020.",
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths(endpoints),
        "components": {
            "securitySchemes": security_schemes(),
            "schemas": schemas(),
            "headers": responses::headers(),
            "responses": responses::refusals(),
        },
    })
}

fn schemas() -> Map<String, Value> {
    let all = schemas::all();
    all.iter()
        .map(|(name, description, shape)| {
            let mut schema = shape.schema(&all);
            if !description.is_empty() {
                schema["description"] = json!(description);
            }
            ((*name).to_owned(), schema)
        })
        .collect()
}

fn paths(endpoints: &[Endpoint]) -> Map<String, Value> {
    let mut paths = Map::new();
    for endpoint in endpoints {
        let route = format!("{} {}", endpoint.method, endpoint.path);
        let found = GROUPS.iter().find_map(|(tag, operations)| {
            operations.iter().find(|operation| operation.route == route).map(|operation| (*tag, operation))
        });
        if let Some((tag, operation)) = found {
            let methods = paths.entry(endpoint.path).or_insert_with(|| json!({}));
            methods[endpoint.method.as_str().to_lowercase()] = described(endpoint, operation, tag);
        }
    }
    paths
}

fn described(endpoint: &Endpoint, operation: &Operation, tag: &str) -> Value {
    let mut parameters = params::describe(operation.params);
    match endpoint.security {
        Security::Trade | Security::TradeJson | Security::UserData => {
            parameters.extend(params::describe("timestamp recvWindow"));
        }
        _ => {}
    }
    if endpoint.waits_for_position() {
        parameters.extend(params::describe("minSeq"));
    }
    parameters.extend(params::describe("X-MBX-TIME-UNIT"));
    let mut described = json!({
        "operationId": operation_id(endpoint),
        "tags": [tag],
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses::of(endpoint, operation),
        "security": security(endpoint, operation),
        "x-weight": endpoint.weight,
    });
    if let Some(body) = operation.body {
        let content = json!({ "application/json": { "schema": reference("schemas", body) } });
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    if operation.is_deprecated {
        described["deprecated"] = json!(true);
    }
    described
}

/// Names an operation: `GET /api/v3/ticker/24hr` is `getApiV3Ticker24hr`.
fn operation_id(endpoint: &Endpoint) -> String {
    let mut id = endpoint.method.as_str().to_lowercase();
    for part in endpoint.path.split(['/', '.', '-']).filter(|part| !part.is_empty()) {
        let (first, rest) = part.split_at(1);
        id.extend([&first.to_uppercase(), rest]);
    }
    if endpoint.path.ends_with('/') {
        id.push_str("Slash");
    }
    id
}

fn security_schemes() -> Value {
    json!({
        "apiKey": { "type": "apiKey", "in": "header", "name": KEY_HEADER.to_uppercase(), "description": "An API key, with a signature." },
        "signature": { "type": "apiKey", "in": "query", "name": "signature", "description":
            "HMAC-SHA256 in hexadecimal, Ed25519 or RSA in base64, over query and body as sent: docs/api.md." },
        "session": { "type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A browser's session." },
        "csrf": { "type": "apiKey", "in": "header", "name": CSRF_HEADER.to_uppercase(), "description": "The session's `csrfToken`." },
        "operator": { "type": "http", "scheme": "bearer", "description": "The operator's token." },
    })
}

fn security(endpoint: &Endpoint, operation: &Operation) -> Value {
    let session = json!({ "session": [], "csrf": [] });
    match endpoint.security {
        Security::Trade | Security::TradeJson | Security::UserData => {
            json!([{ "apiKey": [], "signature": [] }, session])
        }
        Security::Browser if operation.is_open => json!([]),
        Security::Browser if endpoint.method == "GET" => json!([{ "session": [] }]),
        Security::Browser => json!([session]),
        Security::Operator => json!([{ "operator": [] }]),
        Security::Public | Security::Probe => json!([]),
    }
}

#[cfg(test)]
mod tests;
