//! The state shared by all request handlers.

use std::{
    future::Future,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderValue},
    rt::time::timeout,
};

use super::{
    auth::{audit::Alarms, users::Users},
    limits::limiter::{Limiter, RateLimit, RateLimits},
    market_data::depth_cache::DepthCache,
    server::{
        connections::{AddressTerms, ConnectionBudget, Connections},
        limits::ConnectionLimits,
        reach::{Arrival, Reach, is_forwarding},
        sockets::{SocketPermit, Sockets},
        static_files::Asset,
    },
    wire::{
        error::{ApiError, Operation},
        symbols::{RenderedSymbols, SymbolTexts},
    },
};
use crate::{
    actors::{Exchange, message::SessionId},
    auth::{KeyDirectory, OwnerDirectory, Sessions},
    domain::{instruments::Instruments, messages::reject::Reject, types::id::AccountId},
    history::History,
};

/// The state of the edge: one per process, shared by all workers.
#[derive(Debug)]
pub struct HttpState {
    exchange: Exchange,
    keys: Arc<KeyDirectory>,
    sessions: Arc<Sessions>,
    operator_token: Option<String>,
    demo_account: Option<AccountId>,
    users: Users,
    alarms: Alarms,
    history: Option<History>,
    limits: ConnectionLimits,
    limiter: Limiter,
    reach: Reach,
    owners: Arc<OwnerDirectory>,
    symbol_texts: RenderedSymbols,
    depth_cache: DepthCache,
    socket_ids: AtomicU64,
    sockets: Arc<Sockets>,
    connections: Arc<Connections>,
    page: &'static [Asset],
    strict_transport: Option<HeaderValue>,
}

/// The default limit on connections.
const CONNECTIONS_MAX: usize = 20_000;

impl HttpState {
    /// Builds the state. Without an operator token the operator's routes reject every caller; without a demo account
    /// there is no demo session.
    pub fn new(
        exchange: Exchange,
        keys: Arc<KeyDirectory>,
        sessions: Arc<Sessions>,
        operator_token: impl Into<Option<String>>,
        demo_account: Option<AccountId>,
        limits: ConnectionLimits,
    ) -> Self {
        let symbol_texts = RenderedSymbols::new(&exchange.instruments());
        let depth_cache = DepthCache::new(&exchange.instruments());
        let gauges = exchange.metrics().connections.clone();
        let budget = ConnectionBudget::of(CONNECTIONS_MAX);
        let connections = Arc::new(Connections::new(budget, AddressTerms::default(), gauges));
        Self {
            exchange,
            keys,
            sessions,
            operator_token: operator_token.into().filter(|token| !token.is_empty()),
            demo_account,
            users: Users::default(),
            // Without random bytes the cells are merely predictable.
            alarms: Alarms::new(getrandom::u64().unwrap_or_default()),
            history: None,
            limits,
            limiter: limiter(RateLimits::none()),
            reach: Reach::default(),
            owners: Arc::default(),
            symbol_texts,
            depth_cache,
            socket_ids: AtomicU64::new(1),
            sockets: Arc::new(Sockets::new()),
            connections,
            page: &[],
            strict_transport: None,
        }
    }

    /// Sets the connection limits.
    #[must_use]
    pub fn with_connections(self, budget: ConnectionBudget, terms: AddressTerms) -> Self {
        let gauges = self.exchange.metrics().connections.clone();
        Self { connections: Arc::new(Connections::new(budget, terms, gauges)), ..self }
    }

    /// Serves the browser page too.
    #[must_use]
    pub fn with_page(self, page: &'static [Asset]) -> Self {
        Self { page, ..self }
    }

