//! What every request handler holds.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    auth::audit::Alarms,
    limits::limiter::{Limiter, RateLimit, RateLimits},
    market_data::exchange_info::SymbolTexts,
    server::{
        connections::{AddressTerms, ConnectionBudget, Connections},
        reach::Reach,
        sockets::{SocketPlace, Sockets},
    },
    users::logins::People,
    ws::Rate,
};
use crate::{
    actors::{Exchange, message::SessionId},
    auth::{KeyDirectory, OwnerDirectory, Sessions},
    domain::types::id::AccountId,
    history::History,
};

/// The limits of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// How long a command may take before the client is told its outcome is unknown.
    pub command_timeout: Duration,
    /// How long an idle HTTP connection stays open.
    pub keep_alive: Duration,
    /// How long a client may take to send a request's head, or the greeting of HTTP/2.
    pub request_timeout: Duration,
    /// How long a client may take to send a request's body.
    pub body_timeout: Duration,
    /// The slowest a body may arrive after its first five seconds, in bytes a second; 0 is no limit.
    pub body_bytes_per_second: u32,
    /// How long a client may take nothing of what it is sent.
    pub write_timeout: Duration,
    /// How long a connection of gRPC may have no call and no stream.
    pub stream_idle: Duration,
    /// How long sent bytes may stay unacknowledged before the connection is dropped.
    pub unacknowledged: Duration,
    /// What the kernel may hold unsent for one connection, in bytes: left alone it is megabytes.
    pub send_buffer_bytes: usize,
    /// WebSocket connections at once.
    pub socket_count: usize,
    /// WebSocket connections and streams at once of one address.
    pub sockets_per_address: u32,
    /// Frames a WebSocket session may be behind.
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
    /// Requests of one connection of the WebSocket API that may wait for their answers.
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

/// Everything the edge holds: one per process, shared by all workers.
#[derive(Debug)]
pub struct HttpState {
    exchange: Exchange,
    keys: Arc<KeyDirectory>,
    sessions: Arc<Sessions>,
    operator_token: Option<String>,
    demo_account: Option<AccountId>,
    people: People,
    alarms: Alarms,
    history: Option<History>,
    limits: ConnectionLimits,
    limiter: Limiter,
    reach: Reach,
    owners: Arc<OwnerDirectory>,
    symbol_texts: SymbolTexts,
    socket_ids: AtomicU64,
    sockets: Arc<Sockets>,
    connections: Arc<Connections>,
}

/// How many connections there may be when nobody says.
const CONNECTIONS_MAX: usize = 20_000;

impl HttpState {
    /// Builds the state. Without an operator token the operator's routes refuse everybody; without a demo
    /// account there is no demo session.
    pub fn new(
        exchange: Exchange,
        keys: Arc<KeyDirectory>,
        sessions: Arc<Sessions>,
        operator_token: impl Into<Option<String>>,
        demo_account: Option<AccountId>,
        limits: ConnectionLimits,
    ) -> Self {
        let symbol_texts = SymbolTexts::new(exchange.catalogue());
        let gauges = exchange.metrics().connections.clone();
        let budget = ConnectionBudget::of(CONNECTIONS_MAX);
        let connections = Arc::new(Connections::new(budget, AddressTerms::default(), gauges));
        Self {
            exchange,
            keys,
            sessions,
            operator_token: operator_token.into().filter(|token| !token.is_empty()),
            demo_account,
            people: People::default(),
            // Without random bytes the places are merely predictable.
            alarms: Alarms::new(getrandom::u64().unwrap_or_default()),
            history: None,
            limits,
            limiter: limiter(RateLimits::none()),
            reach: Reach::default(),
            owners: Arc::default(),
            symbol_texts,
            socket_ids: AtomicU64::new(1),
            sockets: Arc::new(Sockets::new()),
            connections,
        }
    }

    /// Bounds connections.
    #[must_use]
    pub fn with_connections(self, budget: ConnectionBudget, terms: AddressTerms) -> Self {
        let gauges = self.exchange.metrics().connections.clone();
        Self { connections: Arc::new(Connections::new(budget, terms, gauges)), ..self }
    }

    /// Lets people sign in, and up if they may.
    #[must_use]
    pub fn with_people(self, people: People) -> Self {
        Self { people, ..self }
    }

    /// Answers from the history what the shards no longer remember.
    #[must_use]
    pub fn with_history(self, history: Option<History>) -> Self {
        Self { history, ..self }
    }

    /// Limits what addresses may ask for; without it everything is counted and nothing refused.
    #[must_use]
    pub fn with_rate_limits(self, limits: RateLimits) -> Self {
        Self { limiter: limiter(limits), ..self }
    }

    /// Says how it may be reached; without it a loopback listener without proxies is meant.
    #[must_use]
    pub fn with_reach(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Knows the accounts that have an owner; without it none has.
    #[must_use]
    pub fn with_owners(self, owners: Arc<OwnerDirectory>) -> Self {
        Self { owners, ..self }
    }

    /// Returns the way into the exchange.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Returns the API keys.
    pub fn keys(&self) -> &KeyDirectory {
        &self.keys
    }

    /// Returns the browser sessions.
    pub const fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Returns what the operator proves itself with.
    pub fn operator_token(&self) -> Option<&str> {
        self.operator_token.as_deref()
    }

    /// Returns the account of demo sessions.
    pub const fn demo_account(&self) -> Option<AccountId> {
        self.demo_account
    }

    /// Returns how REST and WebSocket may be reached.
    pub(super) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Returns the accounts that have an owner.
    pub fn owners(&self) -> &OwnerDirectory {
        &self.owners
    }

    /// Returns what signing in and up needs.
    pub(super) const fn people(&self) -> &People {
        &self.people
    }

    /// Returns what warns of refused credentials.
    pub(super) const fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Returns the history, if there is one.
    pub(super) const fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// Returns all open connections.
    pub const fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// Returns the limits of one connection.
    pub const fn limits(&self) -> &ConnectionLimits {
        &self.limits
    }

    /// Returns what counts and limits requests.
    pub(super) const fn rate_limits(&self) -> &Limiter {
        &self.limiter
    }

    /// Returns the limits of an address with what it has used of them.
    pub(super) fn limits_of(&self, address: Option<IpAddr>) -> impl Iterator<Item = RateLimit> {
        self.limiter.weight_of(address, self.exchange.now()).into_iter()
    }

    pub(super) const fn symbol_texts(&self) -> &SymbolTexts {
        &self.symbol_texts
    }

    /// Takes a place for a WebSocket session or a stream; `None` when there are too many, in all or of this address.
    pub(super) fn open_socket(&self, address: Option<IpAddr>) -> Option<SocketPlace> {
        let address = address.and_then(|address| self.limiter.place_of(address));
        let address = address.map(|hash| (hash, self.limits.sockets_per_address));
        self.sockets.open(self.limits.socket_count, address)
    }

    /// Returns a number no other session of this process has.
    pub(super) fn next_session_id(&self) -> SessionId {
        SessionId(self.socket_ids.fetch_add(1, Ordering::Relaxed))
    }
}

fn limiter(limits: RateLimits) -> Limiter {
    // Without random bytes the places are merely predictable.
    Limiter::new(limits, getrandom::u64().unwrap_or_default())
}
