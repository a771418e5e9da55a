//! `[limits]`: the limits of one address and one account.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use super::Switch;
use crate::domain::orders::limits::OrderLimits;

/// The limits of one address and one account; 0 switches a limit off, but that of connections at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Request weight of an address in a calendar minute.
    pub request_weight_per_minute: u32,
    /// Requests of an address in five minutes.
    pub requests_per_5_minutes: u32,
    /// WebSocket connections an address may open in five minutes.
    pub connections_per_5_minutes: u32,
    /// Connections one address may have open at once, HTTP, WebSocket and gRPC together; never more than half of all, and on gRPC
    /// half of gRPC's. 0 is just that half.
    pub connections_per_address: u32,
    /// Messages a WebSocket client may send in a second, in the long run.
    pub messages_per_second: u32,
    /// Messages it may send at once.
    pub message_burst: u32,
    /// Messages a client of the WebSocket API may send in a second, in the long run.
    pub api_messages_per_second: u32,
    /// Messages it may send at once.
    pub api_message_burst: u32,
    /// Streams a WebSocket client may subscribe to.
    pub streams_per_connection: usize,
    /// Unfilled orders of an account in ten seconds.
    pub orders_per_10_seconds: u32,
    /// Unfilled orders of an account in a day.
    pub orders_per_day: u32,
    /// Refused requests of an address in a minute after which it is banned.
    pub refusals_before_ban: u32,
    /// How long the first ban lasts, in seconds.
    pub ban_seconds: u32,
    /// The longest a ban may become, in seconds.
    pub ban_seconds_max: u32,
    /// Whether requests from this machine are limited; `auto` is no.
    pub loopback: Switch,
    /// Networks without limits.
    #[serde(deserialize_with = "networks")]
    pub exempt: Vec<IpNet>,
}

impl Limits {
    /// Returns the limits of unfilled orders.
    pub const fn orders(&self) -> OrderLimits {
        OrderLimits { ten_seconds: self.orders_per_10_seconds, day: self.orders_per_day }
    }
}

/// Reads networks such as `10.0.0.0/8`; a lone address is a network of one.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let read = |text: String| {
        let network = text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
        network.map_err(|_| de::Error::custom(format!("{text:?} is neither an address nor a network")))
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}
