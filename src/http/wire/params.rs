//! Reads parameters from the query string and the form body, whatever the Content-Type is: real clients send forms as
//! JSON, DELETE with a body, and mixes of both.

use std::{borrow::Cow, cell::Cell, collections::BTreeMap};

use percent_encoding::percent_decode_str;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    error::ApiError,
    time_unit::{TimeRange, TimeUnit, read_time},
};
use crate::domain::{messages::command::REQUEST_ID_LEN_MAX, types::time::Timestamp};

/// The most parameters of a request; no endpoint has half as many.
const PARAMS_MAX: usize = 64;

#[derive(Debug)]
struct Param<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    read: Cell<bool>,
}

/// The parameters of a request. Parameters that no handler reads are rejected by [`Params::all_read`].
#[derive(Debug, Default)]
pub(crate) struct Params<'a> {
    params: Vec<Param<'a>>,
}

impl<'a> Params<'a> {
    /// Decodes both; for a parameter in both, the query's value is used.
    ///
    /// # Errors
    /// -1101 for a name twice in one place or too many parameters, -1100 for invalid UTF-8.
    pub(crate) fn decode(query: &'a str, body: &'a [u8]) -> Result<Self, ApiError> {
        let body = std::str::from_utf8(body).map_err(|_| ApiError::illegal_characters())?;
        let mut params =
            Self { params: Vec::with_capacity(if query.is_empty() && body.is_empty() { 0 } else { 16 }) };
        params.add(query)?;
        params.add(body)?;
        Ok(params)
    }

