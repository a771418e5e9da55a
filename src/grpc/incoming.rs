//! Connections of gRPC: let in from the budget HTTP has too, with deadlines, and known to be idle or not.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, stream};
use http_body::{Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tonic::{
    body::Body,
    codegen::{
        Bytes, Service,
        http::{Request, Response},
    },
    transport::server::{Connected, TcpConnectInfo},
};
use tracing::warn;

use super::turns::Line;
use crate::http::{Connection, GuardedStream, HttpState, Transport};

/// How long nothing is accepted after that failed: without descriptors it fails again at once.
const PAUSE: Duration = Duration::from_millis(500);

/// Returns the connections of a listener, for as long as it is polled.
pub(super) fn incoming(
    listener: TcpListener,
    state: Arc<HttpState>,
) -> impl Stream<Item = io::Result<GrpcStream>> {
    stream::unfold((listener, state), |(listener, state)| async move {
        let stream = loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    if let Some(stream) = admit(&state, stream, peer).await {
                        break stream;
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    warn!(%error, "no connection of gRPC can be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        Some((Ok(stream), (listener, state)))
    })
}

/// Lets a connection in; one that is refused is closed without a word, which clients of gRPC call UNAVAILABLE.
async fn admit(state: &HttpState, stream: TcpStream, peer: SocketAddr) -> Option<GrpcStream> {
    let place = state.connections().admit(Transport::Grpc, peer.ip()).await.ok()?;
    let line = Line::new(stream.connect_info());
    Some(GrpcStream { stream: GuardedStream::new(stream, place, state.limits()), line })
}

/// Whether the next connection may be accepted all the same.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// A connection of gRPC.
#[derive(Debug)]
pub(super) struct GrpcStream {
    stream: GuardedStream,
    line: Line,
}

/// What a call knows of its connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    connection: Arc<Connection>,
    socket: TcpConnectInfo,
    line: Line,
}

impl Connected for GrpcStream {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer {
            connection: Arc::clone(self.stream.connection()),
            socket: self.stream.socket().connect_info(),
            line: self.line.clone(),
        }
    }
}

impl AsyncRead for GrpcStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for GrpcStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A service whose calls are noted with their connections, from their heads to the end of their answers.
#[derive(Debug, Clone)]
pub(super) struct Noted<S>(pub(super) S);

impl<S> Service<Request<Body>> for Noted<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let call = request.extensions_mut().remove::<Peer>().map(|peer| {
            // What a handler asks for by that name.
            request.extensions_mut().insert(peer.socket);
            request.extensions_mut().insert(peer.line);
            OpenCall::new(peer.connection)
        });
        let answer = self.0.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| Body::new(NotedBody { body, _call: call })))
        })
    }
}

/// A call under way, until dropped.
#[derive(Debug)]
struct OpenCall(Arc<Connection>);

impl OpenCall {
    fn new(connection: Arc<Connection>) -> Self {
        connection.call_began();
        Self(connection)
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.call_ended();
    }
}

/// The answer of a call that is over when the answer is.
struct NotedBody {
    body: Body,
    _call: Option<OpenCall>,
}

impl http_body::Body for NotedBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
