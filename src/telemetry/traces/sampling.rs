//! Which requests are traced: decided once for each request, before anything of it is recorded.

use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{IdGenerator, RandomIdGenerator},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::is_traced;

/// The header that names the trace a request belongs to (W3C Trace Context), and the one with what its vendors add.
const TRACE_PARENT: &str = "traceparent";
const TRACE_STATE: &str = "tracestate";

/// The longest `tracestate` that is kept: every span has a copy, and W3C Trace Context asks for 512 characters.
const STATE_LEN_MAX: usize = 512;

/// The field of a request's span that has the number of its trace.
pub(super) const TRACE_ID: &str = "trace_id";

/// A part of all requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio(u128);

impl Ratio {
    /// Makes one of millionths; a million is all.
    pub const fn of_millionths(millionths: u32) -> Self {
        Self(((millionths as u128) << 64) / 1_000_000)
    }

    /// Returns whether a request with this random number is of the part.
    const fn has(self, random: u64) -> bool {
        (random as u128) < self.0
    }
}

/// Decides which requests are traced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampler {
    /// Of the requests that belong to no trace yet.
    pub(super) requests: Ratio,
    /// Of those that belong to one that is sampled.
    pub(super) members: Ratio,
}

/// The decision that a request is traced.
#[derive(Debug)]
pub struct Sampled {
    /// The span of the caller, if the request names one.
    caller: Option<SpanContext>,
}

impl Sampler {
    /// Decides about a request with these headers. `random` is called once at the most.
    pub(super) fn decide<'h>(
        self,
        header: impl Fn(&str) -> Option<&'h str>,
        random: impl FnOnce() -> u64,
    ) -> Option<Sampled> {
        let caller = header(TRACE_PARENT).and_then(|parent| read(parent, header(TRACE_STATE)));
        let ratio = match &caller {
            None => self.requests,
            Some(caller) if caller.is_sampled() => self.members,
            Some(_) => return None,
        };
        ratio.has(random()).then_some(Sampled { caller })
    }
}

impl Sampled {
    /// Makes `span`, which must be new, part of the caller's trace or the first of a new one, and records the trace's number
    /// with it, which log lines then show.
    pub fn attach(self, span: &Span) {
        if let Some(caller) = self.caller {
            // It fails only without the layer that exports spans, and then nothing is traced.
            let _ = span.set_parent(Context::new().with_remote_span_context(caller));
        }
        let context = span.context();
        span.record(TRACE_ID, tracing::field::display(context.span().span_context().trace_id()));
    }
}

/// Returns whether two spans are of one trace.
pub fn share_a_trace(one: &Span, other: &Span) -> bool {
    let trace = |span: &Span| span.context().span().span_context().trace_id();
    is_traced(one) && is_traced(other) && trace(one) == trace(other)
}

/// Returns a random number; a clock or a lock is not needed.
pub(super) fn random() -> u64 {
    u64::from_be_bytes(RandomIdGenerator::default().new_span_id().to_bytes())
}

/// Reads the headers of W3C Trace Context; `None` when they are not as they should be.
fn read(parent: &str, state: Option<&str>) -> Option<SpanContext> {
    let state = state.filter(|state| state.len() <= STATE_LEN_MAX).unwrap_or_default();
    let headers = Headers { parent, state };
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    let caller = context.span().span_context().clone();
    caller.is_valid().then_some(caller)
}

struct Headers<'h> {
    parent: &'h str,
    state: &'h str,
}

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACE_PARENT => Some(self.parent),
            TRACE_STATE => Some(self.state),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACE_PARENT, TRACE_STATE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    const NONE: Ratio = Ratio::of_millionths(0);
    const ALL: Ratio = Ratio::of_millionths(1_000_000);

    fn decide(requests: Ratio, members: Ratio, parent: Option<&'static str>, random: u64) -> Option<Sampled> {
        let header = |name: &str| parent.filter(|_| name == TRACE_PARENT);
        Sampler { requests, members }.decide(header, || random)
    }

    #[test]
    fn a_ratio_is_that_part_of_all_numbers() {
        for random in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(ALL.has(random) && !NONE.has(random), "{random}");
        }
        let half = Ratio::of_millionths(500_000);
        assert!(half.has(u64::MAX / 2) && !half.has(u64::MAX / 2 + 1));
        let hundredth = Ratio::of_millionths(10_000);
        let drawn = (0..100_000).filter(|_| hundredth.has(random())).count();
        assert!((800..1_200).contains(&drawn), "{drawn} of 100,000");
    }

    #[test]
    fn the_callers_flag_decides_within_a_ratio_of_its_own() {
        assert!(decide(ALL, NONE, None, 7).is_some_and(|sampled| sampled.caller.is_none()));
        assert!(decide(NONE, ALL, None, 7).is_none());
        let taken = decide(NONE, ALL, Some(SAMPLED), 7).unwrap().caller.unwrap();
        assert_eq!(taken.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(taken.span_id().to_string(), "00f067aa0ba902b7");
        assert!(decide(ALL, NONE, Some(SAMPLED), 7).is_none());
        assert!(decide(ALL, ALL, Some(UNSAMPLED), 7).is_none(), "its caller does not trace it");
    }

    #[test]
    fn a_state_of_a_length_a_span_can_bear_is_kept() {
        let kept = |state: &str| read(SAMPLED, Some(state)).unwrap().trace_state().header();
        let long = format!("vendor={}", "x".repeat(200));
        assert_eq!(kept(&long), long);
        let longer =
            (0..4).map(|index| format!("v{index}={}", "x".repeat(200))).collect::<Vec<_>>().join(",");
        assert_eq!(kept(&longer), "", "the trace it names is kept all the same");
    }

    #[test]
    fn a_header_that_is_none_counts_as_left_out() {
        for bad in
            ["", "00", "00-zz-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"]
        {
            assert!(decide(ALL, NONE, Some(bad), 7).is_some_and(|sampled| sampled.caller.is_none()), "{bad}");
        }
    }
}
