//! The limits of one connection.

use std::time::Duration;

use crate::http::limits::rate::Rate;

/// The limits of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// How long a command may take before the client is sent -1007: outcome unknown.
    pub command_timeout: Duration,
    /// How long an idle HTTP connection stays open.
    pub keep_alive: Duration,
    /// How long a client may take to send a request's head, or the HTTP/2 greeting.
    pub request_timeout: Duration,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// The slowest a body may arrive after its first five seconds, in bytes a second; 0 is no limit.
    pub body_bytes_per_second: u32,
    /// How long a client may accept none of the bytes sent to it.
    pub write_timeout: Duration,
    /// How long a gRPC connection may have no call and no stream.
    pub stream_idle: Duration,
    /// How long sent bytes may stay unacknowledged before the connection is dropped.
    pub unacknowledged: Duration,
    /// How many unsent bytes the kernel may buffer for one connection: its default is megabytes.
    pub send_buffer_bytes: usize,
    /// Simultaneous WebSocket connections.
    pub socket_count: usize,
    /// Simultaneous WebSocket connections and streams of one address.
    pub sockets_per_address: u32,
    /// How many frames a WebSocket session may lag.
    pub socket_backlog: usize,
    /// The largest message a WebSocket client may send, in bytes.
    pub socket_message_bytes: usize,
    /// How often a WebSocket client may send: messages, pings and pongs.
    pub socket_messages: Rate,
    /// Streams a WebSocket client may subscribe to.
    pub socket_streams: usize,
    /// The largest message a client of the WebSocket API may send, in bytes.
    pub api_message_bytes: usize,
    /// How often a client of the WebSocket API may send: messages, pings and pongs.
    pub api_messages: Rate,
    /// Requests of one connection of the WebSocket API that may await their answers.
    pub api_requests: usize,
    /// Private subscriptions of one connection of the WebSocket API.
    pub api_subscriptions: usize,
    /// How long a read waits for the position it asks for.
    pub read_patience: Duration,
    /// How often a WebSocket client is pinged.
    pub socket_ping: Duration,
    /// How long a WebSocket client may stay silent.
    pub socket_silence: Duration,
    /// How long a WebSocket connection may live.
    pub socket_lifetime: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            command_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            request_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            body_bytes_per_second: 256,
            write_timeout: Duration::from_secs(30),
            stream_idle: Duration::from_secs(300),
            unacknowledged: Duration::from_secs(10),
            send_buffer_bytes: 256 * 1024,
            socket_count: 20_000,
            sockets_per_address: 1_000,
            socket_backlog: 1_024,
            socket_message_bytes: 64 * 1024,
            socket_messages: Rate { per_second: 5, burst: 25 },
            socket_streams: 1_024,
            api_message_bytes: 64 * 1024,
            api_messages: Rate { per_second: 2_000, burst: 2_000 },
            api_requests: 256,
            api_subscriptions: 1_000,
            read_patience: Duration::from_secs(1),
            socket_ping: Duration::from_secs(20),
            socket_silence: Duration::from_secs(60),
            socket_lifetime: Duration::from_secs(24 * 60 * 60),
        }
    }
}
