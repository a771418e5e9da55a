//! When a signed request is fresh (Binance Spot, "Timing security").

use crate::domain::types::time::Timestamp;

const FUTURE_MAX_MICROS: u64 = 1_000_000;

/// How long after its timestamp a request is still valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveWindow {
    micros: u64,
}

impl Default for ReceiveWindow {
    fn default() -> Self {
        Self { micros: 5_000_000 }
    }
}

/// Why a request is not fresh, or its window no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Not `digits[.digits]` with at most three digits after the point.
    #[error("the receive window is not a number of milliseconds")]
    Malformed,
    /// Longer than a minute.
    #[error("the receive window is longer than 60000 ms")]
    TooLong,
    /// The timestamp is older than the window.
    #[error("the request is too old")]
    Late,
    /// The timestamp is a second or more ahead.
    #[error("the request comes from the future")]
    Early,
}

impl ReceiveWindow {
    /// The longest window, in milliseconds.
    pub const MAX_MILLIS: u64 = 60_000;

    /// Reads milliseconds with at most three digits after the point, e.g. `6000.346`.
    ///
    /// # Errors
    /// [`WindowError::Malformed`] or [`WindowError::TooLong`].
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
            return Err(WindowError::Malformed);
        }
        let scale = [100, 10, 1][fraction.len() - 1];
        let millis: u64 = whole.parse().map_err(|_| WindowError::TooLong)?;
        let fraction: u64 = fraction.parse().map_err(|_| WindowError::Malformed)?;
        let micros = millis.saturating_mul(1_000).saturating_add(fraction * scale);
        if micros > Self::MAX_MILLIS * 1_000 { Err(WindowError::TooLong) } else { Ok(Self { micros }) }
    }

    /// Accepts a request stamped `timestamp` that arrives `now`, and returns until when it stays valid.
    ///
    /// # Errors
    /// [`WindowError::Early`] from one second ahead on, [`WindowError::Late`] when the window has passed.
    pub fn check(self, timestamp: Timestamp, now: Timestamp) -> Result<Timestamp, WindowError> {
        let (stamp, now) = (timestamp.micros(), now.micros());
        let deadline = stamp.saturating_add(self.micros);
        if stamp >= now.saturating_add(FUTURE_MAX_MICROS) {
            Err(WindowError::Early)
        } else if now > deadline {
            Err(WindowError::Late)
        } else {
            Ok(Timestamp::from_micros(deadline))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_milliseconds_with_at_most_three_decimals_up_to_a_minute() {
        let micros = |text: &str| ReceiveWindow::parse(text).map(|window| window.micros);
        assert_eq!(micros("5000"), Ok(5_000_000));
        assert_eq!(micros("6000.346"), Ok(6_000_346));
        assert_eq!(micros("0.5"), Ok(500));
        assert_eq!(micros("60000"), Ok(60_000_000));
        assert_eq!(micros("60000.001"), Err(WindowError::TooLong));
        assert_eq!(micros("99999999999999999999"), Err(WindowError::TooLong));
        for bad in ["", ".", "1.", ".1", "1.2345", "-1", "+1", "1e3", "abc", "1.2.3"] {
            assert_eq!(micros(bad), Err(WindowError::Malformed), "{bad}");
        }
    }

    #[test]
    fn the_bounds_are_exact() {
        let window = ReceiveWindow::default();
        let now = Timestamp::from_millis(1_700_000_000_000);
        let at = |offset: i64| Timestamp::from_micros(now.micros().saturating_add_signed(offset));
        assert_eq!(window.check(at(0), now), Ok(at(5_000_000)));
        assert_eq!(window.check(at(-5_000_000), now), Ok(now));
        assert_eq!(window.check(at(-5_000_001), now), Err(WindowError::Late));
        assert_eq!(window.check(at(999_999), now), Ok(at(5_999_999)));
        assert_eq!(window.check(at(1_000_000), now), Err(WindowError::Early));
    }
}
