//! Spans of the steps of a command: exported when its request is traced, in the log at level debug, else none at all.
//!
//! A step's span descends from that of its cause, which travels with the message: the request, then the account's command, the
//! match in the book, the settlement, the way of the frame to the disk, and the answer. A span that is exported lasts from its
//! creation until it was left last. Its figures are signed: the exporter sends others as text.

use tracing::{Level, Span, error_span, field::Empty};

use super::{outbox::Answered, topology::Topology};
use crate::{
    domain::{
        messages::message::{Envelope, ToAccount, ToSymbol},
        types::id::SymbolId,
    },
    telemetry::traces::{TARGET, is_traced, share_a_trace},
};

/// How many messages of one input are followed: an order that sweeps a book would otherwise have thousands of spans.
const FOLLOWED: usize = 32;

/// The step of a command in its account.
const COMMAND: &str = "account.command";

/// Returns the span of a step. `traced` makes the one that is exported, `logged` the one of the log, and both are called only when
/// their span is wanted: a disabled span costs more than these two loads, and there are several for every order.
pub(super) fn step(cause: &Span, traced: impl FnOnce() -> Span, logged: impl FnOnce() -> Span) -> Span {
    if is_traced(cause) {
        traced()
    } else if tracing::level_enabled!(Level::DEBUG) {
        logged()
    } else {
        Span::none()
    }
}

/// Returns what the results of a step follow from: the step, or its cause when the step has no span.
pub(super) fn cause<'span>(step: &'span Span, cause: &'span Span) -> &'span Span {
    if step.is_disabled() { cause } else { step }
}

/// Returns a span if it is traced, else none.
pub(super) fn if_traced(span: &Span) -> Span {
    if is_traced(span) { span.clone() } else { Span::none() }
}

/// Returns what the answer to a request follows from: the step that decided it, or the request itself when that step is of another
/// request, whose trade or end decided it. The answer to a request that is not traced follows from nothing.
pub(super) fn of_answer(request: &Span, step: &Span) -> Span {
    if !is_traced(request) {
        Span::none()
    } else if share_a_trace(request, step) {
        step.clone()
    } else {
        request.clone()
    }
}

/// Returns whether a message is followed: the first of an input, and the last, which answers the command.
pub(super) const fn is_followed(index: usize, count: usize) -> bool {
    index + 1 < FOLLOWED || index + 1 == count
}

/// Returns the span of matching a message in its book.
pub(super) fn matching(
    cause: &Span,
    envelope: &Envelope<ToSymbol>,
    shard: usize,
    topology: &Topology,
) -> Span {
    let traced = || {
        let (symbol, order, message) = match &envelope.body {
            ToSymbol::SubmitOrder(submit) => (submit.symbol, submit.order, "submit"),
            ToSymbol::CancelOrder(cancel) => (cancel.symbol, cancel.order, "cancel"),
            ToSymbol::AmendOrder(amend) => (amend.symbol, amend.order, "amend"),
            ToSymbol::CancelStop(cancel) => (cancel.symbol, cancel.order, "cancel_stop"),
        };
        let (symbol, order, shard) = (name_of(symbol, topology), order.get(), shard as i64);
        error_span!(target: TARGET, parent: cause, "symbol.match", shard, symbol, order.id = order, message, results = Empty)
    };
    step(cause, traced, || tracing::debug_span!(parent: cause, "symbol.match", shard))
}

/// Returns the span of settling a message in its account.
pub(super) fn settling(
    cause: &Span,
    envelope: &Envelope<ToAccount>,
    shard: usize,
    topology: &Topology,
) -> Span {
    let traced = || {
        let (symbol, order, message) = match &envelope.body {
            ToAccount::TradeExecuted(trade) => (
                name_of(trade.symbol, topology),
                trade.order,
                if trade.is_maker { "maker_trade" } else { "taker_trade" },
            ),
            ToAccount::OrderUpdated(update) => (None, update.order, "update"),
            ToAccount::CancelRejected(reject) => (None, reject.order, "cancel_rejected"),
        };
        let (order, shard) = (order.get(), shard as i64);
        error_span!(target: TARGET, parent: cause, "account.settle", shard, symbol, order.id = order, message)
    };
    step(cause, traced, || tracing::debug_span!(parent: cause, "account.settle", shard))
}

