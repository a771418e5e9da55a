//! A disk that fails ends the process: nothing is acknowledged any more, and a restart finds everything acknowledged
//! before.

use std::process::Command;

use awc::http::Method;

use crate::{
    api::{Api, limit, now_millis, sign, two_accounts},
    support::{Process, block_on, skip},
};

/// The exit code of a server whose disk failed.
const FAILED: i32 = 74;

/// Where the log of a server goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Kept,
    /// Nothing can be written to it.
    Full,
}

fn fail_on(inject: &str, log: Log) {
    let works = Command::new("strace").args(["-f", "-e", "trace=none", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        skip("no strace, or it may not trace");
        return;
    }
    let (seller, _, settings) = two_accounts();
    let root = tempfile::tempdir().unwrap();
    let trace = root.path().join("trace");
    let directory = root.path().join("data");
    // Made beforehand, so that the calls counted are those of serving.
    Process::start(&directory, &settings).stop();
    let wrapper =
        ["strace", "-f", "-qq", "-o", &trace.display().to_string(), "-e", "trace=fdatasync,pwrite64", "-e"]
            .map(str::to_owned);
    let inject = format!("inject={inject}");
    let shell: &[&str] = match log {
        Log::Kept => &[],
        Log::Full => &["sh", "-c", "exec \"$@\" 2>/dev/full", "sh"],
    };
    let strace = wrapper.iter().map(String::as_str).chain([inject.as_str()]);
    let wrapper: Vec<&str> = shell.iter().copied().chain(strace).collect();
    let mut server = Process::start_under(&wrapper, &directory, &settings);
    let url = server.url().to_owned();
    let acknowledged = block_on(async {
        let client = awc::Client::builder().timeout(std::time::Duration::from_secs(20)).finish();
        let mut acknowledged = Vec::new();
        for step in 0..2_000 {
            let params = limit("SELL", "0.001", &(45_000 + step % 150).to_string());
            let cancel = step % 2 == 1;
            let (method, params) = match acknowledged.last() {
                Some(order) if cancel => (Method::DELETE, format!("symbol=BTCUSDT&orderId={order}")),
                _ => (Method::POST, params),
            };
            let text = sign(&seller, &format!("{params}&timestamp={}", now_millis()));
            let request = client.request(method, format!("{url}/api/v3/order"));
            let request = request.insert_header(("X-MBX-APIKEY", seller.key.as_str()));
            let Ok(mut answer) = request.send_body(text).await else { return acknowledged };
            let (status, answer) = (answer.status(), answer.json::<serde_json::Value>().await);
            // Requests pending when the disk failed get an unknown outcome, or no answer.
            let (200, Ok(answer)) = (status.as_u16(), answer) else { return acknowledged };
            if !cancel {
                acknowledged.push(answer["orderId"].as_u64().unwrap());
            }
        }
        panic!("the disk did not fail");
    });
    assert!(!acknowledged.is_empty());
    let status = server.wait();
    let text = server.log();
    assert_eq!(status.code(), Some(FAILED), "{text}");
    if log == Log::Kept {
        // Other threads may still log while the process ends.
        let reason =
            text.lines().find(|line| line.contains("the journal failed: nothing more is acknowledged"));
        let reason = reason.unwrap_or_else(|| panic!("{text}"));
        assert!(reason.contains("\"exit_code\":74") && reason.contains("journal/"), "{text}");
    }

    let server = Process::start(&directory, &settings);
    block_on(async {
        let api = Api::new(server.url());
        for order in acknowledged {
            let params = format!("symbol=BTCUSDT&orderId={order}");
            let found = api.signed(&seller, Method::GET, "/api/v3/order", &params).await;
            assert_eq!(found.status, 200, "{order}: {found:?}");
        }
    });
    server.stop();
}

#[test]
fn a_failed_sync_ends_the_process() {
    fail_on("fdatasync:error=EIO:when=40+", Log::Kept);
}

#[test]
fn a_failed_write_ends_the_process() {
    fail_on("pwrite64:error=EIO:when=60+", Log::Kept);
}

#[test]
fn a_log_that_cannot_be_written_does_not_keep_a_failed_journal_alive() {
    fail_on("fdatasync:error=EIO:when=40+", Log::Full);
}

#[test]
fn a_full_disk_ends_the_process() {
    fail_on("pwrite64:error=ENOSPC:when=60+", Log::Kept);
}
