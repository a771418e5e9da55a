//! Milliseconds or microseconds: the unit of times a client receives and sends.

use crate::domain::types::time::Timestamp;

pub(crate) use crate::actors::message::TimeUnit;

impl TimeUnit {
    /// Reads `X-MBX-TIME-UNIT` or `timeUnit`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("MICROSECOND") {
            Some(Self::Micros)
        } else if text.eq_ignore_ascii_case("MILLISECOND") {
            Some(Self::Millis)
        } else {
            None
        }
    }

    /// Returns the time in this unit.
    pub(crate) const fn of(self, time: Timestamp) -> u64 {
        match self {
            Self::Millis => time.millis(),
            Self::Micros => time.micros(),
        }
    }
}

/// The first number that is read as microseconds.
const MICROS_FROM: u64 = 100_000_000_000_000;

/// Reads a time sent in milliseconds or microseconds: from 10^14 on (the year 5138 in milliseconds, 1973 in
/// microseconds) it is read as microseconds.
pub(crate) const fn read_time(value: u64) -> Timestamp {
    if value < MICROS_FROM { Timestamp::from_millis(value) } else { Timestamp::from_micros(value) }
}

/// The time range a client asks for, from `startTime` to `endTime`, both inclusive, to the microsecond.
///
/// Times are shown in milliseconds unless a client asks for microseconds, and a bound may be sent in either. A bound in
/// milliseconds means the whole millisecond: a row that shows it is in the range, at either end, and ranges that adjoin in
/// milliseconds leave no row out. A bound in microseconds means that microsecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TimeRange {
    /// Not before.
    pub(crate) start: Option<Timestamp>,
    /// Not after.
    pub(crate) end: Option<Timestamp>,
}

impl TimeRange {
    /// Makes a range of the values sent; `None` when its end is before its start.
    pub(crate) fn of(start: Option<u64>, end: Option<u64>) -> Option<Self> {
        let last = |value: u64| match value < MICROS_FROM {
            true => Timestamp::from_micros(value * 1_000 + 999),
            false => Timestamp::from_micros(value),
        };
        let range = Self { start: start.map(read_time), end: end.map(last) };
        let is_reversed = range.start.zip(range.end).is_some_and(|(start, end)| end < start);
        (!is_reversed).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_and_microseconds_are_distinguished_by_size() {
        let time = Timestamp::from_micros(1_499_827_319_559_123);
        assert_eq!(read_time(1_499_827_319_559_123), time);
        assert_eq!(read_time(1_499_827_319_559), Timestamp::from_millis(1_499_827_319_559));
        assert_eq!(TimeUnit::Millis.of(time), 1_499_827_319_559);
        assert_eq!(TimeUnit::Micros.of(time), 1_499_827_319_559_123);
    }

    #[test]
    fn a_bound_in_milliseconds_is_the_whole_millisecond() {
        const SHOWN: u64 = 1_499_827_319_559;
        let micros = |range: TimeRange| [range.start, range.end].map(|time| time.map(Timestamp::micros));
        let of = |start, end| TimeRange::of(Some(start), Some(end)).map(micros);
        let whole = [Some(SHOWN * 1_000), Some(SHOWN * 1_000 + 999)];
        assert_eq!(of(SHOWN, SHOWN), Some(whole));
        assert_eq!(of(SHOWN * 1_000 + 5, SHOWN), Some([Some(SHOWN * 1_000 + 5), whole[1]]), "a unit each");
        assert_eq!(of(SHOWN * 1_000 + 5, SHOWN * 1_000 + 5), Some([Some(SHOWN * 1_000 + 5); 2]));
        assert_eq!(of(SHOWN * 1_000 + 5, SHOWN * 1_000 + 4), None);
        assert_eq!(of(SHOWN, SHOWN - 1), None);
        assert_eq!(
            TimeRange::of(None, Some(u64::MAX)).and_then(|range| range.end),
            Some(Timestamp::from_micros(u64::MAX))
        );
    }

    #[test]
    fn the_unit_is_read_in_either_case() {
        assert_eq!(TimeUnit::parse("microsecond"), Some(TimeUnit::Micros));
        assert_eq!(TimeUnit::parse("MILLISECOND"), Some(TimeUnit::Millis));
        assert_eq!(TimeUnit::parse("seconds"), None);
    }
}
