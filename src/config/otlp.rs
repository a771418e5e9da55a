//! `[otlp]`: where traces are sent, and how many.

use std::{path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::Secret;

/// Parts of all requests are counted in millionths.
const MILLION: u32 = 1_000_000;

/// Where traces are sent, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Otlp {
    /// The receiver, as `http://HOST:PORT` or `https://HOST:PORT`; empty when nothing is traced.
    pub endpoint: String,
    /// Headers of every export, as `NAME=VALUE,NAME=VALUE`. They may hold credentials.
    pub headers: Secret,
    /// The authority of an `https://` receiver, as a PEM file; empty for those the system trusts.
    pub ca_file: PathBuf,
    /// Which part of the requests is traced, from `0` to `1`.
    pub sample_ratio: String,
    /// Which part of those that belong to a sampled trace already; `auto` is the same.
    pub parent_ratio: String,
    /// The name of the service.
    pub service_name: String,
    /// More attributes of the service, as `NAME=VALUE,NAME=VALUE`.
    pub resource: String,
    /// How long an export may last, in milliseconds.
    pub timeout_ms: u32,
    /// How long a span waits for others to be exported with, in milliseconds.
    pub interval_ms: u32,
    /// How many spans may wait.
    pub queue_spans: usize,
}

impl Otlp {
    /// Returns whether there are traces.
    pub const fn is_on(&self) -> bool {
        !self.endpoint.is_empty()
    }

    /// Returns which part of the requests is traced, in millionths.
    ///
    /// # Errors
    /// It is no such part; the text states what is.
    pub fn sample_millionths(&self) -> Result<u32, String> {
        millionths(&self.sample_ratio).ok_or_else(|| no_ratio("sample-ratio", &self.sample_ratio, ""))
    }

    /// Returns which part of the requests that belong to a sampled trace is traced, in millionths.
    ///
    /// # Errors
    /// As [`Otlp::sample_millionths`].
    pub fn parent_millionths(&self) -> Result<u32, String> {
        match self.parent_ratio.as_str() {
            "auto" => self.sample_millionths(),
            ratio => millionths(ratio)
                .ok_or_else(|| no_ratio("parent-ratio", ratio, ", or \"auto\" for sample-ratio")),
        }
    }

    /// Returns the headers of every export.
    ///
    /// # Errors
    /// They cannot be read; the text shows no value.
    pub fn header_list(&self) -> Result<Vec<(String, String)>, String> {
        const HIDDEN: &str = "[otlp] headers (not shown: they may hold credentials)";
        let pairs = pairs(self.headers.expose()).ok_or(format!(
            "{HIDDEN} must be NAME=VALUE, several separated by commas; write a comma inside a value as %2C"
        ))?;
        let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        let headers: Vec<_> = pairs.into_iter().map(lower).collect();
        match headers.iter().position(|(name, value)| !is_header(name, value)) {
            None => Ok(headers),
            Some(index) => Err(format!(
                "{HIDDEN}: number {} cannot be sent; a name is letters, digits, \"-\", \"_\" and \".\", and none that gRPC sets itself, \
                 a value is printable ASCII",
                index + 1
            )),
        }
    }

