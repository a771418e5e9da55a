//! Assembles the exchange: the only place that uses every concrete part.

mod background;
mod descriptors;
mod directories;
mod founding;
mod history;
mod operations;
mod storage;
mod supervisor;
mod synthetic_history;
mod tls;
mod token;

use std::{
    future::Future,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{dev::ServerHandle, web};
use anyhow::{Context, Result};
use tracing::{info, warn};

use self::{
    background::Background,
    descriptors::Descriptors,
    directories::Directories,
    operations::Operations,
    storage::{Found, Storage},
    supervisor::Supervisor,
    tls::Tls,
};
pub use self::{
    descriptors::connections_possible,
    history::{known as history_known, url as history_url},
    storage::EXIT_DISK_FAILED,
    token::OperatorToken,
};
use crate::{
    actors::{self, Clock, Exchange, GateLimits, Running, Settings},
    auth::{SessionLimits, Sessions},
    config::Config,
    domain::{
        messages::{command::CreateApiKey, credential::RevokeApiKey},
        types::{id::AccountId, time::Timestamp},
    },
    feed::synthetic,
    grpc,
    http::{
        self, AddressTerms, BanTerms, ConnectionLimits, HttpState, Offer, Rate, RateLimits, Reach, Site,
        ws::WireEncoder,
    },
    tls::Reload,
};

pub use crate::http::Asset;

/// A whole exchange: shards, HTTP server, and the synthetic market if it is on.
#[derive(Debug)]
pub struct Application {
    config: Config,
    url: String,
    token: OperatorToken,
    running: Running,
    storage: Storage,
    server: ServerHandle,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    grpc: Option<grpc::Server>,
    operations: Option<(SocketAddr, ServerHandle)>,
    background: Option<Background>,
    _reload: Option<Reload>,
}

impl Application {
    /// Starts everything. Must be called inside an actix system; nothing is served before the accounts of the
    /// configuration exist.
    ///
    /// # Errors
    /// When the address is taken, the data directory cannot be used, or an account cannot be founded.
    pub async fn build(config: Config) -> Result<Self> {
        Self::build_with(config, Clock::default(), &[]).await
    }

    /// Does the same with a page to serve, and on a clock that a test may move.
    ///
    /// # Errors
    /// As [`Application::build`].
    pub async fn build_with(config: Config, clock: Clock, page: &'static [Asset]) -> Result<Self> {
        // Before anything is opened: the required descriptors are reserved from those of connections.
        let descriptors = Descriptors::divide(&config)?;
        let tls = Tls::load(&config)?;
        let trust = tls.as_ref().map(Tls::trust).transpose()?;
        // Its lock makes this process the only exchange on the directory.
        let mut storage = Storage::open(&config)?;
        let listen = config.server.listen;
        let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr().context("the listener has no address")?;
        let grpc_listener = listen_for_grpc(&config)?;
        let operations = Operations::bind(&config)?;
        let token = OperatorToken::load_or_make(&config)?;
        if config.is_synthetic_feed_on() && config.feed.history_hours > 0 && storage.is_new().await? {
            synthetic_history::make(&storage, &config, clock.now()).await?;
        }
        let Found { opening, keys, logins } = storage.recover().await?;
        warn_of_times_ahead(opening.parts.latest(), clock.now());
        let directories = Directories::new(&config, &keys, &logins);
        storage::report_rules(&config.instruments, &opening.parts);
        let encoder = Box::new(WireEncoder::new(Arc::clone(&config.instruments)));
        let running =
            actors::start_with(settings(&config, clock), encoder, Arc::new(directories.clone()), opening);
        storage.record()?;
        storage.keep(&running.exchange)?;
        let leftovers = leftovers(&config, &keys);
        let demo = config.is_demo_on().then(|| AccountId::new(config.demo.account));
        let founded = founding::found(&running.exchange, &config).await;
        founding::revoke(&running.exchange, leftovers).await;
        let served = founded.and_then(|()| {
            let sessions = Arc::new(Sessions::new(SessionLimits::default()));
            let limits = connection_limits(&config);
            let exchange = running.exchange.clone();
            let secret = token.secret().to_owned();
            let users = directories.users(&config)?;
            let state = HttpState::new(exchange, directories.keys, sessions, secret, demo, limits)
                .with_users(users)
                .with_page(page)
                .with_owners(directories.owners)
                .with_reach(reach(&config, config.server.listen))
                .with_history(storage.history())
                .with_rate_limits(rate_limits(&config))
                .with_connections(descriptors.budget, address_terms(&config))
                .with_strict_transport(config.server.hsts_seconds);
            let state = web::Data::new(state);
            let site = Site {
                listener,
                reach: reach(&config, config.server.listen),
                tls: tls.as_ref().map(|tls| Arc::clone(&tls.http)),
                connections: Arc::clone(state.connections()),
                workers: config.server.worker_count(),
                offer: if operations.is_some() { Offer::AllButMetrics } else { Offer::Everything },
            };
            let server = http::serve(site, state.clone()).context("cannot serve")?;
            let grpc = grpc_listener
                .map(|listener| {
                    let tls = tls.as_ref().map(|tls| Arc::clone(&tls.grpc));
                    let edge = state.clone().into_inner();
                    grpc::Server::start(listener, edge, reach(&config, config.grpc.listen), tls)
                })
                .transpose();
            let grpc = grpc.context("cannot serve gRPC")?;
            let serve = |operations: Operations| {
                Ok::<_, anyhow::Error>((operations.address(), operations.serve(&config, state.clone())?))
            };
            let operations = operations.map(serve).transpose()?;
            let gauges = || running.exchange.metrics().tls.clone();
            let reload = tls.as_ref().map(|tls| tls.reload(gauges())).transpose()?;
            Ok((server, grpc, operations, reload))
        });
        let (server, grpc, operations, reload) = match served {
            Ok(servers) => servers,
            Err(error) => {
                running.stop();
                return Err(error);
            }
        };
        descriptors.log(&config);
        let handle = server.handle();
        let serving = tokio::task::spawn_local(server);
        let url = tls::url(tls.as_ref(), address);
        let background = config.is_synthetic_feed_on().then(|| {
            let options = synthetic::Options {
                seed: config.feed.seed,
                symbols: Vec::new(),
                actions_per_second: config.feed.actions_per_second,
            };
            Background::start(&url, address, trust, token.secret(), options)
        });
        let grpc_address = grpc.as_ref().map(|server| tracing::field::display(server.address()));
        let operations_address = operations.as_ref().map(|(address, _)| tracing::field::display(address));
        info!(
            %url,
            grpc = grpc_address,
            operations = operations_address,
            demo = demo.is_some(),
            feed = background.is_some(),
            "serving"
        );
        Ok(Self {
            config,
            url,
            token,
            running,
            storage,
            server: handle,
            serving,
            grpc,
            operations,
            background,
            _reload: reload,
        })
    }

    /// Returns the address it is served on, e.g. `http://127.0.0.1:8080`, or `https://` with TLS.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address gRPC is served on, e.g. `127.0.0.1:50051`; `None` when it is not.
    pub fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc.as_ref().map(grpc::Server::address)
    }

    /// Returns the address metrics and health are served on alone; `None` when they are served with everything else.
    pub fn operations_address(&self) -> Option<SocketAddr> {
        self.operations.as_ref().map(|(address, _)| *address)
    }

    /// Returns the operator's token and where it comes from.
    pub const fn operator_token(&self) -> &OperatorToken {
        &self.token
    }

    /// Returns the configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the entrance beside HTTP, for tests.
    pub const fn exchange(&self) -> &Exchange {
        &self.running.exchange
    }

    /// Serves until `stop` is done, then stops in order: the synthetic market, new work, what is in flight, the
    /// sockets and streams, the servers, the shards. The configured time bounds it all.
    ///
    /// # Errors
    /// When the server ends by itself.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<()> {
        let supervisor = Supervisor::of_environment();
        supervisor.ready(&self.url);
        let ended = tokio::select! {
            () = stop => None,
            ended = &mut self.serving => Some(ended),
            never = supervisor.feed(&self.running.exchange) => match never {},
        };
        supervisor.stopping();
        let started = Instant::now();
        let limit = self.config.server.stop_timeout();
        info!("stopping");
        let in_order = async {
            if let Some(background) = self.background.take() {
                background.stop().await;
            }
            self.running.drain().await;
            let state_hash = self.running.state_hash().await;
            info!(state_hash = %format_args!("{state_hash:032x}"), "drained");
            if let Some(grpc) = self.grpc.take() {
                grpc.stop().await;
            }
            self.server.stop(true).await;
        };
        if tokio::time::timeout(limit, in_order).await.is_err() {
            warn!(limit_ms = limit.as_millis() as u64, "not everything in flight was drained in time");
            self.server.stop(false).await;
        }
        // Last, so that a stop can be watched.
        if let Some((_, operations)) = self.operations.take() {
            operations.stop(false).await;
        }
        self.running.stop();
        self.storage.close(started + limit)?;
        info!(took_ms = started.elapsed().as_millis() as u64, "stopped");
        match ended {
            None => Ok(()),
            Some(ended) => {
                ended.context("the server's task failed")?.context("the server failed")?;
                anyhow::bail!("the server ended by itself")
            }
        }
    }
}

