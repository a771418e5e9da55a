//! Metrics and health on an address of their own, if it is configured: a worker thread, connections and descriptors that the
//! clients of the exchange cannot use up.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{dev::ServerHandle, web};
use anyhow::{Context, Result};

use crate::{
    config::Config,
    http::{self, AddressTerms, ConnectionBudget, Connections, HttpState, Offer, Reach, Site},
    telemetry::ConnectionGauges,
};

/// Connections at once: a few monitoring systems, and an operator.
const CONNECTIONS: usize = 32;
/// Sockets beyond them: of connections being refused.
const REFUSALS: usize = 8;
/// The descriptors its sockets may take.
pub(super) const SOCKETS: usize = CONNECTIONS + REFUSALS;

/// The listener of metrics and health, before it serves.
#[derive(Debug)]
pub(super) struct Operations {
    listener: TcpListener,
    address: SocketAddr,
}

impl Operations {
    /// Binds its address; `None` when metrics and health are served with everything else.
    ///
    /// # Errors
    /// The address is taken.
    pub(super) fn bind(config: &Config) -> Result<Option<Self>> {
        let Some(listen) = config.server.operations_listen else { return Ok(None) };
        let listener = TcpListener::bind(listen)
            .with_context(|| format!("cannot listen on {listen} ([server] operations-listen)"))?;
        let address = listener.local_addr().context("the listener of operations has no address")?;
        Ok(Some(Self { listener, address }))
    }

    /// Returns its address.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves it. Its connections are no clients, so they are not in the metrics of those.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub(super) fn serve(self, config: &Config, state: web::Data<HttpState>) -> Result<ServerHandle> {
        let hosts = config.server.hosts.iter().map(String::as_str);
        let budget = ConnectionBudget { connections: CONNECTIONS, grpc: 0, http_sockets: SOCKETS };
        let terms = AddressTerms::default();
        let site = Site {
            reach: Reach::new(self.address, false, hosts),
            listener: self.listener,
            tls: None,
            connections: Arc::new(Connections::new(budget, terms, ConnectionGauges::default())),
            workers: 1,
            offer: Offer::Operations,
        };
        let server = http::serve(site, state).context("cannot serve metrics and health")?;
        let handle = server.handle();
        tokio::task::spawn_local(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "metrics and health are no longer served");
            }
        });
        Ok(handle)
    }
}