    /// Reads the members of a JSON object. A string yields its text, any other value its JSON, so a number keeps its
    /// original digits. `null` is the same as a missing member.
    ///
    /// # Errors
    /// -1135 for anything but an object, -1101 for a name twice or too many parameters.
    pub(crate) fn from_json(text: &str) -> Result<Params<'static>, ApiError> {
        let broken = |_| ApiError::json_parameter("params");
        let Members(members) = serde_json::from_str(text).map_err(broken)?;
        let mut params: Vec<Param<'static>> = Vec::with_capacity(members.len());
        for (name, token) in members {
            let token = token.get();
            let value = json_text(token).map_err(broken)?.into_owned();
            if params.iter().any(|param| param.name == name) {
                return Err(ApiError::duplicate_parameter());
            }
            if params.len() == PARAMS_MAX {
                return Err(ApiError::too_many_parameters(PARAMS_MAX));
            }
            if token != "null" {
                params.push(Param {
                    name: Cow::Owned(name),
                    value: Cow::Owned(value),
                    read: Cell::new(false),
                });
            }
        }
        Ok(Params { params })
    }

    /// Reads the members of an object in the JSON list that the parameter `list` carries, each as a form would carry its
    /// text: an empty string is a value sent empty.
    ///
    /// # Errors
    /// -1135 for a value that is an object, a list or `null`, -1101 for too many parameters.
    pub(crate) fn from_members(
        members: &'a BTreeMap<String, &'a RawValue>,
        list: &'static str,
    ) -> Result<Self, ApiError> {
        let param = |(name, value): (&'a String, &&'a RawValue)| {
            let token = value.get();
            let text = match token.as_bytes().first() {
                Some(b'{' | b'[' | b'n') | None => None,
                Some(_) => json_text(token).ok(),
            };
            let value = text.ok_or_else(|| ApiError::json_parameter(list))?;
            Ok(Param { name: Cow::Borrowed(name), value, read: Cell::new(false) })
        };
        let params = members.iter().map(param).collect::<Result<Vec<_>, ApiError>>()?;
        if params.len() > PARAMS_MAX {
            return Err(ApiError::too_many_parameters(PARAMS_MAX));
        }
        Ok(Self { params })
    }

    /// Adds the members of a JSON body, read as by [`Params::from_json`].
    ///
    /// # Errors
    /// -1135 when the body is not a JSON object, -1101 for a name twice or too many parameters.
    pub(crate) fn add_json(&mut self, body: &[u8]) -> Result<(), ApiError> {
        let text = std::str::from_utf8(body).map_err(|_| ApiError::json())?;
        let no_json =
            |error: ApiError| if error.code() == ApiError::json().code() { ApiError::json() } else { error };
        let members = Self::from_json(text).map_err(no_json)?.params;
        if members.iter().any(|member| self.params.iter().any(|known| known.name == member.name)) {
            return Err(ApiError::duplicate_parameter());
        }
        self.params.extend(members);
        if self.params.len() > PARAMS_MAX { Err(ApiError::too_many_parameters(PARAMS_MAX)) } else { Ok(()) }
    }

    /// Builds parameters from pairs; names must be unique.
    pub(crate) fn of(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let param = |(name, value)| Param {
            name: Cow::Borrowed(name),
            value: Cow::Borrowed(value),
            read: Cell::new(false),
        };
        Self { params: pairs.into_iter().map(param).collect() }
    }

    /// Returns the text a WebSocket client signs: all parameters but the signature, sorted by name, as `k=v` joined by
    /// `&`.
    pub(crate) fn signed_text(&self) -> String {
        let mut params: Vec<(&str, &str)> = self.pairs().filter(|(name, _)| *name != "signature").collect();
        params.sort_unstable();
        let mut text = String::with_capacity(256);
        for (name, value) in params {
            if !text.is_empty() {
                text.push('&');
            }
            text.extend([name, "=", value]);
        }
        text
    }

    fn add(&mut self, text: &'a str) -> Result<(), ApiError> {
        let earlier = self.params.len();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            match self.params.iter().position(|param| param.name == name) {
                Some(place) if place < earlier => continue, // the query wins
                Some(_) => return Err(ApiError::duplicate_parameter()),
                None if self.params.len() == PARAMS_MAX => {
                    return Err(ApiError::too_many_parameters(PARAMS_MAX));
                }
                None => self.params.push(Param { name, value, read: Cell::new(false) }),
            }
        }
        Ok(())
    }

    /// Returns every parameter, as sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|param| (param.name.as_ref(), param.value.as_ref()))
    }

    /// Returns the value as it was sent, or `None` when it was not.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let param = self.params.iter().find(|param| param.name == name)?;
        param.read.set(true);
        Some(&param.value)
    }

    /// Returns an optional value.
    ///
    /// # Errors
    /// -1105 when it was sent empty.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        match self.get(name) {
            Some("") => Err(ApiError::empty_parameter(name)),
            value => Ok(value),
        }
    }

    /// Returns a mandatory value.
    ///
    /// # Errors
    /// -1102 when it was not sent, -1105 when it was sent empty.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, ApiError> {
        self.optional(name)?.ok_or_else(|| ApiError::missing_parameter(name))
    }

    /// Rejects a parameter that is not allowed here.
    ///
    /// # Errors
    /// -1106 when it was sent.
    pub(crate) fn forbidden(&self, name: &'static str) -> Result<(), ApiError> {
        match self.get(name) {
            Some(_) => Err(ApiError::not_required(name)),
            None => Ok(()),
        }
    }

    /// Reads a whole number.
    ///
    /// # Errors
    /// -1100 unless it is 1 to 20 digits, -1108 when it does not fit.
    pub(crate) fn integer(&self, name: &'static str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        if text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ApiError::illegal(name, "^[0-9]{1,20}$"));
        }
        text.parse().map(Some).map_err(|_| ApiError::overflow(name))
    }

    /// Reads a time in milliseconds or microseconds.
    ///
    /// # Errors
    /// As [`Params::integer`].
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
        Ok(self.integer(name)?.map(read_time))
    }

    /// Reads `startTime` and `endTime`.
    ///
    /// # Errors
    /// As [`Params::integer`]; -1128 when the end is before the start.
    pub(crate) fn time_range(&self) -> Result<TimeRange, ApiError> {
        let (start, end) = (self.integer("startTime")?, self.integer("endTime")?);
        TimeRange::of(start, end).ok_or_else(|| ApiError::reversed_times(start, end))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// -1130 for anything else.
    pub(crate) fn boolean(&self, name: &'static str) -> Result<Option<bool>, ApiError> {
        match self.optional(name)? {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(ApiError::unacceptable(name, "it is neither true nor false")),
        }
    }

    /// Reads `limit`; more than `max` is `max`.
    ///
    /// # Errors
    /// -1100 for a malformed number, -1130 for 0.
    pub(crate) fn limit(&self, default: usize, max: usize) -> Result<usize, ApiError> {
        match self.integer("limit")? {
            None => Ok(default),
            Some(0) => Err(ApiError::unacceptable("limit", "the least is 1")),
            Some(limit) => Ok(usize::try_from(limit).unwrap_or(max).min(max)),
        }
    }

    /// Reads `timeUnit`.
    ///
    /// # Errors
    /// -1194 for an unknown unit.
    pub(crate) fn time_unit(&self) -> Result<TimeUnit, ApiError> {
        self.get("timeUnit")
            .map_or(Ok(TimeUnit::default()), |text| TimeUnit::parse(text).ok_or_else(ApiError::time_unit))
    }

    /// Rejects parameters that no handler has read: a client that sends one expects an effect.
    ///
    /// # Errors
    /// -1104.
    pub(crate) fn all_read(&self) -> Result<(), ApiError> {
        let read = self.params.iter().filter(|param| param.read.get()).count();
        if read == self.params.len() { Ok(()) } else { Err(ApiError::unread(read, self.params.len())) }
    }
}

/// The members of a JSON object in their order, including duplicates.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Members)
    }
}

/// The text of a JSON value: a string without its quotes and escapes, any other value as it is written.
fn json_text(token: &str) -> serde_json::Result<Cow<'_, str>> {
    match token.as_bytes().first() {
        Some(b'"') => serde_json::from_str(token).map(Cow::Owned),
        _ => Ok(Cow::Borrowed(token)),
    }
}

