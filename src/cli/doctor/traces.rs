//! The receiver of traces: whether it accepts an export.

use super::finding::Finding;
use crate::{cli::traces, config::Config, telemetry::traces::probe};

/// What follows from settings with which nothing can be sent.
const NO_START: &str = "the exchange does not start with it; correct [otlp], or leave its endpoint empty";

/// Sends the receiver an export without a span.
pub(super) fn receiver(config: &Config) -> Finding {
    const CHECK: &str = "traces";
    let endpoint = &config.otlp.endpoint;
    let settings = match traces::settings(&config.otlp) {
        Ok(None) => return Finding::ok(CHECK, "off"),
        Ok(Some(settings)) => settings,
        Err(fault) => return Finding::error(CHECK, fault, NO_START),
    };
    match probe(&settings) {
        Err(error) => Finding::error(CHECK, error.to_string(), NO_START),
        Ok(Ok(())) => Finding::ok(CHECK, format!("{endpoint} accepts them")),
        Ok(Err(error)) => Finding::warning(
            CHECK,
            format!("{endpoint} does not accept them: {error}"),
            "trading continues without them; start the receiver, or correct [otlp]: it must take OTLP over gRPC, by custom on port 4317",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::finding::Verdict::{Error, Ok as Fine, Warning};
    use super::*;
    use crate::config::Layers;

    fn config(endpoint: &str, more: &str) -> Config {
        let text = format!(
            "[otlp]\nendpoint = {endpoint:?}\ntimeout-ms = 200\nheaders = \"authorization=hunter2\"\n{more}"
        );
        Layers::defaults().text("test", &text).load().unwrap()
    }

    #[test]
    fn what_a_start_refuses_is_a_failure_and_a_receiver_that_is_away_a_warning_and_none_shows_a_header() {
        assert_eq!(receiver(&config("", "")), Finding::ok("traces", "off"));
        // It accepts connections and answers nothing on them.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let silence = receiver(&config(&format!("http://{address}"), ""));
        drop(silent);
        let away = receiver(&config(&format!("http://{address}"), ""));
        let unreadable = receiver(&config("https://localhost:4317", "ca-file = \"/nowhere/ca.pem\"\n"));
        for (found, verdict) in [(&silence, Warning), (&away, Warning), (&unreadable, Error)] {
            assert_eq!(found.verdict, verdict);
            assert!(!found.line().contains("hunter2"), "{found:?}");
        }
        assert!(unreadable.found.contains("/nowhere/ca.pem cannot be read"), "{unreadable:?}");
        assert_eq!(receiver(&config("", "")).verdict, Fine);
    }
}
