//! Milliseconds or microseconds: what a client wants times in, and how it sends them.

use crate::domain::time::Timestamp;

pub(super) use crate::actors::message::TimeUnit;

impl TimeUnit {
    /// Reads `X-MBX-TIME-UNIT` or `timeUnit`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("MICROSECOND") {
            Some(Self::Micros)
        } else if text.eq_ignore_ascii_case("MILLISECOND") {
            Some(Self::Millis)
        } else {
            None
        }
    }

    /// Returns the time in this unit.
    pub(super) const fn of(self, time: Timestamp) -> u64 {
        match self {
            Self::Millis => time.millis(),
            Self::Micros => time.micros(),
        }
    }
}

/// Reads a time sent in milliseconds or microseconds: from 10^14 on (the year 5138 in milliseconds, 1973 in
/// microseconds) it can only be microseconds.
pub(super) const fn read_time(value: u64) -> Timestamp {
    if value < 100_000_000_000_000 { Timestamp::from_millis(value) } else { Timestamp::from_micros(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_and_microseconds_are_told_apart_by_size() {
        let time = Timestamp::from_micros(1_499_827_319_559_123);
        assert_eq!(read_time(1_499_827_319_559_123), time);
        assert_eq!(read_time(1_499_827_319_559), Timestamp::from_millis(1_499_827_319_559));
        assert_eq!(TimeUnit::Millis.of(time), 1_499_827_319_559);
        assert_eq!(TimeUnit::Micros.of(time), 1_499_827_319_559_123);
    }

    #[test]
    fn the_unit_is_read_in_either_case() {
        assert_eq!(TimeUnit::parse("microsecond"), Some(TimeUnit::Micros));
        assert_eq!(TimeUnit::parse("MILLISECOND"), Some(TimeUnit::Millis));
        assert_eq!(TimeUnit::parse("seconds"), None);
    }
}