/// Returns the keys that earlier runs of the synthetic market have left and that are unused: an account may have a few
/// only.
fn leftovers(config: &Config, keys: &[CreateApiKey]) -> Vec<RevokeApiKey> {
    let of_market = synthetic::accounts(config.feed.seed).map(AccountId::new);
    // A key that was revoked leaves a remnant, which cannot be revoked again.
    let is_left = |key: &&CreateApiKey| of_market.contains(&key.account) && !key.is_remnant();
    let left = keys.iter().filter(|key| config.is_synthetic_feed_on() && is_left(key));
    left.map(|key| RevokeApiKey { account: key.account, key: key.key.clone() }).collect()
}

/// Binds the address of gRPC, if it is on: before anything is recovered, so that a second exchange reports the conflict
/// at once.
fn listen_for_grpc(config: &Config) -> Result<Option<TcpListener>> {
    let listen = config.grpc.listen;
    let bind = || TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen} for gRPC"));
    config.is_grpc_on().then(bind).transpose()
}

/// Returns how a listener of this exchange may be reached: one that other machines or proxies reach is never private.
fn reach(config: &Config, listen: SocketAddr) -> Reach {
    let server = &config.server;
    Reach::new(listen, !server.trusted_proxies.is_empty(), server.hosts.iter().map(String::as_str))
}

