//! Readers that stop reading, close, or have no room: a client's answers do not wait for them, and a command keeps its
//! exit code.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, PipeReader, PipeWriter, Read, Write, pipe},
    path::Path,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use awc::http::Method;
use rustix::fs::{OFlags, fcntl_setfl};

use crate::{
    api::{Api, limit, two_accounts},
    durable::{place, trade},
    support::{KeyPair, Process, block_on, complaint, lightning, on_directory, printed, wait_until},
};

/// A pipe that takes nothing more.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    for chunk in [&[b'.'; 4096][..], b"."] {
        while writer.write(chunk).map_err(|error| assert_eq!(error.kind(), ErrorKind::WouldBlock)).is_ok() {}
    }
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

/// The duration of the load: set by the gate, a few rounds in a test run.
fn load() -> Duration {
    let seconds = std::env::var("LIGHTNING_TEST_BLOCKED_LOG_SECONDS").map(|text| text.parse().unwrap());
    Duration::from_secs(seconds.unwrap_or_default())
}

/// Two accounts that may place as many orders as they like.
fn busy_accounts() -> (KeyPair, KeyPair, String) {
    let (seller, buyer, settings) = two_accounts();
    (seller, buyer, format!("[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n{settings}"))
}

/// Returns how many log lines a server has dropped.
async fn dropped(api: &Api) -> u64 {
    let metrics = api.text("/metrics").await;
    let line = metrics.lines().find_map(|line| line.strip_prefix("lightning_log_lines_dropped_total "));
    line.unwrap().parse().unwrap()
}

/// Trades, then places and cancels and asks, until the log has lost lines.
async fn trade_until_lines_are_dropped(api: &Api, seller: &KeyPair, buyer: &KeyPair) {
    let (started, duration) = (Instant::now(), load());
    trade(api, seller, buyer).await;
    while started.elapsed() < duration || dropped(api).await == 0 {
        for _ in 0..10 {
            let order = place(api, buyer, &limit("BUY", "0.01", "30000")).await;
            let cancel = format!("symbol=BTCUSDT&orderId={order}");
            assert_eq!(api.signed(buyer, Method::DELETE, "/api/v3/order", &cancel).await.status, 200);
        }
        for path in ["/health/live", "/health/ready", "/api/v3/time", "/api/v3/depth?symbol=BTCUSDT"] {
            for _ in 0..20 {
                assert_eq!(api.send(Method::GET, path, &[], "").await.status, 200, "{path}");
            }
        }
    }
}

#[test]
fn an_unread_log_blocks_no_client_and_reports_afterwards_what_it_lost() {
    let (seller, buyer, settings) = busy_accounts();
    let root = tempfile::tempdir().unwrap();
    let (mut reader, writer) = full_pipe();
    let server = Process::start_logging_to(writer, "trace", root.path(), &settings);
    let lost = block_on(async {
        let api = Api::new(server.url());
        trade_until_lines_are_dropped(&api, &seller, &buyer).await;
        place(&api, &buyer, &limit("BUY", "0.01", "40000")).await;
        dropped(&api).await
    });
    // Now the log is read: all waiting lines arrive, then the count of lost ones.
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        reader.read_to_end(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    });
    server.stop();
    let text = reading.join().unwrap();
    let report = text.lines().find(|line| line.contains("log lines were dropped")).unwrap();
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    assert!(report["lines"].as_u64().unwrap() >= lost, "{report} {lost}");
    printed(&on_directory("verify", root.path()));
}

#[test]
fn a_server_whose_log_is_never_read_stops_well_and_has_everything() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let (_reader, writer) = full_pipe();
    let server = Process::start_logging_to(writer, "info", root.path(), &settings);
    let placed = block_on(async {
        let api = Api::new(server.url());
        trade(&api, &seller, &buyer).await;
        place(&api, &buyer, &limit("BUY", "0.01", "40000")).await
    });
    server.stop();
    let server = Process::start(root.path(), &settings);
    block_on(async {
        let found = Api::new(server.url());
        let params = format!("symbol=BTCUSDT&orderId={placed}");
        assert_eq!(found.signed(&buyer, Method::GET, "/api/v3/order", &params).await.status, 200);
    });
    server.stop();
}

