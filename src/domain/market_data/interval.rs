//! The intervals of candles, and their boundaries: whole seconds to calendar months, in any whole-minute time zone.

use serde::{Deserialize, Serialize};

use super::calendar;
use crate::domain::types::time::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MICROS: i64 = 1_000_000;

/// The length of a candle. The variants are ordered by length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Interval {
    /// `1s`
    Second1,
    /// `1m`
    Minute1,
    /// `3m`
    Minute3,
    /// `5m`
    Minute5,
    /// `15m`
    Minute15,
    /// `30m`
    Minute30,
    /// `1h`
    Hour1,
    /// `2h`
    Hour2,
    /// `4h`
    Hour4,
    /// `6h`
    Hour6,
    /// `8h`
    Hour8,
    /// `12h`
    Hour12,
    /// `1d`
    Day1,
    /// `3d`: every third day, counted from the symbol's phase ([`Zone::for_symbol`]).
    Day3,
    /// `1w`, from Monday.
    Week1,
    /// `1M`, a calendar month.
    Month1,
}

impl Interval {
    /// Every interval, shortest first.
    pub const ALL: [Self; 16] = [
        Self::Second1,
        Self::Minute1,
        Self::Minute3,
        Self::Minute5,
        Self::Minute15,
        Self::Minute30,
        Self::Hour1,
        Self::Hour2,
        Self::Hour4,
        Self::Hour6,
        Self::Hour8,
        Self::Hour12,
        Self::Day1,
        Self::Day3,
        Self::Week1,
        Self::Month1,
    ];

    /// Returns the wire's name, e.g. `15m`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second1 => "1s",
            Self::Minute1 => "1m",
            Self::Minute3 => "3m",
            Self::Minute5 => "5m",
            Self::Minute15 => "15m",
            Self::Minute30 => "30m",
            Self::Hour1 => "1h",
            Self::Hour2 => "2h",
            Self::Hour4 => "4h",
            Self::Hour6 => "6h",
            Self::Hour8 => "8h",
            Self::Hour12 => "12h",
            Self::Day1 => "1d",
            Self::Day3 => "3d",
            Self::Week1 => "1w",
            Self::Month1 => "1M",
        }
    }

    /// Reads the wire's name; case matters, `1m` is a minute and `1M` a month.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.name() == text)
    }

    /// Returns its index in [`Interval::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns its length and the start of the first one after 1970, in seconds; `None` for months.
    const fn grid(self, zone: Zone) -> Option<(i64, i64)> {
        Some(match self {
            Self::Second1 => (1, 0),
            Self::Minute1 => (MINUTE, 0),
            Self::Minute3 => (3 * MINUTE, 0),
            Self::Minute5 => (5 * MINUTE, 0),
            Self::Minute15 => (15 * MINUTE, 0),
            Self::Minute30 => (30 * MINUTE, 0),
            Self::Hour1 => (HOUR, 0),
            Self::Hour2 => (2 * HOUR, 0),
            Self::Hour4 => (4 * HOUR, 0),
            Self::Hour6 => (6 * HOUR, 0),
            Self::Hour8 => (8 * HOUR, 0),
            Self::Hour12 => (12 * HOUR, 0),
            Self::Day1 => (DAY, 0),
            Self::Day3 => (3 * DAY, zone.three_day_phase as i64 * DAY),
            // 1970-01-05 was a Monday.
            Self::Week1 => (7 * DAY, 4 * DAY),
            Self::Month1 => return None,
        })
    }

    /// Returns the start of the candle that contains `time`; never before 1970.
    pub fn open(self, time: Timestamp, zone: Zone) -> Timestamp {
        let local = zone.local_seconds(time);
        zone.utc(match self.grid(zone) {
            Some((length, phase)) => local - (local - phase).rem_euclid(length),
            None => calendar::month_start(local.div_euclid(DAY)) * DAY,
        })
    }

    /// Returns the end of the candle that contains `time`, at which the next starts.
    pub fn end(self, time: Timestamp, zone: Zone) -> Timestamp {
        let local = zone.local_seconds(time);
        zone.utc(match self.grid(zone) {
            Some((length, phase)) => local - (local - phase).rem_euclid(length) + length,
            None => calendar::next_month_start(local.div_euclid(DAY)) * DAY,
        })
    }

    /// Returns the first open time at or after `time`.
    pub fn open_from(self, time: Timestamp, zone: Zone) -> Timestamp {
        let open = self.open(time, zone);
        if open == time { open } else { self.end(time, zone) }
    }

    /// Returns the longest interval whose UTC candles add up to this one's in `zone`.
    pub fn source(self, zone: Zone) -> Self {
        let offset = i64::from(zone.minutes()) * MINUTE;
        // The kept candles start where those of UTC do, by the usual phase.
        let is_usual = self != Self::Day3 || zone.three_day_phase == Zone::UTC.three_day_phase;
        let fits = |candidate: &Self| match (candidate.grid(Zone::UTC), self.grid(Zone::UTC)) {
            _ if *candidate == self => is_usual && (offset == 0 || self.is_shifted_by_whole(offset)),
            (Some((length, _)), _) if length > DAY || offset % length != 0 => false,
            (Some((length, _)), Some((own, _))) => own % length == 0,
            (Some((length, _)), None) => DAY % length == 0,
            (None, _) => false,
        };
        let upto = &Self::ALL[..=self.index()];
        upto.iter().rev().find(|candidate| fits(candidate)).copied().unwrap_or(Self::Second1)
    }

    fn is_shifted_by_whole(self, offset: i64) -> bool {
        self.grid(Zone::UTC).is_some_and(|(length, _)| offset % length == 0)
    }
}