    /// Returns the attributes of the service besides its name.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn resource_list(&self) -> Result<Vec<(String, String)>, String> {
        pairs(&self.resource).ok_or_else(|| {
            format!(
                "[otlp] resource {:?} must be NAME=VALUE, several separated by commas, such as \
                 \"deployment.environment.name=production\"",
                self.resource
            )
        })
    }

    /// Returns how long an export may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.timeout_ms))
    }

    /// Returns how long a span waits for others.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(u64::from(self.interval_ms))
    }

    /// Records every fault.
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        faults.extend(self.endpoint_fault());
        faults.extend(self.sample_millionths().err());
        if self.parent_ratio != "auto" {
            faults.extend(self.parent_millionths().err());
        }
        faults.extend(self.header_list().err());
        faults.extend(self.resource_list().err());
        if self.service_name.trim().is_empty() {
            faults.push("[otlp] service-name is empty: receivers file traces under it".to_owned());
        }
        if !self.ca_file.as_os_str().is_empty() && !self.endpoint.starts_with("https://") {
            faults.push(format!(
                "[otlp] ca-file {} is for a receiver with TLS: write the endpoint with https://, or leave it out",
                self.ca_file.display()
            ));
        }
        for (name, value, least, most) in [
            ("timeout-ms", u64::from(self.timeout_ms), 100, 60_000),
            ("interval-ms", u64::from(self.interval_ms), 10, 60_000),
            ("queue-spans", self.queue_spans as u64, 512, 1 << 20),
        ] {
            if value < least || value > most {
                faults.push(format!("[otlp] {name} {value} must be {least} to {most}"));
            }
        }
    }

    /// Returns what is wrong with the endpoint. One with a name and a password in it is not shown.
    fn endpoint_fault(&self) -> Option<String> {
        const FORM: &str = "it must be scheme, host and port of a receiver of OTLP over gRPC, such as \"http://127.0.0.1:4317\"";
        let endpoint = &self.endpoint;
        if endpoint.is_empty() {
            return None;
        }
        let given = format!("[otlp] endpoint {endpoint:?}");
        let scheme = ["http://", "https://"].into_iter().find_map(|scheme| endpoint.strip_prefix(scheme));
        let Some(rest) = scheme else {
            return Some(match endpoint.contains('@') {
                true => format!(
                    "[otlp] endpoint (not shown: it may hold a password): {FORM}; credentials go into [otlp] headers"
                ),
                false => format!("{given} has no scheme: {FORM}"),
            });
        };
        if rest.contains('@') {
            return Some(format!(
                "[otlp] endpoint (not shown: it may hold a password) names a user: {FORM}; credentials go into [otlp] headers"
            ));
        }
        let (authority, path) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
        if !path.is_empty() {
            return Some(format!(
                "{given} has a path, as OTLP over HTTP does: the exchange speaks OTLP over gRPC, which has none and by custom is on \
                 port 4317; {FORM}"
            ));
        }
        match authority.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
            _ if is_host(authority) => Some(format!("{given} has no port: {FORM}")),
            Some((host, Ok(1..))) if is_host(host) => None,
            Some((host, _)) if is_host(host) => Some(format!("{given} has no port from 1 to 65535: {FORM}")),
            _ => Some(format!("{given} has no host: {FORM}")),
        }
    }
}

/// Returns whether a header can be sent with a call of gRPC; names are in lower case.
fn is_header(name: &str, value: &str) -> bool {
    let is_name =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte));
    let is_reserved = name.starts_with("grpc-")
        || name.ends_with("-bin")
        || ["content-type", "te", "user-agent", "host"].contains(&name);
    is_name && !is_reserved && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Returns whether it is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => super::validate::is_host(text) && !text.contains(':'),
    }
}

fn no_ratio(name: &str, given: &str, or: &str) -> String {
    format!(
        "[otlp] {name} {given:?} must be a decimal from \"0\" to \"1\" with at most 6 decimals, such as \"0.01\"{or}"
    )
}

/// Reads a part of all.
fn millionths(ratio: &str) -> Option<u32> {
    let is_plain = ratio.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let part = Decimal::from_str_exact(ratio).ok().filter(|_| is_plain)?;
    let millionths = part.checked_mul(Decimal::from(MILLION)).filter(|part| part.is_integer())?;
    u32::try_from(millionths).ok().filter(|millionths| *millionths <= MILLION)
}

/// Reads `NAME=VALUE,NAME=VALUE`, with values encoded as in a URL where they have to be.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?.into_owned();
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), value))
    };
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_a_decimal_from_0_to_1() {
        let read =
            [("0", 0), ("1", MILLION), ("1.0", MILLION), ("0.01", 10_000), ("0.000001", 1), (".5", 500_000)];
        read.into_iter().for_each(|(text, expected)| assert_eq!(millionths(text), Some(expected), "{text}"));
        for text in
            ["", "1.1", "-0.1", "+0.1", "0.0000001", "1e-2", "half", "1_0", "99999999999999999999999999999"]
        {
            assert_eq!(millionths(text), None, "{text}");
        }
    }

    #[test]
    fn pairs_are_separated_by_commas_and_their_values_decoded() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs(""), Some(vec![]));
        let read = pairs("authorization=Bearer a=b, x-tenant = 7%2C8 ,").unwrap();
        assert_eq!(read, [pair("authorization", "Bearer a=b"), pair("x-tenant", "7,8")]);
        assert_eq!((pairs("alone"), pairs("=value"), pairs("a=%FF")), (None, None, None));
    }
}
