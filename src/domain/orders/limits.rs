//! The limits on how many orders an account may place: the types. `account/quota` does the counting.

use serde::{Deserialize, Serialize};

use crate::domain::types::time::Timestamp;

/// A calendar window in which unfilled orders are counted (Binance Spot, rate limit type ORDERS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderWindow {
    /// Ten seconds, starting at a multiple of ten.
    TenSeconds,
    /// A day, starting at 00:00 UTC.
    Day,
}

impl OrderWindow {
    /// Both windows, the shorter first.
    pub const ALL: [Self; 2] = [Self::TenSeconds, Self::Day];

    /// Returns the length of the window, in microseconds.
    pub const fn micros(self) -> u64 {
        match self {
            Self::TenSeconds => 10_000_000,
            Self::Day => 86_400_000_000,
        }
    }

    /// Returns the number of the window that contains a time.
    pub const fn number(self, time: Timestamp) -> u64 {
        time.micros() / self.micros()
    }

    /// Returns the seconds left in the window, at least 1.
    pub const fn seconds_left(self, time: Timestamp) -> u32 {
        let left = self.micros() - time.micros() % self.micros();
        left.div_ceil(1_000_000) as u32
    }
}

/// The maximum number of unfilled orders an account may place in each window; 0 switches a limit off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderLimits {
    /// The maximum in ten seconds.
    pub ten_seconds: u32,
    /// The maximum in a day.
    pub day: u32,
}

impl OrderLimits {
    /// Returns the limit of a window; 0 means none.
    pub const fn of(self, window: OrderWindow) -> u32 {
        match window {
            OrderWindow::TenSeconds => self.ten_seconds,
            OrderWindow::Day => self.day,
        }
    }
}

/// The number of unfilled orders an account has placed in the current windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderCounts {
    /// The count in the current ten seconds.
    pub ten_seconds: u32,
    /// The count in the current day.
    pub day: u32,
}

impl OrderCounts {
    /// Returns the count of a window.
    pub const fn of(self, window: OrderWindow) -> u32 {
        match window {
            OrderWindow::TenSeconds => self.ten_seconds,
            OrderWindow::Day => self.day,
        }
    }
}
