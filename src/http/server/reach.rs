//! How a listener may be reached: the hosts it serves, and the requests that come from this machine.
//!
//! REST, WebSocket handshakes, page sessions and gRPC all check here. The demo, `auto` sign-up and gRPC without
//! credentials are for this machine alone, and a foreign page must not get them by pointing a name of its own at this
//! machine (DNS rebinding): hence the host of every request is checked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::http::wire::error::ApiError;

/// The longest name DNS has.
const NAME_LEN_MAX: usize = 253;

/// Headers that proxies and content networks add, in lower case; an entry that ends in `-` is a prefix.
const FORWARDING: [&str; 17] = [
    "forwarded",
    "via",
    "x-forwarded",
    "x-forwarded-",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-",
    "x-envoy-",
    "x-proxyuser-ip",
    "x-appengine-",
    "x-azure-",
    "client-ip",
    "true-client-ip",
    "cf-",
    "fastly-",
    "fly-",
];

/// Returns whether a header, named in lower case, shows that a proxy forwarded the request.
#[must_use]
pub fn is_forwarding(header: &str) -> bool {
    FORWARDING.iter().any(|known| match known.strip_suffix('-') {
        Some(_) => header.starts_with(known),
        None => header == *known,
    })
}

/// The host a request is for, without its port.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// In lower case and without a trailing dot.
    Name(String),
    Address(IpAddr),
}

impl Host {
    /// Reads a host with or without a port: `localhost:8080`, `192.0.2.1`, `[::1]:8080`. `None` for an invalid host.
    fn parse(authority: &str) -> Option<Self> {
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                let address: std::net::Ipv6Addr = address.parse().ok()?;
                let port = if rest.is_empty() { "" } else { rest.strip_prefix(':')? };
                (Self::Address(IpAddr::from(address).to_canonical()), port)
            }
            None => {
                let (name, port) = authority.split_once(':').unwrap_or((authority, ""));
                (Self::named(name)?, port)
            }
        };
        (port.is_empty() || port.parse::<u16>().is_ok()).then_some(host)
    }

    fn named(name: &str) -> Option<Self> {
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = !name.is_empty() && name.len() <= NAME_LEN_MAX && name.bytes().all(is_legal);
        is_name.then(|| Self::Name(name.to_ascii_lowercase()))
    }

    /// Returns whether it means this machine on every machine.
    fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

/// The origin of a request, as far as the request shows it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The peer of the connection.
    pub peer: Option<IpAddr>,
    /// The requested host: `Host`, or `:authority`.
    pub host: Option<&'a str>,
    /// The page it comes from, if a browser sent one.
    pub origin: Option<&'a str>,
    /// Whether a header shows that a proxy forwarded it ([`is_forwarding`]).
    pub is_forwarded: bool,
}

/// How one listener may be reached.
#[derive(Debug, Clone)]
pub struct Reach {
    is_loopback: bool,
    is_proxied: bool,
    hosts: Vec<Host>,
}

impl Reach {
    /// Describes a listener on `listen`. `hosts` are the names and addresses it serves besides those of this machine;
    /// `is_proxied` states that proxies are configured. Invalid hosts are left out.
    pub fn new<'a>(listen: SocketAddr, is_proxied: bool, hosts: impl IntoIterator<Item = &'a str>) -> Self {
        let address = |text: &str| Some(Host::Address(text.parse::<IpAddr>().ok()?.to_canonical()));
        let hosts = hosts.into_iter().filter_map(|text| address(text).or_else(|| Host::parse(text)));
        Self { is_loopback: listen.ip().to_canonical().is_loopback(), is_proxied, hosts: hosts.collect() }
    }

    /// Requires that a request for `host` may be answered here.
    ///
    /// A name of this machine and a configured host are always allowed. Where only this machine can connect, nothing
    /// else is. Elsewhere any address is allowed, because an address cannot be pointed somewhere else, and any name
    /// unless some are configured.
    ///
    /// # Errors
    /// -95001, 400, for an invalid host; -95002, 421, for one that is not served here.
    pub fn check_host(&self, host: &str) -> Result<(), ApiError> {
        let host = Host::parse(host).ok_or_else(ApiError::host_malformed)?;
        let is_served = host.is_loopback()
            || self.hosts.contains(&host)
            || !self.is_loopback && (self.hosts.is_empty() || matches!(host, Host::Address(_)));
        if is_served { Ok(()) } else { Err(ApiError::misdirected()) }
    }

    /// Returns whether a request comes from this machine: a loopback connection to a loopback listener without
    /// configured proxies, with no forwarding header, for a host of this machine, and from no page except one of this
    /// machine.
    #[must_use]
    pub fn is_local(&self, arrival: &Arrival<'_>) -> bool {
        let Arrival { peer, host, origin, is_forwarded } = *arrival;
        let is_loopback = |authority: &str| Host::parse(authority).is_some_and(|host| host.is_loopback());
        self.is_loopback
            && !self.is_proxied
            && !is_forwarded
            && peer.is_some_and(|peer| peer.to_canonical().is_loopback())
            && host.is_some_and(is_loopback)
            && origin.is_none_or(|origin| authority_of(origin).is_some_and(is_loopback))
    }
}

