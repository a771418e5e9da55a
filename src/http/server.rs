//! Assembles the server.

use std::{io, net::TcpListener};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{App, dev::AppConfig, middleware::from_fn, rt::net::TcpStream, web};
use socket2::SockRef;
use tracing_actix_web::TracingLogger;

use super::{ConnectionLimits, HttpState, configure, reach, request_line::QuotedStream, span::RequestSpan};

const SHUTDOWN_SECONDS: u64 = 5;

/// Serves `state` on `listener` until the returned server is stopped. Signals are the caller's business.
///
/// It is put together as actix-web's own `HttpServer` does it, but for what stands between socket and parser.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(listener: TcpListener, state: web::Data<HttpState>, workers: usize) -> io::Result<Server> {
    let limits = *state.limits();
    let builder =
        Server::build().workers(workers.max(1)).shutdown_timeout(SHUTDOWN_SECONDS).disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let connection = move || {
        let app = App::new()
            .app_data(state.clone())
            .wrap(from_fn(reach::guard))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(configure)
            .into_factory()
            .map_err(|error: actix_web::Error| error.error_response());
        let stopping = stopping.clone();
        let metrics = state.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(limits.keep_alive)
            .client_request_timeout(limits.request_timeout)
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| async move {
            tune(&stream, &limits);
            let peer = stream.peer_addr().ok();
            Ok((QuotedStream::new(stream), Protocol::Http1, peer))
        })
        .and_then(http)
        .map_err(move |error: DispatchError| {
            // The client's doing: a request that is none, TLS, a head or a body that never came, a reset.
            tracing::debug!(%error, "a connection ended in disorder");
            metrics.exchange().metrics().broken_connections.http.inc();
            error
        })
    };
    Ok(builder.listen("http", listener, connection)?.run())
}

/// A client that stops acknowledging is dropped by the kernel: a session that cannot write is not even polled,
/// so no timer of ours would notice. What the kernel holds for a client that does not read is bounded.
fn tune(stream: &TcpStream, limits: &ConnectionLimits) {
    let socket = SockRef::from(stream);
    let timeout = socket.set_tcp_user_timeout(Some(limits.unacknowledged));
    let buffer = socket.set_send_buffer_size(limits.send_buffer_bytes);
    if let Err(error) = socket.set_tcp_nodelay(true).and(timeout).and(buffer) {
        tracing::warn!(%error, "a connection could not be tuned");
    }
}
