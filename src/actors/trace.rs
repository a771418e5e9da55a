//! Spans of the steps of a command.

use tracing::{Level, Span};

/// Returns the span that `make` creates at level debug. Where nothing below info is logged it is none, at the cost of
/// one load: a disabled span costs more, and there are several for every order.
pub(super) fn step(make: impl FnOnce() -> Span) -> Span {
    if tracing::level_enabled!(Level::DEBUG) { make() } else { Span::none() }
}
