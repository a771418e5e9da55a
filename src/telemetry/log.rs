//! The log's output: standard error, for humans or for machines, and no caller waits for its reader.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal, Write},
    panic::{self, PanicHookInfo},
    sync::OnceLock,
    thread,
    time::Duration,
};

use tracing::Subscriber;
use tracing_subscriber::{
    Layer, fmt::format::FmtSpan, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

use super::{filter, log_queue::LogQueue, traces::Traces};

/// How long the process waits for its last lines to be written before it ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The queue to standard error, once something uses it.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogShape {
    /// One JSON object a line.
    Json,
    /// For humans.
    Pretty,
}

impl LogShape {
    /// Returns the shape that suits standard error: pretty on a terminal, JSON elsewhere.
    pub fn of_terminal() -> Self {
        if io::stderr().is_terminal() { Self::Pretty } else { Self::Json }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The given text is no filter.
    #[error("log filter {filter:?}: {reason}")]
    Filter {
        /// The given text.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The thread that writes the log cannot be started.
    #[error("no thread for the log")]
    Thread(#[source] io::Error),
}

/// Sends log lines to standard error from now on, panics among them, and spans to the receiver of traces, if there is one.
/// Where logging is set up already it stays as it is.
///
/// # Errors
/// [`LogError`] when the filter is not one, or no thread can be started.
pub fn init(shape: LogShape, filter: &str, traces: Option<&Traces>) -> Result<(), LogError> {
    let failed = |reason: String| LogError::Filter { filter: filter.to_owned(), reason };
    let parsed = match traces {
        None => filter::parse(filter),
        Some(_) => filter::parse_with_traces(filter),
    };
    let filter = parsed.map_err(|error| failed(error.to_string()))?;
    let queue = queue().map_err(LogError::Thread)?;
    let registry = tracing_subscriber::registry();
    // A second set-up, as in tests that start several servers, is no fault.
    let is_first = match traces {
        None => registry.with(filter).with(lines(shape, queue)).try_init(),
        // Each has a filter of its own: what is traced need not be logged.
        Some(traces) => {
            registry.with(traces.layer()).with(lines(shape, queue).with_filter(filter)).try_init()
        }
    };
    if is_first.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// Returns the layer that writes lines.
fn lines<S>(shape: LogShape, queue: &'static LogQueue) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // Its own errors would go to standard error by themselves, and wait for it.
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || queue.clone())
        .log_internal_errors(false)
        .with_span_events(FmtSpan::NONE);
    match shape {
        LogShape::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        LogShape::Pretty => lines.compact().boxed(),
    }
}

/// Waits until the lines logged so far are written, for a second at most: to be called before the process ends.
pub fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(LAST_LINES);
    }
}

/// Does what [`flush`] does when it is dropped, by a panic too.
#[derive(Debug)]
pub struct LastLines;

impl Drop for LastLines {
    fn drop(&mut self) {
        flush();
    }
}

/// Writes a text to standard error that is no log line, and waits for it as [`flush`] does.
pub fn last_words(text: &str) {
    if let Ok(queue) = queue() {
        queue.append(format!("{text}\n").as_bytes());
        queue.flush(LAST_LINES);
    }
}

/// Writes a text to standard output, which need not have a reader: a thread of its own waits for one.
///
/// # Errors
/// When the thread cannot be started.
pub fn announce(text: String) -> io::Result<()> {
    let announce = move || {
        let mut out = io::stdout();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush()); // it may be closed, or full
    };
    thread::Builder::new().name("announce".to_owned()).spawn(announce).map(drop)
}

fn queue() -> io::Result<&'static LogQueue> {
    if let Some(queue) = QUEUE.get() {
        return Ok(queue);
    }
    let started = LogQueue::start(io::stderr())?;
    Ok(QUEUE.get_or_init(|| started))
}

/// The hook of the standard library writes to standard error itself, and a shard that panicked would wait for its reader.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let payload = panic.payload();
    let message = payload.downcast_ref::<&str>().copied();
    let message =
        message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let location = panic.location().map(tracing::field::display);
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then_some(tracing::field::display(&backtrace));
    tracing::error!(thread = thread.name(), location, panic = message, backtrace, "a thread panicked");
}
