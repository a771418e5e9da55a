//! The receiver of traces: whether it accepts an export.

use super::finding::Finding;
use crate::{cli::traces, config::Config, telemetry::traces::probe};

/// Sends the receiver an export without a span.
pub(super) fn receiver(config: &Config) -> Finding {
    const CHECK: &str = "traces";
    let endpoint = &config.otlp.endpoint;
    let probed = match traces::settings(&config.otlp) {
        Ok(None) => return Finding::ok(CHECK, "off"),
        Ok(Some(settings)) => probe(&settings),
        Err(fault) => Err(fault),
    };
    match probed {
        Ok(()) => Finding::ok(CHECK, format!("{endpoint} accepts them")),
        Err(error) => Finding::warning(
            CHECK,
            format!("{endpoint} does not accept them: {error}"),
            "trading continues without them; start the receiver, or correct [otlp]: it must take OTLP over gRPC, by custom on port 4317",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::finding::Verdict::{Ok as Fine, Warning};
    use super::*;
    use crate::config::Layers;

    fn config(endpoint: &str, more: &str) -> Config {
        let text = format!(
            "[otlp]\nendpoint = {endpoint:?}\ntimeout-ms = 200\nheaders = \"authorization=hunter2\"\n{more}"
        );
        Layers::defaults().text("test", &text).load().unwrap()
    }

    #[test]
    fn a_receiver_that_is_away_or_says_nothing_is_a_warning_that_shows_no_header() {
        assert_eq!(receiver(&config("", "")), Finding::ok("traces", "off"));
        // It accepts connections and answers nothing on them.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let silence = receiver(&config(&format!("http://{address}"), ""));
        drop(silent);
        let away = receiver(&config(&format!("http://{address}"), ""));
        let unreadable = receiver(&config("https://localhost:4317", "ca-file = \"/nowhere/ca.pem\"\n"));
        for found in [&silence, &away, &unreadable] {
            assert_eq!(found.verdict, Warning);
            assert!(!found.line().contains("hunter2"), "{found:?}");
        }
        assert!(unreadable.found.contains("/nowhere/ca.pem cannot be read"), "{unreadable:?}");
        assert_eq!(receiver(&config("", "")).verdict, Fine);
    }
}
