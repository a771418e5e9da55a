//! A request of the WebSocket API as received: its id verbatim, its numbers with the client's digits.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::{
    wire::{error::ApiError, params::Params},
    ws::protocol::is_id,
};

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// The id: an integer, a string or `null`, as JSON.
    pub(super) id: String,
    /// The method's name, without its version.
    pub(super) method: String,
    /// The parameters.
    pub(super) params: Params<'static>,
}

/// A malformed request's error, and its id if it could be read.
#[derive(Debug)]
pub(super) struct BadRequest {
    /// The id, or `null`.
    pub(super) id: String,
    /// The refusal.
    pub(super) error: ApiError,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// Reads a request.
///
/// # Errors
/// -1135 for a malformed request; -1100 and -1101 for its parameters.
pub(super) fn parse(text: &str) -> Result<Request, BadRequest> {
    let unreadable = |error| BadRequest { id: "null".to_owned(), error };
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|_| unreadable(ApiError::json()))?;
    let id = envelope.id.map_or("null", RawValue::get);
    if !is_id(id) {
        return Err(unreadable(ApiError::json_parameter("id")));
    }
    let bad = |error| BadRequest { id: id.to_owned(), error };
    let method = envelope.method.and_then(|method| serde_json::from_str::<String>(method.get()).ok());
    let method = method.ok_or_else(|| bad(ApiError::json_parameter("method")))?;
    let method = method.strip_prefix("v3/").map(str::to_owned).unwrap_or(method);
    let params = match envelope.params.map(RawValue::get) {
        None | Some("null") => Params::default(),
        Some(params) => Params::from_json(params).map_err(bad)?,
    };
    Ok(Request { id: id.to_owned(), method, params })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, i32, String) {
        let BadRequest { id, error } = parse(text).unwrap_err();
        (id, error.code(), error.to_string())
    }

    #[test]
    fn numbers_keep_their_digits_and_everything_else_its_value() {
        let text = r#"{"params":{"price":45000.10,"quantity":1e-05,"flag":true,"text":"a\u0041\"","none":null,
            "symbols":["BTCUSDT", "ETHUSDT"],"big":123456789.123456789123456789},"method":"v3/order.place","id":7}"#;
        let Request { id, method, params } = parse(text).unwrap();
        assert_eq!((id.as_str(), method.as_str()), ("7", "order.place"));
        let got = |name| params.get(name);
        assert_eq!(got("price"), Some("45000.10"));
        assert_eq!(got("quantity"), Some("1e-05"));
        assert_eq!(got("flag"), Some("true"));
        assert_eq!(got("text"), Some("aA\""));
        assert_eq!(got("none"), None, "null is not sent");
        assert_eq!(got("symbols"), Some(r#"["BTCUSDT", "ETHUSDT"]"#));
        assert_eq!(got("big"), Some("123456789.123456789123456789"));
    }

    #[test]
    fn ids_come_back_word_for_word() {
        for id in ["1", "-7", "9223372036854775807", "null", "\"a-b\"", "\"\\u0041\""] {
            assert_eq!(parse(&format!(r#"{{"id":{id},"method":"ping"}}"#)).unwrap().id, id);
        }
        assert_eq!(parse(r#"{"method":"ping"}"#).unwrap().id, "null");
    }

    #[test]
    fn what_is_no_request_says_so() {
        let json = "Invalid JSON Request".to_owned();
        for text in ["", "{", "[]", "7", "\"x\"", "{\"id\":1,\"method\":\"ping\"} x"] {
            assert_eq!(refused(text), ("null".to_owned(), -1135, json.clone()), "{text}");
        }
        let named = |name: &str| format!("JSON sent for parameter '{name}' is not valid");
        for id in ["1.5", "true", "[]", "\"\""] {
            let text = format!(r#"{{"id":{id},"method":"ping"}}"#);
            assert_eq!(refused(&text), ("null".to_owned(), -1135, named("id")), "{id}");
        }
        let one = "1".to_owned();
        for text in [r#"{"id":1}"#, r#"{"id":1,"method":5}"#] {
            assert_eq!(refused(text), (one.clone(), -1135, named("method")));
        }
        let params = refused(r#"{"id":1,"method":"ping","params":[1]}"#);
        assert_eq!(params, (one.clone(), -1135, named("params")));
        let twice = refused(r#"{"id":1,"method":"ping","params":{"a":1,"a":1}}"#);
        assert_eq!((twice.0, twice.1), (one, -1101));
    }

    #[test]
    fn the_published_request_signs_to_the_published_signature() {
        let text = r#"{"id":1,"method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL","type":"LIMIT",
            "timeInForce":"GTC","quantity":"0.01000000","price":"52000.00","recvWindow":100,
            "timestamp":1645423376532,"apiKey":"vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
            "signature":"aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"}}"#;
        let params = parse(text).unwrap().params;
        let secret = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
        let key = crate::auth::HmacKey::new(secret);
        let signature = params.get("signature").unwrap().as_bytes();
        assert!(key.verifies(&[params.signed_text().as_bytes()], signature));
    }

    #[test]
    fn numbers_and_booleans_are_signed_as_they_were_sent() {
        let text =
            r#"{"id":1,"method":"x","params":{"b":1e-05,"a":false,"c":null,"signature":"s","B":"x y"}}"#;
        assert_eq!(parse(text).unwrap().params.signed_text(), "B=x y&a=false&b=1e-05");
    }
}
