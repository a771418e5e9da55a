//! Connections of gRPC: admitted from the budget shared with HTTP, with deadlines.

use std::{
    future::ready,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::rustls::ServerConfig;
use tonic::transport::server::{Connected, TcpConnectInfo};
use tracing::warn;

use super::{noted::Peer, turns::Line};
use crate::http::{GuardedStream, HttpState, Transport};

/// How many connections may wait for room at once, besides those admitted. While there are fewer, no connection waits
/// behind them.
pub const WAITING_MAX: usize = 8;
/// The pause after accepting fails: without descriptors it would fail again at once.
const PAUSE: Duration = Duration::from_millis(500);

/// Returns the admitted connections of a listener, for as long as it is polled.
pub(super) fn incoming(
    listener: TcpListener,
    state: Arc<HttpState>,
    tls: Option<Arc<ServerConfig>>,
) -> impl Stream<Item = io::Result<GrpcStream>> {
    let admit = move |(stream, peer)| admit(Arc::clone(&state), tls.clone(), stream, peer);
    let_in(accepted(listener), admit).map(Ok)
}

/// Returns the connections of a listener.
fn accepted(listener: TcpListener) -> impl Stream<Item = (TcpStream, SocketAddr)> {
    stream::unfold(listener, |listener| async move {
        loop {
            match listener.accept().await {
                Ok(accepted) => return Some((accepted, listener)),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    warn!(%error, "no connection of gRPC can be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

/// Returns the admitted connections, each as soon as it is admitted: one that waits for room delays no other.
fn let_in<C, P, F: Future<Output = Option<P>>>(
    accepted: impl Stream<Item = C>,
    admit: impl FnMut(C) -> F,
) -> impl Stream<Item = P> {
    accepted.map(admit).buffer_unordered(WAITING_MAX).filter_map(ready)
}

/// Admits a connection; a refused one is closed without an answer, which gRPC clients report as UNAVAILABLE.
///
/// It is admitted before its handshake, which would delay others here.
async fn admit(
    state: Arc<HttpState>,
    tls: Option<Arc<ServerConfig>>,
    stream: TcpStream,
    peer: SocketAddr,
) -> Option<GrpcStream> {
    let place = state.connections().admit(Transport::Grpc, peer.ip()).await.ok()?;
    let socket = stream.connect_info();
    let line = Line::new(socket.clone());
    Some(GrpcStream { stream: GuardedStream::new(stream, tls.as_ref(), place, state.limits()), socket, line })
}

/// Returns whether an accept error concerns one connection only, so that the next can be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// A connection of gRPC.
#[derive(Debug)]
pub(super) struct GrpcStream {
    stream: GuardedStream,
    socket: TcpConnectInfo,
    line: Line,
}

impl Connected for GrpcStream {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer {
            connection: Arc::clone(self.stream.connection()),
            socket: self.socket.clone(),
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_connection_without_room_delays_no_other() {
        let admit = |number: usize| async move {
            if number == 0 {
                std::future::pending::<()>().await;
            }
            (number != 1).then_some(number)
        };
        let mut all = Box::pin(let_in(stream::iter(0..4).chain(stream::pending()), admit));
        assert_eq!(all.next().now_or_never(), Some(Some(2)), "the second is refused");
        assert_eq!(all.next().now_or_never(), Some(Some(3)));
        assert_eq!(all.next().now_or_never(), None);
    }
}
