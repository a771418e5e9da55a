//! A socket with deadlines: no half-finished exchange with a client keeps it forever.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Sleep, sleep_until, timeout},
};
use tokio_rustls::rustls::ServerConfig;

use super::{
    connection::Connection, connections::ConnectionPermit, limits::ConnectionLimits, socket::Socket,
};
use crate::http::wire::error::ApiError;

/// How long a refused client may take to read the reason.
const GOODBYE: Duration = Duration::from_millis(250);

/// A socket that ends by itself when its client is too slow, or when it is idle and its room is needed.
///
/// It ends as if the client had hung up, which its reader already handles. A handshake of TLS counts as the time before the
/// first byte, whether the connection's owner reads first or writes.
#[derive(Debug)]
pub struct GuardedStream {
    socket: Socket,
    is_encrypted: bool,
    place: ConnectionPermit,
    limits: ConnectionLimits,
    reading: Alarm,
    writing: Alarm,
    /// Since when the client has accepted no bytes.
    blocked: Option<Blocked>,
    is_over: bool,
}

#[derive(Debug, Clone, Copy)]
struct Blocked {
    since: Instant,
    /// Bytes sent by then.
    sent: u64,
}

impl GuardedStream {
    /// Guards an admitted socket, encrypted if there are settings of TLS.
    pub fn new(
        stream: TcpStream,
        tls: Option<&Arc<ServerConfig>>,
        place: ConnectionPermit,
        limits: &ConnectionLimits,
    ) -> Self {
        tune(&stream, limits);
        Self {
            socket: Socket::new(stream, tls),
            is_encrypted: tls.is_some(),
            place,
            limits: *limits,
            reading: Alarm::default(),
            writing: Alarm::default(),
            blocked: None,
            is_over: false,
        }
    }

    /// Returns its connection.
    pub const fn connection(&self) -> &Arc<Connection> {
        self.place.connection()
    }

    /// Returns whether it is encrypted.
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Ends because of a deadline. A connection that awaits a request's head is sent the reason.
    fn end_late(&mut self, context: &mut Context<'_>) {
        if self.connection().awaits_head() && self.blocked.is_none() && self.socket.is_open() {
            let answer = whole_answer(&ApiError::request_timeout());
            // A fresh socket accepts this much at once; if not, the reason is not sent.
            let _ = self.socket.poll_write(context, &answer);
            let _ = self.socket.poll_flush(context);
        }
        self.place.was_late();
        self.is_over = true;
    }

    /// Returns whether it ends here, with nothing arriving: its room is needed, or it is too late.
    fn ends_waiting(&mut self, context: &mut Context<'_>, deadline: Option<Instant>) -> bool {
        if self.blocked.is_none() && self.connection().should_close() {
            self.place.made_room();
            self.is_over = true;
        } else if deadline.is_some_and(|deadline| self.reading.has_passed(context, deadline)) {
            self.end_late(context);
        }
        self.is_over
    }

    /// Waits for the end of the handshake, if there is one. It is over when that takes too long, and when it fails.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.socket.is_open() {
            return Poll::Ready(Ok(()));
        }
        let over = || Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        if self.is_over {
            return over();
        }
        let deadline = self.connection().deadline(&self.limits);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.end_late(context);
            return over();
        }
        self.connection().watch(context.waker());
        match self.socket.poll_open(context) {
            Poll::Pending if self.ends_waiting(context, deadline) => over(),
            Poll::Ready(Err(error)) => {
                self.place.handshake_failed();
                self.is_over = true;
                Poll::Ready(Err(error))
            }
            other => other,
        }
    }
}

/// The kernel drops a client that stops acknowledging; the bytes it buffers for a client that does not read are
/// bounded.
fn tune(stream: &TcpStream, limits: &ConnectionLimits) {
    let socket = SockRef::from(stream);
    let timeout = socket.set_tcp_user_timeout(Some(limits.unacknowledged));
    let buffer = socket.set_send_buffer_size(limits.send_buffer_bytes);
    if let Err(error) = socket.set_tcp_nodelay(true).and(timeout).and(buffer) {
        tracing::warn!(%error, "a connection could not be tuned");
    }
}

