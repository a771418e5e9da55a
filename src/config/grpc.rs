//! `[grpc]`: where gRPC is served.

use std::net::SocketAddr;

use serde::Deserialize;

use super::Switch;

/// Where gRPC is served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Grpc {
    /// Whether it is; `auto` means: on a loopback address.
    pub enabled: Switch,
    /// The address; port 0 takes any free port.
    pub listen: SocketAddr,
    /// How long a connection may have no call and no stream, in milliseconds.
    pub idle_timeout_ms: u32,
}
