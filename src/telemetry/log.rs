//! Where log lines go: to standard error, for people or for machines.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan, layer::SubscriberExt, util::SubscriberInitExt};

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogShape {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl LogShape {
    /// Returns what suits standard error: people read a terminal, machines the rest.
    pub fn of_terminal() -> Self {
        if std::io::stderr().is_terminal() { Self::Pretty } else { Self::Json }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("log filter {filter:?}: {reason}")]
pub struct LogError {
    filter: String,
    reason: String,
}

/// Sends log lines to standard error from now on. Where logging is set up already it stays as it is.
///
/// # Errors
/// [`LogError`] when the filter is not one.
pub fn init(shape: LogShape, filter: &str) -> Result<(), LogError> {
    let failed = |reason: String| LogError { filter: filter.to_owned(), reason };
    let filter = EnvFilter::builder().parse(filter).map_err(|error| failed(error.to_string()))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    let registry = tracing_subscriber::registry().with(filter);
    // A second set-up, as in tests that start several servers, is no fault.
    let _ = match shape {
        LogShape::Json => registry.with(lines.json().flatten_event(true).with_span_list(false)).try_init(),
        LogShape::Pretty => registry.with(lines.compact()).try_init(),
    };
    Ok(())
}
