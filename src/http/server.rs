//! Assembles the server.

use std::{any::Any, io, net::TcpListener};

use actix_web::{App, HttpServer, dev::Server, rt::net::TcpStream, web};
use socket2::SockRef;
use tracing_actix_web::TracingLogger;

use super::{ConnectionLimits, HttpState, configure, span::RequestSpan};

const SHUTDOWN_SECONDS: u64 = 5;

/// Serves `state` on `listener` until the returned server is stopped. Signals are the caller's business.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(listener: TcpListener, state: web::Data<HttpState>, workers: usize) -> io::Result<Server> {
    let limits = *state.limits();
    let app = move || {
        App::new().app_data(state.clone()).wrap(TracingLogger::<RequestSpan>::new()).configure(configure)
    };
    let server = HttpServer::new(app)
        .on_connect(move |connection, _| tune(connection, &limits))
        .workers(workers.max(1))
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.request_timeout)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

/// A client that stops acknowledging is dropped by the kernel: a session that cannot write is not even polled,
/// so no timer of ours would notice.
fn tune(connection: &dyn Any, limits: &ConnectionLimits) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let socket = SockRef::from(stream);
    let timeout = socket.set_tcp_user_timeout(Some(limits.unacknowledged));
    if let Err(error) = socket.set_tcp_nodelay(true).and(timeout) {
        tracing::warn!(%error, "a connection could not be tuned");
    }
}
