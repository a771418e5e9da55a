//! The effect of the limit of descriptors at the start.

use super::raw::metric;
use crate::support::Process;

const GRPC: &str = "[grpc]\nenabled = true\nlisten = \"127.0.0.1:0\"\n";

/// Starts the binary after these words of a shell.
fn start(limits: &str) -> Result<(Process, tempfile::TempDir), String> {
    let directory = tempfile::tempdir().unwrap();
    let script = format!("{limits} && exec \"$0\" \"$@\"");
    // Through the environment gRPC is off in tests.
    let process = Process::try_start(
        &["env", "-u", "LIGHTNING_GRPC_ENABLED", "sh", "-c", &script],
        directory.path(),
        GRPC,
    )?;
    Ok((process, directory))
}

#[test]
fn a_limit_that_is_too_small_is_refused_with_the_number_that_is_needed() {
    let log = start("ulimit -n 64").unwrap_err();
    let needed = log.split("and needs ").nth(1).and_then(|rest| rest.split(' ').next());
    let needed: usize = needed.and_then(|needed| needed.parse().ok()).unwrap_or_else(|| panic!("{log}"));
    assert!(log.contains("(RLIMIT_NOFILE)") && log.contains("ulimit -Hn"), "{log}");
    assert!(start(&format!("ulimit -n {}", needed - 1)).is_err());
    let (process, _directory) = start(&format!("ulimit -n {needed}")).unwrap();
    assert_eq!(process.logged("descriptors divided", "descriptors").unwrap(), needed.to_string());
    process.stop();
}

#[test]
fn the_soft_limit_is_raised_and_the_numbers_are_said() {
    let (process, _directory) = start("ulimit -Sn 128 && ulimit -Hn 700").unwrap();
    let said = |field: &str| process.logged("descriptors divided", field).unwrap().parse::<u64>().unwrap();
    assert_eq!(said("descriptors"), 700);
    assert!(said("connections") + said("reserved") < 700 && said("grpc") < said("connections"));
    let address = process.url().strip_prefix("http://").unwrap();
    assert_eq!(metric(address, "lightning_connections_budget "), said("connections"));
    assert_eq!(metric(address, "lightning_connections_open{transport=\"http\"} "), 1);
    assert!(process.log().contains("allows fewer connections than"));
    process.stop();
}
