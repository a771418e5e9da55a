//! The parsers of this layer in isolation, for fuzzing.

use bytes::Bytes;

use super::{
    orders::request::read_order,
    wire::params::Params,
    ws::fuzzing::{fragments, request},
};
use crate::domain::{instruments::symbol::SymbolSpec, types::id::AccountId};

/// Reads bytes as the query and the body of an order, split at the first zero.
pub fn order(bytes: &[u8], spec: &SymbolSpec) {
    let (query, body) = match bytes.iter().position(|&byte| byte == 0) {
        Some(place) => (&bytes[..place], &bytes[place + 1..]),
        None => (bytes, &bytes[..0]),
    };
    let Ok(query) = std::str::from_utf8(query) else { return };
    let Ok(params) = Params::decode(query, body) else { return };
    // Whether it is an order does not matter, only that the parser returns.
    let _ = read_order(&params, spec, AccountId::new(1));
    let _ = (params.time_unit(), params.limit(1, 2), params.boolean("a"), params.all_read());
}

/// Reads bytes as the messages of a WebSocket client: whole, and in fragments.
pub fn websocket(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        request(text);
    }
    fragments(&Bytes::copy_from_slice(bytes));
}
