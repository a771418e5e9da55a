//! Assembles the server.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_http::{ConnectionType, HttpService, Payload, Protocol, Request, error::DispatchError};
use actix_server::Server;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactoryExt, apply_fn_factory, fn_service, map_config,
};
use actix_web::{
    App, HttpResponse,
    dev::{AppConfig, Extensions, ServiceResponse},
    http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY},
    middleware::from_fn,
    rt::net::TcpStream,
    web,
};
use socket2::SockRef;
use tokio_rustls::rustls::ServerConfig;
use tracing_actix_web::TracingLogger;

use super::{
    client_ip::Encrypted,
    connection::{Connection, Transport},
    connections::Connections,
    guarded::{GuardedStream, turn_away},
    reach::Reach,
    request_line::QuotedStream,
    span::RequestSpan,
};
use crate::http::{
    HttpState,
    routes::{Offer, configure},
    routing::{endpoint::refusal, host},
    wire::error::ApiError,
};

/// Connections that may wait to be accepted; the system's own limit (`net.core.somaxconn`) holds too. Clients of a server that was
/// restarted come back all at once.
const ACCEPT_BACKLOG: i32 = 4_096;
const SHUTDOWN_SECONDS: u64 = 5;
/// How long a client answered early may keep sending before it is disconnected: it should read the answer first.
const LINGER: Duration = Duration::from_secs(1);

/// A listener, and how it is served.
#[derive(Debug)]
pub struct Site {
    /// The listener.
    pub listener: TcpListener,
    /// How it may be reached.
    pub reach: Reach,
    /// The settings of TLS; `None` for plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// The connections it may have.
    pub connections: Arc<Connections>,
    /// Worker threads.
    pub workers: usize,
    /// What it serves.
    pub offer: Offer,
}

/// Serves `state` on a listener until the returned server is stopped. Signals are handled by the caller.
///
/// It is assembled as actix-web's own `HttpServer` is, except for the layers between socket and parser.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(site: Site, state: web::Data<HttpState>) -> io::Result<Server> {
    let Site { listener, reach, tls, connections, workers, offer } = site;
    let limits = *state.limits();
    let workers = workers.max(1);
    // The standard library asks for 128, and the SYN of a client that finds no place is lost until it is sent again.
    SockRef::from(&listener).listen(ACCEPT_BACKLOG)?;
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections.sockets_per_worker(workers))
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let reach = Arc::new(reach);
    let strict_transport = tls.as_ref().and_then(|_| state.strict_transport());
    let connection = move || {
        let app = App::new()
            .app_data(state.clone())
            .app_data(Arc::clone(&reach))
            .wrap(from_fn(host::guard))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(|config| configure(config, offer, state.page()))
            .into_factory()
            .map_err(|error: actix_web::Error| error.error_response());
        let stopping = stopping.clone();
        let metrics = state.clone();
        let strict_transport = strict_transport.clone();
        let noted = move |request: Request, service: &_| noted(request, service, strict_transport.clone());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(limits.keep_alive)
            // The socket has the deadlines: the parser's own covers the first request only.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            .on_connect_ext(|stream: &QuotedStream, extensions: &mut Extensions| {
                extensions.insert(Arc::clone(stream.guarded().connection()));
                if stream.guarded().is_encrypted() {
                    extensions.insert(Encrypted);
                }
            })
            .finish(apply_fn_factory(map_config(app, |()| AppConfig::default()), noted));
        let (connections, tls) = (Arc::clone(&connections), tls.clone());
        fn_service(move |stream: TcpStream| {
            let (connections, tls) = (Arc::clone(&connections), tls.clone());
            async move {
                let peer = stream.peer_addr()?;
                match connections.admit(Transport::Http, peer.ip()).await {
                    Ok(place) => {
                        let stream = GuardedStream::new(stream, tls.as_ref(), place, &limits);
                        Ok((QuotedStream::new(stream), Protocol::Http1, Some(peer)))
                    }
                    Err(error) => {
                        // With TLS the reason would need a handshake, which is work done for a client without a place.
                        if tls.is_none() {
                            turn_away(stream, &error).await;
                        }
                        Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()))
                    }
                }
            }
        })
        .and_then(http)
        .map_err(move |error: DispatchError| {
            if matches!(&error, DispatchError::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused)
            {
                return error; // it was not admitted, and is counted there
            }
            // Caused by the client: an invalid request, TLS, a head or a body that never arrived, a reset.
            tracing::debug!(%error, "a connection ended in disorder");
            metrics.exchange().metrics().broken_connections.http.inc();
            error
        })
    };
    Ok(builder.listen("http", listener, connection)?.run())
}

/// Records with a request's connection that its head has arrived, and that it has been answered. A response before the
/// end of the body is the last of its connection and announces that; bytes sent after it are not processed.
fn noted<S, B>(
    mut request: Request,
    service: &S,
    strict_transport: Option<HeaderValue>,
) -> impl Future<Output = Result<S::Response, S::Error>> + use<S, B>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = HttpResponse>,
{
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let has_body = !matches!(request.payload(), Payload::None);
    let is_heard = connection.as_ref().is_none_or(|connection| connection.requested(has_body));
    let answer = is_heard.then(|| service.call(request));
    async move {
        let mut answer = match answer {
            Some(answer) => answer.await,
            None => Err(refusal(&ApiError::request_timeout())),
        };
        let head = match &mut answer {
            Ok(response) => response.response_mut().head_mut(),
            Err(response) => response.head_mut(),
        };
        if let Some(strict_transport) = strict_transport {
            head.headers_mut().insert(STRICT_TRANSPORT_SECURITY, strict_transport);
        }
        if connection.is_some_and(|connection| connection.answered()) {
            head.set_connection_type(ConnectionType::Close);
        }
        answer
    }
}
