//! Puts fragmented messages together, within a limit, and counts what a client sends.

use bytes::{Bytes, BytesMut};

use crate::domain::time::Timestamp;

/// The pieces of a message so far.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    pieces: Option<BytesMut>,
}

/// The fragments make no message, or one that is too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FragmentError {
    /// A piece without a beginning, or a beginning without an end.
    Disorder,
    /// Longer than the limit.
    TooLong,
}

impl Fragments {
    /// Begins a message.
    pub(super) fn begin(&mut self, piece: &Bytes, limit: usize) -> Result<(), FragmentError> {
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

const SECOND_MICROS: u64 = 1_000_000;

/// How many messages a client has sent in the current second.
#[derive(Debug)]
pub(super) struct MessageRate {
    since: Timestamp,
    count: u32,
}

impl MessageRate {
    /// Starts counting.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { since: now, count: 0 }
    }

    /// Counts one message; `false` when it is one too many.
    pub(super) fn admit(&mut self, now: Timestamp, limit: u32) -> bool {
        // The clock of the exchange: after a leap, in either direction, another second has begun.
        if now.micros().abs_diff(self.since.micros()) >= SECOND_MICROS {
            *self = Self::new(now);
        }
        self.count += 1;
        self.count <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_make_one_message_within_the_limit() {
        let mut fragments = Fragments::default();
        let piece = |text: &'static str| Bytes::from_static(text.as_bytes());
        fragments.begin(&piece("ab"), 6).unwrap();
        fragments.add(&piece("cd"), 6).unwrap();
        assert_eq!(fragments.end(&piece("ef"), 6), Ok(piece("abcdef")));
        assert_eq!(fragments.add(&piece("x"), 6), Err(FragmentError::Disorder));
        fragments.begin(&piece("abcd"), 6).unwrap();
        assert_eq!(fragments.begin(&piece("x"), 6), Err(FragmentError::Disorder));
        assert_eq!(fragments.end(&piece("efg"), 6), Err(FragmentError::TooLong));
    }

    #[test]
    fn so_many_messages_a_second_and_no_more() {
        let start = Timestamp::from_millis(5_000);
        let mut rate = MessageRate::new(start);
        assert!((0..5).all(|_| rate.admit(start, 5)));
        assert!(!rate.admit(Timestamp::from_millis(5_999), 5));
        assert!(rate.admit(Timestamp::from_millis(6_000), 5));
        assert!((0..4).all(|_| rate.admit(Timestamp::from_millis(6_999), 5)));
        assert!(rate.admit(start, 5), "the clock went back");
    }
}
