//! The guard before every service: whether the host of a call is served here, and whether it comes from this machine.

use std::{convert::Infallible, future::ready, sync::Arc};

use tonic::{
    body::Body,
    codegen::{
        BoxFuture, Context, Poll, Service,
        http::{Request, Response, header},
    },
    server::NamedService,
    transport::server::TcpConnectInfo,
};

use super::refusal;
use crate::http::{ApiError, Arrival, Reach, is_forwarding};

/// Whether a call comes from this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IsLocal(pub(super) bool);

/// A service behind the guard, which adds [`IsLocal`] to every call it lets through.
#[derive(Debug, Clone)]
pub(super) struct Guarded<S> {
    inner: S,
    reach: Arc<Reach>,
}

impl<S> Guarded<S> {
    /// Guards a service of a listener with this reach.
    pub(super) fn new(inner: S, reach: &Arc<Reach>) -> Self {
        Self { inner, reach: Arc::clone(reach) }
    }
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match admit(&self.reach, &request) {
            Ok(is_local) => {
                request.extensions_mut().insert(is_local);
                Box::pin(self.inner.call(request))
            }
            Err(error) => Box::pin(ready(Ok(refusal::of_stream(&error).into_http()))),
        }
    }
}

/// Checks `:authority`, or the `Host` header, and determines whether the call comes from this machine.
///
/// # Errors
/// -95001, -95002.
fn admit(reach: &Reach, request: &Request<Body>) -> Result<IsLocal, ApiError> {
    let headers = request.headers();
    let text = |name| headers.get(name).map(|line| line.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let host = authority.or_else(|| text(header::HOST)).ok_or_else(ApiError::host_malformed)?;
    reach.check_host(host)?;
    let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    Ok(IsLocal(reach.is_local(&Arrival {
        peer: peer.map(|peer| peer.ip()),
        host: Some(host),
        origin: text(header::ORIGIN),
        is_forwarded: headers.keys().any(|name| is_forwarding(name.as_str())),
    })))
}