/// Warns when stamps on the disk are later than the present: the clock was wrong, then or now.
fn warn_of_times_ahead(latest: Timestamp, now: Timestamp) {
    let ahead = latest.micros().saturating_sub(now.micros());
    if latest.timer(now) < latest {
        warn!(
            ahead_s = ahead / 1_000_000,
            latest_ms = latest.millis(),
            now_ms = now.millis(),
            "the data were stamped by a clock ahead of this one: what happens now is stamped with the data's latest time until \
             this clock has passed it; good-till dates, countdowns and order limits go by this clock. If this clock is the \
             wrong one, stop, set it and start again"
        );
    }
}

fn connection_limits(config: &Config) -> ConnectionLimits {
    let (server, limits) = (&config.server, &config.limits);
    let millis = |millis: u32| Duration::from_millis(u64::from(millis));
    ConnectionLimits {
        unacknowledged: server.tcp_user_timeout(),
        request_timeout: millis(server.head_timeout_ms),
        body_timeout: millis(server.body_timeout_ms),
        body_bytes_per_second: server.body_bytes_per_second,
        write_timeout: millis(server.write_timeout_ms),
        keep_alive: millis(server.keep_alive_ms),
        stream_idle: millis(config.grpc.idle_timeout_ms),
        socket_messages: Rate { per_second: limits.messages_per_second, burst: limits.message_burst },
        api_messages: Rate { per_second: limits.api_messages_per_second, burst: limits.api_message_burst },
        socket_streams: or_none(limits.streams_per_connection, usize::MAX),
        ..Default::default()
    }
}

fn address_terms(config: &Config) -> AddressTerms {
    let limits = &config.limits;
    AddressTerms {
        connections: limits.connections_per_address,
        limits_loopback: limits.loopback.is_on_or(false),
        exempt: limits.exempt.iter().chain(&config.server.trusted_proxies).copied().collect(),
    }
}

/// Maps 0, which is no limit in the configuration.
fn or_none<T: PartialEq + Default>(limit: T, none: T) -> T {
    if limit == T::default() { none } else { limit }
}

fn rate_limits(config: &Config) -> RateLimits {
    let limits = &config.limits;
    RateLimits {
        weight: limits.request_weight_per_minute,
        requests: limits.requests_per_5_minutes,
        connections: limits.connections_per_5_minutes,
        refusals: limits.refusals_before_ban,
        bans: BanTerms { first: limits.ban_seconds, longest: limits.ban_seconds_max },
        limits_loopback: limits.loopback.is_on_or(false),
        exempt: limits.exempt.clone(),
        trusted_proxies: config.server.trusted_proxies.clone(),
    }
}

fn settings(config: &Config, clock: Clock) -> Settings {
    let engine = &config.engine;
    Settings {
        account_shards: engine.account_shards,
        symbol_shards: engine.symbol_shards,
        arbiters: engine.arbiter_count(),
        account_gate: GateLimits {
            commands: engine.account_commands_in_flight,
            cancels: engine.account_cancels_in_flight,
        },
        symbol_gate: GateLimits {
            commands: engine.symbol_commands_in_flight,
            cancels: engine.symbol_cancels_in_flight,
        },
        batch: engine.batch,
        fills_max: engine.fills_max,
        book_orders_max: engine.book_orders_max,
        clock,
        ..Settings::new(Arc::clone(&config.instruments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;

    #[test]
    fn the_remnant_of_a_revoked_key_is_not_revoked_again() {
        let config = Layers::defaults().load().unwrap();
        let [account, _] = synthetic::accounts(config.feed.seed).map(AccountId::new);
        let mut left = CreateApiKey::remnant(account, Timestamp::default());
        assert!(leftovers(&config, &[left.clone()]).is_empty());
        left.key = "a key of an earlier run".to_owned();
        let found = leftovers(&config, &[left.clone(), CreateApiKey { account: AccountId::new(7), ..left }]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].account, account);
    }
}
