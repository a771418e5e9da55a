//! The exchange's time: the wall clock's, as far as the steady clock confirms it.
//!
//! Slots never let their time go back, so a wall clock that leaps ahead for a second would affect them for as long as
//! it leapt. Between two readings of the wall clock, time therefore advances by the steady clock, which cannot be set.
//! A small difference from the wall clock is corrected slowly; a large one is ignored until it has persisted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::time::{ClockId, clock_gettime};

use crate::domain::types::time::Timestamp;

/// A difference up to this, in microseconds, is corrected slowly.
const SLEWED_MAX: i64 = 2_000_000;
/// How much is corrected per time that passes: a tenth, so time neither stops nor runs away.
const SLEW_DIVISOR: i64 = 10;
/// From this difference on, a set wall clock is logged.
const NOTABLE: i64 = 500_000;
/// A larger difference is accepted once it has persisted this long, in microseconds.
const BELIEVED_AFTER: u64 = 60_000_000;

/// The exchange's time; clones share it.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    state: Arc<State>,
}

/// The source of a clock's readings.
#[derive(Debug, Clone)]
enum Source {
    System,
    /// Two clocks that a test moves.
    Hands(Hands),
    /// A time that a test sets; it is accepted at once.
    Manual(Arc<AtomicU64>),
}

/// A simulated pair of clocks, for tests of what a wall clock may do.
#[derive(Debug, Clone)]
pub struct Hands {
    /// The reading of the steady clock, in microseconds.
    pub steady: Arc<AtomicU64>,
    /// How far the wall clock is ahead of it, in microseconds.
    pub wall_ahead: Arc<AtomicI64>,
}

#[derive(Debug, Default)]
struct State {
    /// How far the exchange's time is ahead of the steady clock.
    offset: AtomicI64,
    /// The steady clock's time at the last reading of the wall clock.
    looked_at: AtomicU64,
    /// How far the wall clock was ahead of the exchange's time at that reading.
    skew: AtomicI64,
    /// How far it was when it leapt; 0 when it has not.
    leap: AtomicI64,
    /// The steady clock's time then.
    leapt_at: AtomicU64,
    /// How often it leapt.
    leaps: AtomicU64,
}

/// The result of a reading of the wall clock. Differences are in microseconds, positive when the wall clock is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockEvent {
    /// The wall clock was set by a little: the exchange's time is brought there slowly.
    Stepped(i64),
    /// It was set by much, and is ignored for now.
    Leapt(i64),
    /// It is near the exchange's time again, after a leap by this much.
    Healed(i64),
    /// It stayed where it was set to for a minute: the exchange's time has followed it.
    Followed(i64),
}

impl Default for Clock {
    /// Reads the clocks of this machine, and accepts the current time of the wall clock.
    fn default() -> Self {
        Self::of(Source::System)
    }
}

impl Clock {
    fn of(source: Source) -> Self {
        let clock = Self { source, state: Arc::default() };
        if let Some((steady, wall)) = clock.read() {
            clock.state.offset.store(signed(wall).saturating_sub(signed(steady)), Ordering::Relaxed);
            clock.state.looked_at.store(steady, Ordering::Relaxed);
        }
        clock
    }

    /// Creates a clock that stands at `start` until the returned cell (microseconds) is changed.
    pub fn manual(start: Timestamp) -> (Self, Arc<AtomicU64>) {
        let cell = Arc::new(AtomicU64::new(start.micros()));
        (Self::of(Source::Manual(Arc::clone(&cell))), cell)
    }

    /// Creates a clock on simulated hands; both stand at `start` until they are moved.
    pub fn on_hands(start: Timestamp) -> (Self, Hands) {
        let hands = Hands { steady: Arc::new(AtomicU64::new(start.micros())), wall_ahead: Arc::default() };
        (Self::of(Source::Hands(hands.clone())), hands)
    }

    /// Returns the steady and the wall clock, in microseconds; `None` for a clock set by a test.
    fn read(&self) -> Option<(u64, u64)> {
        match &self.source {
            Source::System => Some((steady_micros(), wall_micros())),
            Source::Hands(hands) => {
                let steady = hands.steady.load(Ordering::Relaxed);
                Some((steady, steady.saturating_add_signed(hands.wall_ahead.load(Ordering::Relaxed))))
            }
            Source::Manual(_) => None,
        }
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        let steady = match &self.source {
            Source::System => steady_micros(),
            Source::Hands(hands) => hands.steady.load(Ordering::Relaxed),
            Source::Manual(cell) => return Timestamp::from_micros(cell.load(Ordering::Relaxed)),
        };
        Timestamp::from_micros(steady.saturating_add_signed(self.state.offset.load(Ordering::Relaxed)))
    }

