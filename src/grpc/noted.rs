//! The accounting of every call when its head arrives, for any service, known or not: it is registered with its
//! connection and counted for its address, so that a call whose message never arrives has been counted too.

use std::{
    future::ready,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http_body::{Frame, SizeHint};
use tonic::{
    Status,
    body::Body,
    codegen::{
        Bytes, Service,
        http::{HeaderMap, Request, Response},
    },
    transport::server::TcpConnectInfo,
};

use super::{method::toll, refusal, turns::Line};
use crate::http::{
    Connection, HttpState,
    gateway::{self, SocketPermit},
};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// A call's view of its connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) connection: Arc<Connection>,
    pub(super) socket: TcpConnectInfo,
    pub(super) line: Line,
}

/// The address of a call's client, by which it was counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub(super) IpAddr);

/// A service whose calls are counted, and registered from their heads to the end of their answers.
#[derive(Debug, Clone)]
pub(super) struct Noted<S> {
    inner: S,
    state: Arc<HttpState>,
}

impl<S> Noted<S> {
    pub(super) const fn new(inner: S, state: Arc<HttpState>) -> Self {
        Self { inner, state }
    }
}

impl<S> Service<Request<Body>> for Noted<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let held = match enter(&self.state, &mut request) {
            Ok(held) => held,
            Err(status) => return Box::pin(ready(Ok(status.into_http()))),
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| Body::new(NotedBody { body, _held: held })))
        })
    }
}

/// Counts a call and registers it with its connection; adds the extensions handlers need.
///
/// # Errors
/// RESOURCE_EXHAUSTED when its address has exhausted its limits; UNAVAILABLE when it needs a permit and there is none.
fn enter(state: &HttpState, request: &mut Request<Body>) -> Result<Held, Status> {
    let no_address = || Status::internal("no address");
    let Peer { connection, socket, line } =
        request.extensions_mut().remove::<Peer>().ok_or_else(no_address)?;
    let peer = socket.remote_addr().ok_or_else(no_address)?.ip();
    let address = client_address(state, peer, request.headers());
    let toll = toll(request.uri().path());
    let place = gateway::count(state, address, toll.weight)
        .and_then(|()| toll.takes_permit.then(|| gateway::open_stream(state, address)).transpose())
        .map_err(|error| refusal::of_caller(&error))?;
    let extensions = request.extensions_mut();
    extensions.insert(socket);
    extensions.insert(line);
    extensions.insert(Client(address));
    Ok(Held { _call: OpenCall::new(connection), _permit: place.map(|(_, place)| place) })
}

fn client_address(state: &HttpState, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    gateway::client_address(state, peer, &lines)
}

/// The resources of a call until its answer is complete.
#[derive(Debug)]
struct Held {
    _call: OpenCall,
    _permit: Option<SocketPermit>,
}

/// A call in progress, until dropped.
#[derive(Debug)]
struct OpenCall(Arc<Connection>);

impl OpenCall {
    fn new(connection: Arc<Connection>) -> Self {
        connection.call_started();
        Self(connection)
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.call_ended();
    }
}

/// The answer of a call that ends with it.
struct NotedBody {
    body: Body,
    _held: Held,
}

impl http_body::Body for NotedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
