//! Assembles fragmented messages, within a limit, and counts a client's messages.

use bytes::{Bytes, BytesMut};

use crate::{domain::types::time::Timestamp, http::limits::rate::Rate};

/// The fragments of a message so far.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    pieces: Option<BytesMut>,
}

/// The fragments form no message, or one that is too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FragmentError {
    /// A continuation without a first fragment, or a first fragment without an end.
    Disorder,
    /// Longer than the limit.
    TooLong,
    /// A text that is not UTF-8.
    NotText,
}

impl Fragments {
    /// Starts a message.
    pub(super) fn start(&mut self, piece: &Bytes, limit: usize) -> Result<(), FragmentError> {
        if self.pieces.is_some() {
            return Err(FragmentError::Disorder);
        }
        self.pieces = Some(BytesMut::new());
        self.add(piece, limit)
    }

    /// Adds to it.
    pub(super) fn add(&mut self, piece: &Bytes, limit: usize) -> Result<(), FragmentError> {
        let pieces = self.pieces.as_mut().ok_or(FragmentError::Disorder)?;
        if pieces.len() + piece.len() > limit {
            return Err(FragmentError::TooLong);
        }
        pieces.extend_from_slice(piece);
        Ok(())
    }

    /// Ends it.
    pub(super) fn end(&mut self, piece: &Bytes, limit: usize) -> Result<Bytes, FragmentError> {
        self.add(piece, limit)?;
        self.pieces.take().map(BytesMut::freeze).ok_or(FragmentError::Disorder)
    }
}

/// The cost of a message, such that a microsecond at one message per second adds 1.
const MESSAGE: u64 = 1_000_000;

/// A token bucket: full at first, refilled at the steady rate, one message a token.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    tokens: u64,
    filled: Timestamp,
}

impl Bucket {
    /// Makes a full one.
    pub(super) fn new(rate: Rate, now: Timestamp) -> Self {
        Self { rate, tokens: Self::capacity(rate), filled: now }
    }

    fn capacity(rate: Rate) -> u64 {
        u64::from(rate.burst.max(1)) * MESSAGE
    }

    /// Takes a token for a message; `false` when there is none.
    pub(super) fn admit(&mut self, now: Timestamp) -> bool {
        if self.rate.per_second == 0 {
            return true;
        }
        // After the clock jumps backwards, refilling resumes from the new time.
        let passed = now.micros().saturating_sub(self.filled.micros());
        let filled = passed.saturating_mul(u64::from(self.rate.per_second));
        self.filled = now;
        self.tokens = self.tokens.saturating_add(filled).min(Self::capacity(self.rate));
        let rest = self.tokens.checked_sub(MESSAGE);
        self.tokens = rest.unwrap_or(self.tokens);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_make_one_message_within_the_limit() {
        let mut fragments = Fragments::default();
        let piece = |text: &'static str| Bytes::from_static(text.as_bytes());
        fragments.start(&piece("ab"), 6).unwrap();
        fragments.add(&piece("cd"), 6).unwrap();
        assert_eq!(fragments.end(&piece("ef"), 6), Ok(piece("abcdef")));
        assert_eq!(fragments.add(&piece("x"), 6), Err(FragmentError::Disorder));
        fragments.start(&piece("abcd"), 6).unwrap();
        assert_eq!(fragments.start(&piece("x"), 6), Err(FragmentError::Disorder));
        assert_eq!(fragments.end(&piece("efg"), 6), Err(FragmentError::TooLong));
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_steady_rate() {
        let at = |millis: u64| Timestamp::from_millis(100_000 + millis);
        let mut bucket = Bucket::new(Rate { per_second: 5, burst: 25 }, at(0));
        assert!((0..25).all(|_| bucket.admit(at(0))), "a client that subscribes to many streams at once");
        assert!(!bucket.admit(at(0)));
        assert!(!bucket.admit(at(199)), "a fifth of a second has not passed");
        assert!(bucket.admit(at(200)) && !bucket.admit(at(200)));
        // In the steady state, five per second and no more.
        let sent = (201..=10_200).filter(|millis| bucket.admit(at(*millis))).count();
        assert_eq!(sent, 50);
        assert!(
            (0..25).all(|_| bucket.admit(at(60_000))) && !bucket.admit(at(60_000)),
            "never more than full"
        );
    }

    #[test]
    fn a_leap_of_the_clock_neither_cuts_off_nor_lets_loose() {
        let at = |millis: u64| Timestamp::from_millis(100_000 + millis);
        let mut bucket = Bucket::new(Rate { per_second: 5, burst: 2 }, at(50_000));
        assert!(bucket.admit(at(50_000)) && bucket.admit(at(50_000)));
        assert!(!bucket.admit(at(0)), "back");
        assert!(bucket.admit(at(200)) && !bucket.admit(at(200)));
        assert!((0..2).all(|_| bucket.admit(at(90_000_000))) && !bucket.admit(at(90_000_000)), "and forth");
    }

    #[test]
    fn without_a_rate_everything_is_let_through() {
        let now = Timestamp::from_millis(5_000);
        let mut bucket = Bucket::new(Rate { per_second: 0, burst: 1 }, now);
        assert!((0..10_000).all(|_| bucket.admit(now)));
    }
}
