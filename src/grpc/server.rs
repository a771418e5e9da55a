//! The server: a thread and runtime of its own, so that it delays neither shards nor HTTP.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use actix::Arbiter;
use tokio::sync::oneshot;
use tokio_rustls::rustls::ServerConfig;
use tonic::{service::Routes, transport};
use tonic_health::{
    ServingStatus,
    server::{HealthReporter, health_reporter},
};
use tonic_reflection::server::Builder;
use tracing::error;

use super::{
    guard::Guarded,
    incoming::incoming,
    method::SERVICE,
    noted::Noted,
    schema::{DESCRIPTORS, lightning_server::LightningServer},
    service::Service,
    turns::InOrder,
};
use crate::http::{HttpState, Reach, gateway};

/// How long a client may be silent before it is pinged, and how long it may take to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Simultaneous calls and streams on one connection.
const CALLS_MAX: u32 = 256;
/// The interval of the health check.
const HEALTH: Duration = Duration::from_secs(1);
/// How long connections have to end by themselves when the server stops.
const GOODBYE: Duration = Duration::from_secs(2);

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Serves the edge's state on `listener`, which may be reached as `reach` states, encrypted if there are settings of TLS.
    ///
    /// # Errors
    /// When the listener cannot be used, the schema is broken or there is no thread.
    pub fn start(
        listener: TcpListener,
        state: Arc<HttpState>,
        reach: Reach,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (health, service) = health_reporter();
        let reach = Arc::new(reach);
        let reflection_v1 = reflection().build_v1().map_err(io::Error::other)?;
        let reflection_v1alpha = reflection().build_v1alpha().map_err(io::Error::other)?;
        let routes = Routes::new(Guarded::new(service, &reach))
            .add_service(Guarded::new(reflection_v1, &reach))
            .add_service(Guarded::new(reflection_v1alpha, &reach));
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("grpc".to_owned()).spawn(move || {
            let site = (listener, tls);
            let served = actix::System::new().block_on(serve(site, state, &reach, (routes, health), stopped));
            if let Err(error) = served {
                error!(%error, "the gRPC server failed");
            }
            let _ = end.send(()); // there is no receiver when the process ends first
        })?;
        Ok(Self { address, stop, ended, thread })
    }

    /// Returns where it is served, e.g. `127.0.0.1:50051`.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting calls, and waits briefly for those in progress.
    pub async fn stop(self) {
        let _ = self.stop.send(()); // it may have failed already
        let _ = self.ended.await;
        let _ = self.thread.join(); // it has ended already; a panic has been reported
    }
}

fn reflection() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Serves until the stop signal, and then for as long as connections have to end.
async fn serve(
    (listener, tls): (TcpListener, Option<Arc<ServerConfig>>),
    state: Arc<HttpState>,
    reach: &Arc<Reach>,
    (routes, health): (Routes, HealthReporter),
    stopped: oneshot::Receiver<()>,
) -> Result<(), Box<dyn std::error::Error>> {
    let incoming = incoming(tokio::net::TcpListener::from_std(listener)?, Arc::clone(&state), tls);
    let limits = *state.limits();
    let service = Service::new(Arc::clone(&state), Arbiter::current());
    let service = LightningServer::new(service).max_decoding_message_size(limits.body_bytes);
    let (close, closed) = oneshot::channel();
    let server = transport::Server::builder()
        .max_concurrent_streams(CALLS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .max_connection_age(limits.socket_lifetime)
        // From the head of a call to its answer, or to the start of the stream it opens.
        .timeout(limits.body_timeout + limits.command_timeout)
        // Tasks of this runtime's one thread are first polled in the order they were made, and they are made in the order of
        // their streams.
        .serve_with_incoming_shutdown(
            Noted::new(
                routes.add_service(InOrder(Guarded::new(service, reach))).prepare(),
                Arc::clone(&state),
            ),
            incoming,
            async {
                let _ = closed.await; // a dropped sender means the same
            },
        );
    let last_words = async {
        let _ = stopped.await;
        let _ = close.send(());
        tokio::time::sleep(GOODBYE).await;
    };
    tokio::select! {
        ended = server => ended?,
        () = last_words => {}
        () = report_health(&state, &health) => {}
    }
    Ok(())
}

/// Keeps the health service's status up to date.
async fn report_health(state: &HttpState, health: &HealthReporter) {
    let mut look = tokio::time::interval(HEALTH);
    let mut reported = None;
    loop {
        look.tick().await;
        let status =
            if gateway::is_ready(state) { ServingStatus::Serving } else { ServingStatus::NotServing };
        // Watchers are notified of every setting, and should see only changes.
        if reported.replace(status) == Some(status) {
            continue;
        }
        for name in ["", SERVICE] {
            health.set_service_status(name, status).await;
        }
    }
}
