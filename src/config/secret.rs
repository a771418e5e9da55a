//! Text that must never be printed.

use serde::{Deserialize, Deserializer, de};

/// Text that must never be printed: its `Debug` form shows only whether there is any.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

/// The error for anything that is not text would print it.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self).map_err(|_| de::Error::custom("it must be text"))
    }
}

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. The caller must not print it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_empty() { "(none)" } else { "(redacted)" })
    }
}
