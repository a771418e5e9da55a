//! A socket with deadlines: no half-finished exchange with a client keeps it forever.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Sleep, sleep_until, timeout},
};

use super::{connection::Connection, connections::ConnectionPermit, limits::ConnectionLimits};
use crate::http::wire::error::ApiError;

/// How long a refused client may take to read the reason.
const GOODBYE: Duration = Duration::from_millis(250);

/// A socket that ends by itself when its client is too slow, or when it is idle and its room is needed.
///
/// It ends as if the client had hung up, which its reader already handles.
#[derive(Debug)]
pub struct GuardedStream {
    stream: TcpStream,
    place: ConnectionPermit,
    limits: ConnectionLimits,
    reading: Alarm,
    writing: Alarm,
    /// Since when the client has accepted no written bytes.
    blocked_since: Option<Instant>,
    is_over: bool,
}

impl GuardedStream {
    /// Guards an admitted socket.
    pub fn new(stream: TcpStream, place: ConnectionPermit, limits: &ConnectionLimits) -> Self {
        tune(&stream, limits);
        Self {
            stream,
            place,
            limits: *limits,
            reading: Alarm::default(),
            writing: Alarm::default(),
            blocked_since: None,
            is_over: false,
        }
    }

    /// Returns its connection.
    pub const fn connection(&self) -> &Arc<Connection> {
        self.place.connection()
    }

    /// Returns the socket.
    pub const fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Ends because of a deadline. A connection that awaits a request's head is sent the reason.
    fn end_late(&mut self, context: &mut Context<'_>) {
        if self.connection().awaits_head() && self.blocked_since.is_none() {
            let answer = whole_answer(&ApiError::request_timeout());
            // A fresh socket accepts this much at once; if not, the reason is not sent.
            let _ = Pin::new(&mut self.stream).poll_write(context, &answer);
        }
        self.place.was_late();
        self.is_over = true;
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
        if this.is_over {
            return Poll::Ready(Ok(()));
        }
        let deadline = this.connection().deadline(&this.limits);
        // A client that never pauses is bound by deadlines too.
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            this.end_late(context);
            return Poll::Ready(Ok(()));
        }
        this.connection().watch(context.waker());
        let earlier = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(outcome) => {
                let bytes = buffer.filled().len() - earlier;
                if bytes > 0 {
                    this.connection().received(bytes);
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => {
                if this.blocked_since.is_none() && this.connection().should_close() {
                    this.place.made_room();
                    this.is_over = true;
                    return Poll::Ready(Ok(()));
                }
                if deadline.is_some_and(|deadline| this.reading.has_passed(context, deadline)) {
                    this.end_late(context);
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending
            }
        }
    }
}

impl GuardedStream {
    /// Checks whether the client accepted any bytes; one that accepts none for too long is disconnected.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.blocked_since = None;
            return outcome;
        }
        let since = *self.blocked_since.get_or_insert_with(Instant::now);
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
        let outcome = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(context, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.written(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
