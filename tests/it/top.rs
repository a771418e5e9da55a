//! `lightning top` against a real server.

use crate::support::{TestServer, complaint, lightning, printed};

#[test]
fn one_table_is_printed_for_scripts() {
    let server = TestServer::start("");
    let text = printed(&lightning().args(["top", "--once", "--url", server.url()]).output().unwrap());
    let lines: Vec<&str> = text.lines().collect();
    let starts = ["flow", "latency", "journal", "disk", "history", "sockets", "clock", "shard"];
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{text}");
    }
    assert_eq!(lines.len(), starts.len() + 20, "ten shards of each kind: {text}");
    assert!(lines[0].contains("commands/s 0.0  trades/s 0.0  shed/s 0.0"), "{text}");
    assert!(lines[1].contains("p50 - ms"), "nothing happened: {text}");
    assert!(lines[5].contains("grpc "), "{text}");
    assert!(text.contains("account-9 ") && text.contains("symbol-9 "), "{text}");
    server.stop();
}

#[test]
fn every_metric_it_reads_is_there() {
    let server = TestServer::start("[history]\nenabled = true\n");
    let text = printed(&lightning().args(["top", "--once", "--url", server.url()]).output().unwrap());
    // Latencies need commands and commits.
    let dashes = text.lines().take(7).map(|line| line.split(' ').filter(|word| *word == "-").count());
    assert_eq!(dashes.collect::<Vec<_>>(), [0, 2, 1, 0, 0, 0, 0], "{text}");
    server.stop();
}

#[test]
fn a_server_that_is_not_there_is_reported() {
    let gone = lightning().args(["top", "--once", "--url", "http://127.0.0.1:9"]).output().unwrap();
    assert!(complaint(&gone).contains("http://127.0.0.1:9/metrics"), "{gone:?}");
    let unattended = lightning().args(["top", "--url", "http://127.0.0.1:9"]).output().unwrap();
    assert!(complaint(&unattended).contains("--once"), "{unattended:?}");
}
