//! Receivers that are away, silent, or refuse: orders do not notice, and what is lost is counted and reported.

use std::{net::TcpListener, time::Instant};

use super::receiver::{Receiver, settings};
use crate::{
    api::{Api, limit, two_accounts},
    durable::{place, trade},
    monitoring::reading::Reading,
    support::{KeyPair, Process, block_on, lightning, printed, wait_until, wait_until_async},
    tls::certificates::Authority,
};

const DROPPED: &str = "lightning_otlp_spans_dropped_total";
const EXPORTED: &str = "lightning_otlp_spans_exported_total";

async fn read(api: &Api) -> Reading {
    Reading::new(api.text("/metrics").await)
}

fn of_reason(reading: &Reading, reason: &str) -> f64 {
    reading.of(&format!("{DROPPED}{{reason=\"{reason}\"}}")).unwrap()
}

/// Accounts that may place as many orders as they like.
fn accounts() -> (KeyPair, KeyPair, String) {
    let (seller, buyer, settings) = two_accounts();
    (seller, buyer, format!("[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n{settings}"))
}

/// Returns how many lines of a log have this message.
fn lines(server: &Process, message: &str) -> usize {
    server.log().lines().filter(|line| line.contains(message)).count()
}

#[test]
fn a_receiver_that_is_away_costs_traces_and_no_order() {
    let (seller, buyer, accounts) = accounts();
    let root = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Process::start(root.path(), &(settings(&format!("http://{address}"), "") + &accounts));
    let started = Instant::now();
    block_on(async {
        let api = Api::new(server.url());
        trade(&api, &seller, &buyer).await;
        wait_until_async("all of their spans are counted as lost, in several exports", async || {
            of_reason(&read(&api).await, "export_failed") > 150.0
        })
        .await;
        assert_eq!(read(&api).await.of(EXPORTED), Some(0.0));
    });
    wait_until("a line reports it", || lines(&server, "traces are lost") > 0);
    let server = server.stop();
    let minutes = usize::try_from(started.elapsed().as_secs() / 60).unwrap();
    assert!(lines(&server, "traces are lost") <= 1 + minutes, "one a minute at the most:\n{}", server.log());
}

#[test]
fn a_receiver_that_never_answers_costs_traces_and_bounded_memory_and_a_stop_does_not_wait_for_it() {
    let (seller, buyer, accounts) = accounts();
    let root = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let bounds = "timeout-ms = 60000\nqueue-spans = 512";
    let server = Process::start(root.path(), &(settings(&endpoint, bounds) + &accounts));
    block_on(async {
        let api = Api::new(server.url());
        let mut trades = 0;
        while of_reason(&read(&api).await, "queue_full") == 0.0 {
            assert!(trades < 512, "every one of them has a span and 512 may wait");
            trade(&api, &seller, &buyer).await;
            trades += 1;
        }
        place(&api, &buyer, &limit("BUY", "0.01", "40000")).await;
    });
    let stopping = Instant::now();
    let server = server.stop();
    assert!(stopping.elapsed().as_secs() < 30, "{:?}", stopping.elapsed());
    assert_eq!(lines(&server, "the last traces were not accepted in time"), 1, "{}", server.log());
}

#[test]
fn a_receiver_with_tls_and_credentials_accepts_those_of_the_settings_and_the_doctor_reports_it() {
    let authority = Authority::new();
    let (cert, _, key) = authority.pair(&["localhost"]);
    let receiver = Receiver::encrypted("Bearer of=tokens,and more", &cert, &key);
    let endpoint = format!("https://localhost:{}", receiver.address().port());
    let ca = format!("ca-file = {:?}\n", authority.ca());
    let right = format!("{ca}headers = \"Authorization=Bearer of=tokens%2Cand more\"");
    let wrong = format!("{ca}headers = \"authorization=Bearer hunter2\"");
    let doctor = |section: &str| {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("exchange.toml");
        std::fs::write(&config, settings(&endpoint, section)).unwrap();
        let words = ["doctor", "--skip-disk", "--listen", "127.0.0.1:0", "--grpc", "false", "--config"];
        let mut command = lightning();
        command.args(words).arg(&config).arg("--data-dir").arg(directory.path());
        let text = printed(&command.output().unwrap());
        text.lines().find(|line| line.contains(" traces ")).unwrap().to_owned()
    };
    assert_eq!(doctor(&right), format!("ok       traces        {endpoint} accepts them"));
    let refused = doctor(&wrong);
    assert!(refused.starts_with("warning") && refused.contains("Unauthenticated"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
    let stranger = doctor("headers = \"authorization=x\"");
    assert!(stranger.starts_with("warning") && stranger.to_lowercase().contains("certificate"), "{stranger}");

    let (seller, buyer, accounts) = accounts();
    for (section, is_accepted) in [(&right, true), (&wrong, false)] {
        let root = tempfile::tempdir().unwrap();
        let server = Process::start(root.path(), &(settings(&endpoint, section) + &accounts));
        block_on(async {
            let api = Api::new(server.url());
            trade(&api, &seller, &buyer).await;
            wait_until_async("the spans are counted", async || {
                let reading = read(&api).await;
                let (exported, failed) =
                    (reading.of(EXPORTED).unwrap(), of_reason(&reading, "export_failed"));
                if is_accepted { exported > 0.0 && failed == 0.0 } else { exported == 0.0 && failed > 0.0 }
            })
            .await;
        });
        let server = server.stop();
        assert!(!server.log().contains("hunter2"), "{}", server.log());
    }
    assert!(!receiver.spans().is_empty());
}

#[test]
fn an_endpoint_that_is_none_is_a_fault_of_the_configuration() {
    let mut command = lightning();
    let output = command.args(["config", "check", "--otlp-endpoint", "127.0.0.1:4317"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("--otlp-endpoint: [otlp] endpoint"), "{text}");
    assert!(text.contains("such as \"http://127.0.0.1:4317\""), "{text}");
    let mut command = lightning();
    command.args([
        "config",
        "check",
        "--otlp-endpoint",
        "http://127.0.0.1:4317",
        "--otlp-sample-ratio",
        "0.5",
    ]);
    let text = printed(&command.output().unwrap());
    assert!(text.contains("traces of 0.5 of the requests to http://127.0.0.1:4317"), "{text}");
}
