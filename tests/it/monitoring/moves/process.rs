//! The figures of the process, against what the kernel says of it from outside.

use std::{
    fs,
    net::TcpStream,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    api::Api,
    monitoring::reading::Reading,
    support::{Process, block_on, wait_until_async},
};

pub(super) const SHOWN: &[&str] = &[
    "lightning_build_info",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
    "process_threads",
];

/// Returns a figure of `/proc/PID/status`.
fn status(pid: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Whether two figures that change between the readings are about the same.
fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 0.25 * other.max(1.0)
}

#[test]
fn figures_of_the_process_are_those_of_the_kernel() {
    let directory = tempfile::tempdir().unwrap();
    let before_start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let wrapper = ["sh", "-c", "ulimit -n 777 && exec \"$0\" \"$@\""];
    let server = Process::start_under(&wrapper, directory.path(), "");
    let pid = server.id();
    block_on(async {
        let api = Api::new(server.url());
        let read = async || Reading::new(api.text("/metrics").await);
        let first = read().await;
        let version = format!("lightning_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
        assert_eq!(first.of(&version), Some(1.0));
        assert_eq!(first.sum("process_max_fds"), 777.0);
        assert!(is_near(first.sum("process_threads"), status(pid, "Threads:")));
        assert!(is_near(first.sum("process_resident_memory_bytes"), status(pid, "VmRSS:") * 1_024.0));
        assert!(is_near(first.sum("process_virtual_memory_bytes"), status(pid, "VmSize:") * 1_024.0));
        let started = first.sum("process_start_time_seconds") - before_start;
        assert!((-2.0..60.0).contains(&started), "started {started} s after the test did");
        let address = server.url().strip_prefix("http://").unwrap();
        let open: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
        wait_until_async("twenty more descriptors are open", async || {
            read().await.sum("process_open_fds") >= first.sum("process_open_fds") + 20.0
        })
        .await;
        let listed = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as f64;
        assert!(is_near(read().await.sum("process_open_fds"), listed));
        drop(open);
        wait_until_async("they are closed, and that has cost time", async || {
            let now = read().await;
            now.sum("process_open_fds") < listed - 15.0
                && now.sum("process_cpu_seconds_total") > first.sum("process_cpu_seconds_total")
        })
        .await;
    });
    server.stop();
}