    /// Returns every file of the browser page; none where it is not served.
    pub(super) const fn page(&self) -> &'static [Asset] {
        self.page
    }

    /// Lets browsers insist on HTTPS for so many seconds after a visit by TLS; 0 is no such demand.
    #[must_use]
    pub fn with_strict_transport(self, seconds: u32) -> Self {
        let demand = || HeaderValue::try_from(format!("max-age={seconds}")).ok();
        Self { strict_transport: (seconds > 0).then(demand).flatten(), ..self }
    }

    /// Returns the demand of HTTPS, for answers sent by TLS.
    pub(super) fn strict_transport(&self) -> Option<HeaderValue> {
        self.strict_transport.clone()
    }

    /// Enables sign-in, and sign-up if there is an offer.
    #[must_use]
    pub fn with_users(self, users: Users) -> Self {
        Self { users, ..self }
    }

    /// Answers from the history what the shards no longer remember.
    #[must_use]
    pub fn with_history(self, history: Option<History>) -> Self {
        Self { history, ..self }
    }

    /// Limits addresses; without it everything is counted and nothing rejected.
    #[must_use]
    pub fn with_rate_limits(self, limits: RateLimits) -> Self {
        Self { limiter: limiter(limits), ..self }
    }

    /// Sets how it may be reached; the default is a loopback listener without proxies.
    #[must_use]
    pub fn with_reach(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Sets the directory of accounts that have an owner; without it none has.
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

    /// Returns the operator's token.
    pub fn operator_token(&self) -> Option<&str> {
        self.operator_token.as_deref()
    }

    /// Returns the account of demo sessions.
    pub const fn demo_account(&self) -> Option<AccountId> {
        self.demo_account
    }

    /// Returns whether an HTTP request comes from this machine itself.
    pub(crate) fn is_local(&self, request: &HttpRequest) -> bool {
        let headers = request.headers();
        // A header that is not text, or is sent twice, matches no host and no origin.
        let one = |name| {
            let mut lines = headers.get_all(name).map(|line| line.to_str().unwrap_or_default());
            let first = lines.next();
            if lines.next().is_some() { Some("") } else { first }
        };
        self.reach.is_local(&Arrival {
            peer: request.peer_addr().map(|peer| peer.ip()),
            host: one(header::HOST),
            origin: one(header::ORIGIN),
            is_forwarded: headers.keys().any(|name| is_forwarding(name.as_str())),
        })
    }

    /// Returns the accounts that have an owner.
    pub fn owners(&self) -> &OwnerDirectory {
        &self.owners
    }

    /// Returns the state sign-up and sign-in need.
    pub(super) const fn users(&self) -> &Users {
        &self.users
    }

    /// Returns the warnings of refused credentials.
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

    /// Returns the counts and limits of requests.
    pub(super) const fn rate_limits(&self) -> &Limiter {
        &self.limiter
    }

    /// Returns the limits of an address with its current use.
    pub(super) fn limits_of(&self, address: Option<IpAddr>) -> impl Iterator<Item = RateLimit> {
        self.limiter.weight_of(address, self.exchange.now()).into_iter()
    }

    pub(super) const fn depth_cache(&self) -> &DepthCache {
        &self.depth_cache
    }

    pub(super) fn symbol_texts(&self, instruments: &Arc<Instruments>) -> Arc<SymbolTexts> {
        self.symbol_texts.of(instruments)
    }

    /// Acquires a permit for a WebSocket session or a stream; `None` when there are too many, in total or of this
    /// address.
    pub(super) fn open_socket(&self, address: Option<IpAddr>) -> Option<SocketPermit> {
        let address = address.and_then(|address| self.limiter.place_of(address));
        let address = address.map(|hash| (hash, self.limits.sockets_per_address));
        self.sockets.open(self.limits.socket_count, address)
    }

    /// Awaits an answer of the exchange within the command timeout.
    ///
    /// # Errors
    /// -1007 when none arrives, or the refusal.
    pub async fn answered<T>(
        &self,
        answer: impl Future<Output = Result<T, Reject>>,
        operation: Operation,
    ) -> Result<T, ApiError> {
        match timeout(self.limits.command_timeout, answer).await {
            Ok(answer) => answer.map_err(|reject| ApiError::refused(reject, operation)),
            Err(_) => Err(ApiError::timeout()),
        }
    }

    /// Returns a session number that is unique in this process.
    pub(super) fn next_session_id(&self) -> SessionId {
        SessionId(self.socket_ids.fetch_add(1, Ordering::Relaxed))
    }
}

fn limiter(limits: RateLimits) -> Limiter {
    // Without random bytes the cells are merely predictable.
    Limiter::new(limits, getrandom::u64().unwrap_or_default())
}
