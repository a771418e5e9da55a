//! A setting that is on, off, or decided by the circumstances.

use serde::{Deserialize, Deserializer, de};

/// A setting that is on, off, or decided by the circumstances: `true`, `false` or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Decided by the circumstances.
    Auto,
    /// On.
    On,
    /// Off.
    Off,
}

impl Switch {
    /// Returns whether it is on, given what `auto` means.
    pub const fn is_on_or(self, auto: bool) -> bool {
        match self {
            Self::Auto => auto,
            Self::On => true,
            Self::Off => false,
        }
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SwitchVisitor)
    }
}

struct SwitchVisitor;

impl de::Visitor<'_> for SwitchVisitor {
    type Value = Switch;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("true, false or \"auto\"")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Switch, E> {
        Ok(if value { Switch::On } else { Switch::Off })
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Switch, E> {
        match value {
            "auto" => Ok(Switch::Auto),
            "true" => Ok(Switch::On), // from the environment
            "false" => Ok(Switch::Off),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }
}
