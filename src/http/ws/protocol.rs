//! The requests of a market stream connection, and the answers.

use serde::Deserialize;
use serde_json::{Value, error::Category, value::RawValue};

use crate::http::wire::json::Json;

const ID_LEN_MAX: usize = 36;

/// A client's request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// Adds streams.
    Subscribe(Vec<String>),
    /// Removes streams.
    Unsubscribe(Vec<String>),
    /// Lists the streams.
    List,
    /// Sets whether frames are wrapped in `{"stream","data"}`.
    SetCombined(bool),
    /// Asks whether frames are wrapped.
    GetCombined,
}

/// A request with its id, verbatim.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    /// The id: an integer, a string or `null`.
    pub(super) id: &'a str,
    /// The request itself.
    pub(super) control: Control,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Method {
    Subscribe,
    Unsubscribe,
    ListSubscriptions,
    SetProperty,
    GetProperty,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    method: Method,
    params: Option<Vec<Value>>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// Reads a request.
///
/// # Errors
/// The error frame.
pub(super) fn parse(text: &str) -> Result<Request<'_>, String> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|fault| match fault.classify() {
        Category::Data => error(2, &format!("Invalid request: {fault}"), None),
        _ => error(3, &format!("Invalid JSON: {fault}"), None),
    })?;
    let id = envelope.id.map_or("null", RawValue::get);
    if !is_id(id) {
        return Err(error(2, "Invalid request: request ID must be an unsigned integer", None));
    }
    let params = envelope.params.unwrap_or_default();
    let control = match envelope.method {
        Method::Subscribe => Control::Subscribe(names(params)?),
        Method::Unsubscribe => Control::Unsubscribe(names(params)?),
        Method::ListSubscriptions => Control::List,
        Method::GetProperty => {
            property(&params, 1, id)?;
            Control::GetCombined
        }
        Method::SetProperty => {
            property(&params, 2, id)?;
            match params.get(1) {
                Some(Value::Bool(combined)) => Control::SetCombined(*combined),
                _ => return Err(error(1, "Invalid value type: expected Boolean", None)),
            }
        }
    };
    Ok(Request { id, control })
}

/// Returns whether JSON is a request's id: an integer, a string of 1 to 36 characters or `null`.
pub(super) fn is_id(token: &str) -> bool {
    let is_text = || {
        serde_json::from_str::<String>(token)
            .is_ok_and(|text| !text.is_empty() && text.chars().count() <= ID_LEN_MAX)
    };
    token == "null" || token.parse::<i64>().is_ok() || is_text()
}

fn names(params: Vec<Value>) -> Result<Vec<String>, String> {
    let name = |param| match param {
        Value::String(name) => Ok(name),
        _ => Err(error(2, "Invalid request: stream name must be a string", None)),
    };
    params.into_iter().map(name).collect()
}

fn property(params: &[Value], count_max: usize, id: &str) -> Result<(), String> {
    match params.first() {
        _ if params.len() > count_max => Err(error(2, "Invalid request: too many parameters", None)),
        Some(Value::String(name)) if name == "combined" => Ok(()),
        Some(Value::String(_)) => Err(error(0, "Unknown property", Some(id))),
        _ => Err(error(2, "Invalid request: property name must be a string", None)),
    }
}

/// Returns an error frame.
pub(super) fn error(code: u64, message: &str, id: Option<&str>) -> String {
    write(|json| {
        json.field("code").number(code);
        json.field("msg").text(message);
        if let Some(id) = id {
            json.field("id").raw(id);
        }
    })
}

/// Returns the frame that acknowledges a request.
pub(super) fn done(id: &str) -> String {
    write(|json| {
        json.field("result").raw("null");
        json.field("id").raw(id);
    })
}

/// Returns the frame that lists names.
pub(super) fn listed<'a>(id: &str, names: impl Iterator<Item = &'a str>) -> String {
    write(|json| {
        json.field("result").array(|json| names.for_each(|name| json.item().text(name)));
        json.field("id").raw(id);
    })
}

/// Returns the frame that reports whether frames are wrapped.
pub(super) fn property_is(id: &str, value: bool) -> String {
    write(|json| {
        json.field("result").boolean(value);
        json.field("id").raw(id);
    })
}

fn write(fill: impl FnOnce(&mut Json)) -> String {
    let mut json = Json::with_capacity(96);
    json.object(fill);
    json.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_word_for_word() {
        let longest = format!("\"{}\"", "x".repeat(36));
        for id in ["1", "-7", "9223372036854775807", "null", "\"a-b\"", "\"\\u0041\"", &longest] {
            let text = format!(r#"{{"method":"LIST_SUBSCRIPTIONS","id":{id}}}"#);
            let request = parse(&text).unwrap();
            assert_eq!(request, Request { id, control: Control::List });
            assert_eq!(done(request.id), format!(r#"{{"result":null,"id":{id}}}"#));
        }
        assert_eq!(parse(r#"{"method":"LIST_SUBSCRIPTIONS"}"#).unwrap().id, "null");
        let too_long = format!("\"{}\"", "x".repeat(37));
        for id in ["1.5", "9223372036854775808", "[]", "true", "\"\"", &too_long] {
            let text = format!(r#"{{"method":"LIST_SUBSCRIPTIONS","id":{id}}}"#);
            assert!(parse(&text).unwrap_err().starts_with(r#"{"code":2,"#), "{id}");
        }
    }

    #[test]
    fn requests_are_read() {
        let control = |text: &str| parse(text).unwrap().control;
        assert_eq!(
            control(r#"{"id":1,"params":["a@trade","b@depth"],"method":"SUBSCRIBE"}"#),
            Control::Subscribe(vec!["a@trade".to_owned(), "b@depth".to_owned()])
        );
        assert_eq!(control(r#"{"method":"UNSUBSCRIBE","params":[],"id":1}"#), Control::Unsubscribe(vec![]));
        assert_eq!(
            control(r#"{"method":"SET_PROPERTY","params":["combined",true],"id":5}"#),
            Control::SetCombined(true)
        );
        assert_eq!(
            control(r#"{"method":"GET_PROPERTY","params":["combined"],"id":2}"#),
            Control::GetCombined
        );
    }

    #[test]
    fn what_is_wrong_is_said_the_way_binance_says_it() {
        let wrong = |text: &str| parse(text).unwrap_err();
        assert_eq!(
            wrong("{"),
            r#"{"code":3,"msg":"Invalid JSON: EOF while parsing an object at line 1 column 1"}"#
        );
        assert!(wrong("").starts_with(r#"{"code":3,"msg":"Invalid JSON: "#));
        let unknown = wrong(r#"{"method":"SUB","id":1}"#);
        assert!(unknown.starts_with(
            "{\"code\":2,\"msg\":\"Invalid request: unknown variant `SUB`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1"
        ), "{unknown}");
        assert!(
            wrong(r#"{"id":1}"#).starts_with("{\"code\":2,\"msg\":\"Invalid request: missing field `method`")
        );
        assert_eq!(
            wrong(r#"{"method":"GET_PROPERTY","params":["other"],"id":7}"#),
            r#"{"code":0,"msg":"Unknown property","id":7}"#
        );
        assert_eq!(
            wrong(r#"{"method":"SET_PROPERTY","params":["combined","yes"],"id":7}"#),
            r#"{"code":1,"msg":"Invalid value type: expected Boolean"}"#
        );
        assert_eq!(
            wrong(r#"{"method":"SUBSCRIBE","params":[1],"id":7}"#),
            r#"{"code":2,"msg":"Invalid request: stream name must be a string"}"#
        );
    }
}