/// Returns the span of a command in its account. Which order it is about is known once it was handled ([`addressed`]).
pub(super) fn command(cause: &Span, symbol: Option<SymbolId>, shard: usize, topology: &Topology) -> Span {
    let traced = || {
        let (symbol, shard) = (symbol.and_then(|symbol| name_of(symbol, topology)), shard as i64);
        error_span!(target: TARGET, parent: cause, COMMAND, shard, symbol, order.id = Empty)
    };
    step(cause, traced, || tracing::debug_span!(parent: cause, COMMAND, shard))
}

/// Returns the span of a query in its account.
pub(super) fn query(cause: &Span, shard: usize) -> Span {
    let traced = || error_span!(target: TARGET, parent: cause, "account.query", shard = shard as i64);
    step(cause, traced, || tracing::debug_span!(parent: cause, "account.query", shard))
}

/// Records which order a command is about, as the account addresses it to the book; nothing for another step or several orders.
pub(super) fn addressed(step: &Span, messages: &[Envelope<ToSymbol>]) {
    if !is_traced(step) || step.metadata().is_none_or(|metadata| metadata.name() != COMMAND) {
        return;
    }
    // Of several orders none is named.
    if let [envelope] = messages {
        let order = match &envelope.body {
            ToSymbol::SubmitOrder(submit) => submit.order,
            ToSymbol::CancelOrder(cancel) => cancel.order,
            ToSymbol::AmendOrder(amend) => amend.order,
            ToSymbol::CancelStop(cancel) => cancel.order,
        };
        step.record("order.id", order.get());
    }
}

/// Records how many messages a match sends.
pub(super) fn matched(matching: &Span, messages: usize) {
    if is_traced(matching) {
        matching.record("results", messages as i64);
    }
}

/// Starts the spans of frames on their way to the disk, one for each step in `steps`, and has the answers that wait for them follow
/// from these. Without a step it does nothing.
pub(super) fn journalled(steps: &mut Vec<Span>, answers: &mut [Answered]) -> Vec<Span> {
    let start = |step: Span| {
        let span = error_span!(target: TARGET, parent: &step, "journal", position = Empty);
        for answered in answers.iter_mut().filter(|answered| answered.cause == step) {
            answered.cause = span.clone();
        }
        span
    };
    if steps.is_empty() { Vec::new() } else { steps.drain(..).map(start).collect() }
}

/// Ends these spans: their frames are durable at `position`.
pub(super) fn durable(journal: &[Span], position: u64) {
    for span in journal {
        span.record("position", i64::try_from(position).unwrap_or(i64::MAX));
        span.in_scope(|| ());
    }
}

/// Returns the span of an answer, which lasts until it is received.
pub(super) fn answer(cause: &Span, is_accepted: bool) -> Span {
    let traced = || error_span!(target: TARGET, parent: cause, "answer", accepted = is_accepted);
    if is_traced(cause) { traced() } else { Span::none() }
}

fn name_of(symbol: SymbolId, topology: &Topology) -> Option<String> {
    topology.instruments.load().symbol(symbol).map(|spec| spec.name.clone())
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn an_answer_follows_from_a_step_of_its_own_request_alone() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let request = || error_span!(target: TARGET, parent: None, "request");
            let (own, other, untraced) = (request(), request(), error_span!(parent: None, "request"));
            let step = error_span!(target: TARGET, parent: &own, "step");
            assert_eq!(of_answer(&own, &step), step);
            assert_eq!(of_answer(&other, &step), other);
            assert_eq!(of_answer(&other, &Span::none()), other);
            assert!(of_answer(&if_traced(&untraced), &step).is_disabled());
        });
    }

    #[test]
    fn the_first_messages_and_the_last_are_followed() {
        let followed = |count| (0..count).filter(|index| is_followed(*index, count)).collect::<Vec<_>>();
        assert_eq!(followed(3), [0, 1, 2]);
        assert_eq!(followed(FOLLOWED), (0..FOLLOWED).collect::<Vec<_>>());
        let many = followed(20_000);
        assert_eq!((many.len(), many.last()), (FOLLOWED, Some(&19_999)));
    }
}