    /// Returns how far the wall clock is ahead of the exchange's time, in microseconds, as of the last reading.
    pub fn skew(&self) -> i64 {
        self.state.skew.load(Ordering::Relaxed)
    }

    /// Returns how far the wall clock has leapt, in microseconds, while the leap is ignored.
    pub fn leap(&self) -> Option<i64> {
        Some(self.state.leap.load(Ordering::Relaxed)).filter(|&leap| leap != 0)
    }

    /// Returns how often the wall clock has leapt.
    pub fn leaps(&self) -> u64 {
        self.state.leaps.load(Ordering::Relaxed)
    }

    /// Reads the wall clock and moves the exchange's time towards it, as far as it is accepted. One task does this
    /// several times a second.
    pub fn look(&self) -> Option<ClockEvent> {
        let state = &self.state;
        let (steady, wall) = self.read()?;
        let elapsed = steady.saturating_sub(state.looked_at.swap(steady, Ordering::Relaxed));
        let skew = signed(wall).saturating_sub(signed(self.now_at(steady)));
        let (last, leap) = (state.skew.swap(skew, Ordering::Relaxed), state.leap.load(Ordering::Relaxed));
        if skew.saturating_abs() <= SLEWED_MAX {
            let most = signed(elapsed) / SLEW_DIVISOR;
            state.offset.fetch_add(skew.clamp(-most, most), Ordering::Relaxed);
            state.leap.store(0, Ordering::Relaxed);
            let was_near = last.saturating_abs() < NOTABLE;
            return match leap {
                0 if was_near && skew.saturating_abs() >= NOTABLE => Some(ClockEvent::Stepped(skew)),
                0 => None,
                leap => Some(ClockEvent::Healed(leap)),
            };
        }
        // While it is set again and again no value of it is accepted.
        if leap == 0 || skew.saturating_sub(leap).saturating_abs() > SLEWED_MAX {
            state.leap.store(skew, Ordering::Relaxed);
            state.leapt_at.store(steady, Ordering::Relaxed);
            if leap != 0 {
                return None;
            }
            state.leaps.fetch_add(1, Ordering::Relaxed);
            return Some(ClockEvent::Leapt(skew));
        }
        if steady.saturating_sub(state.leapt_at.load(Ordering::Relaxed)) < BELIEVED_AFTER {
            return None;
        }
        // A test may read it beside the task that does: the leap is followed once.
        state.leap.compare_exchange(leap, 0, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        state.offset.fetch_add(skew, Ordering::Relaxed);
        state.skew.store(0, Ordering::Relaxed);
        Some(ClockEvent::Followed(skew))
    }

    fn now_at(&self, steady: u64) -> u64 {
        steady.saturating_add_signed(self.state.offset.load(Ordering::Relaxed))
    }
}

impl ClockEvent {
    /// Logs the event.
    pub(super) fn report(self) {
        let seconds = |micros: i64| micros as f64 / 1e6;
        match self {
            Self::Stepped(skew) => tracing::warn!(
                wall_clock_ahead_s = seconds(skew),
                "the wall clock was set: the exchange's time is brought there slowly, a tenth of a second each second"
            ),
            Self::Leapt(skew) => tracing::error!(
                wall_clock_ahead_s = seconds(skew),
                "the wall clock leapt and is not believed: the exchange's time keeps its old pace, and follows if the \
                 wall clock stays there for 60 s; check this machine's time service"
            ),
            Self::Healed(leap) => tracing::warn!(
                wall_clock_was_ahead_s = seconds(leap),
                "the wall clock is right again; the exchange's time never followed it"
            ),
            Self::Followed(skew) if skew > 0 => tracing::warn!(
                by_s = seconds(skew),
                "the wall clock has stayed ahead for 60 s: the exchange's time has jumped to it"
            ),
            Self::Followed(skew) => tracing::error!(
                by_s = seconds(skew),
                "the wall clock has stayed behind for 60 s: the exchange's time has gone back to it; orders and trades keep \
                 the last time stamped until the clock has passed it, timers go by the clock"
            ),
        }
    }
}

fn signed(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

/// Returns the wall clock in microseconds since 1970, accepted or not: for stamps that decide nothing.
pub fn wall_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Returns a clock that cannot be set, in microseconds. It keeps running while the machine is suspended: a wall clock
/// that is ahead afterwards has not leapt.
fn steady_micros() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000)
}

#[cfg(test)]
mod tests;
