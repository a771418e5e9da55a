//! The client behind proxies: the address that limits and logs use, and whether the client's own connection is
//! encrypted.
//!
//! Forwarding headers are trusted only from configured proxies; any other peer could forge them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::{HttpRequest, http::header::HeaderMap, web};
use ipnet::IpNet;

use crate::http::{limits::networks::contains, state::HttpState};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Returns the client's address: the peer of the connection or, behind trusted proxies, the last address they vouch
/// for.
pub(crate) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    Some(address_of(request.headers(), peer, trusted_by(request)))
}

/// Returns the same; without a connection the unspecified address.
pub(crate) fn address(request: &HttpRequest) -> IpAddr {
    client_address(request).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Marks a connection that is encrypted by this server itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encrypted;

/// Returns whether the client's own connection is encrypted: as a trusted proxy reports it, else as this one is.
pub(crate) fn is_secure(request: &HttpRequest) -> bool {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let is_proxied = peer.is_some_and(|peer| contains(trusted_by(request), peer));
    let reported = if is_proxied { says_https(request.headers()) } else { None };
    reported.unwrap_or_else(|| request.conn_data::<Encrypted>().is_some())
}

fn trusted_by(request: &HttpRequest) -> &[IpNet] {
    request.app_data::<web::Data<HttpState>>().map_or(&[], |state| state.rate_limits().trusted_proxies())
}

/// Every proxy appends its peer, so the list is read from its end to the first address that is not a trusted proxy.
fn address_of(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).filter_map(|line| line.to_str().ok()).collect();
    last_vouched(&lines, peer, trusted)
}

/// Returns the last address the lines of `X-Forwarded-For` name that trusted proxies vouch for.
pub(crate) fn last_vouched(lines: &[&str], peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    if !contains(trusted, peer) {
        return peer;
    }
    let mut last = peer;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = parse(hop.trim()) else { return last };
        last = address;
        if !contains(trusted, address) {
            return address;
        }
    }
    last
}

/// Some proxies add the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    hop.parse().ok().or_else(with_port).or_else(bare).map(|address: IpAddr| address.to_canonical())
}

/// Returns what the nearest proxy reports, if it reports anything.
fn says_https(headers: &HeaderMap) -> Option<bool> {
    let last = headers.get_all(FORWARDED_PROTO).last()?;
    let word = last.to_str().unwrap_or_default().rsplit(',').next().unwrap_or_default();
    Some(word.trim().eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &'static str, lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_the_last_they_vouch_for_counts() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let cases: [(&str, &[&str], &str); 9] = [
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.2.2.2"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["10.9.9.9, 10.3.3.3"], "10.9.9.9"),
            ("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1"),
            ("fd00::1", &["[2001:db8::5]:80"], "2001:db8::5"),
        ];
        for (peer, lines, expected) in cases {
            // The header's text lives as long as the test.
            let mut map = HeaderMap::new();
            for line in lines {
                map.append(HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_str(line).unwrap());
            }
            let found = address_of(&map, peer.parse().unwrap(), &trusted);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_nearest_proxy_says_whether_it_was_https() {
        for (lines, expected) in [
            (&["https"][..], Some(true)),
            (&["http, HTTPS"], Some(true)),
            (&["https, http"], Some(false)),
            (&["https", "http"], Some(false)),
            (&[], None),
        ] {
            assert_eq!(says_https(&headers(FORWARDED_PROTO, lines)), expected, "{lines:?}");
        }
    }
}