/// The boundaries of candles longer than an hour: the offset of a time zone from UTC, in whole minutes, without
/// daylight saving; and the day from which a symbol's three-day candles are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone {
    minutes: i16,
    /// The number of days since 1970-01-01 of a day on which one starts, modulo 3.
    three_day_phase: u8,
}

/// The phase of three-day candles unless a symbol has another one.
pub const THREE_DAY_PHASE: u8 = 1;

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    /// No offset.
    pub const UTC: Self = Self::of(0);
    /// `+08:00`, the one zone Binance streams candles in.
    pub const EIGHT: Self = Self::of(8 * 60);

    const fn of(minutes: i16) -> Self {
        Self { minutes, three_day_phase: THREE_DAY_PHASE }
    }

    /// Returns the boundaries for a symbol whose three-day candles have this phase.
    #[must_use]
    pub const fn for_symbol(self, interval: Interval, three_day_phase: u8) -> Self {
        match interval {
            Interval::Day3 => Self { three_day_phase, ..self },
            _ => self,
        }
    }

    /// Returns the offset in minutes, -720 to 840.
    pub const fn minutes(self) -> i16 {
        self.minutes
    }

    /// Parses hours, or hours and minutes: `0`, `8`, `-1:00`, `+05:45`; from -12:00 to +14:00.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.as_bytes().first()? {
            b'-' => (-1, &text[1..]),
            b'+' => (1, &text[1..]),
            _ => (1, text),
        };
        let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "00"));
        let number = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
            let is_plain = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| text.parse::<i16>().ok()).flatten()
        };
        let (hours, minutes) = (number(hours, 1..=2)?, number(minutes, 2..=2)?);
        let offset = sign * (hours * 60 + minutes);
        (minutes < 60 && (-12 * 60..=14 * 60).contains(&offset)).then_some(Self::of(offset))
    }

    fn local_seconds(self, time: Timestamp) -> i64 {
        let seconds = i64::try_from(time.micros()).unwrap_or(i64::MAX).div_euclid(MICROS);
        seconds.saturating_add(i64::from(self.minutes) * MINUTE)
    }

    fn utc(self, local: i64) -> Timestamp {
        let seconds = local.saturating_sub(i64::from(self.minutes) * MINUTE).max(0);
        Timestamp::from_micros(seconds.saturating_mul(MICROS).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn names_read_back_and_case_matters() {
        for interval in Interval::ALL {
            assert_eq!(Interval::parse(interval.name()), Some(interval));
        }
        for other in ["", "1S", "1H", "1D", "1W", "2m", "60m", "1m "] {
            assert_eq!(Interval::parse(other), None, "{other}");
        }
    }

    #[test]
    fn zones_are_hours_or_hours_and_minutes() {
        for (text, minutes) in
            [("0", 0), ("8", 480), ("-1:00", -60), ("05:45", 345), ("-12:00", -720), ("+14:00", 840)]
        {
            assert_eq!(Zone::parse(text).map(Zone::minutes), Some(minutes), "{text}");
        }
        for other in ["", "-", "14:01", "-12:30", "15", "5:4", "5:60", "1:000", "é", "+-1", "UTC", "100"] {
            assert_eq!(Zone::parse(other), None, "{other}");
        }
    }

    #[test]
    fn weeks_start_on_monday_and_months_with_the_calendar() {
        let time = at(1_582_934_400 + 3_600); // Saturday 2020-02-29 01:00
        assert_eq!(Interval::Week1.open(time, Zone::UTC), at(1_582_502_400)); // Monday 2020-02-24
        assert_eq!(Interval::Month1.open(time, Zone::UTC), at(1_580_515_200)); // 2020-02-01
        assert_eq!(Interval::Month1.end(time, Zone::UTC), at(1_583_020_800)); // 2020-03-01
        for phase in 0..3 {
            let zone = Zone::UTC.for_symbol(Interval::Day3, phase);
            assert_eq!(Interval::Day3.open(time, zone).micros() / 86_400_000_000 % 3, u64::from(phase));
        }
        assert_eq!(Zone::UTC.for_symbol(Interval::Day3, THREE_DAY_PHASE), Zone::UTC);
        assert_eq!(Zone::EIGHT.for_symbol(Interval::Day1, 2), Zone::EIGHT, "days start alike");
    }

    #[test]
    fn a_zone_moves_days_and_longer_but_not_minutes() {
        let time = at(1_582_934_400 + 17 * 3_600); // 17:00 UTC is 01:00 the next day in +08:00
        assert_eq!(Interval::Day1.open(time, Zone::EIGHT), at(1_582_934_400 + 16 * 3_600));
        assert_eq!(Interval::Month1.open(time, Zone::EIGHT), at(1_582_934_400 + 16 * 3_600)); // 1 March there
        assert_eq!(Interval::Minute1.open(time, Zone::EIGHT), Interval::Minute1.open(time, Zone::UTC));
        assert_eq!(Interval::Day1.open(at(0), Zone::EIGHT), at(0), "nothing is before 1970");
    }

    #[test]
    fn a_zones_candles_are_made_of_the_longest_that_fit() {
        let source = |interval: Interval, zone| interval.source(Zone::parse(zone).unwrap());
        for interval in Interval::ALL {
            assert_eq!(interval.source(Zone::UTC), interval);
        }
        assert_eq!(source(Interval::Day1, "8"), Interval::Hour8);
        assert_eq!(Interval::Day3.source(Zone::UTC.for_symbol(Interval::Day3, 2)), Interval::Day1);
        assert_eq!(source(Interval::Month1, "8"), Interval::Hour8);
        assert_eq!(source(Interval::Week1, "-1:00"), Interval::Hour1);
        assert_eq!(source(Interval::Day1, "05:45"), Interval::Minute15);
        assert_eq!(source(Interval::Hour1, "05:45"), Interval::Minute15);
        assert_eq!(source(Interval::Hour1, "8"), Interval::Hour1);
        assert_eq!(source(Interval::Hour4, "5:01"), Interval::Minute1);
        assert_eq!(source(Interval::Second1, "5:01"), Interval::Second1);
    }

    proptest! {
        #[test]
        fn every_time_lies_in_exactly_one_candle(
            seconds in 1_000_000_u64..20_000_000_000,
            zone in -720_i16..=840,
            index in 0_usize..16,
            phase in 0_u8..3,
        ) {
            let interval = Interval::ALL[index];
            let zone = Zone::of(zone).for_symbol(interval, phase);
            let time = Timestamp::from_micros(seconds * 1_000_000 + 999_999);
            let (open, end) = (interval.open(time, zone), interval.end(time, zone));
            prop_assert!(open <= time && time < end);
            prop_assert_eq!(interval.open(open, zone), open);
            prop_assert_eq!(interval.open(end, zone), end);
            prop_assert_eq!(interval.end(open, zone), end);
            prop_assert_eq!(interval.open_from(time, zone), end);
            prop_assert_eq!(interval.open_from(open, zone), open);
            // The candles it is merged from never cross its bounds.
            let source = interval.source(zone);
            prop_assert!(source.open(time, Zone::UTC) >= open && source.end(time, Zone::UTC) <= end);
        }
    }
}
