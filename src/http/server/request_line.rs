//! Lets a raw `"` in a query string through the HTTP parser, which rejects it as an illegal character and answers with
//! an empty 400 before any handler runs. Real clients send `symbols=["BTCUSDT"]` unescaped.
//!
//! Between the socket and the parser a `"` becomes a backtick, which the parser accepts and no parameter may contain;
//! handlers read the query through [`query_string`], which restores it, so that a signature is checked over the bytes
//! as they were sent. One byte replaces one byte, so no length or offset changes.

use std::{
    borrow::Cow,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::HttpRequest;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::guarded::GuardedStream;

const QUOTE: u8 = b'"';
const STAND_IN: u8 = b'`';
const METHODS: [&[u8]; 5] = [b"GET /", b"POST /", b"PUT /", b"DELETE /", b"HEAD /"];

/// Returns the query string as it was sent.
pub(crate) fn query_string(request: &HttpRequest) -> Cow<'_, str> {
    restore(request.query_string())
}

fn restore(query: &str) -> Cow<'_, str> {
    match query.as_bytes().contains(&STAND_IN) {
        true => Cow::Owned(query.replace(char::from(STAND_IN), "\"")),
        false => Cow::Borrowed(query),
    }
}

/// A connection whose request lines have no raw `"` in their query.
#[derive(Debug)]
pub(crate) struct QuotedStream {
    stream: GuardedStream,
    line: RequestLine,
}

impl QuotedStream {
    pub(crate) const fn new(stream: GuardedStream) -> Self {
        Self { stream, line: RequestLine::Awaited }
    }

    /// Returns the socket below.
    pub(crate) const fn guarded(&self) -> &GuardedStream {
        &self.stream
    }
}

/// The position in a request of the next byte. A request starts where bytes arrive on a new connection or after a
/// response; of requests sent before the response to the last one, only the first is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestLine {
    /// It has not started.
    Awaited,
    /// In its path.
    Path,
    /// In its query.
    Query,
    /// Past it.
    Done,
}

impl RequestLine {
    /// Replaces the quotes in bytes that have just arrived.
    fn pass(&mut self, mut bytes: &mut [u8]) {
        if *self == Self::Awaited && !bytes.is_empty() {
            let method = METHODS.iter().find(|method| bytes.starts_with(method));
            *self = if method.is_some() { Self::Path } else { Self::Done };
            bytes = &mut bytes[method.map_or(0, |method| method.len())..];
        }
        if *self == Self::Path {
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'?' | b' ' | b'\r' | b'\n')) else {
                return;
            };
            *self = if bytes[end] == b'?' { Self::Query } else { Self::Done };
            bytes = &mut bytes[end + 1..];
        }
        if *self == Self::Query {
            for byte in bytes {
                match *byte {
                    QUOTE => *byte = STAND_IN,
                    b' ' | b'\r' | b'\n' => {
                        *self = Self::Done;
                        break;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Records a response: the next bytes start a request.
    fn answered(&mut self) {
        *self = Self::Awaited;
    }
}

impl AsyncRead for QuotedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let earlier = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        this.line.pass(&mut buffer.filled_mut()[earlier..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for QuotedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.line.answered();
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.line.answered();
        Pin::new(&mut this.stream).poll_write_vectored(context, slices)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes pieces one after the other and returns the result.
    fn passed(pieces: &[&str]) -> String {
        let mut line = RequestLine::Awaited;
        let pass = |piece: &&str| {
            let mut bytes = piece.as_bytes().to_vec();
            line.pass(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        pieces.iter().map(pass).collect()
    }

    #[test]
    fn a_quote_in_a_query_is_replaced_wherever_the_line_is_cut() {
        let line = "GET /api?symbols=[\"A\",\"B\"]&x=\"1\" HTTP/1.1\r\nX: \"y\"\r\n\r\n";
        let expected = "GET /api?symbols=[`A`,`B`]&x=`1` HTTP/1.1\r\nX: \"y\"\r\n\r\n";
        for cut in 5..line.len() {
            assert_eq!(passed(&[&line[..cut], &line[cut..]]), expected, "{cut}");
        }
    }

    #[test]
    fn nothing_else_is_touched() {
        for text in [
            "GET /a\"b HTTP/1.1\r\n\r\n?\"",
            "POST /a HTTP/1.1\r\n\r\n{\"a\":\"?\"}",
            "{\"a\":1}",
            "GE?\"",
            "\u{7f}GET /?\"",
        ] {
            assert_eq!(passed(&[text]), text);
        }
        assert_eq!(passed(&["POST / HTTP/1.1\r\n\r\n", "GET /?\" "]), "POST / HTTP/1.1\r\n\r\nGET /?\" ");
    }

    #[test]
    fn after_an_answer_a_request_starts() {
        let mut line = RequestLine::Awaited;
        for _ in 0..3 {
            let mut bytes = b"DELETE /?\" HTTP/1.1\r\n\r\n\"".to_vec();
            line.pass(&mut bytes);
            assert_eq!(bytes, b"DELETE /?` HTTP/1.1\r\n\r\n\"");
            line.answered();
        }
    }

    #[test]
    fn what_was_replaced_comes_back() {
        assert_eq!(restore("symbols=[`A`]"), "symbols=[\"A\"]");
        assert!(matches!(restore("symbol=A"), Cow::Borrowed("symbol=A")));
    }
}
