//! A socket, plain or encrypted.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{Accept, TlsAcceptor, rustls::ServerConfig, server::TlsStream};

/// A socket, plain or encrypted.
pub(super) enum Socket {
    /// Plain.
    Plain(Counted),
    /// In the handshake.
    Handshake(Box<Accept<Counted>>),
    /// Encrypted.
    Encrypted(Box<TlsStream<Counted>>),
    /// Its handshake failed.
    Failed,
}

impl fmt::Debug for Socket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Handshake(_) => "Handshake",
            Self::Encrypted(_) => "Encrypted",
            Self::Failed => "Failed",
        })
    }
}

/// What a socket that is not open answers to reads and writes.
fn not_open<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}

impl Socket {
    /// Wraps an accepted socket; with settings, in TLS.
    pub(super) fn new(stream: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Self {
        let stream = Counted { stream, sent: 0 };
        match tls {
            None => Self::Plain(stream),
            Some(config) => Self::Handshake(Box::new(TlsAcceptor::from(Arc::clone(config)).accept(stream))),
        }
    }

    /// Returns whether bytes may pass.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Plain(_) | Self::Encrypted(_))
    }

    /// Continues the handshake until bytes may pass.
    pub(super) fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let opened = match self {
            Self::Plain(_) | Self::Encrypted(_) => return Poll::Ready(Ok(())),
            Self::Failed => return not_open(),
            Self::Handshake(handshake) => ready!(Pin::new(handshake.as_mut()).poll(context)),
        };
        let (socket, outcome) = match opened {
            Ok(stream) => (Self::Encrypted(Box::new(stream)), Ok(())),
            Err(error) => (Self::Failed, Err(error)),
        };
        *self = socket;
        Poll::Ready(outcome)
    }

    /// Returns how many bytes the system has accepted.
    pub(super) fn sent(&self) -> u64 {
        match self {
            Self::Plain(stream) => stream.sent,
            Self::Handshake(handshake) => handshake.get_ref().map_or(0, |stream| stream.sent),
            Self::Encrypted(stream) => stream.get_ref().0.sent,
            Self::Failed => 0,
        }
    }

    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Encrypted(stream) => {
                match ready!(Pin::new(stream.as_mut()).poll_read(context, buffer)) {
                    // A client that hangs up without a farewell. HTTP itself knows whether its message was whole.
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
                    outcome => Poll::Ready(outcome),
                }
            }
            Self::Handshake(_) | Self::Failed => not_open(),
        }
    }

    pub(super) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
            Self::Handshake(_) | Self::Failed => not_open(),
        }
    }

    pub(super) fn poll_write_vectored(
        &mut self,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Encrypted(stream) => Pin::new(stream.as_mut()).poll_write_vectored(context, slices),
            Self::Handshake(_) | Self::Failed => not_open(),
        }
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream.as_mut()).poll_flush(context),
            Self::Handshake(_) | Self::Failed => not_open(),
        }
    }

    /// Ends the connection; within the handshake without a farewell.
    pub(super) fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
            Self::Handshake(handshake) => match handshake.get_mut() {
                Some(stream) => Pin::new(stream).poll_shutdown(context),
                None => Poll::Ready(Ok(())),
            },
            Self::Failed => Poll::Ready(Ok(())),
        }
    }
}

/// A socket that counts what the system accepts.
#[derive(Debug)]
pub(super) struct Counted {
    stream: TcpStream,
    sent: u64,
}

impl Counted {
    fn count(&mut self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &outcome {
            self.sent += *bytes as u64;
        }
        outcome
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(outcome)
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