/// Sends a refused client the reason, and hangs up.
pub(crate) async fn turn_away(mut stream: TcpStream, error: &ApiError) {
    let answer = whole_answer(error);
    let farewell = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        // Its bytes are read: closing a socket over unread bytes discards the answer.
        let mut rest = [0; 4_096];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(GOODBYE, farewell).await; // it may have hung up itself
}

/// Returns a complete HTTP response, for use without a request.
fn whole_answer(error: &ApiError) -> Vec<u8> {
    let (status, body) = (error.status(), error.body());
    let reason = status.canonical_reason().unwrap_or_default();
    let retry = error.retry_after_seconds().map(|seconds| format!("retry-after: {seconds}\r\n"));
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: application/json;charset=UTF-8\r\ncontent-length: {}\r\n{}connection: \
         close\r\n\r\n{body}",
        status.as_u16(),
        body.len(),
        retry.unwrap_or_default(),
    )
    .into_bytes()
}

/// Wakes a task at a moving deadline. The timer is reset only after it fires or when it has to fire earlier: most of
/// the deadlines of a busy connection never pass.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Returns whether the deadline has passed; otherwise wakes the task by then.
    fn has_passed(&mut self, context: &mut Context<'_>, deadline: Instant) -> bool {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if sleep.deadline().into_std() > deadline {
            sleep.as_mut().reset(deadline.into());
        }
        while sleep.as_mut().poll(context).is_ready() {
            if deadline <= Instant::now() {
                return true;
            }
            sleep.as_mut().reset(deadline.into());
        }
        false
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match ready!(this.poll_open(context)) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionAborted => return Poll::Ready(Err(error)),
            _ if this.is_over => return Poll::Ready(Ok(())),
            _ => {}
        }
        let deadline = this.connection().deadline(&this.limits);
        // A client that never pauses is bound by deadlines too.
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            this.end_late(context);
            return Poll::Ready(Ok(()));
        }
        this.connection().watch(context.waker());
        let earlier = buffer.filled().len();
        match this.socket.poll_read(context, buffer) {
            Poll::Ready(outcome) => {
                let bytes = buffer.filled().len() - earlier;
                if bytes > 0 {
                    this.connection().received(bytes);
                }
                Poll::Ready(outcome)
            }
            Poll::Pending if this.ends_waiting(context, deadline) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl GuardedStream {
    /// Checks whether the client accepted any bytes; one that accepts none for too long is disconnected.
    fn written<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.blocked = None;
            return outcome;
        }
        // What TLS has encrypted leaves piece by piece while the write that brought it waits.
        let sent = self.socket.sent();
        let blocked = self.blocked.filter(|blocked| blocked.sent == sent);
        let Blocked { since, .. } =
            *self.blocked.insert(blocked.unwrap_or(Blocked { since: Instant::now(), sent }));
        if self.writing.has_passed(context, since + self.limits.write_timeout) {
            self.place.was_late();
            self.is_over = true;
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_open(context))?;
        let outcome = this.socket.poll_write(context, bytes);
        this.written(context, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_open(context))?;
        let outcome = this.socket.poll_write_vectored(context, slices);
        this.written(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_encrypted {
            return this.socket.poll_flush(context);
        }
        if !this.socket.is_open() {
            return Poll::Ready(Ok(())); // nothing was written
        }
        let outcome = this.socket.poll_flush(context);
        this.written(context, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_over && this.blocked.is_some() {
            return Poll::Ready(Ok(())); // its client accepts no farewell either
        }
        let outcome = this.socket.poll_shutdown(context);
        this.written(context, outcome)
    }
}
