//! `[server]`: where and how HTTP is served.

use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error};

/// Where and how HTTP is served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Server {
    /// The one address; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The file of the certificate chain; empty when there is no TLS.
    pub tls_cert: PathBuf,
    /// The file of its private key; empty when there is no TLS.
    pub tls_key: PathBuf,
    /// How long browsers insist on HTTPS after a visit, in seconds; 0 is no such demand.
    pub hsts_seconds: u32,
    /// The address of metrics and health; `None` when they are served with everything else.
    #[serde(deserialize_with = "address_or_none")]
    pub operations_listen: Option<SocketAddr>,
    /// HTTP worker threads; 0 takes one per core.
    pub workers: usize,
    /// Connections at once, HTTP, WebSocket and gRPC together; 0 is as many as descriptors allow.
    pub connections_max: usize,
    /// How long a request's head may take to arrive, in milliseconds.
    pub head_timeout_ms: u32,
    /// How long a request's body may take to arrive, in milliseconds.
    pub body_timeout_ms: u32,
    /// The slowest a body may arrive after its first five seconds, in bytes a second; 0 is no limit.
    pub body_bytes_per_second: u32,
    /// How long a client may accept nothing of its answer, in milliseconds.
    pub write_timeout_ms: u32,
    /// How long a connection may stay open between two requests, in milliseconds.
    pub keep_alive_ms: u32,
    /// How long written bytes may stay unacknowledged, in milliseconds.
    pub tcp_user_timeout_ms: u32,
    /// How long a stop may last, in milliseconds.
    pub stop_timeout_ms: u64,
    /// Names and addresses it answers to besides those of this machine; an empty list means any, unless on a loopback
    /// address.
    pub hosts: Vec<String>,
    /// Proxies whose statement of the client's address and protocol is trusted.
    #[serde(deserialize_with = "super::limits::networks")]
    pub trusted_proxies: Vec<IpNet>,
}

impl Server {
    /// Returns the number of HTTP worker threads, at least 1.
    pub fn worker_count(&self) -> usize {
        if self.workers > 0 { self.workers } else { cores() }
    }

    /// Returns the files of the certificate chain and of its private key; `None` when there is no TLS.
    pub fn tls_files(&self) -> Option<(&Path, &Path)> {
        let is_given = |path: &Path| !path.as_os_str().is_empty();
        let files = (self.tls_cert.as_path(), self.tls_key.as_path());
        (is_given(files.0) && is_given(files.1)).then_some(files)
    }

    /// Returns whether only this machine can reach it: on a loopback address, and no proxy is configured.
    pub fn is_private(&self) -> bool {
        self.listen.ip().is_loopback() && self.trusted_proxies.is_empty()
    }

    /// Returns how long written bytes may stay unacknowledged.
    pub fn tcp_user_timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.tcp_user_timeout_ms))
    }

    /// Returns how long a stop may take.
    pub fn stop_timeout(&self) -> Duration {
        Duration::from_millis(self.stop_timeout_ms)
    }
}

/// How many cores this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Reads an address; an empty text is none.
fn address_or_none<'de, D: Deserializer<'de>>(text: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(text)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| D::Error::custom("an address and a port, such as \"127.0.0.1:9090\", or empty"))
}