/// A loopback listener without proxies.
impl Default for Reach {
    fn default() -> Self {
        Self::new((Ipv4Addr::LOCALHOST, 0).into(), false, [])
    }
}

fn authority_of(origin: &str) -> Option<&str> {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(listen: &str, hosts: &[&'static str]) -> Reach {
        Reach::new(listen.parse().unwrap(), false, hosts.iter().copied())
    }

    fn statuses(reach: &Reach, hosts: &[&str]) -> Vec<u16> {
        let status =
            |host: &&str| reach.check_host(host).map_or_else(|error| error.status().as_u16(), |()| 200);
        hosts.iter().map(status).collect()
    }

    const OWN: [&str; 8] = [
        "localhost",
        "LocalHost:8080",
        "localhost.:1",
        "app.localhost",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:8080",
        "[::ffff:127.0.0.1]",
    ];

    #[test]
    fn on_loopback_only_names_of_this_machine_and_configured_hosts_are_served() {
        let strict = reach("127.0.0.1:8080", &[]);
        assert_eq!(statuses(&strict, &OWN), [200; 8]);
        let foreign = [
            "evil.example",
            "localhost.evil.example",
            "evil-localhost",
            "192.0.2.1",
            "0.0.0.0",
            "2130706433",
        ];
        assert_eq!(statuses(&strict, &foreign), [421; 6]);
        let named = reach("[::1]:8080", &["Exchange.example", "192.0.2.1", "2001:db8::1"]);
        assert_eq!(statuses(&named, &OWN), [200; 8]);
        let configured = ["exchange.example", "EXCHANGE.EXAMPLE.:443", "192.0.2.1:80", "[2001:db8::1]:80"];
        assert_eq!(statuses(&named, &configured), [200; 4]);
        assert_eq!(statuses(&named, &["evil.example", "192.0.2.2", "x.exchange.example"]), [421; 3]);
    }

    #[test]
    fn elsewhere_addresses_are_served_and_names_unless_some_are_configured() {
        let any = reach("0.0.0.0:80", &[]);
        assert_eq!(
            statuses(&any, &["anything.example", "192.0.2.1", "[2001:db8::1]", "localhost"]),
            [200; 4]
        );
        let named = reach("0.0.0.0:80", &["exchange.example"]);
        assert_eq!(statuses(&named, &["exchange.example", "192.0.2.9:8080", "localhost"]), [200; 3]);
        assert_eq!(statuses(&named, &["evil.example"]), [421]);
    }

    #[test]
    fn what_is_no_host_is_malformed() {
        let long = "x".repeat(254);
        let malformed = [
            "",
            ":8080",
            ".",
            "a b",
            "user@localhost",
            "localhost:port",
            "localhost:65536",
            "::1",
            "[::1",
            "[::1]8080",
            "[localhost]",
            "localhost/",
            "localh\u{f6}st",
            &long,
        ];
        for host in malformed {
            assert_eq!(statuses(&reach("127.0.0.1:0", &[]), &[host]), [400], "{host}");
            assert_eq!(statuses(&reach("0.0.0.0:0", &[]), &[host]), [400], "{host}");
        }
    }

    #[test]
    fn only_an_unforwarded_loopback_connection_is_this_machine() {
        let local = Arrival {
            peer: Some(Ipv4Addr::LOCALHOST.into()),
            host: Some("localhost:8080"),
            origin: None,
            is_forwarded: false,
        };
        let here = Reach::default();
        assert!(here.is_local(&local));
        assert!(here.is_local(&Arrival { origin: Some("http://127.0.0.1:8080"), ..local }));
        assert!(here.is_local(&Arrival { peer: Some("::ffff:127.0.0.1".parse().unwrap()), ..local }));
        for foreign in [
            Arrival { peer: None, ..local },
            Arrival { peer: Some("192.0.2.1".parse().unwrap()), ..local },
            Arrival { host: None, ..local },
            Arrival { host: Some("exchange.example"), ..local },
            Arrival { origin: Some("http://evil.example"), ..local },
            Arrival { origin: Some("null"), ..local },
            Arrival { is_forwarded: true, ..local },
        ] {
            assert!(!here.is_local(&foreign), "{foreign:?}");
        }
        assert!(
            !Reach::new("127.0.0.1:80".parse().unwrap(), true, []).is_local(&local),
            "a proxy is configured"
        );
        assert!(!reach("0.0.0.0:80", &[]).is_local(&local), "others can connect");
    }

    #[test]
    fn every_header_of_a_proxy_is_known() {
        for header in [
            "forwarded",
            "via",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-real-ip",
            "cf-ray",
            "cf-connecting-ip",
        ] {
            assert!(is_forwarding(header), "{header}");
        }
        for header in
            ["host", "origin", "x-mbx-apikey", "viable", "cfx", "x-real", "x-csrf-token", "forwarded-for"]
        {
            assert!(!is_forwarding(header), "{header}");
        }
    }
}