fn decode(text: &str) -> Result<Cow<'_, str>, ApiError> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| ApiError::illegal_characters())?;
    Ok(Cow::Owned(decoded.into_owned()))
}

/// Requires that the id of a transfer, if it has one, is 1 to 64 bytes.
///
/// # Errors
/// -1130.
pub fn check_request_id(id: Option<&str>) -> Result<(), ApiError> {
    match id.is_some_and(|id| id.is_empty() || id.len() > REQUEST_ID_LEN_MAX) {
        true => Err(ApiError::invalid("requestId")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn params<'a>(query: &'a str, body: &'a str) -> Params<'a> {
        Params::decode(query, body.as_bytes()).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn code<T>(result: Result<T, ApiError>) -> i32 {
        result.err().map_or(0, |error| error.code())
    }

    #[test]
    fn query_and_body_are_one_and_the_query_wins() {
        let params = params("a=1&b=2", "b=3&c=4");
        assert_eq!((params.get("a"), params.get("b"), params.get("c")), (Some("1"), Some("2"), Some("4")));
        assert_eq!(params.get("d"), None);
        assert!(params.all_read().is_ok());
    }

    #[test]
    fn a_name_twice_in_one_place_is_refused() {
        assert_eq!(code(Params::decode("a=1&a=1", b"")), -1101);
        assert_eq!(code(Params::decode("", b"a=1&%61=2")), -1101);
        let many: String = (0..65).map(|index| format!("p{index}=1&")).collect();
        assert_eq!(code(Params::decode(&many, b"")), -1101);
    }

    #[test]
    fn percent_and_plus_are_decoded() {
        let params = params("symbols=%5B%22BTCUSDT%22%5D&x=a+b&&y", "");
        assert_eq!(params.get("symbols"), Some(r#"["BTCUSDT"]"#));
        assert_eq!(params.get("x"), Some("a b"));
        assert_eq!(params.get("y"), Some(""));
        assert_eq!(code(Params::decode("a=%ff", b"")), -1100);
        assert_eq!(code(Params::decode("", b"a=\xff")), -1100);
    }

    #[test]
    fn missing_empty_malformed_and_unwanted_have_their_own_codes() {
        let params = params("e=&n=12x&big=99999999999999999999&neg=-1&t=maybe&limit=0", "");
        assert_eq!(code(params.required("gone")), -1102);
        assert_eq!(code(params.required("e")), -1105);
        assert_eq!(code(params.optional("e")), -1105);
        assert_eq!(code(params.integer("n")), -1100);
        assert_eq!(code(params.integer("neg")), -1100);
        assert_eq!(code(params.integer("big")), -1108);
        assert_eq!(code(params.boolean("t")), -1130);
        assert_eq!(code(params.limit(5, 10)), -1130);
        assert_eq!(code(params.forbidden("n")), -1106);
        assert!(params.forbidden("gone").is_ok());
    }

    #[test]
    fn a_limit_is_clamped_and_times_come_in_two_units() {
        let params = params("limit=6000&ms=1499827319559&us=1499827319559000", "");
        assert_eq!(params.limit(100, 5000).ok(), Some(5000));
        assert_eq!(params.time("ms").ok(), params.time("us").ok());
    }

    #[test]
    fn an_unread_parameter_is_counted() {
        let params = params("a=1&b=2&c=3", "");
        params.get("a");
        params.get("b");
        let error = params.all_read().err().map(|error| error.to_string());
        let expected = "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.";
        assert_eq!(error.as_deref(), Some(expected));
    }

    fn members(text: &str) -> BTreeMap<String, &RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_object_reads_as_the_same_parameters_in_a_form() {
        let text = r#"{"symbol":"BTCUSDT","price":45000.10,"quantity":"1e-5","reduce":true,"a&b":"c=d \u00e9","e":""}"#;
        let members = members(text);
        let object = Params::from_members(&members, "list").unwrap();
        let form = "symbol=BTCUSDT&price=45000.10&quantity=1e-5&reduce=true&a%26b=c%3Dd+%C3%A9&e=";
        let form = params(form, "");
        let pairs = |params: &Params<'_>| -> BTreeMap<String, String> {
            params.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        assert_eq!(pairs(&object), pairs(&form));
        assert_eq!(code(object.optional("e")), -1105);
    }

    #[test]
    fn what_is_no_parameter_is_refused() {
        for text in [r#"{"a":[1]}"#, r#"{"a":{}}"#, r#"{"a":null}"#, r#"{"a":"\ud800"}"#] {
            assert_eq!(code(Params::from_members(&members(text), "list")), -1135, "{text}");
        }
        let many: Vec<String> = (0..65).map(|index| format!(r#""p{index}":1"#)).collect();
        let many = format!("{{{}}}", many.join(","));
        assert_eq!(code(Params::from_members(&members(&many), "list")), -1101);
    }

    proptest! {
        #[test]
        fn no_input_makes_the_decoder_panic(query in "[ -~]*", body in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(params) = Params::decode(&query, &body) {
                let _ = params.integer("a");
            }
        }
    }
}
