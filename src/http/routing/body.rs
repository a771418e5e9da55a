//! The body of a request: bounded in size, in time, and by a minimum rate.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use actix_web::{
    rt::time::timeout,
    web::{Bytes, BytesMut},
};
use futures_util::{Stream, StreamExt};

use crate::http::{server::limits::ConnectionLimits, wire::error::ApiError};

/// How long a body may arrive at any rate: a packet may get lost.
const GRACE: Duration = Duration::from_secs(5);

/// Reads a body to its end.
///
/// # Errors
/// -93005 (413) when it is too large, -93010 (408) when it arrives too late or too slowly, -1000 when it is truncated.
pub(crate) async fn read_body<E>(
    body: impl Stream<Item = Result<Bytes, E>>,
    limits: &ConnectionLimits,
) -> Result<Bytes, ApiError> {
    let mut body = pin!(body);
    let started = Instant::now();
    let mut whole = Bytes::new();
    let mut gathered = BytesMut::new();
    loop {
        let left = allowed(whole.len().max(gathered.len()), limits).saturating_sub(started.elapsed());
        let piece = match timeout(left, body.next()).await {
            Err(_) => return Err(ApiError::request_timeout()),
            Ok(None) => break,
            Ok(Some(piece)) => piece.map_err(|_| ApiError::body_broken())?,
        };
        if whole.len().max(gathered.len()) + piece.len() > limits.body_bytes {
            return Err(ApiError::body_too_large(limits.body_bytes));
        }
        // Most bodies come in one piece, and are not copied.
        if whole.is_empty() && gathered.is_empty() {
            whole = piece;
        } else {
            gathered.extend_from_slice(&std::mem::take(&mut whole));
            gathered.extend_from_slice(&piece);
        }
    }
    Ok(if gathered.is_empty() { whole } else { gathered.freeze() })
}

/// Returns the time allowed for a body of which this many bytes have arrived.
fn allowed(bytes: usize, limits: &ConnectionLimits) -> Duration {
    let rate = limits.body_bytes_per_second;
    if rate == 0 {
        return limits.body_timeout;
    }
    (GRACE + Duration::from_secs_f64(bytes as f64 / f64::from(rate))).min(limits.body_timeout)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn limits(timeout_ms: u64) -> ConnectionLimits {
        ConnectionLimits {
            body_bytes: 10,
            body_timeout: Duration::from_millis(timeout_ms),
            ..Default::default()
        }
    }

    fn pieces(pieces: &[&'static str]) -> impl Stream<Item = Result<Bytes, ()>> {
        stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect::<Vec<_>>())
    }

    #[actix_web::test]
    async fn a_body_is_read_whole_or_refused() {
        for (given, expected) in [
            (&[][..], Ok("")),
            (&["0123456789"], Ok("0123456789")),
            (&["01", "23", "456789"], Ok("0123456789")),
            (&["0123456789a"], Err(-93_005)),
            (&["01234", "56789", "a"], Err(-93_005)),
        ] {
            let read = read_body(pieces(given), &limits(60_000)).await.map_err(|error| error.code());
            assert_eq!(read, expected.map(|text| Bytes::from_static(text.as_bytes())), "{given:?}");
        }
        let broken = stream::iter([Ok(Bytes::from_static(b"01")), Err(())]);
        assert_eq!(read_body(broken, &limits(60_000)).await.unwrap_err().code(), -1000);
    }

    #[actix_web::test]
    async fn a_body_that_never_ends_is_refused_in_time() {
        let endless = pieces(&["01"]).chain(stream::pending());
        let error = read_body(endless, &limits(5)).await.unwrap_err();
        assert_eq!((error.status().as_u16(), error.code()), (408, -93_010));
    }

    #[test]
    fn the_time_for_a_body_grows_with_what_has_arrived_of_it() {
        let limits = ConnectionLimits {
            body_timeout: Duration::from_secs(10),
            body_bytes_per_second: 256,
            ..Default::default()
        };
        let seconds = |bytes| allowed(bytes, &limits).as_secs();
        assert_eq!([0, 256, 512, 1 << 20].map(seconds), [5, 6, 7, 10]);
        let any = ConnectionLimits { body_bytes_per_second: 0, ..limits };
        assert_eq!(allowed(0, &any).as_secs(), 10);
    }
}
