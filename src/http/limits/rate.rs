//! A steady rate with a burst.

/// How often a client may send: a burst, and a steady rate per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages a second; 0 is no limit.
    pub per_second: u32,
    /// Messages at once, at least 1.
    pub burst: u32,
}
