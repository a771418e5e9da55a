//! Which log lines are written.

use tracing_subscriber::{EnvFilter, filter::ParseError};

use super::traces::TARGET;

/// The library that parses HTTP and WebSocket logs malformed input of clients as its own errors, a line each: any
/// client could fill a disk with them. They are counted ([`BrokenConnections`](super::BrokenConnections)) and logged at
/// debug level where they are noticed.
const CLIENTS_DOING: &str = "actix_http";

/// Reads a filter; one that names the library gets its lines about clients' mistakes.
///
/// # Errors
/// When it is not one.
pub(super) fn parse(text: &str) -> Result<EnvFilter, ParseError> {
    let named = text.contains(CLIENTS_DOING);
    let filter = EnvFilter::builder().parse(text)?;
    if named {
        return Ok(filter);
    }
    Ok(filter.add_directive(format!("{CLIENTS_DOING}=off").parse()?))
}

/// Does the same where traces are sent. The lines of a traced request then have the number of its trace, unless the filter names
/// the target of exported spans.
///
/// # Errors
/// As [`parse`].
pub(super) fn parse_with_traces(text: &str) -> Result<EnvFilter, ParseError> {
    let filter = parse(text)?;
    if text.contains(TARGET) {
        return Ok(filter);
    }
    Ok(filter.add_directive(format!("{TARGET}=error").parse()?))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Targets(Arc<Mutex<Vec<String>>>);

    impl<S: tracing::Subscriber> Layer<S> for Targets {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(event.metadata().target().to_owned());
        }
    }

    fn logged(filter: &str) -> Vec<String> {
        let targets = Targets::default();
        let subscriber = tracing_subscriber::registry().with(parse(filter).unwrap()).with(targets.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "actix_http::h1::dispatcher", "stream error: request parse error");
            tracing::error!(target: "actix_http::ws::codec", "Unfinished fragment");
            tracing::error!(target: "lightning_exchange", "an account shard is out of service");
        });
        targets.0.lock().unwrap().clone()
    }

    #[test]
    fn what_clients_send_wrongly_is_no_error_of_ours() {
        for filter in ["info", "debug", "warn,lightning_exchange=trace"] {
            assert_eq!(logged(filter), ["lightning_exchange"], "{filter}");
        }
        assert_eq!(logged("info,actix_http=debug").len(), 3);
        assert!(parse("no=such=filter").is_err());
    }
}