#[test]
fn a_full_disk_or_a_closed_pipe_behind_the_log_loses_lines_and_nothing_else() {
    let closed = || {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let logs: [(&str, Stdio); 2] = [("full", full_disk().into()), ("closed", closed())];
    for (name, log) in logs {
        let (seller, buyer, settings) = busy_accounts();
        let root = tempfile::tempdir().unwrap();
        let server = Process::start_logging_to(log, "info", root.path(), &settings);
        block_on(async {
            let api = Api::new(server.url());
            trade_until_lines_are_dropped(&api, &seller, &buyer).await;
        });
        server.stop();
        printed(&on_directory("verify", root.path()));
        println!("{name}: stopped well");
    }
}

#[test]
fn a_server_without_standard_error_serves_and_stops() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let server = Process::start_under(&["sh", "-c", "exec \"$0\" \"$@\" 2>&-"], root.path(), &settings);
    block_on(async { trade(&Api::new(server.url()), &seller, &buyer).await });
    server.stop();
}

#[test]
fn a_server_that_cannot_start_ends_even_when_its_output_is_unread() {
    let (_reader, writer) = full_pipe();
    let mut server = lightning();
    let directory = tempfile::tempdir().unwrap();
    server.args(["serve", "--listen", "nowhere", "--data-dir"]).arg(directory.path());
    assert!(!server.stdout(Stdio::null()).stderr(writer).status().unwrap().success());
}

#[test]
fn an_address_that_is_not_read_does_not_keep_a_server_from_serving_and_stopping() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("log");
    let (_reader, writer) = full_pipe();
    let mut server = lightning();
    server.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--grpc",
        "false",
        "--feed",
        "false",
        "--log-format",
        "json",
    ]);
    server.arg("--data-dir").arg(root.path().join("data"));
    let mut server = server.stdout(writer).stderr(File::create(&log).unwrap()).spawn().unwrap();
    wait_until("it serves", || {
        let log = std::fs::read_to_string(&log).unwrap();
        assert_eq!(server.try_wait().unwrap(), None, "{log}");
        log.contains("\"serving\"")
    });
    std::process::Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(server.wait().unwrap().success());
}

fn full_disk() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// Runs a command on a data directory with its standard output elsewhere.
fn into(out: impl Into<Stdio>, words: &str, directory: &Path) -> Output {
    let mut command = lightning();
    command.args(words.split(' ')).arg("--data-dir").arg(directory).stdout(out).output().unwrap()
}

fn closed_pipe() -> PipeWriter {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn commands_keep_their_exit_code_when_unread_and_fail_when_they_cannot_answer() {
    let (seller, buyer, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let with_history = format!("[history]\nenabled = true\n{settings}");
    let server = Process::start(&data, &with_history);
    block_on(async { trade(&Api::new(server.url()), &seller, &buyer).await });
    server.stop();
    let copy = |number: usize| root.path().join(format!("copy-{number}")).display().to_string();
    let commands = [
        "verify".to_owned(),
        "verify --from-genesis".to_owned(),
        "inspect".to_owned(),
        "inspect --frames .. --json".to_owned(),
        "snapshot".to_owned(),
        "history status".to_owned(),
        "history verify".to_owned(),
        "history changes".to_owned(),
        "history export --table fills".to_owned(),
        "history prune --keep-days 1000 --yes".to_owned(),
        "history take-in".to_owned(),
        "config check".to_owned(),
        "config check --help".to_owned(),
    ];
    for words in &commands {
        let output = into(closed_pipe(), words, &data);
        assert!(output.status.success(), "{words} into a closed pipe: {output:?}");
        assert!(output.stderr.is_empty(), "{words} into a closed pipe: {output:?}");
        let output = complaint(&into(full_disk(), words, &data));
        assert!(
            output.contains("cannot write to standard output: No space left on device"),
            "{words}: {output}"
        );
    }
    for (number, out) in [Stdio::from(closed_pipe()), full_disk().into()].into_iter().enumerate() {
        let output = into(out, &format!("backup --to {}", copy(number)), &data);
        assert_eq!(output.status.success(), number == 0, "{output:?}");
        printed(&on_directory("verify", Path::new(&copy(number))));
    }
    // An error is an error whether its output is read or not, and an unwritable message causes no panic.
    for out in [Stdio::from(closed_pipe()), full_disk().into(), Stdio::null()] {
        let mut command = lightning();
        command.args(["verify", "--data-dir"]).arg(root.path().join("nothing"));
        let status = command.stdout(out).stderr(full_disk()).status().unwrap();
        assert_eq!(status.code(), Some(1));
    }
    let usage = lightning().args(["verify", "--wrong"]).stderr(full_disk()).status().unwrap();
    assert_eq!(usage.code(), Some(2));
}
