//! What a check has found.

use serde_json::{Value, json};

/// How serious it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Warning,
    Error,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a check has found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The check.
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    pub(super) found: String,
    /// Empty when nothing is to be done.
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), remedy: String::new() }
    }

    pub(super) fn warning(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, found: found.into(), remedy: remedy.into() }
    }

    pub(super) fn error(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Error, found: found.into(), remedy: remedy.into() }
    }

    /// Returns it as one line of text.
    pub(super) fn line(&self) -> String {
        let Self { check, verdict, found, remedy } = self;
        let separator = if remedy.is_empty() { "" } else { "; " };
        let line = format!("{:<8} {check:<13} {found}{separator}{remedy}", verdict.name());
        line.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
    }

    /// Returns it as JSON.
    pub(super) fn json(&self) -> Value {
        let Self { check, verdict, found, remedy } = self;
        json!({ "check": check, "verdict": verdict.name(), "found": found, "remedy": remedy })
    }
}
